"""Result of `predict`: how many rows were scored, and the shares or amounts per group."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.core.digest import Digest
from reconciler.core.prediction.prediction_explanation import Explained
from reconciler.core.quality.unknown_values import UnknownValues

PREDICTED = ("key", "predicted")  # the first columns of the file that is written
PREDICTED_CLASS = (*PREDICTED, "probability", "uncertain")  # of classes, before the probability of each

UNKNOWN = "unknown"  # the last one, on request: the columns of the record that are unknown to the model

KNOWN = "known"  # the last one of the log: `yes` where the record had its outcome already, so that it proves nothing
KNOWN_COLUMN = "outcome known"  # the same among the selected rows; no feature's name has a space


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupAmount:
    """Expected amount of one group per class, in declared order (regression: one amount)."""

    group: str
    amounts: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupSummary:
    """The records of one group beside its past ones. `expected`: the mean probability of each class, or the mean
    value; `past`: rows whose outcome is known; `so_far`: the share of each class among them, or their mean. `so_far`
    is empty where there are none."""

    group: str
    records: int
    expected: tuple[float, ...]
    past: int
    so_far: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictions:
    """The result of `predict`.

    `out` (and `amounts`, `groups_out`) are file names as given; `log` is the number in the prediction log. `unknown`:
    what the model does not know of the records. `key`: the name of the first column; `key_taken`: that of
    the key itself, where a predicted column has it; `explained`: how the top factors
    were found; `table`: the declared table that the rows were written to. `no_history`: why nothing is known of past
    rows.
    """

    environment: str
    model: str
    artifact: Digest
    as_of: str
    classes: tuple[str, ...]
    rows: int
    counts: tuple[int, ...]
    uncertain: int
    out: str | None
    log: int
    by: str | None = None
    amount: str | None = None
    expected: tuple[GroupAmount, ...] = ()
    amounts: str | None = None
    unknown: UnknownValues | None = None
    key: str = "key"
    key_taken: str | None = None
    explained: Explained | None = None
    groups: tuple[GroupSummary, ...] = ()
    groups_out: str | None = None
    no_history: str | None = None
    table: str | None = None
    format: int = 1
