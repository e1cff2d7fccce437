"""The data child: `python -m reconciler.data`, spoken to as `reconciler.child` says.

copy    CopyRequest        -> array of TableFile
select  SelectRequest      -> Selected
parse   array of texts     -> object: text -> Parsed
warm    Limits             -> null, once DuckDB is loaded
"""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.child import serve
from reconciler.core.environment import Limits
from reconciler.data.local import LocalData, LocalExpressions
from reconciler.ports import CopyRequest, Parsed, SelectRequest


def _parse(texts: tuple[str, ...]) -> Mapping[str, Parsed]:
    return LocalExpressions().parse(texts)


def _warm(_limits: Limits) -> None:
    import duckdb  # noqa: F401 - loading it is the point


if __name__ == "__main__":
    data = LocalData()
    serve(
        {
            "copy": (CopyRequest, data.copy),
            "select": (SelectRequest, data.select),
            "parse": (tuple[str, ...], _parse),
            "warm": (Limits, _warm),
        }
    )
