"""Check the columns of a schema that an artifact brings along, before anything is encoded by them."""

from __future__ import annotations

import math

from reconciler.core.artifact.oci_artifact import SCHEMA_FILE, ColumnType, Schema, SchemaColumn
from reconciler.errors import ScoringError

MOST_BUCKETS = 1024


def check_columns(schema: Schema) -> None:
    """Check that columns of texts have what they are encoded by, and no others have. Raises ScoringError E507."""
    buckets: dict[str, int | None] = {}
    of_feature = {place: places for _, places in schema.features() for place in places}
    for place, column in enumerate(schema.columns):
        _check_encoding(schema, place, of_feature[place])
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


def _check_encoding(schema: Schema, place: int, places: tuple[int, ...]) -> None:
    """Check that what is encoded by outcomes has a number for each category, for a missing value and for all rows."""
    column, first = schema.columns[place], schema.columns[places[0]]
    of_several = column.type in (ColumnType.TEXT, ColumnType.TARGET_ENCODED)
    _require(column.source is None or of_several, column, "no feature that it is one column of")
    _require(first.type == column.type, column, "the type of its feature's other columns")
    if column.type != ColumnType.TARGET_ENCODED:
        _require(column.encoding is None, column, "no encoding")
        return
    values = column.encoding or ()
    _require(len(places) == (len(schema.classes) if len(schema.classes) > 2 else 1), column, "a column per class")
    _require(place == places[0] or not column.categories, column, "the categories of its first column")
    _require(len(values) == len(first.categories) + 2, column, "a number for each category")
    _require(all(math.isfinite(value) for value in values), column, "finite numbers")


def _require(holds: bool, column: SchemaColumn, wanted: str) -> None:
    if not holds:
        raise ScoringError(
            f"invalid {SCHEMA_FILE}: the column {column.name[:80]!r} is expected to have {wanted}",
            code="E507",
            hint="use an artifact that this tool wrote; `reconciler audit` lists every damaged file",
        )
