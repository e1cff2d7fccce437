"""The ports Data and Expressions without a worker process: for the worker itself (`__main__`) and for tests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reconciler.core.monitoring.outcomes import KnownOutcomes
from reconciler.core.onboarding.table_profile import ProfileRequest, TableProfile
from reconciler.data.dataset.select import select
from reconciler.data.erasure import erase, search
from reconciler.data.expressions import validate
from reconciler.data.monitoring.known_outcomes import known_outcomes
from reconciler.data.tables.profile import profile_table
from reconciler.data.tables.snapshot import copy_tables
from reconciler.data.write_back import write_back
from reconciler.ports import (
    CopyRequest,
    EntityDigests,
    EntityRequest,
    ErasedFile,
    EraseRequest,
    OutcomesRequest,
    ParsedExpression,
    SearchRequest,
    SelectRequest,
    SelectResult,
    TableFile,
    WriteBackRequest,
)


class LocalData:
    """A Data port that works in the calling process."""

    def copy(self, request: CopyRequest) -> tuple[TableFile, ...]:
        """Copy tables as Parquet files; see `tables.snapshot`."""
        return copy_tables(request)

    def digests(self, request: EntityRequest) -> EntityDigests:
        """Return the keyed digests of a value; see `erasure.erase`."""
        return erase.digests(request)

    def erase(self, request: EraseRequest) -> tuple[ErasedFile, ...]:
        """Write tables without the rows of entities; see `erasure.erase`."""
        return erase.erase(request)

    def search(self, request: SearchRequest) -> tuple[int, ...]:
        """Return the positions of the files that hold a value; see `erasure.search`."""
        return search.search(request)

    def profile(self, request: ProfileRequest) -> TableProfile:
        """Profile a file that no manifest describes yet; see `tables.profile`."""
        return profile_table(request)

    def select(self, request: SelectRequest) -> SelectResult:
        """Select rows and features; see `dataset.select`."""
        return select(request)

    def known_outcomes(self, request: OutcomesRequest) -> KnownOutcomes:
        """Join predictions with outcomes; see `monitoring.known_outcomes`."""
        return known_outcomes(request)

    def write_back(self, request: WriteBackRequest) -> None:
        """Write predictions into a table of a database; see `data.write_back`."""
        write_back(request)


class LocalExpressions:
    """An Expressions port that parses in the calling process."""

    def parse(self, texts: Iterable[str]) -> Mapping[str, ParsedExpression]:
        """Parse expressions and check that they are row-local; see `expressions.validate`."""
        return validate.parse(texts)
