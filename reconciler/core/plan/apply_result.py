"""The result of an apply, model by model. Failures are values here: one model's never stops another's."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.core.artifact.journal import Action
from reconciler.core.digest import Digest
from reconciler.core.quality.findings import Finding
from reconciler.core.status_codes import ResultStatus, worst_status


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelResult:
    """One model's share of an apply.

    `done`: one line per step carried out, in order. `problem`, `remedy`: where the status (in JSON the number `exit`)
    is not clean. `action`: the first step of its plan, where something was done. `seconds`: how long it took, to a
    tenth. `checks`: the errors and warnings of the checks, where it was trained.
    """

    model: str
    done: tuple[str, ...] = ()
    status: ResultStatus = ResultStatus.CLEAN
    problem: str | None = None
    remedy: str | None = None
    artifact: Digest | None = None
    action: Action | None = None
    seconds: float = 0.0
    checks: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyResult:
    """`refreshed`: number of the snapshot that this apply took. `trained`: how many trainings really ran.
    `masked`: (table.column, what was done) of that snapshot.
    """

    environment: str
    revision: str | None
    plan: Digest
    results: tuple[ModelResult, ...]
    refreshed: int | None = None
    trained: int = 0
    interrupted: bool = False
    format: int = 1
    masked: tuple[tuple[str, str], ...] = ()

    @property
    def status(self) -> ResultStatus:
        if self.interrupted:
            return ResultStatus.INTERRUPTED
        return worst_status(result.status for result in self.results)
