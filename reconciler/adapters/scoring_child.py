"""Scoring in a child process without credentials: the only place where a model is loaded."""

from __future__ import annotations

from pathlib import Path

from reconciler.adapters.children import Child
from reconciler.core.artifact import Schema
from reconciler.core.environment import Limits
from reconciler.core.gate import Comparison
from reconciler.errors import ScoringError
from reconciler.ports import CompareRequest, Predicted, PredictRequest


class ScoringChild:
    """Implements ports.Scorer; one process serves all calls."""

    def __init__(self) -> None:
        self._child = Child("reconciler.scoring", failure=ScoringError)

    def check(self, artifact: Path, limits: Limits) -> Schema:
        found: Schema = self._child.call("check", str(artifact), Schema, limits)
        return found

    def compare(self, request: CompareRequest) -> Comparison:
        found: Comparison = self._child.call("compare", request, Comparison, request.limits)
        return found

    def predict(self, request: PredictRequest) -> Predicted:
        found: Predicted = self._child.call("predict", request, Predicted, request.limits)
        return found

    def close(self) -> None:
        self._child.close()
