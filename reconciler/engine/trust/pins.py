"""Hold the evidence of a pinned artifact against the keys that are trusted, before a byte of the artifact is read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reconciler import codec
from reconciler.core.artifact.build import Build
from reconciler.core.artifact.observed_state import JournalHead
from reconciler.core.artifact.store_layout import verifications_of
from reconciler.core.digest import Digest
from reconciler.core.spec.gates import Verification
from reconciler.engine.storage import blobs
from reconciler.engine.trust.evidence import TrustCheck
from reconciler.errors import IntegrityError
from reconciler.ports import Store


@dataclass(frozen=True, slots=True)
class PinEvidence:
    """The evidence of one pin, in these stores. `told`: what of it is unsigned and may be; `refused`: the verifications
    that are not signed as they must be, which count as absent."""

    trust: TrustCheck
    stores: tuple[Store, ...]
    artifact: Digest
    told: list[str] = field(default_factory=list)
    refused: list[IntegrityError] = field(default_factory=list)

    def training(self, build: Build | None, head: JournalHead | None) -> None:
        """Check who attests its training. `head`: of the journal, whose signer vouches for what was deployed before.
        Raises IntegrityError E520."""
        vouched = head is not None and self.artifact in head.state.vetted
        told = self.trust.training(self._holding(), self.artifact, build, vouched=vouched)
        if told is not None:
            self.told.append(told)

    def signed_records(self) -> tuple[Store, ...]:
        """Return the stores without the verifications of this artifact that are not signed as they must be."""
        return tuple(_SignedRecords(store, self) for store in self.stores) if self.trust.sets else self.stores

    def check_refused(self) -> None:
        """Raise IntegrityError E520 for the first verification that was left out, where there is any."""
        if self.refused:
            raise self.refused[0]

    def is_signed(self, verification: Verification) -> bool:
        """Tell whether a recorded verification counts."""
        try:
            told = self.trust.verification(self._holding(), verification)
        except IntegrityError as error:
            self.refused.append(error)
            return False
        if told is not None and told not in self.told:
            self.told.append(told)
        return True

    def _holding(self) -> tuple[Store, ...]:
        return tuple(store for store in self.stores if blobs.holds(store, self.artifact))


class _SignedRecords:
    """A store that leaves out verifications of one artifact that are not signed. Implements ports.Store."""

    def __init__(self, store: Store, evidence: PinEvidence) -> None:
        self._store = store
        self._evidence = evidence
        self._prefix = f"{verifications_of(evidence.artifact)}/"

    def create(self, key: str, body: bytes | Path) -> bool:
        return self._store.create(key, body)

    def read(self, key: str) -> bytes | None:
        body = self._store.read(key)
        if body is None or not key.startswith(self._prefix):
            return body
        verification = codec.decode(Verification, body, what=key)
        return body if self._evidence.is_signed(verification) else None

    def path(self, key: str) -> Path | None:
        return self._store.path(key)

    def keys(self, prefix: str) -> Iterator[str]:
        return self._store.keys(prefix)

    def __getattr__(self, name: str) -> Any:
        """Return what else a store can do (`ports.KeyCheck` and the like)."""
        return getattr(self._store, name)
