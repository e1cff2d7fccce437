"""Read tables of any database that SQLAlchemy has a dialect for. Implements ports.TableSource.

Takes: an address of SQLAlchemy's, by reference, and a table or a query for each. Gives: batches of rows as text, with
the type that all values of a column have. Keeps true: all tables of one database are read in one transaction that sees
one moment, or only one table is read; rows are fetched in parts. No text of the library's leaves.

Types: whole numbers are BIGINT, decimals DECIMAL(p, s) where the driver tells it and else inferred, dates and times
what they are, times with a zone the wall clock of `timeZone`; text is text (SQLite has no dates: declare them under
`types`); a column of mixed kinds is text; bytes, lists and records are not copied.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from reconciler.adapters.sources.source_errors import gone, not_run, unreachable, without_library
from reconciler.core.spec.data import Table
from reconciler.core.spec.table_error import table_error
from reconciler.ports import ArrowStream, SourceAccess

_ROWS = 10_000  # of a batch
_ONE_MOMENT = ("SNAPSHOT", "REPEATABLE READ", "SERIALIZABLE")
_NOT_COPIED = (bytes, bytearray, memoryview, list, tuple, dict, set)
_BIGGEST = 2**63 - 1


class SqlSource:
    """One database. Implements ports.TableSource."""

    def __init__(self, access: SourceAccess) -> None:
        self._access = access
        self._engine: Any = None
        self._connection: Any = None

    @contextmanager
    def read(self, name: str) -> Iterator[SqlTable]:
        """Open a table in the transaction of all tables; the first one begins it."""
        table = self._access.table(name)
        if self._connection is None:
            self._connect(name, table)
        yield SqlTable(name, table, self._connection)

    def close(self) -> None:
        """End the transaction and the connection."""
        connection, engine = self._connection, self._engine
        self._connection = self._engine = None
        with suppress(Exception):
            if connection is not None:
                connection.close()
            if engine is not None:
                engine.dispose()

    def _connect(self, name: str, table: Table) -> None:
        self._engine = engine_of(self._access, name, table, mode="ro")
        from sqlalchemy.exc import SQLAlchemyError

        try:
            self._connection = self._engine.connect().execution_options(stream_results=True, no_parameters=True)
            self._begin(name, table)
        except SQLAlchemyError:
            self.close()
        if self._connection is None:
            raise unreachable(name, table, "the database", "cannot be reached, or refuses the login")

    def _begin(self, name: str, table: Table) -> None:
        """Begin a transaction that sees one moment. Raises DataError E434 where there is none, and several tables."""
        if self._engine.dialect.name == "sqlite":
            self._connection.exec_driver_sql("BEGIN")
            return
        raw = self._connection.connection.dbapi_connection
        offered = {level.upper().replace("_", " ") for level in self._engine.dialect.get_isolation_level_values(raw)}
        level = next((level for level in _ONE_MOMENT if level in offered), None)
        if level is not None:
            self._connection = self._connection.execution_options(isolation_level=level)
        elif len(self._access.tables) > 1:
            self.close()
            message = "this database has no transaction in which several tables are seen as at one moment"
            hint = "copy one table of it, or join them by `query`"
            raise table_error(name, table, code="E434", message=message, hint=hint)


class SqlTable:
    """One table or query. Implements ports.TableBatches."""

    def __init__(self, name: str, table: Table, connection: Any) -> None:
        self._name, self._table, self._connection = name, table, connection
        quote = connection.dialect.identifier_preparer.quote
        parts = (table.table or "").split(".")
        self._source = f"({table.query}) source" if table.query is not None else ".".join(map(quote, parts))
        self._seen: dict[str, set[type]] = {}
        self._declared: dict[str, str] = {}
        empty = self._ask(f"SELECT * FROM {self._source} WHERE 1 = 0")  # noqa: S608 (quoted)
        self._columns = tuple(map(str, empty.keys()))
        empty.close()

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the names of the columns."""
        return self._columns

    @property
    def uncopied(self) -> frozenset[str]:
        """Return nothing: which columns hold bytes is known when they were read."""
        return frozenset()

    def stream(self) -> ArrowStream:
        """Return the batches, each of some thousand rows."""
        import pyarrow as pa

        result = self._ask(f"SELECT * FROM {self._source}")  # noqa: S608 (quoted)
        self._declared = dict(_decimals(self._columns, result))
        self._seen = {name: set() for name in self._columns}
        schema = pa.schema([(name, pa.string()) for name in self._columns])
        stream: ArrowStream = pa.RecordBatchReader.from_batches(schema, self._batches(result, schema))
        return stream

    def types(self) -> Mapping[str, str | None]:
        """Return the type that all values of a column have; a column of text alone is text."""
        kinds = {name: _kind(seen, self._declared.get(name)) for name, seen in self._seen.items()}
        return {name: kind for name, kind in kinds.items() if kind != "VARCHAR"}

    def _batches(self, result: Any, schema: Any) -> Iterator[Any]:
        import pyarrow as pa
        from sqlalchemy.exc import SQLAlchemyError

        parts = result.yield_per(_ROWS).partitions(_ROWS)
        while True:
            try:
                rows = next(parts, None)
            except (SQLAlchemyError, OSError):
                rows = ()
            if rows is None:
                return
            if not rows:
                raise gone(self._name, self._table, "the database")
            columns = zip(self._columns, zip(*rows, strict=True), strict=True)
            arrays = [pa.array(_texts(values, self._seen[name]), pa.string()) for name, values in columns]
            yield pa.record_batch(arrays, schema=schema)

    def _ask(self, query: str) -> Any:
        from sqlalchemy.exc import SQLAlchemyError

        try:
            return self._connection.exec_driver_sql(query)
        except SQLAlchemyError as error:
            kind = type(error).__name__
        if self._table.table is not None:
            hint = "check the name, its schema (SCHEMA.TABLE), and what the user may read"
            message = f"there is no such table, or it cannot be read ({kind})"
            raise table_error(self._name, self._table, code="E401", message=message, hint=hint)
        raise not_run(self._name, self._table, kind)


