"""Controls of an environment: what its file demands of a change besides gates, and what it lets through all the same.

A control says no; an override is a reasoned yes to one control, for one artifact of one model, for as long as it stands
in git. Nothing overrides a rejection, or a gate that refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from reconciler.core.digest import Digest


class Control(StrEnum):
    """What can be overridden. `gates`: that a gate was weakened by the change that brought the pin."""

    FREEZE = "freeze"
    APPROVALS = "approvals"
    HOLD = "hold"
    GATES = "gates"


@dataclass(frozen=True, slots=True, kw_only=True)
class Approvals:
    """At least `least` of `people` (names, or teams: see `is_team`) approve the request that brought a pin."""

    least: int
    people: tuple[str, ...]
    not_author: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Freeze:
    """Closed from each moment that `cron` names, on the clock of `time_zone`, for `duration` seconds of real time."""

    cron: str
    duration: int
    time_zone: str
    reason: str
    blocks_rollback: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FreezeInForce:
    """A freeze is on. `opens`: the next moment at which no window is; None where none comes within a year."""

    reason: str
    opens: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """By hand: what `model` serves stays as it is."""

    model: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """An artifact that is never deployed, not even where it was before."""

    artifact: Digest
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    model: str
    artifact: Digest
    control: Control
    reason: str


def is_team(name: str) -> bool:
    """`org/team`, `group/subgroup`, or anything written `team:NAME`; everything else is a person."""
    return "/" in name or name.startswith("team:")


def team_of(name: str) -> str:
    """What the forge calls it."""
    return name.removeprefix("team:")
