"""The port Scorer in this process: used inside the child (`__main__`), and in tests."""

from __future__ import annotations

from pathlib import Path

from reconciler.core.artifact import Schema
from reconciler.core.environment import Limits
from reconciler.core.gate import Comparison
from reconciler.ports import CompareRequest, Predicted, PredictRequest
from reconciler.scoring import compare, load, predict


class LocalScorer:
    def check(self, artifact: Path, limits: Limits) -> Schema:
        del limits  # caps are for children
        return load.load(artifact).schema

    def compare(self, request: CompareRequest) -> Comparison:
        return compare.compare(request)

    def predict(self, request: PredictRequest) -> Predicted:
        return predict.predict(request)
