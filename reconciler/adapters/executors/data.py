"""Data and expressions in child processes: DuckDB never runs in ours."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping

from reconciler.adapters.executors.worker_pool import Crew
from reconciler.core.onboarding.table_profile import LookRequest, TableLook
from reconciler.core.spec.environment import Limits
from reconciler.errors import DataError
from reconciler.ports import CopyRequest, Parsed, Selected, SelectRequest, TableFile

PARSING = Limits(seconds=60, memory=1024**3)


class DataChild:
    """Implements ports.Data and ports.Expressions; one process serves all calls that come one after the other."""

    def __init__(self, *, halt: threading.Event | None = None) -> None:
        self._crew = Crew("reconciler.data", failure=DataError, halt=halt)

    def warm(self) -> None:
        """Start it while somebody else still works."""
        self._crew.warm()

    def copy(self, request: CopyRequest) -> tuple[TableFile, ...]:
        found: tuple[TableFile, ...] = self._crew.call("copy", request, tuple[TableFile, ...], request.limits)
        return found

    def look(self, request: LookRequest) -> TableLook:
        found: TableLook = self._crew.call("look", request, TableLook, request.limits)
        return found

    def select(self, request: SelectRequest) -> Selected:
        found: Selected = self._crew.call("select", request, Selected, request.limits)
        return found

    def parse(self, texts: Iterable[str]) -> Mapping[str, Parsed]:
        distinct = tuple(dict.fromkeys(texts))
        if not distinct:
            return {}
        pairs = tuple[tuple[str, Parsed], ...]
        return dict(self._crew.call("parse", distinct, pairs, PARSING))

    def close(self) -> None:
        self._crew.close()
