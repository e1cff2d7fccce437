"""Trials that cost nothing: what a recipe reaches on a fold follows from its text."""

from __future__ import annotations

import hashlib

from reconciler import codec
from reconciler.core.experiment.samplers import random_points
from reconciler.core.experiment.trial import FoldFigures
from reconciler.core.spec.experiment.declared_experiment import METRICS
from reconciler.errors import TrainingError
from reconciler.ports import (
    ProposeRequest,
    ProposeResult,
    SharedRowsRequest,
    SharedRowsResult,
    TrialRequest,
    TrialResult,
)


class FakeTrialRunner:
    """Implements ports.TrialRunner. `asked`: the recipes that were judged, by their digests; `proposed`: every batch
    that was asked for. After `most` trials it is killed."""

    def __init__(self, most: int | None = None) -> None:
        self.asked: list[str] = []
        self.proposed: list[ProposeRequest] = []
        self._most = most

    def run(self, request: TrialRequest) -> TrialResult:
        if self._most is not None and len(self.asked) >= self._most:
            raise KeyboardInterrupt
        recipe = codec.digest_of(request.recipe)
        self.asked.append(recipe)
        if not request.train.exists() or not request.days.exists():
            raise TrainingError("the rows of the trial are not there")
        figures = tuple(_figures(f"{recipe}:{fold}") for fold in request.judged)
        return TrialResult(folds=figures, size=100, seconds=len(self.asked) / 8)

    def shared_rows(self, request: SharedRowsRequest) -> SharedRowsResult:
        """Find what follows from the texts of both recipes."""
        found = []
        for each in (request.arm, request.other):
            if not each.train.exists() or not each.days.exists():
                raise TrainingError("the rows of the trial are not there")
            text = codec.digest_of(each.recipe)
            found.append(tuple(_figures(f"shared:{text}:{fold}") for fold in range(request.folds)))
        return SharedRowsResult(figures=found[0], others=found[1], rows=20 * request.folds)

    def propose(self, request: ProposeRequest) -> ProposeResult:
        """Propose by the seed and by what was told, as a sampler that learns does."""
        self.proposed.append(request)
        learnt = int(share(codec.digest_of(request.told)) * 1000) if request.told else 0
        points = random_points(request.space, seed=request.seed + learnt, batch=request.batch, count=request.count)
        return ProposeResult(points=points, library="fake 1")

    def close(self) -> None:
        pass


def _figures(text: str) -> FoldFigures:
    metrics = tuple(sorted((name, share(f"{text}:{name}")) for name in METRICS))
    return FoldFigures(metrics=metrics, trained=60, judged=20)


def share(text: str) -> float:
    """Return a number from 0 up to and without 1 that follows from a text."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6]) / 2**48
