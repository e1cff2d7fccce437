"""Check the columns of a schema that an artifact brings along, before anything is encoded by them."""

from __future__ import annotations

import math

from reconciler.core.artifact.oci_artifact import SCHEMA_FILE, ColumnType, Schema, SchemaColumn
from reconciler.errors import ScoringError

MOST_BUCKETS = 1024


def check_columns(schema: Schema) -> None:
    """Check that columns of texts have what they are encoded by, and no others have. Raises ScoringError E507."""
    buckets: dict[str, int | None] = {}
    for column in schema.columns:
        given = (column.bucket, column.buckets, column.idf)
        if column.type != ColumnType.TEXT:
            _require(given == (None, None, None), column, "no words")
            continue
        source, bucket, count, idf = column.source, *given
        _require(source is not None and bucket is not None and count is not None, column, "the words that it counts")
        _require(0 < (count or 0) <= MOST_BUCKETS and 0 <= (bucket or 0) < (count or 0), column, "one of its buckets")
        _require(idf is not None and math.isfinite(idf) and idf > 0, column, "a weight above 0")
        _require(buckets.setdefault(source or "", count) == count, column, "as many buckets as the others of its text")
    names = [column.name for column in schema.columns]
    for column in schema.columns:
        _require(column.source is None or column.source not in names, column, "a name of its own")


def _require(holds: bool, column: SchemaColumn, wanted: str) -> None:
    if not holds:
        raise ScoringError(
            f"invalid {SCHEMA_FILE}: the column {column.name[:80]!r} is expected to have {wanted}",
            code="E507",
            hint="use an artifact that this tool wrote; `reconciler audit` lists every damaged file",
        )
