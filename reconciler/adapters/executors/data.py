"""Data and expressions in child processes: DuckDB never runs in ours."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping

from reconciler.adapters.executors.worker_pool import WorkerPool
from reconciler.core.onboarding.table_profile import ProfileRequest, TableProfile
from reconciler.core.spec.environment import Limits
from reconciler.errors import DataError
from reconciler.ports import CopyRequest, ParsedExpression, SelectRequest, SelectResult, TableFile

PARSING = Limits(seconds=60, memory=1024**3)


class DataWorker:
    """Implements ports.Data and ports.Expressions; one process serves all calls that come one after the other."""

    def __init__(self, *, halt: threading.Event | None = None) -> None:
        self._crew = WorkerPool("reconciler.data", failure=DataError, halt=halt)

    def warm(self) -> None:
        """Start it while somebody else still works."""
        self._crew.warm()

    def copy(self, request: CopyRequest) -> tuple[TableFile, ...]:
        found: tuple[TableFile, ...] = self._crew.call("copy", request, tuple[TableFile, ...], request.limits)
        return found

    def look(self, request: ProfileRequest) -> TableProfile:
        found: TableProfile = self._crew.call("look", request, TableProfile, request.limits)
        return found

    def select(self, request: SelectRequest) -> SelectResult:
        found: SelectResult = self._crew.call("select", request, SelectResult, request.limits)
        return found

    def parse(self, texts: Iterable[str]) -> Mapping[str, ParsedExpression]:
        distinct = tuple(dict.fromkeys(texts))
        if not distinct:
            return {}
        pairs = tuple[tuple[str, ParsedExpression], ...]
        return dict(self._crew.call("parse", distinct, pairs, PARSING))

    def close(self) -> None:
        self._crew.close()
