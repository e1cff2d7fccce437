"""Builds and their provenance: which artifact was built from which inputs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from reconciler.core.artifact.oci_artifact import TableMasksDone
from reconciler.core.digest import Checksummed, Digest
from reconciler.core.spec.environment import Runtime


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """One input of a build, by digest."""

    name: str
    digest: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """All inputs that decide an artifact's bytes; their digest is the fingerprint. `as_of` where the recipe uses it;
    `masks`: what was done to columns that it reads, where anything was."""

    recipe: Digest
    tables: tuple[Material, ...]
    runtime: Digest
    as_of: str | None = None
    format: int = 1
    masks: TableMasksDone | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """How an artifact was built, in the shape of in-toto: materials, builder, times. A blob beside the artifact.

    `rows_left_out`: rows of the recipe that were neither trained on nor held out, by reason; None of builds that an
    older version made."""

    fingerprint: Digest
    artifact: Digest
    inputs: Inputs
    runtime: Runtime
    project: str
    environment: str
    model: str
    commit: str | None
    snapshot: int
    taken: datetime
    as_of: str
    builder: str
    started: datetime
    finished: datetime
    who: str
    format: int = 1
    rows_left_out: tuple[tuple[str, int], ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Build(Checksummed):
    """The first artifact of a fingerprint: `builds/<fingerprint>.json`, and again in the numbered log of its recipe.
    `masked_key`: under what the keys of its rows are masked; None where they are not."""

    fingerprint: Digest
    artifact: Digest
    recipe: Digest
    data: Digest
    runtime: Digest
    taken: datetime
    as_of: str
    evaluation_rows: Digest
    training_keys: Digest
    provenance: Digest
    format: int = 1
    masked_key: str | None = None
