"""A checkup: what was looked at before anything goes wrong, and what to do where something would."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    GOOD = "good"
    WARNING = "warning"  # works, but not everything, or not for long
    BAD = "bad"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """`area` is the machine, the project or an environment; `remedy` is said where the finding is not good."""

    area: str
    name: str
    level: Level
    found: str
    remedy: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthReport:
    checks: tuple[Check, ...]
    format: int = 1

    def count(self, level: Level) -> int:
        return sum(check.level is level for check in self.checks)


# Room to write: a training run copies tables and spills; below the lower mark even a journal entry may not fit.
SCARCE, NONE_LEFT = 1024**3, 100 * 1024**2


def room(free: int) -> Level:
    """How `free` bytes on a disk are judged."""
    if free < NONE_LEFT:
        return Level.BAD
    return Level.WARNING if free < SCARCE else Level.GOOD
