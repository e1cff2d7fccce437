"""Outcomes that became known of records that a model predicted, summed by the day of the prediction."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class DayOutcomes:
    """The records first predicted on one `day` (ISO) whose outcome is known: how many, the sum of their losses (each
    from 0 to 1), and of their errors (`Promise.figure_of`)."""

    day: str
    rows: int
    loss: float
    error: float


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownOutcomes:
    """What is known of the `predicted` records, each counted once: by day, those `waiting` for their outcome, and those
    that are `gone`: not among the rows of the recipe any more. `before`: those whose outcome had matured when they were
    predicted, which count for nothing. `other`: known outcomes that are none of the classes,
    which count as wrong."""

    days: tuple[DayOutcomes, ...]
    predicted: int
    waiting: int
    gone: int
    before: int = 0
    other: int = 0
