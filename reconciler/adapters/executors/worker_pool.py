"""Children of one kind, as many as there are requests at once; each request has one to itself.

Forked from one nursery, a child serves one request and ends: it begins as every other one, with the same memory. Where
nothing is gained by that, or forks are not to be had, children are started cold, and taken again when they are free.
"""

from __future__ import annotations

import threading
from typing import Any, TypeVar

from reconciler.adapters.executors.forked_worker import FORKS, ForkServer
from reconciler.adapters.executors.worker_process import WorkerProcess
from reconciler.core.spec.environment import Limits
from reconciler.errors import ReconcilerError

T = TypeVar("T")


class WorkerPool:
    """Children of `module`."""

    def __init__(
        self,
        module: str,
        *,
        failure: type[ReconcilerError],
        halt: threading.Event | None = None,
        forks: bool = False,
    ) -> None:
        self._module = module
        self._failure = failure
        self._halt = halt or threading.Event()
        self._nursery = ForkServer(module, failure=failure, halt=self._halt) if forks and FORKS else None
        self._lock = threading.Lock()
        self._free: list[WorkerProcess] = []

    def warm(self) -> None:
        """Start what the first request will need, while somebody else still works."""
        if self._nursery is not None:
            self._nursery.start()
        else:
            child = self._taken(0)
            child.start()
            self._give_back(child)

    def call(self, operation: str, request: object, kind: type[T] | Any, limits: Limits, *, threads: int = 0) -> T:
        """As `WorkerProcess.call`. `threads`: OpenMP threads of a forked worker (0: as many as there are)."""
        child = self._taken(threads)
        try:
            found: T = child.call(operation, request, kind, limits)
        finally:
            self._give_back(child)
        return found

    def close(self) -> None:
        """End them. Those with a request end with it."""
        with self._lock:
            free, self._free = self._free, []
        for one in free:
            one.close()
        if self._nursery is not None:
            self._nursery.close()

    def _taken(self, threads: int) -> WorkerProcess:
        with self._lock:
            if self._free:
                return self._free.pop()
        if self._nursery is None:
            return WorkerProcess(self._module, failure=self._failure, halt=self._halt)
        nursery = self._nursery
        return WorkerProcess(self._module, failure=self._failure, halt=self._halt, begin=lambda: nursery.fork(threads))

    def _give_back(self, child: WorkerProcess) -> None:
        if self._nursery is not None:
            child.close()
            return
        with self._lock:
            self._free.append(child)
