"""The port Trainer without a worker process: for the worker itself (`__main__`) and for tests."""

from __future__ import annotations

from reconciler.core.spec.environment import Limits
from reconciler.ports import TrainRequest, TrainResult
from reconciler.training import fit


class LocalTrainer:
    """A Trainer that trains in the calling process, without caps."""

    def warm(self, limits: Limits, at_once: int = 1) -> None:
        """Do nothing: there is no worker to start."""
        del limits, at_once

    def train(self, request: TrainRequest) -> TrainResult:
        """Train in this process; see `fit.train`."""
        return fit.train(request)

    def close(self) -> None:
        """Do nothing: there is no worker to stop."""
