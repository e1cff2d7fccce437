"""Data, training and scoring that cost nothing and are as deterministic as the real ones.

The fake trainer's metrics come from the recipe's seed, so a scenario decides by the seed which candidate is good: seed
s has F1 macro 0.40 + 0.01 * (s % 50). It counts what it trained.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from reconciler import codec
from reconciler.core.artifact.data_snapshot import TableColumn
from reconciler.core.artifact.evaluation import Evaluation
from reconciler.core.artifact.oci_artifact import (
    EVALUATION_FILE,
    MODEL_FILE,
    PROBE_FILE,
    RECIPE_FILE,
    SCHEMA_FILE,
    Schema,
)
from reconciler.core.digest import digest_of_bytes
from reconciler.core.evaluation.detailed import DetailedEvaluation, TrainingReport
from reconciler.core.evaluation.figures import Figure, InfluenceReport
from reconciler.core.evaluation.grade_reason import NaiveGuess
from reconciler.core.evaluation.grading import reason_of
from reconciler.core.judging.judged_figures import FiguresOfRows, JudgedFigures
from reconciler.core.quality.unknown_values import UnknownValues
from reconciler.core.spec.comparison import Comparability, Comparison
from reconciler.core.spec.environment import Limits
from reconciler.core.spec.grade import Grade
from reconciler.core.spec.recipe import BuiltRecipe, Preprocessing
from reconciler.errors import RefusedTablesError, ScoringError, TableProblem
from reconciler.ports import (
    CompareRequest,
    ContractChecks,
    CopyRequest,
    EvaluateRequest,
    FoldScores,
    FoldsRequest,
    FoldsResult,
    JudgeRequest,
    MeasuredDrift,
    MeasureDriftRequest,
    PredictRequest,
    PredictResult,
    SelectionKind,
    SelectRequest,
    SelectResult,
    TableFile,
    TrainRequest,
    TrainResult,
    WriteBackRequest,
)

NOTHING_UNKNOWN = UnknownValues(rows=0, columns=(), referenced=False)


def score_of(seed: int) -> float:
    """F1 macro of a model whose recipe has this seed."""
    return round(0.40 + 0.01 * (seed % 50), 4)


class FakeData:
    """`day` is what the tables hold: change it and the next snapshot has another digest. `breaks`: what of the tables
    breaks each contract of this table; `asked`: the contracts of the last copy."""

    def __init__(self) -> None:
        self.day = 0
        self.breaks: dict[str, tuple[TableProblem, ...]] = {}
        self.asked: ContractChecks | None = None

    def write_back(self, request: WriteBackRequest) -> None:
        """Write nothing: there is no database in memory."""

    def copy(self, request: CopyRequest) -> tuple[TableFile, ...]:
        files = []
        self.asked = request.checks
        contracts = request.checks.contracts if request.checks is not None else ()
        if broken := [problem for each in contracts for problem in self.breaks.get(each.table, ())]:
            raise RefusedTablesError(tuple(dict.fromkeys(broken)))
        for name, _ in request.tables:
            path = request.into / f"{name}.parquet"
            path.write_bytes(f"table {name} on day {self.day}".encode())
            columns = (TableColumn(name="id", type="VARCHAR"),)
            files.append(TableFile(name=name, path=path, rows=100, columns=columns))
        return tuple(files)

    def select(self, request: SelectRequest) -> SelectResult:
        tables = digest_of_bytes(b"".join(table.path.read_bytes() for table in request.tables))
        names = {
            SelectionKind.FIT: ("train", "holdout", "keys"),
            SelectionKind.PREDICT: ("predict",),
            SelectionKind.FEATURES: ("features",),
            SelectionKind.FOLDS: ("train", "days"),
            SelectionKind.FACTS: (),
        }
        for name in names[request.want]:
            (request.into / f"{name}.parquet").write_bytes(f"{name} of {tables} {request.as_of}".encode())
        return SelectResult(rows=100, holdout_rows=20, holdout_from=None, left_out=())


class FakeTrainer:
    def __init__(self) -> None:
        self.trained: list[str] = []
        """The digest of every trained model, in order."""

    def warm(self, limits: Limits, at_once: int = 1) -> None:
        del limits, at_once

    def close(self) -> None:
        pass

    def train(self, request: TrainRequest) -> TrainResult:
        recipe = request.recipe
        score = score_of(recipe.seed)
        evaluation = Evaluation(
            task=recipe.task.value,
            rows=20,
            training_rows=80,
            classes=(),
            confusion=(),
            metrics=(("f1_macro", score),),
            naive=0.4,
            errors_removed=score - 0.4,
            grade=Grade.B,
            influences=(),
            evaluation_rows=request.evaluation_rows,
        )
        preprocessing = Preprocessing(numeric="", categorical="", boolean="", rare=0, most=0)
        schema = Schema(task=recipe.task.value, columns=(), classes=(), key=recipe.data.key, tables=request.tables)
        body = codec.encode(recipe) + request.train.read_bytes()
        files = {
            MODEL_FILE: body,
            RECIPE_FILE: codec.encode(BuiltRecipe(recipe=recipe, preprocessing=preprocessing)),
            SCHEMA_FILE: codec.encode(schema),
            PROBE_FILE: b"{}",
            EVALUATION_FILE: codec.encode(evaluation),
        }
        request.into.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (request.into / name).write_bytes(content)
        self.trained.append(digest_of_bytes(body))
        return TrainResult(files=tuple(sorted(files)), evaluation=evaluation)

    def score_folds(self, request: FoldsRequest) -> FoldsResult:
        scores = FoldScores(scores=(0.5, 0.6))
        return FoldsResult(metric="f1_macro", recipes=(scores,) * len(request.recipes), guess=(0.4, 0.4))


class FakeScorer:
    """A scorer that loads only files of the fake trainer."""

    def check(self, artifact: Path, limits: Limits) -> Schema:
        del limits
        if b"train of" not in (artifact / MODEL_FILE).read_bytes():
            raise ScoringError("the model cannot be loaded", code="E511")
        return codec.decode(Schema, (artifact / SCHEMA_FILE).read_bytes(), what=SCHEMA_FILE)

    def compare(self, request: CompareRequest) -> Comparison:
        scores = [
            codec.decode(Evaluation, (folder / EVALUATION_FILE).read_bytes(), what=EVALUATION_FILE).metric("f1_macro")
            or 0.0
            for folder in (request.candidate, request.incumbent)
        ]
        difference = scores[0] - scores[1]
        return Comparison(
            state=Comparability.COMPARED,
            metric=request.gate.metric,
            rows=1000,
            candidate=scores[0],
            incumbent=scores[1],
            difference=difference,
            lower=difference,
            upper=difference,
            detectable=0.01,
        )

    def predict(self, request: PredictRequest) -> PredictResult:
        request.out.write_text("key,predicted\n1,a\n")
        return PredictResult(rows=1, counts=(), uncertain=0, unknown=NOTHING_UNKNOWN)

    def measure_drift(self, request: MeasureDriftRequest) -> MeasuredDrift:
        del request
        return MeasuredDrift(rows=1, unknown=NOTHING_UNKNOWN)

    def judge(self, request: JudgeRequest) -> JudgedFigures:
        own = codec.decode(Evaluation, (request.artifact / EVALUATION_FILE).read_bytes(), what=EVALUATION_FILE)
        figures = tuple(Figure(name=name, value=value, why="not measured") for name, value in own.metrics)
        return JudgedFigures(all_rows=FiguresOfRows(rows=own.rows, figures=figures), grade=reason_of(own))

    def evaluate(self, request: EvaluateRequest) -> DetailedEvaluation:
        own = codec.decode(Evaluation, (request.artifact / EVALUATION_FILE).read_bytes(), what=EVALUATION_FILE)
        removed = Figure(name="errors_removed", value=own.errors_removed, why="not measured")
        return DetailedEvaluation(
            artifact=request.digest,
            evaluation_rows=request.evaluation_rows,
            task=own.task,
            rows=own.rows,
            grade=reason_of(own),
            naive=NaiveGuess(
                guess="guessing", figure="accuracy", value=own.naive, removed=removed, goal=0.9, reached=None
            ),
            figures=tuple(Figure(name=name, value=value, why="not measured") for name, value in own.metrics),
            training=TrainingReport(rows=own.training_rows, features=1, estimator="Fake"),
            influence=InfluenceReport(figure="f1_macro", rows=own.rows, repeats=5, resolved=True, features=()),
            confusion=own.confusion,
        )


class FakeClock:
    """A clock that moves only by `pass_time`."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_time(self, **amount: float) -> None:
        self.now += timedelta(**amount)


class Ids:
    def __init__(self, start: str = "id") -> None:
        self._start = start
        self._count = 0

    def __call__(self) -> str:
        self._count += 1
        return f"{self._start}-{self._count}"


class Silent:
    """Progress that shows nothing."""

    def expect(self, subjects: int) -> None: ...

    def start(self, subject: str, what: str) -> None: ...

    def done(self, subject: str, result: str) -> None: ...

    def leave(self, subject: str) -> None: ...
