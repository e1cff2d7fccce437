"""Scoring in child processes without credentials: the only place where a model is loaded."""

from __future__ import annotations

import threading
from pathlib import Path

from reconciler.adapters.executors.worker_pool import WorkerPool
from reconciler.core.artifact.oci_artifact import Schema
from reconciler.core.spec.environment import Limits
from reconciler.core.spec.gates import Comparison
from reconciler.errors import ScoringError
from reconciler.ports import CompareRequest, PredictRequest, PredictResult


class ScoringWorker:
    """Implements ports.Scorer. A model sees nothing of the one that was scored before it."""

    def __init__(self, *, halt: threading.Event | None = None) -> None:
        self._crew = WorkerPool("reconciler.scoring", failure=ScoringError, halt=halt, forks=True)

    def check(self, artifact: Path, limits: Limits) -> Schema:
        found: Schema = self._crew.call("check", str(artifact), Schema, limits)
        return found

    def compare(self, request: CompareRequest) -> Comparison:
        found: Comparison = self._crew.call("compare", request, Comparison, request.limits)
        return found

    def predict(self, request: PredictRequest) -> PredictResult:
        found: PredictResult = self._crew.call("predict", request, PredictResult, request.limits)
        return found

    def close(self) -> None:
        self._crew.close()
