"""Training in child processes, which may be warmed: importing scikit-learn takes longer than many fits."""

from __future__ import annotations

import os
import threading

from reconciler.adapters.executors.worker_pool import WorkerPool
from reconciler.adapters.system.cpu_count import cores
from reconciler.core.spec.environment import Limits
from reconciler.errors import TrainingError
from reconciler.ports import TrainRequest, TrainResult

SMALL = 100_000  # cells of the training table


class TrainingWorker:
    """Implements ports.Trainer. Trainings that run at once share the processors, unless OMP_NUM_THREADS says it."""

    def __init__(self, *, halt: threading.Event | None = None) -> None:
        self._crew = WorkerPool("reconciler.training", failure=TrainingError, halt=halt, forks=True)
        self._at_once = 1

    def warm(self, limits: Limits, at_once: int = 1) -> None:
        """Its caps begin with `train`: a process that only imports has nothing to cap."""
        del limits
        self._at_once = at_once
        self._crew.warm()

    def train(self, request: TrainRequest) -> TrainResult:
        found: TrainResult = self._crew.call(
            "train", request, TrainResult, request.limits, threads=self._threads(request)
        )
        return found

    def _threads(self, request: TrainRequest) -> int:
        """The operator's number; else a share of the processors: with more threads than those, gradient boosting takes
        several times as long. On few cells, a second thread costs more than it does."""
        if "OMP_NUM_THREADS" in os.environ:
            return 0
        cells = request.selected.rows * len(request.recipe.features.all)
        if cells <= SMALL:
            return 1
        return max(1, cores() // self._at_once) if self._at_once > 1 else 0

    def close(self) -> None:
        self._crew.close()
