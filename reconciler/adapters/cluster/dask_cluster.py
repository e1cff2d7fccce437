"""Compute as tasks of a Dask cluster, whose workers read and write the blobs of the same store.

Nothing that comes back is believed: answers are JSON of known types, and what was built is read by its digests
(`engine.compute.built`). Secrets are not in a task: workers take the store's from their own environment.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from importlib.util import find_spec
from typing import TypeVar

from reconciler import codec
from reconciler.adapters.cluster.client_process import ClusterClient
from reconciler.adapters.executors.worker_answers import error_of, value_of
from reconciler.core.evaluation.detailed import DetailedEvaluation
from reconciler.core.spec.environment import Runtime
from reconciler.errors import DataError, ReconcilerError, TrainingError, UsageError
from reconciler.ports import (
    REFUSED_BY,
    ArmTrialRequest,
    ArtifactEvaluationRequest,
    BuildRequest,
    BuildTask,
    BuiltModel,
    ClusterStore,
    ClusterWorker,
    ConnectRequest,
    EvaluationTask,
    SubmitRequest,
    TaskTerms,
    Tell,
    TrialResult,
    TrialTask,
    tell_nobody,
)

T = TypeVar("T")


class DaskCluster:
    """Implements ports.Compute. `connection` and `store` are asked for at the first use, which connects. `version`: of
    this program, which workers must have."""

    def __init__(
        self,
        *,
        connection: Callable[[], ConnectRequest],
        store: Callable[[], ClusterStore],
        version: str,
        halt: threading.Event | None = None,
    ) -> None:
        self._connection = connection
        self._store = store
        self._version = version
        self._client = ClusterClient(halt=halt)
        self._lock = threading.Lock()
        self._known: ClusterStore | None = None
        self._refusal: ReconcilerError | None = None

    def warm(self) -> None:
        """Start the client, which imports for seconds, where it could be connected."""
        self._connection()
        _check_installed()
        self._client.start()

    def build(self, request: BuildRequest, tell: Tell = tell_nobody) -> BuiltModel:
        task = BuildTask(terms=self._terms(request.runtime), request=request)
        return self._run("build", f"train {request.model}", task, BuiltModel, _with("train", tell))

    def trial(self, request: ArmTrialRequest, tell: Tell = tell_nobody) -> TrialResult:
        task = TrialTask(terms=self._terms(request.runtime), request=request)
        return self._run("trial", f"trial {request.experiment}", task, TrialResult, tell)

    def evaluate(self, request: ArtifactEvaluationRequest, tell: Tell = tell_nobody) -> DetailedEvaluation:
        task = EvaluationTask(terms=self._terms(request.runtime), request=request)
        label = f"evaluate {request.artifact[7:19]}"
        return self._run("evaluate", label, task, DetailedEvaluation, _with("evaluate", tell))

    def workers(self, runtime: Runtime | None) -> tuple[ClusterWorker, ...]:
        """Return the workers that the cluster has now, and whether each would take a task of this runtime."""
        terms = self._terms(runtime)
        text = json.dumps(codec.to_json(terms))
        return value_of(self._client.ask("describe", text), tuple[ClusterWorker, ...], self._client.failed)

    def close(self) -> None:
        self._client.close()

    # --- inside ------------------------------------------------------------------------------------------------------

    def _terms(self, runtime: Runtime | None) -> TaskTerms:
        """Connect, once; whoever comes after a failure has the same one."""
        with self._lock:
            if self._refusal is not None:
                raise self._refusal
            if self._known is None:
                try:
                    self._known = self._connected()
                except ReconcilerError as error:
                    self._refusal = error
                    raise
        return TaskTerms(version=self._version, runtime=runtime, store=self._known)

    def _connected(self) -> ClusterStore:
        _check_installed()
        self._client.ask("connect", self._connection())
        return self._store()

    def _run(
        self, operation: str, label: str, task: BuildTask | TrialTask | EvaluationTask, kind: type[T], tell: Tell
    ) -> T:
        text = json.dumps({"operation": operation, "request": codec.to_json(task)})
        answered = self._client.ask(
            "submit", SubmitRequest(text=text, label=label, terms=codec.digest_of(task.terms)), tell
        )
        answer, worker = answered.get("answer"), str(answered.get("worker"))[:200]

        def failed(reason: str) -> ReconcilerError:
            return TrainingError(
                f"worker {worker} failed: {reason}", hint="its log says more; then run the same command again"
            )

        if not isinstance(answer, dict):
            raise failed("its answer cannot be read")
        if "error" not in answer:
            return value_of(answer, kind, failed)
        error = error_of(answer["error"], failed)
        if not isinstance(error, DataError):  # what is wrong with rows is wrong with them everywhere
            error.message = f"{error.message} (worker {worker})"
        raise error


def _with(step: str, tell: Tell) -> Tell:
    """Return what tells where a step runs; a refusal is told as it is."""
    return lambda told: tell(told if told.startswith(REFUSED_BY) else f"{step} {told}")


def _check_installed() -> None:
    if find_spec("distributed") is None:
        raise UsageError(
            "`compute: {uses: dask}` needs the library distributed, which is not installed",
            hint="pip install 'model-reconciler[dask]'",
            code="E610",
        )
