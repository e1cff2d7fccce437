"""Write predictions into a table by SQLAlchemy, in one transaction. Implements ports.TableDestination.

SQLite is locked for writing from the beginning; other databases get the isolation level SERIALIZABLE where they have
it, so that of two runs for the same rows at once one is refused or waits.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from typing import Any

from reconciler.adapters.sources.destination import ROWS, check_columns, lost, not_taken
from reconciler.adapters.sources.source_errors import unreachable
from reconciler.adapters.sources.sql import engine_of
from reconciler.ports import SourceAccess


class SqlDestination:
    """One table. Implements ports.TableDestination."""

    def __init__(self, access: SourceAccess) -> None:
        self._access = access
        self._name, self._table = access.tables[0]

    def replace(self, rows: Path, own: tuple[tuple[str, str], ...]) -> None:
        """Put the rows of a Parquet file in the place of those whose columns have the values `own`."""
        engine = engine_of(self._access, self._name, self._table, mode="rw")
        import sqlalchemy as sa

        connection = None
        try:
            with suppress(sa.exc.SQLAlchemyError, OSError):
                connection = engine.connect()
            if connection is None:
                raise unreachable(self._name, self._table, "the database", "cannot be reached, or refuses the login")
            try:
                connection = _begun(connection)
                self._replace(connection, rows, own)
                connection.commit()
            except (sa.exc.OperationalError, sa.exc.InterfaceError, OSError):
                kind = ""
            except sa.exc.SQLAlchemyError as error:
                kind = type(error).__name__
            else:
                return
            raise not_taken(self._name, self._table, kind) if kind else lost(self._name, self._table)
        finally:
            with suppress(Exception):
                if connection is not None:
                    connection.rollback()
                    connection.close()
                engine.dispose()

    def _replace(self, connection: Any, rows: Path, own: tuple[tuple[str, str], ...]) -> None:
        import pyarrow.parquet as pq
        import sqlalchemy as sa

        file = pq.ParquetFile(rows)
        schema, _, name = (self._table.table or "").rpartition(".")
        try:
            table = sa.Table(name, sa.MetaData(), schema=schema or None, autoload_with=connection)
        except sa.exc.NoSuchTableError:
            columns = [sa.Column(field.name, _type_of(field.type)) for field in file.schema_arrow]
            table = sa.Table(name, sa.MetaData(), *columns, schema=schema or None)
            table.create(connection)
        check_columns(self._name, self._table, file.schema_arrow.names, set(table.columns.keys()))
        texts = {column.name for column in table.columns if isinstance(column.type, sa.String)}
        conditions = (table.columns[column] == _as_day(table.columns[column], value) for column, value in own)
        connection.execute(sa.delete(table).where(*conditions))
        for batch in file.iter_batches(ROWS):
            if batch.num_rows:
                connection.execute(sa.insert(table), list(_rows(batch, texts)))


def _begun(connection: Any) -> Any:
    """Return the connection in a transaction that no other one writes beside."""
    if connection.dialect.name == "sqlite":
        connection.connection.dbapi_connection.isolation_level = None
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        return connection
    raw = connection.connection.dbapi_connection
    offered = {level.upper().replace("_", " ") for level in connection.dialect.get_isolation_level_values(raw)}
    return connection.execution_options(isolation_level="SERIALIZABLE") if "SERIALIZABLE" in offered else connection


def _rows(batch: Any, texts: set[str]) -> Iterator[dict[str, Any]]:
    """Yield rows as the driver takes them; what goes into a column of text, as text."""
    for row in batch.to_pylist():
        yield {
            name: str(value) if name in texts and value is not None and not isinstance(value, str) else value
            for name, value in row.items()
        }


def _as_day(column: Any, value: str) -> Any:
    import sqlalchemy as sa

    if isinstance(column.type, sa.DateTime):
        return datetime.fromisoformat(value)
    return date.fromisoformat(value) if isinstance(column.type, sa.Date) else value


def _type_of(kind: Any) -> Any:
    """Return the type of a column that is made for values of a type of Arrow's."""
    import pyarrow as pa
    import sqlalchemy as sa

    checks: tuple[tuple[Any, Any], ...] = (
        (pa.types.is_boolean, sa.Boolean()),
        (pa.types.is_integer, sa.BigInteger()),
        (pa.types.is_floating, sa.Double()),
        (pa.types.is_date, sa.Date()),
        (pa.types.is_timestamp, sa.DateTime()),
    )
    if pa.types.is_decimal(kind):
        return sa.Numeric(kind.precision, kind.scale)
    return next((made for check, made in checks if check(kind)), sa.Text())


def open_destination(access: SourceAccess) -> SqlDestination:
    """Open a table; its database is connected to when rows are written."""
    return SqlDestination(access)
