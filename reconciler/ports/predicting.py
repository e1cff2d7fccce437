"""What crosses the port of a scorer to predict, to compare, and to evaluate an artifact in full. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from reconciler.core.digest import Digest
from reconciler.core.evaluation.units import InverseStep
from reconciler.core.prediction.prediction_columns import PredictionColumns, TableForm
from reconciler.core.prediction.prediction_explanation import Explained
from reconciler.core.prediction.predictions import GroupSummary
from reconciler.core.quality.drift import RowDrift
from reconciler.core.quality.unknown_values import UnknownValues
from reconciler.core.spec.data import Table
from reconciler.core.spec.environment import Limits
from reconciler.core.spec.gates import NoWorseThanIncumbent
from reconciler.core.spec.model import NO_DECLARATION, DeclaredEvaluation
from reconciler.ports.sources import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictRequest:
    """A request to predict. `rows`: a PREDICT selection; `out`: the CSV of the prediction log. With `by` and `amount`,
    indices into the selection's `also` columns, `amounts` (a CSV beside it) gets the expected amount per class and
    group. `unknown`: the CSV says of each row which columns are unknown to the model. `table`: the same as people and
    programs get it, in `form`, with `columns`, and in Parquet as `exact`. `groups`: the summary of each group `by`, in
    `form`, whose column has the name `by_name`; `history`: the selection's past outcomes by group."""

    artifact: Path
    rows: Path
    out: Path
    limits: Limits
    by: int | None = None
    amount: int | None = None
    amounts: Path | None = None
    unknown: bool = False
    table: Path | None = None
    exact: Path | None = None
    form: TableForm = TableForm.CSV
    columns: PredictionColumns | None = None
    by_name: str = "group"
    groups: Path | None = None
    history: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedAmount:
    """The expected amount of one group: each class's probabilities times the amounts, summed over its rows."""

    group: str
    amounts: tuple[float, ...]  # per class, in declared order; regression: one


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictResult:
    """The result of a prediction. `counts` per predicted class in declared order; `uncertain`: rows whose most likely
    class has a probability under 50 %. `unknown`: what the model does not know of the rows; `drift`: how far they are
    from its training rows, where its artifact has a reference."""

    rows: int
    counts: tuple[int, ...]
    uncertain: int
    expected: tuple[ExpectedAmount, ...] = ()
    unknown: UnknownValues | None = None
    drift: RowDrift | None = None
    explained: Explained | None = None
    groups: tuple[GroupSummary, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteBackRequest:
    """A request to write predictions into a table of a database. `rows`: a Parquet file; `name`, `table`: where they
    go; `own`: (column, value) of each row, which come first in it; earlier rows that have all of them are replaced.
    `log`: the number in the prediction log, a column too."""

    name: str
    table: Table
    rows: Path
    own: tuple[tuple[str, str], ...]
    artifact: str
    log: int
    into: Path
    limits: Limits
    secrets: tuple[Secret, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureDriftRequest:
    """A request to measure how far rows are from those that a model was trained on. `rows`: a PREDICT selection."""

    artifact: Path
    rows: Path
    limits: Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredDrift:
    """The drift of `rows` rows, None where the artifact has no reference, and what the model does not know of them."""

    rows: int
    unknown: UnknownValues
    drift: RowDrift | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluateRequest:
    """A request to evaluate an artifact in full. `artifact`: the folder with its files; `rows`: Parquet files as those
    of a FIT selection; `without`: a Parquet file of keys whose rows do not count. `evaluation_rows`: the digest that
    stands for the rows; that of the file itself for an artifact's own holdout. `declared`: what the model's manifest
    says of how it is judged; `slices`: Parquet files of keys with the value of each declared slice, `also_<i>`."""

    artifact: Path
    digest: Digest
    rows: tuple[Path, ...]
    evaluation_rows: Digest
    limits: Limits
    without: Path | None = None
    declared: DeclaredEvaluation = NO_DECLARATION
    slices: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeRequest:
    """A request for the figures that gates judge. `artifact`: the folder with its files; `rows`: its own holdout.
    `declared`: what gates are judged per, and the order of the classes; `slices`: as in EvaluateRequest. `fewest`: by
    slice, from how many rows on some gate judges a part."""

    artifact: Path
    rows: Path
    limits: Limits
    declared: DeclaredEvaluation = NO_DECLARATION
    slices: tuple[Path, ...] = ()
    fewest: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareRequest:
    """A request to compare two models. `candidate`, `incumbent`: folders with the files of an artifact. `holdout`: the
    candidate's evaluation rows; `features`: the incumbent's features for the same keys (a FEATURES selection);
    `trained`: a Parquet file of the keys that the incumbent trained on, whose rows do not count. `confidence`: of the
    interval (two-sided). `quantile`: that the models predict, in the unit that they are judged in; `steps`,
    `incumbent_steps`: from what each of them predicts to that unit. `declared`, `slices`: of a gate per slice, as in
    JudgeRequest."""

    gate: NoWorseThanIncumbent
    candidate: Path
    incumbent: Path
    holdout: Path
    features: Path
    trained: Path
    limits: Limits
    confidence: float = 0.95
    quantile: float | None = None
    declared: DeclaredEvaluation = NO_DECLARATION
    slices: tuple[Path, ...] = ()
    steps: tuple[InverseStep, ...] = ()
    incumbent_steps: tuple[InverseStep, ...] = ()
