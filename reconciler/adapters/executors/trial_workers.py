"""Trials of experiments in worker processes that keep the rows of their arm; proposals in one of its own."""

from __future__ import annotations

import threading

from reconciler.adapters.executors.worker_pool import WorkerPool
from reconciler.errors import TrainingError
from reconciler.ports import (
    ProposeRequest,
    ProposeResult,
    SharedRowsRequest,
    SharedRowsResult,
    TrialRequest,
    TrialResult,
)

_MODULE = "reconciler.training"


class TrialWorkers:
    """Implements ports.TrialRunner: as many workers as there are trials at once, each with one thread, so that trials
    side by side share the processors."""

    def __init__(self, *, halt: threading.Event | None = None) -> None:
        self._trials = WorkerPool(_MODULE, failure=TrainingError, halt=halt, forks=True, keeps=True)
        self._proposals = WorkerPool(_MODULE, failure=TrainingError, halt=halt, forks=True, keeps=True)

    def run(self, request: TrialRequest) -> TrialResult:
        """Judge a recipe; a worker that dies is replaced, and the trial repeated once."""
        try:
            return self._ask(request)
        except TrainingError:  # what a recipe cannot be trained for is a result, and no error
            return self._ask(request)

    def _ask(self, request: TrialRequest) -> TrialResult:
        return self._trials.call("trial", request, TrialResult, request.limits, threads=1)

    def shared_rows(self, request: SharedRowsRequest) -> SharedRowsResult:
        """Judge recipes of two arms; as `run`."""
        try:
            return self._ask_shared(request)
        except TrainingError:
            return self._ask_shared(request)

    def _ask_shared(self, request: SharedRowsRequest) -> SharedRowsResult:
        return self._trials.call("shared_rows", request, SharedRowsResult, request.limits, threads=1)

    def propose(self, request: ProposeRequest) -> ProposeResult:
        """Propose points; of none, which asks for the library alone, without a worker where its version is known."""
        if not request.count and (library := _sampler_library()) is not None:
            return ProposeResult(points=(), library=library)
        return self._proposals.call("propose", request, ProposeResult, request.limits, threads=1)

    def close(self) -> None:
        self._trials.close()
        self._proposals.close()


def _sampler_library() -> str | None:
    """Return the library of the sampler that learns, with its version, by what is installed: it is not imported."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return f"optuna {version('optuna')}"
    except PackageNotFoundError:
        return None  # the worker tells what to install
