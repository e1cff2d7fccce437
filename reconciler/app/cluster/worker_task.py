"""Run one request on a worker of a Dask cluster: a text, answered as text, by the worker processes of this machine.

Dask hands over a text and takes a text; whatever goes wrong is in it (`workers.request_loop`). Before anything is done,
the worker compares its program, its runtime and its store with those that are asked for, and refuses where one differs.
Rows are read from the store by digest, used by worker processes without credentials, as where a sandbox is applied, and
lie below the worker's own folder, which Dask removes. The store's credentials are those of the worker's environment.
"""

from __future__ import annotations

import atexit
import json
import logging
import socket
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reconciler import __version__, codec
from reconciler.errors import ReconcilerError, TrainingError
from reconciler.ports import BuildTask, ClusterWorker, EvaluationTask, StorageAccess, Store, TaskTerms, TrialTask
from reconciler.workers.request_loop import answer

if TYPE_CHECKING:
    from distributed import Worker

    from reconciler.engine.compute.here import ComputeHere

ATTEMPTS = 2
"""How often a task is begun: once more after a worker died under it."""
REFUSED = "E643"
_LOG = logging.getLogger("distributed.worker.reconciler")  # of those that Dask shows
_REOPENED = 600  # seconds after which a store is opened again, so that copies of its blobs are trimmed


def run(text: str, key: str) -> str:
    """Answer a request; `key` names the task, by which its attempts are counted at the scheduler."""
    from distributed import get_worker

    worker = get_worker()
    line = answer(_operations(worker, key), text.encode())
    return json.dumps({"address": worker.address, "worker": name_of(worker), "answer": json.loads(line)})


def describe(text: str, dask_worker: Worker | None = None) -> str:
    """Return whether this worker would take tasks, as JSON of a ClusterWorker."""
    assert dask_worker is not None  # noqa: S101  (Dask passes it by its name)
    terms: TaskTerms = codec.from_json(TaskTerms, json.loads(text))
    problem = remedy = None
    try:
        _here(dask_worker).store(terms, name_of(dask_worker))
    except ReconcilerError as error:
        problem, remedy = error.message, error.hint
    except Exception as error:  # noqa: BLE001  (its text could quote anything)
        problem, remedy = f"failed: {type(error).__name__}", "look into its log"
    found = ClusterWorker(name=name_of(dask_worker), threads=dask_worker.state.nthreads, problem=problem, remedy=remedy)
    return json.dumps(codec.to_json(found))


def name_of(worker: Worker) -> str:
    """Return how people are told of a worker: its name, where it has one besides its address."""
    host = socket.gethostname()[:60]
    return f"{worker.name} on {host}" if str(worker.name) != worker.address else f"{worker.address} on {host}"


def _begin(key: str) -> None:
    """Take one of the task's tokens; the scheduler has one for each attempt. Raises TrainingError E644 without any."""
    from distributed import Queue

    for attempt in range(1, ATTEMPTS + 1):
        tokens = Queue(token(key, attempt))
        taken = tokens.get(batch=True)
        tokens.close()
        if taken:
            _LOG.info("Begins %s, attempt %s", key, attempt)
            return
    raise TrainingError(
        f"{ATTEMPTS} workers of the cluster died under it",
        hint="their logs say why, most often memory: give each worker more than `limits.memory`; then run the same "
        "command again",
        code="E644",
    )


def token(key: str, attempt: int) -> str:
    """Return the name of the queue that holds the token of an attempt."""
    return f"{key}-attempt-{attempt}"


# --- the worker's side -----------------------------------------------------------------------------------------------


def _operations(worker: Worker, key: str) -> dict[str, tuple[Any, Callable[[Any], object]]]:
    """Return what a worker does: what it must have comes first, so that a refusal is no attempt."""

    def begun(terms: TaskTerms) -> ComputeHere:
        compute = _here(worker).compute(terms, name_of(worker))
        _begin(key)
        return compute

    return {
        "build": (BuildTask, lambda task: begun(task.terms).build(task.request)),
        "trial": (TrialTask, lambda task: begun(task.terms).trial(task.request)),
        "evaluate": (EvaluationTask, lambda task: begun(task.terms).evaluate(task.request)),
    }


