"""A pool of worker processes of one module: as many as there are requests at once, one request each at a time.

A worker that is forked serves one request and ends, so that all begin in the same state; unless the pool `keeps` them,
for requests that share what a worker remembers. Where there is no fork server, workers are started cold and used again.
"""

from __future__ import annotations

import contextlib
import threading
from typing import TypeVar

from reconciler.adapters.executors.forked_worker import CAN_FORK, ForkServer
from reconciler.adapters.executors.worker_process import WorkerProcess
from reconciler.core.spec.environment import Limits
from reconciler.errors import ReconcilerError

T = TypeVar("T")


class WorkerPool:
    """Workers of `module`; with `forks`, forked by a fork server where that is safe."""

    def __init__(
        self,
        module: str,
        *,
        failure: type[ReconcilerError],
        halt: threading.Event | None = None,
        forks: bool = False,
        keeps: bool = False,
    ) -> None:
        self._module = module
        self._keeps = keeps
        self._failure = failure
        self._halt = halt or threading.Event()
        self._fork_server = ForkServer(module, failure=failure, halt=self._halt) if forks and CAN_FORK else None
        self._lock = threading.Lock()
        self._free_places: threading.Semaphore | None = None
        self._free: list[WorkerProcess] = []

    def at_most(self, count: int) -> None:
        """Work on `count` requests at once from now on; the others wait. Before the first request."""
        self._free_places = threading.Semaphore(count)

    def warm(self) -> None:
        """Start the process that the first request will need, in the background."""
        if self._fork_server is not None:
            self._fork_server.start()
        else:
            worker = self._acquire(0)
            worker.start()
            self._release(worker)

    def call(self, operation: str, request: object, kind: type[T], limits: Limits, *, threads: int = 0) -> T:
        """Call `WorkerProcess.call` of a free worker. `threads`: OpenMP threads if it is forked; 0: no limit."""
        with self._free_places or contextlib.nullcontext():
            worker = self._acquire(threads)
            try:
                return worker.call(operation, request, kind, limits)
            finally:
                self._release(worker)

    def close(self) -> None:
        """End all workers, also those that are busy."""
        with self._lock:
            free, self._free = self._free, []
        for worker in free:
            worker.close()
        if self._fork_server is not None:
            self._fork_server.close()

    def _acquire(self, threads: int) -> WorkerProcess:
        with self._lock:
            if self._free:
                return self._free.pop()
        server = self._fork_server
        begin = None if server is None else lambda: server.fork(threads)
        return WorkerProcess(self._module, failure=self._failure, halt=self._halt, begin=begin)

    def _release(self, worker: WorkerProcess) -> None:
        if self._fork_server is not None and not self._keeps:
            worker.close()
            return
        with self._lock:
            self._free.append(worker)
