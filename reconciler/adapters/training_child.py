"""Training in a child process, which may be warmed: importing scikit-learn takes longer than many fits."""

from __future__ import annotations

from reconciler.adapters.children import Child
from reconciler.core.environment import Limits
from reconciler.errors import TrainingError
from reconciler.ports import Trained, TrainRequest


class TrainingChild:
    """Implements ports.Trainer."""

    def __init__(self) -> None:
        self._child = Child("reconciler.training", failure=TrainingError)

    def warm(self, limits: Limits) -> None:
        """Its caps begin with `train`: a child that only imports has nothing to cap."""
        del limits
        self._child.start()

    def train(self, request: TrainRequest) -> Trained:
        found: Trained = self._child.call("train", request, Trained, request.limits)
        return found

    def close(self) -> None:
        self._child.close()
