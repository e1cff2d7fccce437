"""Describe one column of a table copy: its type, and the SQL of its values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reconciler.core import parquet_file
from reconciler.core.artifact.data_snapshot import TableColumn
from reconciler.core.digest import digest_of_bytes
from reconciler.data.duckdb_session import name_of, text_of
from reconciler.data.tables.column_types import TextFormat, from_text

# Type of a column in a Parquet source -> its type in the copy.
_KEPT = {
    "VARCHAR": "VARCHAR",
    "BOOLEAN": "BOOLEAN",
    "DATE": "DATE",
    "TIMESTAMP": "TIMESTAMP",
    "TIMESTAMP_S": "TIMESTAMP",
    "TIMESTAMP_MS": "TIMESTAMP",
    "TIMESTAMP_NS": "TIMESTAMP",
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMP",
    "TIMESTAMPTZ_NS": "TIMESTAMP",
    "TINYINT": "BIGINT",
    "SMALLINT": "BIGINT",
    "INTEGER": "BIGINT",
    "BIGINT": "BIGINT",
    "UTINYINT": "BIGINT",
    "USMALLINT": "BIGINT",
    "UINTEGER": "BIGINT",
    "UBIGINT": "BIGINT",
    "FLOAT": "DOUBLE",
    "DOUBLE": "DOUBLE",
    "UUID": "VARCHAR",
    "TIME": "VARCHAR",
    "TIME_NS": "VARCHAR",
    "TIME WITH TIME ZONE": "VARCHAR",
    '"NULL"': "VARCHAR",
}
_NARROW = frozenset(["TINYINT", "SMALLINT", "INTEGER", "UTINYINT", "USMALLINT", "UINTEGER"])
_ZONED = ("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ_NS")
_AS_TEXT = frozenset(["UUID", "TIME", "TIME_NS", "TIME WITH TIME ZONE", '"NULL"'])


@dataclass(frozen=True, slots=True, kw_only=True)
class CopiedColumn:
    """A column to copy. `value`: SQL, NULL where the cell does not fit `kind`; `cell`: SQL of the cell itself."""

    name: str
    kind: str
    value: str
    cell: str

    @property
    def fits(self) -> bool:
        """Tell whether every cell fits, whatever it is."""
        return self.value == self.cell

    @property
    def strict(self) -> str:
        """Return SQL of the value that fails the statement where the cell does not fit."""
        if self.fits:
            return self.value
        return f"coalesce({self.value}, CASE WHEN {self.cell} IS NOT NULL THEN error('misfit') END)"


def column_of_parquet(
    name: str, file_type: str, known_type: str | None, text_format: TextFormat
) -> CopiedColumn | None:
    """Return the copy of a Parquet column, or None where its type in the file is not supported.

    `known_type`: the declared type or that of an earlier copy, if there is one.
    """
    cell = name_of(name)
    default = _default_type(file_type)
    if default is None:
        return None
    kind = known_type or default
    if file_type in _AS_TEXT:
        cell = f"CAST({cell} AS VARCHAR)"
    local = cell
    if file_type in _ZONED:
        local = f"(CAST({cell} AS TIMESTAMP WITH TIME ZONE) AT TIME ZONE {text_of(text_format.zone)})"
    if kind == default and (file_type == kind != "DOUBLE" or file_type in _NARROW):
        # Every value fits: nothing is to be checked. A value may be missing whatever the file's own metadata count:
        # otherwise the copy's bytes would depend on them, and not on the values alone.
        given = cell if file_type == kind else f"CAST({cell} AS {kind})"
        value = cell = f"(CASE WHEN {cell} IS NOT NULL THEN {given} END)"
    elif kind == default:
        finite = f"(CASE WHEN isfinite({cell}) THEN {cell} END)" if default == "DOUBLE" else local
        value = f"TRY_CAST({finite} AS {kind})"
    elif default == "VARCHAR":
        value = from_text(f"CAST({cell} AS VARCHAR)", kind, text_format)
    elif kind == "VARCHAR":
        value = f"CAST({local} AS VARCHAR)"
    elif default == "BIGINT" and kind in ("DATE", "TIMESTAMP"):
        value = from_text(f"CAST({cell} AS VARCHAR)", kind, text_format)
    else:
        # NULL, hence an error, where the conversion would lose something.
        value = f"(CASE WHEN TRY_CAST({local} AS {kind}) = {local} THEN TRY_CAST({local} AS {kind}) END)"
    return CopiedColumn(name=name, kind=kind, value=value, cell=cell)


def is_copied(file_type: str) -> bool:
    """Tell whether a Parquet column of this type can be copied: a list, a record, bytes or an interval cannot."""
    return _default_type(file_type) is not None


def _default_type(file_type: str) -> str | None:
    if file_type.startswith("DECIMAL("):
        return file_type
    return "VARCHAR" if file_type.startswith("ENUM(") else _KEPT.get(file_type)


def written_columns(path: Path, types: Mapping[str, str]) -> tuple[TableColumn, ...]:
    """Return the columns of a table copy that was just written, each with a digest of its type and its values."""
    with path.open("rb") as stream:
        digests = parquet_file.column_digests(stream)
    return tuple(
        TableColumn(name=name, type=kind, digest=digest_of_bytes(f"{kind} {digests[name]}".encode()))
        for name, kind in types.items()
    )
