"""The port Trainer without a worker process: for the worker itself (`__main__`) and for tests."""

from __future__ import annotations

from reconciler.core.spec.environment import Limits
from reconciler.ports import FoldsRequest, FoldsResult, TrainRequest, TrainResult
from reconciler.training import fit, score_folds


class LocalTrainer:
    """A Trainer that trains in the calling process, without caps."""

    def warm(self, limits: Limits, at_once: int = 1) -> None:
        """Do nothing: there is no worker to start."""
        del limits, at_once

    def train(self, request: TrainRequest) -> TrainResult:
        """Train in this process; see `fit.train`."""
        return fit.train(request)

    def score_folds(self, request: FoldsRequest) -> FoldsResult:
        """Score recipes in this process; see `score_folds.score_folds`."""
        return score_folds.score_folds(request)

    def close(self) -> None:
        """Do nothing: there is no worker to stop."""
