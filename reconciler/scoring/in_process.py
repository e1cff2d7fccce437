"""The port Scorer in this process: used inside the child (`__main__`), and in tests."""

from __future__ import annotations

from pathlib import Path

from reconciler.core.artifact.oci_artifact import Schema
from reconciler.core.spec.environment import Limits
from reconciler.core.spec.gates import Comparison
from reconciler.evaluation import paired_comparison
from reconciler.model_file import load
from reconciler.ports import CompareRequest, PredictRequest, PredictResult
from reconciler.scoring import predict


class LocalScorer:
    def check(self, artifact: Path, limits: Limits) -> Schema:
        del limits  # caps are for children
        return load.load(artifact).schema

    def compare(self, request: CompareRequest) -> Comparison:
        return paired_comparison.compare(request)

    def predict(self, request: PredictRequest) -> PredictResult:
        return predict.predict(request)
