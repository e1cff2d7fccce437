"""The ports Data and Expressions in this process: used inside the child (`__main__`), and in tests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reconciler.core.look import LookRequest, TableLook
from reconciler.data import expressions
from reconciler.data.look import look
from reconciler.data.selection import select
from reconciler.data.tables import copy_tables
from reconciler.ports import CopyRequest, Parsed, Selected, SelectRequest, TableFile


class LocalData:
    def copy(self, request: CopyRequest) -> tuple[TableFile, ...]:
        return copy_tables(request)

    def look(self, request: LookRequest) -> TableLook:
        return look(request)

    def select(self, request: SelectRequest) -> Selected:
        return select(request)


class LocalExpressions:
    def parse(self, texts: Iterable[str]) -> Mapping[str, Parsed]:
        return expressions.parse(texts)
