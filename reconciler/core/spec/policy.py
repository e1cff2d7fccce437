"""Controls of an environment: what its file demands of a change besides gates, and the overrides of these demands.

An override lifts one control for one artifact of one model, with a reason, for as long as git declares it. Nothing
overrides a rejection, or a gate that failed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from reconciler.core.digest import Digest


class Control(StrEnum):
    """A control that can be overridden. `gates`: a gate was weakened by the same merge that introduced the pin."""

    FREEZE = "freeze"
    APPROVALS = "approvals"
    HOLD = "hold"
    GATES = "gates"


@dataclass(frozen=True, slots=True, kw_only=True)
class Approvals:
    """At least `least` of `people` (names, or teams: see `is_team`) approve the request that introduced a pin."""

    least: int
    people: tuple[str, ...]
    not_author: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Freeze:
    """No deployments for `duration` seconds from each moment of `cron`, which is read in `time_zone`."""

    cron: str
    duration: int
    time_zone: str
    reason: str
    blocks_rollback: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FreezeInForce:
    """The environment is frozen until `opens`; None where the freeze does not end within a year."""

    reason: str
    opens: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """The deployment of `model` stays as it is until the hold is removed."""

    model: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """An artifact that is never deployed, not even where it was deployed before."""

    artifact: Digest
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Retirement:
    """The consent that `model`, which git declares no more, is retired; it has no limit and needs no confirmation."""

    model: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """One control that does not apply to one artifact of one model."""

    model: str
    artifact: Digest
    control: Control
    reason: str


def is_team(name: str) -> bool:
    """Tell whether a name is a team: `org/team`, `group/subgroup` or `team:NAME`; everything else is a person."""
    return "/" in name or name.startswith("team:")


def team_of(name: str) -> str:
    """Return the team's name as the forge knows it."""
    return name.removeprefix("team:")
