"""Result of `status`: sync and health of each model of each environment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from reconciler.core.digest import Digest
from reconciler.core.status_codes import HealthStatus, ResultStatus, SyncStatus, worst_status

UNSIGNED = "verification records are not signed"
"""The note of every environment until there are signatures: in JSON and on pages, not before a person each time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelStatus:
    """`since`: when the entry that put `artifact` there was written; `headline`: F1 macro or R2 on its holdout."""

    model: str
    sync: SyncStatus
    health: HealthStatus
    reason: str
    artifact: Digest | None = None
    entry: int | None = None
    since: datetime | None = None
    grade: str | None = None
    headline: float | None = None
    data_as_of: str | None = None
    notes: tuple[str, ...] = ()
    status: ResultStatus = ResultStatus.CLEAN


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentStatus:
    """`snapshot`, `snapshot_age` (seconds): the newest data snapshot, where the environment takes them. Until there are
    signatures, every verification is unsigned, and `notes` says so. `status` (in JSON the number `exit`): whether
    anything that decides what is served is lost, damaged or not as it was applied; changes that git declares and nobody
    applied yet do not count."""

    environment: str
    role: str
    revision: str | None
    models: tuple[ModelStatus, ...]
    snapshot: int | None = None
    snapshot_age: int | None = None
    notes: tuple[str, ...] = ()
    status: ResultStatus = ResultStatus.CLEAN


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The status of a project's environments."""

    project: str
    environments: tuple[EnvironmentStatus, ...]
    format: int = 1

    @property
    def status(self) -> ResultStatus:
        """Return the worst of its environments."""
        return worst_status(environment.status for environment in self.environments)
