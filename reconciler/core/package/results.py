"""What the commands about model packages did: for reports and JSON."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.core.digest import Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportResult:
    """A package was written to `file`. `package`: the digest of its bytes; `notes`: what it does not hold, and why."""

    file: str
    package: Digest
    size: int
    model: str
    environment: str
    artifact: Digest
    verified_for: tuple[str, ...]
    attestations: int
    keys: tuple[str, ...]
    notes: tuple[str, ...]
    format: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportResult:
    """A package was imported into an environment, or was there.

    `imported`: whether anything was written. `verified`: whether the gates of this environment let it through by the
    evidence at hand; `refusals`: why not. `deployed`: whether it is what the environment serves by now. `keys`: of its
    attestations. `trusted`: its training is signed by keys that the environment trusts. `notes`: what to know before it
    is promoted.
    """

    file: str
    environment: str
    model: str
    artifact: Digest
    origin: str
    imported: bool
    verified: bool
    refusals: tuple[str, ...]
    deployed: bool
    attestations: int
    keys: tuple[str, ...]
    notes: tuple[str, ...]
    trusted: bool = False
    format: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class PushResult:
    """A package is in a registry: `reference` with its tag, `artifact` by digest. `uploaded`: blobs and manifests that
    were not there. `referrers`: how those who look for attestations find them there: by the API, or by a tag."""

    file: str
    reference: str
    artifact: Digest
    attestations: int
    uploaded: int
    referrers: str
    format: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class PullResult:
    """A package was fetched from a registry and written to `file`, checked as an import checks it."""

    file: str
    reference: str
    package: Digest
    size: int
    model: str
    artifact: Digest
    origin: str
    attestations: int
    keys: tuple[str, ...]
    format: int = 1
