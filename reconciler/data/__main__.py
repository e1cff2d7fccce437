"""The data worker: `python -m reconciler.data` answers requests as in `reconciler.workers.request_loop`.

copy     CopyRequest     -> array of TableFile
profile  ProfileRequest  -> TableProfile
select   SelectRequest   -> SelectResult
digests  EntityRequest   -> EntityDigests
erase    EraseRequest    -> array of ErasedFile
search   SearchRequest   -> array of positions
outcomes OutcomesRequest -> KnownOutcomes
write    WriteBackRequest -> nothing
parse    array of texts  -> object: text -> ParsedExpression

DuckDB is imported, and a database opened, before the first request is read.
"""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.core.onboarding.table_profile import ProfileRequest
from reconciler.data.duckdb_session import open_ahead
from reconciler.data.in_process import LocalData, LocalExpressions
from reconciler.ports import (
    CopyRequest,
    EntityRequest,
    EraseRequest,
    OutcomesRequest,
    ParsedExpression,
    SearchRequest,
    SelectRequest,
    WriteBackRequest,
)
from reconciler.workers.request_loop import serve


def _parse(texts: tuple[str, ...]) -> Mapping[str, ParsedExpression]:
    return LocalExpressions().parse(texts)


if __name__ == "__main__":
    open_ahead()
    data = LocalData()
    serve(
        {
            "copy": (CopyRequest, data.copy),
            "digests": (EntityRequest, data.digests),
            "erase": (EraseRequest, data.erase),
            "search": (SearchRequest, data.search),
            "profile": (ProfileRequest, data.profile),
            "select": (SelectRequest, data.select),
            "outcomes": (OutcomesRequest, data.known_outcomes),
            "write": (WriteBackRequest, data.write_back),
            "parse": (tuple[str, ...], _parse),
        }
    )
