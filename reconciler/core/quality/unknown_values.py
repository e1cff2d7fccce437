"""What a model does not know of the rows that it predicts, per column."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class UnknownKind(StrEnum):
    """How a value is unknown to a model."""

    CATEGORY = "category"  # none that the model knows: never trained, or on too few rows to be told from that
    RANGE = "range"  # a number outside the trained range
    MISSING = "missing"  # no value, where every training row had one


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownColumn:
    """The `rows` in which one column is unknown to the model. `trained`: the share of training rows whose category was
    as rare; None where that is not known, or of another kind. `lowest`, `highest`: the trained range of a number."""

    column: str
    kind: UnknownKind
    rows: int
    trained: float | None = None
    lowest: float | None = None
    highest: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownValues:
    """What is unknown to a model in the rows that it predicts. `rows`: those with anything unknown; `columns` with the
    most rows first. `referenced`: the artifact says what it was trained on; without, only categories are counted."""

    rows: int
    columns: tuple[UnknownColumn, ...]
    referenced: bool
