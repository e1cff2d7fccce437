"""The ports Data and Expressions in this process: used inside the worker (`__main__`), and in tests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reconciler.core.onboarding.table_profile import ProfileRequest, TableProfile
from reconciler.data.dataset.select import select
from reconciler.data.expressions import validate
from reconciler.data.tables.profile import look
from reconciler.data.tables.snapshot import copy_tables
from reconciler.ports import CopyRequest, ParsedExpression, SelectRequest, SelectResult, TableFile


class LocalData:
    def copy(self, request: CopyRequest) -> tuple[TableFile, ...]:
        return copy_tables(request)

    def look(self, request: ProfileRequest) -> TableProfile:
        return look(request)

    def select(self, request: SelectRequest) -> SelectResult:
        return select(request)


class LocalExpressions:
    def parse(self, texts: Iterable[str]) -> Mapping[str, ParsedExpression]:
        return validate.parse(texts)
