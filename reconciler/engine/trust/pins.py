"""Hold the evidence of a pinned artifact against the keys that are trusted, before a byte of the artifact is read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reconciler import codec
from reconciler.core.artifact.build import Build
from reconciler.core.artifact.evaluation import Evaluation
from reconciler.core.artifact.observed_state import JournalHead
from reconciler.core.artifact.oci_artifact import EVALUATION_FILE, RECIPE_FILE
from reconciler.core.artifact.store_layout import verifications_of
from reconciler.core.digest import Digest
from reconciler.core.judging.founded import is_founded
from reconciler.core.spec.gates import Verification
from reconciler.core.spec.recipe import BuiltRecipe
from reconciler.core.trust.attestation import Attestation
from reconciler.core.trust.reproduced import Reproduced
from reconciler.engine.storage import blobs
from reconciler.engine.trust import referrers
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
        told = self.trust.training(self._attestations(), self.artifact, build, vouched=vouched)
        if told is not None:
            self.told.append(told)

    def reproduced(self, build: Build) -> Reproduced | None:
        """Return by how many trainers it was trained independently, where the environment asks for more than one."""
        return self.trust.reproduced(self._attestations(), self.artifact, build)

    def signed_records(self) -> tuple[Store, ...]:
        """Return the stores without the verifications of this artifact that are not signed as they must be."""
        return tuple(_SignedRecords(store, self) for store in self.stores) if self.trust.sets else self.stores

    def check_refused(self) -> None:
        """Raise IntegrityError E520 for the first verification that was left out, where there is any."""
        if self.refused:
            raise self.refused[0]

    def is_signed(self, verification: Verification) -> bool:
        """Tell whether a recorded verification counts: it is signed, or follows from what is."""
        try:
            told = self.trust.verification(self._attestations(), verification)
        except IntegrityError as error:
            if self._is_founded(verification):
                return True
            self.refused.append(error)
            return False
        if told is not None and told not in self.told and not self._is_founded(verification):
            self.told.append(told)
        return True

    def _is_founded(self, verification: Verification) -> bool:
        """Tell whether a verification that nobody signed says only what the artifact and signed results say, as that of
        an import does."""
        origin = next(iter(self._holding()), None)
        if origin is None or verification.artifact != self.artifact:
            return False
        package = blobs.artifact(origin, self.artifact)
        recipe = codec.decode(BuiltRecipe, blobs.document(origin, package, RECIPE_FILE), what=RECIPE_FILE)
        evaluation = codec.decode(Evaluation, blobs.document(origin, package, EVALUATION_FILE), what=EVALUATION_FILE)
        return is_founded(verification, recipe.recipe, evaluation, self._signed())

    def _signed(self) -> Iterator[Verification]:
        """Yield the verifications of this artifact that are signed as they must be."""
        for store in self.stores:
            for key in sorted(store.keys(f"{verifications_of(self.artifact)}/")):
                body = store.read(key)
                if body is None:
                    continue
                verification = codec.decode(Verification, body, what=key)
                with suppress(IntegrityError):
                    if self.trust.verification(self._attestations(), verification) is None:
                        yield verification

    def _attestations(self) -> Iterator[Attestation]:
        for store in self._holding():
            yield from referrers.of_artifact(store, self.artifact)

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
