"""Children of one kind, as many as there are requests at once; each request has one to itself.

Forked from one nursery, a child serves one request and ends: it begins as every other one, with the same memory. Where
nothing is gained by that, or forks are not to be had, children are started cold, and taken again when they are free.
"""

from __future__ import annotations

import threading
from typing import Any, TypeVar

from reconciler.adapters.executors.forked_worker import FORKS, Nursery
from reconciler.adapters.executors.worker_process import Child
from reconciler.core.spec.environment import Limits
from reconciler.errors import ReconcilerError

T = TypeVar("T")


class Crew:
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
        self._nursery = Nursery(module, failure=failure, halt=self._halt) if forks and FORKS else None
        self._lock = threading.Lock()
        self._free: list[Child] = []

    def warm(self) -> None:
        """Start what the first request will need, while somebody else still works."""
        if self._nursery is not None:
            self._nursery.start()
        else:
            child = self._taken(0)
            child.start()
            self._give_back(child)

    def call(self, operation: str, request: object, kind: type[T] | Any, limits: Limits, *, threads: int = 0) -> T:
        """As `Child.call`. `threads`: OpenMP threads of the child where it is forked (0: as many as there are)."""
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

    def _taken(self, threads: int) -> Child:
        with self._lock:
            if self._free:
                return self._free.pop()
        if self._nursery is None:
            return Child(self._module, failure=self._failure, halt=self._halt)
        nursery = self._nursery
        return Child(self._module, failure=self._failure, halt=self._halt, begin=lambda: nursery.fork(threads))

    def _give_back(self, child: Child) -> None:
        if self._nursery is not None:
            child.close()
            return
        with self._lock:
            self._free.append(child)
