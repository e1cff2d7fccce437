"""Write predictions into a table of PostgreSQL, in one transaction (ADBC). Implements ports.TableDestination.

The rows are copied into a temporary table first, so that their types need not be those of the table. Two runs for the
same rows wait for each other. What goes wrong before the commit leaves the table as it was.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from reconciler.adapters.sources.destination import ROWS, check_columns, lost, not_taken
from reconciler.adapters.sources.postgres import connect, quoted, quoted_name
from reconciler.adapters.sources.source_errors import refused
from reconciler.core.spec.table_error import table_error
from reconciler.errors import DataError
from reconciler.ports import SourceAccess

_SETTINGS = ("SET TimeZone = 'UTC'", "SET DateStyle = 'ISO, YMD'")
_TEMPORARY = "reconciler_predictions"
_LONGEST = 63  # bytes of a name


class PostgresDestination:
    """One table. Implements ports.TableDestination."""

    def __init__(self, access: SourceAccess) -> None:
        self._access = access
        self._name, self._table = access.tables[0]

    def replace(self, rows: Path, own: tuple[tuple[str, str], ...]) -> None:
        """Put the rows of a Parquet file in the place of those whose columns have the values `own`."""
        import pyarrow.parquet as pq

        written = pq.read_schema(rows).names
        if long := [column for column in written if len(column.encode()) > _LONGEST]:
            raise not_taken(self._name, self._table, f"a column's name is too long: {long[0][:_LONGEST]}")
        connection = connect(self._access, self._name, self._table, _SETTINGS, autocommit=False)
        import adbc_driver_manager as adbc
        import pyarrow as pa

        try:
            with connection.cursor() as cursor:
                self._replace(cursor, rows, written, own)
            connection.commit()
        except adbc.Error as error:
            state = error.sqlstate or ""
        except (pa.ArrowException, OSError):
            state = ""
        else:
            return
        finally:
            with suppress(Exception):
                connection.close()
        raise self._error(state)

    def _replace(self, cursor: Any, rows: Path, written: list[str], own: tuple[tuple[str, str], ...]) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        table = quoted(self._table.table or "")
        lock = "\x1f".join((table, *(value for _, value in own)))
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", (lock,))
        cursor.fetchall()
        file = pq.ParquetFile(rows)
        reader = pa.RecordBatchReader.from_batches(file.schema_arrow, file.iter_batches(ROWS))
        cursor.adbc_ingest(_TEMPORARY, reader, mode="create", temporary=True)
        cursor.execute("SELECT to_regclass($1)::text", (table,))
        if cursor.fetchone()[0] is None:
            cursor.execute(f"CREATE TABLE {table} AS SELECT * FROM {_TEMPORARY} WITH NO DATA")  # noqa: S608 (quoted)
        cursor.execute(
            "SELECT attname::text, format_type(atttypid, atttypmod) FROM pg_attribute"
            " WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped",
            (table,),
        )
        types = dict(cursor.fetchall())
        check_columns(self._name, self._table, written, types)
        conditions = " AND ".join(
            f"{quoted_name(column)}::text = ${place}" for place, (column, _) in enumerate(own, start=1)
        )
        cursor.execute(f"DELETE FROM {table} WHERE {conditions}", tuple(value for _, value in own))  # noqa: S608
        names = ", ".join(map(quoted_name, written))
        values = ", ".join(f"CAST({quoted_name(column)} AS {types[column]})" for column in written)
        cursor.execute(f"INSERT INTO {table} ({names}) SELECT {values} FROM {_TEMPORARY}")  # noqa: S608 (quoted)

    def _error(self, state: str) -> DataError:
        match state[:2], state:
            case _, "42501":
                return refused(self._name, self._table, "the user of the database may not write it")
            case _, "3F000":
                message, hint = "there is no such schema", "check its name: SCHEMA.TABLE"
                return table_error(self._name, self._table, code="E401", message=message, hint=hint)
            case "" | "08" | "57" | "40" | "53" | "58" | "55", _:
                return lost(self._name, self._table)
        return not_taken(self._name, self._table, f"SQLSTATE {state}")


def open_destination(access: SourceAccess) -> PostgresDestination:
    """Open a table; its database is connected to when rows are written."""
    return PostgresDestination(access)
