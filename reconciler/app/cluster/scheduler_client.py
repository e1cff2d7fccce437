"""Give tasks to a Dask scheduler, watch where they run, and tell what became of each.

What a worker returns is unpickled by the library, in this process: see `reconciler.app.cluster.__main__`. A worker that
refuses is not asked again; a task whose worker died is begun once more (`worker_task.ATTEMPTS`).
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

from distributed import Client, Future, Queue, Security
from distributed.client import FutureCancelledError
from distributed.scheduler import KilledWorker

from reconciler.app.cluster import worker_task
from reconciler.app.cluster.answers import Answers, all_refuse, failed, lost, of_exception, read_answer, unreachable
from reconciler.core.size_limits import ANSWER_BYTES
from reconciler.errors import ReconcilerError, TrainingError
from reconciler.ports import REFUSED_BY, ConnectRequest, SubmitRequest

POLL = 0.5  # seconds between looks at who works on what
LOST = 60.0  # seconds after which a scheduler that does not answer is lost


@dataclass(slots=True, kw_only=True)
class _Task:
    """A task that is not answered yet. `worker`: where it was last seen; `died`: how often the scheduler gave it up."""

    number: int
    request: SubmitRequest
    key: str
    future: Future[str] | None = None
    worker: str | None = None
    died: int = 0
    fitting: frozenset[str] = frozenset()  # addresses of the workers that may do it; none: any
    tokens: list[Queue] = field(default_factory=list)


class SchedulerClient:
    """A connection to a scheduler, and the tasks that it was given."""

    def __init__(self, request: ConnectRequest, answers: Answers) -> None:
        self._asked = request
        self._answers = answers
        self._lock = threading.Lock()
        self._tasks: dict[str, _Task] = {}
        self._refusals: dict[str, dict[str, ReconcilerError]] = {}  # of terms, by the worker's address
        self._lost: ReconcilerError | None = None
        self._with_workers = time.monotonic()
        security = None
        if request.ca is not None:
            security = Security(
                tls_ca_file=request.ca,
                tls_client_cert=request.certificate,
                tls_client_key=request.key,
                require_encryption=True,
            )
        try:
            self._client = Client(
                request.address,
                security=security,
                timeout=request.seconds,
                set_as_default=False,
                direct_to_workers=False,
                name="reconciler",
            )
        except (OSError, ValueError, TypeError, RuntimeError) as error:
            raise unreachable(request.address, type(error).__name__) from None
        threading.Thread(target=self._watch, daemon=True, name="watch").start()

    # --- requests ----------------------------------------------------------------------------------------------------

    def submit(self, number: int, request: SubmitRequest) -> None:
        """Give a task to the scheduler, with a token for each attempt."""
        task = _Task(number=number, request=request, key=f"{request.label}-{uuid.uuid4().hex}")
        if self._lost is not None:
            self._answers.fail(number, self._lost)
            return
        with self._lock:
            self._tasks[task.key] = task
        try:
            for attempt in range(1, worker_task.ATTEMPTS + 1):
                task.tokens.append(Queue(worker_task.token(task.key, attempt), client=self._client))
                task.tokens[-1].put(attempt, timeout=LOST)
            self._begin(task)
        except Exception:  # noqa: BLE001  (the library's, of a connection that broke)
            self._answer_error(task, self._lost or lost(self._asked.address))

    def describe(self, number: int, text: str) -> None:
        """Ask every worker whether it would take tasks."""
        found: dict[str, object] = {}

        def ask() -> None:
            found.update(self._client.run(worker_task.describe, text, on_error="return"))

        asking = threading.Thread(target=ask, daemon=True)
        asking.start()
        asking.join(LOST)
        if asking.is_alive():
            hint = "look at the workers on the scheduler's dashboard, and end the one that hangs"
            text = f"a worker of the cluster did not answer within {LOST:.0f} s"
            self._answers.fail(number, TrainingError(text, hint=hint, code="E642"))
            return
        workers = []
        for address, told in sorted(found.items()):
            if isinstance(told, str) and len(told) < ANSWER_BYTES:
                workers.append(json.loads(told))
            else:
                problem, remedy = of_exception(told if isinstance(told, BaseException) else None)
                workers.append({"name": str(address), "threads": 0, "problem": problem, "remedy": remedy})
        self._answers.send(number, ok=workers)

    def close(self) -> None:
        with contextlib.suppress(Exception):
            self._client.close(timeout=2)

    # --- tasks -------------------------------------------------------------------------------------------------------

    def _begin(self, task: _Task) -> None:
        """Submit a task, to the workers that did not refuse one where some did."""
        fitting = None
        refused = self._refusals.get(task.request.terms, {})
        if refused:
            fitting = [address for address in self._workers() if address not in refused]
            if not fitting:
                self._end(task)
                self._answers.fail(task.number, all_refuse(refused))
                return
        task.worker = None
        task.fitting = frozenset(fitting or ())
        task.future = self._client.submit(
            worker_task.run,
            task.request.text,
            task.key,
            key=f"{task.key}-{uuid.uuid4().hex[:8]}",
            pure=False,
            retries=0,
            workers=fitting,
            allow_other_workers=False,
        )
        task.future.add_done_callback(lambda future: self._done(task, future))

    def _done(self, task: _Task, future: Future[str]) -> None:
        with self._lock:
            if task.key not in self._tasks or future is not task.future:
                return
        try:
            self._read(task, future)
        except Exception as error:  # noqa: BLE001  (only its class may be told)
            self._answer_error(task, failed(f"its answer was lost ({type(error).__name__})"))

    def _read(self, task: _Task, future: Future[str]) -> None:
        if future.status == "finished":
            result = future.result(timeout=LOST)
            self._answered(task, result)
            return
        error = future.exception(timeout=LOST) if future.status == "error" else FutureCancelledError(task.key, "lost")
        if isinstance(error, KilledWorker) and task.died < worker_task.ATTEMPTS:
            task.died += 1  # the scheduler gave it up at once; its tokens say whether it may be begun again
            self._begin(task)
        elif isinstance(error, FutureCancelledError):
            self._answer_error(task, self._lost or lost(self._asked.address))
        else:
            problem, remedy = of_exception(error)
            where = f"worker {task.worker}" if task.worker else "a worker"
            self._answer_error(task, TrainingError(f"{where} {problem}", hint=remedy, code="E643"))

    def _answered(self, task: _Task, result: object) -> None:
        read = read_answer(result)
        if read is None:
            self._answer_error(task, failed("its answer cannot be read"))
            return
        address, name, answer = read
        error = answer.get("error")
        if isinstance(error, dict) and error.get("code") == worker_task.REFUSED:
            refusal = TrainingError(str(error.get("message")), hint=str(error.get("hint")), code=worker_task.REFUSED)
            self._refusals.setdefault(task.request.terms, {})[address] = refusal
            self._answers.send(task.number, told=REFUSED_BY + refusal.message)
            self._begin(task)  # it was not begun there
            return
        if self._end(task):
            self._answers.send(task.number, answer=answer, worker=name)

    def _end(self, task: _Task) -> bool:
        with self._lock:
            ended = self._tasks.pop(task.key, None) is not None
        if ended:
            with contextlib.suppress(Exception):  # where the scheduler is gone, so are they
                for tokens in task.tokens:
                    tokens.close()
        return ended

    def _answer_error(self, task: _Task, error: ReconcilerError) -> None:
        if self._end(task):
            self._answers.fail(task.number, error)

    # --- watching ----------------------------------------------------------------------------------------------------

    def _workers(self) -> dict[str, str]:
        """Return the names of the workers by their addresses."""
        found = self._client.scheduler_info(n_workers=-1)["workers"]
        return {address: str(worker.get("name", address)) for address, worker in found.items()}

    def _watch(self) -> None:
        """Tell where tasks run; fail them all where the scheduler is lost, or has no workers for too long."""
        while self._lost is None:
            time.sleep(POLL)
            with self._lock:
                waits = bool(self._tasks)
            if self._client.status in ("closed", "closing"):
                self._lose(lost(self._asked.address))
            elif waits:
                self._look()

    def _look(self) -> None:
        looked: dict[str, Any] = {}

        def look() -> None:
            with contextlib.suppress(Exception):
                looked["workers"] = self._workers()
                looked["processing"] = self._client.processing()

        asking = threading.Thread(target=look, daemon=True)
        asking.start()
        asking.join(LOST)
        if "processing" not in looked:
            if asking.is_alive():
                self._lose(lost(self._asked.address))
            return
        now = time.monotonic()
        if looked["workers"]:
            self._with_workers = now
        elif now - self._with_workers > self._asked.wait:
            hint = "start workers, or scale the cluster, and run the same command again"
            text = f"the cluster at {self._asked.address} had no worker for {self._asked.wait:,} s"
            self._fail_all(TrainingError(text, hint=hint, code="E644"))
        self._begin_elsewhere(frozenset(looked["workers"]))
        for address, keys in looked["processing"].items():
            for key in keys:
                self._see(str(key), looked["workers"].get(address, address))

    def _begin_elsewhere(self, workers: frozenset[str]) -> None:
        """Give tasks to other workers where all that may do them are gone; a scheduler would wait for those."""
        with self._lock:
            stuck = [task for task in self._tasks.values() if task.fitting and not task.fitting & workers]
        for task in stuck:
            future, task.future = task.future, None
            with contextlib.suppress(Exception):
                if future is not None:
                    future.cancel()
                self._begin(task)

    def _see(self, key: str, worker: str) -> None:
        with self._lock:
            task = next(
                (task for task in self._tasks.values() if task.future is not None and task.future.key == key), None
            )
        if task is not None and task.worker != worker:
            task.worker = worker
            self._answers.send(task.number, told=f"on {worker}")

    def _lose(self, error: ReconcilerError) -> None:
        self._lost = error
        self._fail_all(error)

    def _fail_all(self, error: ReconcilerError) -> None:
        with self._lock:
            tasks, self._tasks = self._tasks, {}
        for task in tasks.values():
            self._answers.fail(task.number, error)
