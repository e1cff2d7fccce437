"""What an apply did, model by model. Failures are values here: one model's never stops another's."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.core.digest import Digest
from reconciler.core.status_codes import Exit, worst_exit


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelResult:
    """`done`: one line per step carried out, in order. `exit` 0 done or nothing to do, else why not: `problem` and what
    to do about it, `remedy`. `seconds`: how long it took, to a tenth."""

    model: str
    done: tuple[str, ...] = ()
    exit: int = 0
    problem: str | None = None
    remedy: str | None = None
    artifact: Digest | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyResult:
    """`refreshed`: number of the snapshot that this apply took. `trained`: how many trainings really ran."""

    environment: str
    revision: str | None
    plan: Digest
    results: tuple[ModelResult, ...]
    refreshed: int | None = None
    trained: int = 0
    interrupted: bool = False
    format: int = 1

    @property
    def exit(self) -> Exit:
        if self.interrupted:
            return Exit.INTERRUPTED
        return worst_exit(one.exit for one in self.results)