def engine_of(access: SourceAccess, name: str, table: Table, *, mode: str) -> Any:
    """Return an engine for the address of a table; `mode`: how a file of SQLite's is opened.

    Raises DataError E431, E433, E610.
    """
    try:
        import sqlalchemy as sa
        from sqlalchemy.pool import NullPool
    except ModuleNotFoundError as error:
        raise without_library(name, table, error, "sqlalchemy", "sql") from None
    missing = ""
    try:
        url = opened_url(sa.make_url(access.secret(table.url or "") or ""), mode)
        engine = sa.create_engine(url, poolclass=NullPool, hide_parameters=True)
    except sa.exc.NoSuchModuleError:
        missing = "the dialect of SQLAlchemy"
    except ModuleNotFoundError as error:
        missing = f"the driver {error.name}"
    except (sa.exc.ArgumentError, ValueError):
        hint = "write it as DIALECT://USER:PASSWORD@HOST/DATABASE"
        message = f"{table.url} is no address of SQLAlchemy's"
        raise table_error(name, table, code="E433", message=message, hint=hint) from None
    except FileNotFoundError:
        raise unreachable(name, table, "the database's file") from None
    if missing:
        hint = f"install the package of the database that {table.url} names"
        message = f"{missing} is not installed"
        raise table_error(name, table, code="E610", message=message, hint=hint)
    return engine


def open_source(access: SourceAccess) -> SqlSource:
    """Open a database; it is connected to when the first table is read."""
    return SqlSource(access)


def opened_url(url: Any, mode: str) -> Any:
    """Return the address; a file of SQLite's is not made, and with `ro` not written. Raises FileNotFoundError."""
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return url
    if url.database.startswith("file:"):
        return url
    path = Path(url.database)
    if not path.is_file():
        raise FileNotFoundError
    return url.set(database=path.absolute().as_uri(), query={"mode": mode, "uri": "true"})


def _decimals(columns: Sequence[str], result: Any) -> Iterator[tuple[str, str]]:
    """Yield the decimals whose width and scale the driver tells."""
    description = getattr(result.cursor, "description", None) or ()
    for name, described in zip(columns, description, strict=False):
        width, scale = (*described, *[None] * 6)[4:6]
        if isinstance(width, int) and isinstance(scale, int) and 0 <= scale <= width and 1 <= width <= 38:
            yield name, f"DECIMAL({width},{scale})"


def _texts(values: Sequence[Any], seen: set[type]) -> Sequence[str | None]:
    """Return values as text, and add the kinds that they have to `seen`."""
    kinds = set(map(type, values)) - {type(None)}
    seen |= kinds
    if kinds <= {str}:
        return values
    return [None if value is None else _text(value) for value in values]


def _text(value: Any) -> str | None:
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case Decimal():
            return format(value, "f")
        case float():
            return repr(value)
        case datetime() if value.tzinfo is not None:
            return str(value.astimezone(UTC))
    return None if isinstance(value, _NOT_COPIED) else str(value)


def _kind(seen: set[type], decimal: str | None) -> str | None:
    """Return the type of a column in which these kinds were seen; None where its text is to be looked at."""
    if any(issubclass(kind, _NOT_COPIED) for kind in seen):
        return "BLOB"
    if seen <= {int, Decimal} and (Decimal in seen or not seen):
        return decimal if seen else None
    for kinds, kind in (
        ({bool}, "BOOLEAN"),
        ({int}, "BIGINT"),
        ({int, float, Decimal}, "DOUBLE"),
        ({date}, "DATE"),
        ({date, datetime}, "TIMESTAMP"),
    ):
        if seen <= kinds:
            return kind
    return "VARCHAR"
