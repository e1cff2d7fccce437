"""Write predictions into a table of a database, with the columns that say whose they are."""

from __future__ import annotations

from datetime import date

from reconciler import plugins
from reconciler.core.prediction.prediction_columns import AS_OF, WHOSE
from reconciler.ports import SourceAccess, WriteBackRequest


def write_back(request: WriteBackRequest) -> None:
    """Write the rows. Raises DataError E401, E408, E431 to E435, E610."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    access = SourceAccess(
        tables=((request.name, request.table),), root=request.into, scratch=request.into, secrets=request.secrets
    )
    destination = plugins.destination(access)
    table = pq.read_table(request.rows)
    whose = {**dict(request.own), "artifact": request.artifact, "log": request.log}
    whose[AS_OF] = date.fromisoformat(str(whose[AS_OF]))
    first = {name: pa.scalar(whose[name]) for name in WHOSE}
    arrays = [pa.repeat(value, table.num_rows) for value in first.values()]
    whole = pa.table([*arrays, *table.columns], names=[*first, *table.column_names])
    path = request.into / "write-back.parquet"
    pq.write_table(whole, path)
    destination.replace(path, request.own)
