"""Data, training and scoring in worker processes: neither DuckDB nor a model ever runs in this process."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from reconciler.adapters.executors.bucket_environment import bucket_environment
from reconciler.adapters.executors.worker_pool import WorkerPool
from reconciler.adapters.executors.worker_process import WorkerProcess, spawn
from reconciler.adapters.system.host import cores, memory
from reconciler.core.artifact.oci_artifact import Schema
from reconciler.core.evaluation.detailed import DetailedEvaluation
from reconciler.core.judging.judged_figures import JudgedFigures
from reconciler.core.monitoring.outcomes import KnownOutcomes
from reconciler.core.onboarding.table_profile import ProfileRequest, TableProfile
from reconciler.core.spec.comparison import Comparison
from reconciler.core.spec.environment import Limits
from reconciler.errors import DataError, ScoringError, TrainingError
from reconciler.ports import (
    CompareRequest,
    CopyRequest,
    EntityDigests,
    EntityRequest,
    ErasedFile,
    EraseRequest,
    EvaluateRequest,
    FoldsRequest,
    FoldsResult,
    HeaderRequest,
    JudgeRequest,
    MeasuredDrift,
    MeasureDriftRequest,
    OutcomesRequest,
    ParsedExpression,
    PredictRequest,
    PredictResult,
    SearchRequest,
    SelectRequest,
    SelectResult,
    TableFile,
    TableHeader,
    TrainRequest,
    TrainResult,
    WriteBackRequest,
)

PARSING = Limits(seconds=60, memory=1024**3)
T = TypeVar("T")
SMALL = 100_000  # cells of the training table
AT_ONCE = 2_000  # expressions of one request: an answer has a largest size


class DataWorker:
    """Implements ports.Data and ports.Expressions; consecutive calls share a process."""

    def __init__(self, *, halt: threading.Event | None = None) -> None:
        self._halt = halt
        self._pool = WorkerPool("reconciler.data", failure=DataError, halt=halt)

    def at_most(self, count: int) -> None:
        """Answer `count` requests at once, where more models than that are worked on."""
        self._pool.at_most(count)

    def warm(self) -> None:
        """Start a process ahead of its first request."""
        self._pool.warm()

    def copy(self, request: CopyRequest) -> tuple[TableFile, ...]:
        """Copy tables; where a secret is needed, in a process of its own, which ends with the copy."""
        own = bucket_environment(request.tables, os.environ)
        hashes = request.masking is not None and request.masking.key is not None
        if not (request.secrets or own or hashes or request.erased is not None):
            return self._pool.call("copy", request, tuple[TableFile, ...], request.limits)
        worker = WorkerProcess(
            "reconciler.data", failure=DataError, halt=self._halt, begin=partial(spawn, "reconciler.data", more=own)
        )
        try:
            return worker.call("copy", request, tuple[TableFile, ...], request.limits)
        finally:
            worker.close()

    def digests(self, request: EntityRequest) -> EntityDigests:
        return self._alone("digests", request, EntityDigests, request.limits)

    def erase(self, request: EraseRequest) -> tuple[ErasedFile, ...]:
        return self._alone("erase", request, tuple[ErasedFile, ...], request.limits)

    def search(self, request: SearchRequest) -> tuple[int, ...]:
        return self._alone("search", request, tuple[int, ...], request.limits)

    def _alone(self, operation: str, request: object, kind: type[T], limits: Limits) -> T:
        """Ask a process of its own, which ends with the answer."""
        worker = WorkerProcess(
            "reconciler.data", failure=DataError, halt=self._halt, begin=partial(spawn, "reconciler.data")
        )
        try:
            return worker.call(operation, request, kind, limits)
        finally:
            worker.close()

    def profile(self, request: ProfileRequest) -> TableProfile:
        return self._pool.call("profile", request, TableProfile, request.limits)

    def select(self, request: SelectRequest) -> SelectResult:
        return self._pool.call("select", request, SelectResult, request.limits)

    def known_outcomes(self, request: OutcomesRequest) -> KnownOutcomes:
        return self._pool.call("outcomes", request, KnownOutcomes, request.limits)

    def write_back(self, request: WriteBackRequest) -> None:
        self._alone("write", request, type(None), request.limits)

    def parse(self, texts: Iterable[str]) -> Mapping[str, ParsedExpression]:
        distinct = tuple(dict.fromkeys(texts))
        if not distinct:
            return {}
        parsed: dict[str, ParsedExpression] = {}
        for start in range(0, len(distinct), AT_ONCE):
            part = distinct[start : start + AT_ONCE]
            parsed |= dict(self._pool.call("parse", part, tuple[tuple[str, ParsedExpression], ...], PARSING))
        return parsed

    def close(self) -> None:
        self._pool.close()


class HeaderWorker:
    """Implements ports.TableHeaders in a process of its own, which imports neither DuckDB nor numpy."""

    def __init__(self, *, halt: threading.Event | None = None) -> None:
        self._halt = halt
        self._pool = WorkerPool("reconciler.data.tables", failure=DataError, halt=halt)

    def header(self, request: HeaderRequest) -> TableHeader:
        own = bucket_environment(((request.name, request.table),), os.environ)
        if not request.secrets and not own:
            return self._pool.call("header", request, TableHeader, PARSING)
        module = "reconciler.data.tables"
        worker = WorkerProcess(module, failure=DataError, halt=self._halt, begin=partial(spawn, module, more=own))
        try:
            return worker.call("header", request, TableHeader, PARSING)
        finally:
            worker.close()

    def close(self) -> None:
        self._pool.close()


class TrainingWorker:
    """Implements ports.Trainer. Parallel trainings share the processors, unless OMP_NUM_THREADS is set."""

    def __init__(self, *, halt: threading.Event | None = None) -> None:
        self._pool = WorkerPool("reconciler.training", failure=TrainingError, halt=halt, forks=True)
        self._at_once = 1

    def warm(self, limits: Limits, at_once: int = 1) -> None:
        """Import ahead of the first request: importing scikit-learn takes longer than many fits. Not capped."""
        del limits
        self._at_once = at_once
        self._pool.warm()

    def train(self, request: TrainRequest) -> TrainResult:
        # What is more than the machine has would be refused by the kernel, by ending some process without a word.
        own = replace(request, limits=replace(request.limits, memory=min(request.limits.memory, memory())))
        return self._pool.call("train", own, TrainResult, request.limits, threads=self._threads(request))

    def score_folds(self, request: FoldsRequest) -> FoldsResult:
        # One thread: the folds are small, and are counted as so much work of one processor.
        return self._pool.call("folds", request, FoldsResult, request.limits, threads=1)

    def _threads(self, request: TrainRequest) -> int:
        """Return the number of OpenMP threads, 0 for no limit.

        With more threads than processors, gradient boosting takes several times as long; on few cells, a second thread
        costs more than it does.
        """
        if "OMP_NUM_THREADS" in os.environ:
            return 0
        cells = request.selected.rows * request.recipe.features.width
        if cells <= SMALL:
            return 1
        return max(1, cores() // self._at_once) if self._at_once > 1 else 0

    def close(self) -> None:
        self._pool.close()


class ScoringWorker:
    """Implements ports.Scorer. Only its processes load models; each serves one request, so models are isolated."""

    def __init__(self, *, halt: threading.Event | None = None) -> None:
        self._pool = WorkerPool("reconciler.scoring", failure=ScoringError, halt=halt, forks=True)

    def at_most(self, count: int) -> None:
        """Score `count` requests at once, where more models than that are worked on."""
        self._pool.at_most(count)

    def check(self, artifact: Path, limits: Limits) -> Schema:
        return self._pool.call("check", str(artifact), Schema, limits)

    def compare(self, request: CompareRequest) -> Comparison:
        return self._pool.call("compare", request, Comparison, request.limits)

    def predict(self, request: PredictRequest) -> PredictResult:
        return self._pool.call("predict", request, PredictResult, request.limits)

    def measure_drift(self, request: MeasureDriftRequest) -> MeasuredDrift:
        return self._pool.call("drift", request, MeasuredDrift, request.limits)

    def judge(self, request: JudgeRequest) -> JudgedFigures:
        return self._pool.call("judge", request, JudgedFigures, request.limits)

    def evaluate(self, request: EvaluateRequest) -> DetailedEvaluation:
        return self._pool.call("evaluate", request, DetailedEvaluation, request.limits)

    def close(self) -> None:
        self._pool.close()
