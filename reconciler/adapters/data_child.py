"""Data and expressions in a child process: DuckDB never runs in ours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reconciler.adapters.children import Child
from reconciler.core.environment import Limits
from reconciler.core.look import LookRequest, TableLook
from reconciler.errors import DataError
from reconciler.ports import CopyRequest, Parsed, Selected, SelectRequest, TableFile

PARSING = Limits(seconds=60, memory=1024**3)


class DataChild:
    """Implements ports.Data and ports.Expressions; one process serves all calls."""

    def __init__(self) -> None:
        self._child = Child("reconciler.data", failure=DataError)

    def warm(self) -> None:
        """Start it while somebody else still works."""
        self._child.start()

    def copy(self, request: CopyRequest) -> tuple[TableFile, ...]:
        found: tuple[TableFile, ...] = self._child.call("copy", request, tuple[TableFile, ...], request.limits)
        return found

    def look(self, request: LookRequest) -> TableLook:
        found: TableLook = self._child.call("look", request, TableLook, request.limits)
        return found

    def select(self, request: SelectRequest) -> Selected:
        found: Selected = self._child.call("select", request, Selected, request.limits)
        return found

    def parse(self, texts: Iterable[str]) -> Mapping[str, Parsed]:
        distinct = tuple(dict.fromkeys(texts))
        if not distinct:
            return {}
        pairs = tuple[tuple[str, Parsed], ...]
        return dict(self._child.call("parse", distinct, pairs, PARSING))

    def close(self) -> None:
        self._child.close()