class _Here:
    """The worker processes of this Dask worker, and the stores that it has opened."""

    def __init__(self, scratch: Path, threads: int) -> None:
        from reconciler.adapters.executors.compute import DataWorker, ScoringWorker, TrainingWorker
        from reconciler.adapters.executors.trial_workers import TrialWorkers
        from reconciler.core.spec.environment import Limits

        self._data, self._trainer = DataWorker(), TrainingWorker()
        self._trials, self._scorer = TrialWorkers(), ScoringWorker()
        self._trainer.warm(Limits(), at_once=threads)
        self._scratch = scratch
        self._lock = threading.Lock()
        self._opened: dict[str, tuple[float, Store, ComputeHere]] = {}
        scratch.mkdir(parents=True, exist_ok=True, mode=0o700)

    def store(self, terms: TaskTerms, name: str) -> Store:
        """Return the store of a task. Raises TrainingError E643 where this worker must not take it."""
        return self._checked(terms, name)[0]

    def compute(self, terms: TaskTerms, name: str) -> ComputeHere:
        """Return what computes from the store of a task. Raises as `store` does."""
        return self._checked(terms, name)[1]

    def close(self) -> None:
        for each in (self._data, self._trainer, self._trials, self._scorer):
            each.close()

    def _checked(self, terms: TaskTerms, name: str) -> tuple[Store, ComputeHere]:
        _check_runtime(terms, name)
        key = codec.digest_of(terms.store)
        with self._lock:
            opened, store, compute = self._opened.get(key) or (0.0, None, None)
            if store is None or compute is None or time.monotonic() - opened > _REOPENED:
                store = _open(terms, name, self._scratch)
                compute = compute or self._compute(store)
                self._opened[key] = time.monotonic(), store, compute
        return store, compute

    def _compute(self, store: Store) -> ComputeHere:
        from reconciler.engine.compute.here import ComputeHere

        return ComputeHere(
            store=store,
            data=self._data,
            trainer=self._trainer,
            trials=self._trials,
            scorer=self._scorer,
            scratch=self._scratch,
            new_id=lambda: uuid.uuid4().hex,
        )


_OF_THIS_PROCESS: list[_Here] = []
_MAKING = threading.Lock()


def _here(worker: Worker) -> _Here:
    with _MAKING:
        if not _OF_THIS_PROCESS:
            here = _Here(Path(worker.local_directory) / "reconciler", worker.state.nthreads)
            atexit.register(here.close)
            _OF_THIS_PROCESS.append(here)
        return _OF_THIS_PROCESS[0]


def _check_runtime(terms: TaskTerms, name: str) -> None:
    from reconciler.adapters.system import machine
    from reconciler.core.spec.runtime import differences, remedy

    other = [f"model-reconciler {terms.version}, found {__version__}"] if terms.version != __version__ else []
    found = machine.runtime()
    if terms.runtime is not None and (mismatches := differences(terms.runtime, found)):
        how = remedy(terms.runtime, found, None)
        raise _refuses(name, terms, "; ".join((*other, *mismatches)), f"on that worker: {how}; then restart it")
    if other:
        how = f"on that worker: pip install model-reconciler=={terms.version}; then restart it"
        raise _refuses(name, terms, other[0], how)


def _refuses(name: str, terms: TaskTerms, what: str, how: str) -> TrainingError:
    declared = f"worker {name} has another runtime than {terms.store.environment} declares: {what}"
    return TrainingError(declared, hint=how, code=REFUSED)


def _open(terms: TaskTerms, name: str, scratch: Path) -> Store:
    from reconciler import plugins
    from reconciler.core.artifact import store_layout
    from reconciler.core.digest import digest_of_bytes

    wanted = terms.store
    address = wanted.location.address
    access = StorageAccess(
        root=Path("/"), project=wanted.project, environment=wanted.environment, scratch=scratch / "copies"
    )
    try:
        store = plugins.store(wanted.location, access)
        mark = store.read(store_layout.MARK)
    except ReconcilerError as error:
        how = error.hint or "give the worker's environment what reaches the store"
        raise TrainingError(
            f"worker {name} cannot use the store {address}: {error}", hint=f"on that worker: {how}", code=REFUSED
        ) from error
    if mark is None or digest_of_bytes(mark) != wanted.mark:
        what = "nothing is there" if mark is None else "another store is there"
        how = "mount the folder there under the same path, or keep the store in a bucket"
        if wanted.location.root is None:
            how = "give the worker's environment the address and the credentials that this command has"
        raise TrainingError(
            f"worker {name} does not see the store {address} that {wanted.environment} is applied with: {what}",
            hint=f"on that worker: {how}",
            code=REFUSED,
        )
    return store
