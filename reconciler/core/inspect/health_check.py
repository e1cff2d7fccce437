"""Results of a health check: the state of each part that commands need, with remedies."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from reconciler.core.status_codes import ResultStatus, worst_status


class Level(StrEnum):
    """The grade of one check."""

    GOOD = "good"
    WARNING = "warning"  # works, but not everything, or not for long
    BAD = "bad"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """`area` is the machine, the project or an environment; `remedy` is said where the finding is not good. `status`
    (in JSON the number `exit`): what a command would end with."""

    area: str
    name: str
    level: Level
    found: str
    remedy: str | None = None
    status: ResultStatus = ResultStatus.CLEAN


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthReport:
    """The checks of `doctor`, in the order in which they ran."""

    checks: tuple[Check, ...]
    format: int = 1

    def count(self, level: Level) -> int:
        return sum(check.level is level for check in self.checks)

    @property
    def status(self) -> ResultStatus:
        """Return the worst of the bad checks: of each its own status, else failed."""
        bad = [check.status for check in self.checks if check.level is Level.BAD]
        return worst_status(ResultStatus.FAILED if status is ResultStatus.CLEAN else status for status in bad)


# Room to write: a training run copies tables and spills; below the lower mark even a journal entry may not fit.
SCARCE, NONE_LEFT = 1024**3, 100 * 1024**2


def room(free: int) -> Level:
    """Return the grade of `free` bytes on a disk."""
    if free < NONE_LEFT:
        return Level.BAD
    return Level.WARNING if free < SCARCE else Level.GOOD
