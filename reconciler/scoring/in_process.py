"""The port Scorer without a worker process: for the worker itself (`__main__`) and for tests."""

from __future__ import annotations

from pathlib import Path

from reconciler.core.artifact.oci_artifact import Schema
from reconciler.core.evaluation.detailed import DetailedEvaluation
from reconciler.core.judging.judged_figures import JudgedFigures
from reconciler.core.spec.comparison import Comparison
from reconciler.core.spec.environment import Limits
from reconciler.evaluation import paired_comparison
from reconciler.model_file import load
from reconciler.ports import (
    CompareRequest,
    EvaluateRequest,
    JudgeRequest,
    MeasuredDrift,
    MeasureDriftRequest,
    PredictRequest,
    PredictResult,
)
from reconciler.scoring import evaluate_rows, judge_rows, measure_drift, predict


class LocalScorer:
    """A Scorer that works in the calling process, without caps."""

    def check(self, artifact: Path, limits: Limits) -> Schema:
        """Load the model in `artifact` and return its schema; see `model_file.load.load`."""
        del limits  # caps are for workers
        return load.load(artifact).schema

    def compare(self, request: CompareRequest) -> Comparison:
        """Compare candidate and incumbent; see `evaluation.paired_comparison.compare`."""
        return paired_comparison.compare(request)

    def predict(self, request: PredictRequest) -> PredictResult:
        """Predict the requested rows; see `scoring.predict.predict`."""
        return predict.predict(request)

    def measure_drift(self, request: MeasureDriftRequest) -> MeasuredDrift:
        """Measure the requested rows; see `scoring.measure_drift.measure`."""
        return measure_drift.measure(request)

    def judge(self, request: JudgeRequest) -> JudgedFigures:
        """Return the figures that gates judge; see `scoring.judge_rows.judge`."""
        return judge_rows.judge(request)

    def evaluate(self, request: EvaluateRequest) -> DetailedEvaluation:
        """Evaluate an artifact on the requested rows; see `scoring.evaluate_rows.evaluate`."""
        return evaluate_rows.evaluate(request)
