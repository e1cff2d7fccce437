"""Result of `predict`: how many rows were scored, and the shares or amounts per group."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.core.digest import Digest
from reconciler.core.quality.unknown_values import UnknownValues

PREDICTED = ("key", "predicted")  # the first columns of the file that is written
PREDICTED_CLASS = (*PREDICTED, "probability", "uncertain")  # of classes, before the probability of each

UNKNOWN = "unknown"  # the last one, on request: the columns of the record that are unknown to the model


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupAmount:
    """Expected amount of one group per class, in declared order (regression: one amount)."""

    group: str
    amounts: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictions:
    """The result of `predict`.

    `out` (and `amounts`) are file names as given; `log` is the number in the prediction log. `unknown`: what the model
    does not know of the records.
    """

    environment: str
    model: str
    artifact: Digest
    as_of: str
    classes: tuple[str, ...]
    rows: int
    counts: tuple[int, ...]
    uncertain: int
    out: str
    log: int
    by: str | None = None
    amount: str | None = None
    expected: tuple[GroupAmount, ...] = ()
    amounts: str | None = None
    unknown: UnknownValues | None = None
    format: int = 1
