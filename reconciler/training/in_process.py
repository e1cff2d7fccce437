"""The port Trainer in this process: used inside the child (`__main__`), and in tests."""

from __future__ import annotations

from reconciler.core.spec.environment import Limits
from reconciler.ports import TrainRequest, TrainResult
from reconciler.training import fit


class LocalTrainer:
    def warm(self, limits: Limits, at_once: int = 1) -> None:
        del limits, at_once

    def train(self, request: TrainRequest) -> TrainResult:
        return fit.train(request)

    def close(self) -> None:
        pass
