"""The record of an import: which artifact came into an environment in which package, with the evidence of its build."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from reconciler.core.artifact.build import Build
from reconciler.core.digest import Checksummed, DefaultsLeftOut, Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageEvidence(DefaultsLeftOut):
    """Where the records of a package come from: the config of the manifest that names them.

    `project`, `environment`, `model`: what exported it. `keys`: the short ids of the public keys that its attestations
    name; none where it is not signed.
    """

    artifact: Digest
    project: str
    environment: str
    model: str
    keys: tuple[str, ...] = ()
    format: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRecord(Checksummed, DefaultsLeftOut):
    """One import of an artifact for a model: a member of a numbered log; creating it is the commit point.

    `build`: how the artifact was made. `evidence`: the digest of the manifest that names the records that came with it;
    `manifest`: that of the model's manifest as it was exported, a blob. `origin`: the project and environment that it
    was exported from, as its evidence says. `attestations`: how many there were.
    """

    environment: str
    model: str
    artifact: Digest
    build: Build
    evidence: Digest
    manifest: Digest
    origin: str
    who: str
    when: datetime
    attestations: int = 0
    format: int = 1
