"""The certificate of an erasure: what was there before, what is there now, by digest. It names nobody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from reconciler.core.digest import Checksummed, Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovedObject:
    """A blob that was removed from the store of `environment`. `kind`: table, artifact, rows, keys or predictions.
    `after`: what took its place; None where nothing did."""

    environment: str
    kind: str
    before: Digest
    after: Digest | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplacedBuild:
    """A build that learnt from the entity, and the build of its model now, None where the model has none."""

    environment: str
    model: str
    before: Digest
    fingerprint_before: Digest
    after: Digest | None = None
    fingerprint_after: Digest | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate(Checksummed):
    """That the traces of an entity are gone from the stores of a project, and what is there instead.

    `tombstone`: the digest of its record. `entity`: the keyed digest of the value, by the key of `key_id`.
    """

    project: str
    environment: str
    erasure: int
    tombstone: Digest
    table: str
    column: str
    entity: str
    key_id: str
    reason: str
    forgotten: datetime
    finished: datetime
    who: str
    stores: tuple[str, ...]
    objects: tuple[RemovedObject, ...]
    builds: tuple[ReplacedBuild, ...]
    not_searched: tuple[str, ...]
    not_told: tuple[str, ...]
    elsewhere: tuple[str, ...]
    format: int = 1
