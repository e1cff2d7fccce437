"""The ports of data, training and scoring: each runs in a worker process without credentials."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from reconciler.core.artifact.oci_artifact import Schema
from reconciler.core.evaluation.detailed import DetailedEvaluation
from reconciler.core.experiment.trial import FoldFigures
from reconciler.core.judging.judged_figures import JudgedFigures
from reconciler.core.judging.plug_in import GateAnswer
from reconciler.core.spec.comparison import Comparison
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment, Limits, Runtime
from reconciler.core.spec.recipe import Features, Recipe
from reconciler.ports.messages import (
    CopyRequest,
    FoldsRequest,
    FoldsResult,
    HeaderRequest,
    ParsedExpression,
    ProposeRequest,
    ProposeResult,
    SelectRequest,
    SelectResult,
    TableFile,
    TableHeader,
    TrainRequest,
    TrainResult,
    TrialRequest,
    TrialResult,
)
from reconciler.ports.predicting import (
    CompareRequest,
    EvaluateRequest,
    JudgeRequest,
    MeasuredDrift,
    MeasureDriftRequest,
    PredictRequest,
    PredictResult,
    WriteBackRequest,
)


class Expressions(Protocol):
    """Parses SQL expressions of manifests. No effects, and deterministic, so results may be cached by text."""

    def parse(self, texts: Iterable[str]) -> Mapping[str, ParsedExpression]:
        """Parse each distinct text, in one batch: scalars over one row and aggregates in `past`, without any data.

        An expression that is not allowed is a result with `refused`, not an error.
        """


class TableHeaders(Protocol):
    """Reads the headers of tables, and no more of a file than its first bytes."""

    def header(self, request: HeaderRequest) -> TableHeader:
        """Return the columns that a copy of the table would have, in its order, and which of them are text.

        Raises DataError as `DataEngine.copy` does.
        """


class TableLookup(Protocol):
    """Knows the columns of declared tables, as far as they can be looked up from here."""

    def columns(self, desired: DesiredState, environment: Environment, table: str) -> tuple[str, ...] | None:
        """Return the columns of a table that the environment declares; None where they cannot be looked up.

        Raises DataError where the table is there and cannot be read as it is declared.
        """

    def texts(self, desired: DesiredState, environment: Environment, table: str) -> tuple[str, ...]:
        """Return those of the table's columns that are text without a doubt, by its first rows; as far as known."""


class DataEngine(Protocol):
    """Reads tables and selects rows. Equal requests give equal bytes; a request writes only below its `into`."""

    def copy(self, request: CopyRequest) -> tuple[TableFile, ...]:
        """Copy tables to Parquet files.

        Raises DataError E4xx with table, column, row number and kind of error; never with a cell's value. With `checks`
        RefusedTablesError E421, where a contract is broken.
        """

    def select(self, request: SelectRequest) -> SelectResult:
        """Select the rows and columns of a recipe and write them as Parquet.

        Raises DataError as `copy` does; also when keys are not unique (E414), a row matches no class (E417), or dates
        lie after `as_of` (E412).
        """

    def write_back(self, request: WriteBackRequest) -> None:
        """Write predictions into a table, all or none of them. Raises DataError E401, E408, E431 to E435, E610."""


class Trainer(Protocol):
    """Trains models. Equal requests give equal bytes."""

    def warm(self, limits: Limits, at_once: int = 1) -> None:
        """Start workers before their rows are selected. Optional: `train` starts its own otherwise.

        `at_once`: the number of models trained at the same time, which share the processors.
        """

    def train(self, request: TrainRequest) -> TrainResult:
        """Fit a model, evaluate it on the holdout and write the artifact's files; TrainingError when that fails."""

    def score_folds(self, request: FoldsRequest) -> FoldsResult:
        """Score recipes on folds of their training rows, prepared and fitted as `train` does; writes nothing.

        A recipe that cannot be trained is a result with its reason; TrainingError when the rows have no two folds.
        """

    def close(self) -> None:
        """End the workers that `warm` started and no request used. Idempotent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmRecipe:
    """A recipe of an arm, with the rows of the arm: `features`, `train` and `days` as in a TrialRequest."""

    recipe: Recipe
    features: Features
    train: Path
    days: Path
    runtime: Runtime


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedRowsRequest:
    """A request to judge recipes of two arms on the rows that both have, by the `folds` folds of `arm` and its
    classes."""

    arm: ArmRecipe
    other: ArmRecipe
    folds: int
    limits: Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedRowsResult:
    """What each reaches on each fold, and how many rows were judged in all; `failed`: why it cannot be told."""

    figures: tuple[FoldFigures, ...]
    others: tuple[FoldFigures, ...]
    rows: int
    failed: str | None = None


class TrialRunner(Protocol):
    """Runs trials of experiments in workers that keep the rows of an arm. Equal requests give equal figures."""

    def run(self, request: TrialRequest) -> TrialResult:
        """Judge a recipe on folds of its training rows; writes nothing.

        A recipe that cannot be trained is a result with its reason. TrainingError when the rows cannot be cut into so
        many folds, when the runtime is another, and when a worker exceeds its limits.
        """

    def shared_rows(self, request: SharedRowsRequest) -> SharedRowsResult:
        """Judge recipes of two arms on the rows that both have; one that cannot be trained is a result. Raises as
        `run` does."""

    def propose(self, request: ProposeRequest) -> ProposeResult:
        """Return the points of a batch; TrainingError E610 when the library of the search is not installed."""

    def close(self) -> None:
        """End all workers. Idempotent."""


class Scorer(Protocol):
    """Loads artifacts and predicts with them. Loads only an exact list of allowed types, after the caller has checked
    the digests."""

    def check(self, artifact: Path, limits: Limits) -> Schema:
        """Load the model, compare its outputs on the probe rows with the recorded ones, and return its schema.

        Raises ScoringError E506 or E507 for a file this tool did not write, E511 for other outputs.
        """

    def compare(self, request: CompareRequest) -> Comparison:
        """Compare two models on rows that neither trained on.

        Models that cannot be compared are a result with their reason, not an error; ScoringError when the candidate
        cannot be loaded.
        """

    def predict(self, request: PredictRequest) -> PredictResult:
        """Predict the selected rows and write the CSV; ScoringError when the model cannot be loaded."""

    def measure_drift(self, request: MeasureDriftRequest) -> MeasuredDrift:
        """Measure how far the selected rows, and what is predicted for them, are from the training; writes nothing.

        ScoringError when the model cannot be loaded.
        """

    def judge(self, request: JudgeRequest) -> JudgedFigures:
        """Return the figures that gates judge, of all rows and per slice; writes nothing.

        ScoringError when the model cannot be loaded, or gives numbers that are none.
        """

    def evaluate(self, request: EvaluateRequest) -> DetailedEvaluation:
        """Evaluate an artifact on rows in full; equal requests give equal values. Writes nothing.

        ScoringError when the model cannot be loaded, or gives no numbers for these rows.
        """


class GatePlugin(Protocol):
    """Judges candidates by their figures, where the data are; what it says is recorded once, and counts from then on.

    Equal figures and settings give equal answers: it reads no clock, file or network. A figure that it needs and that
    is not known, or NaN, does not pass.
    """

    def problem(self, settings: Mapping[str, str]) -> str | None:
        """Say in one line what is wrong with the settings of a manifest; None where nothing is."""

    def judge(self, figures: JudgedFigures, settings: Mapping[str, str]) -> GateAnswer:
        """Judge a candidate by settings that have no problem."""
