"""Read tables of a PostgreSQL database, all in one transaction (ADBC). Implements ports.TableSource.

Takes: the address, by reference, and a table or a query for each. Gives: record batches as they arrive. Keeps true: one
REPEATABLE READ, READ ONLY transaction for all tables of one database, so that references between them hold; rows in the
order in which they are stored, since neither parallel nor joined scans are allowed. No text of the library's leaves: it
names hosts and users, and may quote the query and rows.

Types: numeric(p, s) is DECIMAL(p, s); up to 15 digits cross as floating point, which holds them exactly and takes the
driver a fifth of the time of their text. numeric without a modifier is inferred from all its values; char(n) loses the
spaces that fill it up; money and what has no type in Arrow is its text; arrays, bytes, intervals and records are not
copied.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

from reconciler.adapters.sources.source_errors import gone, not_run, refused, unreachable, without_library
from reconciler.core.spec.data import Table
from reconciler.core.spec.table_error import table_error
from reconciler.errors import DataError
from reconciler.ports import ArrowStream, SourceAccess

if TYPE_CHECKING:
    import pyarrow as pa

T = TypeVar("T")
_TYPE, _MODIFIER = b"POSTGRESQL:type", b"POSTGRESQL:typmod"
_SETTINGS = (
    # A scan that joins another one begins in the middle of the table; parallel ones mix their rows.
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    "SET LOCAL synchronize_seqscans = off",
    "SET LOCAL max_parallel_workers_per_gather = 0",
    "SET LOCAL TimeZone = 'UTC'",
    "SET LOCAL DateStyle = 'ISO, YMD'",
    "SET LOCAL extra_float_digits = 3",
)
_BATCH = 4 * 1024**2  # bytes
_EXACT = 15  # digits of a decimal number that floating point gives back
_DECIMAL = re.compile(r"DECIMAL\((\d+),")
_FAILED = "25P02"  # a transaction that an error ended
_LOGIN = re.compile(r"authentication failed|no password supplied|pg_hba\.conf|role \".*\" does not exist", re.DOTALL)
_ADDRESS = re.compile(r"postgres(ql)?://|\s*\w+\s*=")
_HOST = re.compile(r"(?:^|\s|[?&])host(?:addr)?\s*=\s*'?([^'\s&]*)")
_LOOPBACK = ("", "127.0.0.1", "::1", "localhost")


class PostgresSource:
    """One database. Implements ports.TableSource."""

    def __init__(self, access: SourceAccess) -> None:
        self._access = access
        self._connection: Any = None

    @contextmanager
    def read(self, name: str) -> Iterator[PostgresTable]:
        """Open a table in the transaction of all tables; the first one begins it."""
        table = self._access.table(name)
        if self._connection is None:
            self._connection = connect(self._access, name, table, _SETTINGS)
        cursor = self._connection.cursor()
        try:
            yield PostgresTable(name, table, cursor)
        finally:
            with suppress(Exception):
                cursor.close()

    def close(self) -> None:
        """End the transaction, and with it the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(Exception):
                connection.close()


class PostgresTable:
    """One table or query. Implements ports.TableBatches."""

    def __init__(self, name: str, table: Table, cursor: Any) -> None:
        self._name, self._table, self._cursor = name, table, cursor
        self._source = f"({table.query})" if table.query is not None else quoted(table.table or "")
        self._schema: pa.Schema = self._ask(
            lambda: cursor.adbc_execute_schema(f"SELECT * FROM {self._source} AS source")  # noqa: S608 (quoted)
        )

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the names of the columns."""
        return tuple(self._schema.names)

    @property
    def uncopied(self) -> frozenset[str]:
        """Return the columns of arrays, bytes, intervals and records."""
        return frozenset(field.name for field in self._schema if not _has_values(field))

    def stream(self) -> ArrowStream:
        """Return the batches; each is fetched when it is asked for."""
        import pyarrow as pa

        items = ", ".join(map(self._item, self._schema))
        query = f"SELECT {items} FROM {self._source} AS source"  # noqa: S608 (quoted)
        self._cursor.adbc_statement.set_options(**{"adbc.postgresql.batch_size_hint_bytes": str(_BATCH)})
        self._ask(lambda: self._cursor.execute(query))
        reader = self._ask(self._cursor.fetch_record_batch)

        def batches() -> Iterator[pa.RecordBatch]:
            while True:
                batch = self._ask(lambda: next(reader, None))
                if batch is None:
                    return
                yield batch

        stream: ArrowStream = pa.RecordBatchReader.from_batches(reader.schema, batches())
        return stream

    def _item(self, field: pa.Field) -> str:
        """Return SQL of a column as it is asked for."""
        name = quoted_name(field.name)
        if _is_text(field):
            return f"CAST({name} AS text) AS {name}"
        return f"CAST({name} AS float8) AS {name}" if self._is_exact(field) else name

    def _is_exact(self, field: pa.Field) -> bool:
        """Tell whether floating point holds each number of a numeric column, and no text of them is declared."""
        digits = _DECIMAL.match(_number_type(field) or "")
        if digits is None or int(digits[1]) > _EXACT:
            return False
        called = {old: new for new, old in self._table.columns}.get(field.name, field.name)
        declared = {*dict(self._table.types), *(cells.column for cells in self._table.cells)}
        return called not in declared and not any(text.strip() for text in self._table.nulls)

    def types(self) -> Mapping[str, str | None]:
        """Return the types of numbers that arrive as text."""
        return {field.name: _number_type(field) for field in self._schema if _type_of(field) in ("numeric", "money")}

    def _ask(self, question: Callable[[], T]) -> T:
        """Return the answer of the database. Raises DataError."""
        import adbc_driver_manager as adbc
        import pyarrow as pa

        try:
            return question()
        except adbc.Error as error:
            state = error.sqlstate or ""
        except (pa.ArrowException, OSError):
            # What goes wrong between two batches crosses Arrow's interface for streams, which knows no states.
            state = self._state_behind()
        raise self._error(state)

    def _state_behind(self) -> str:
        """Return the state of a connection on which something went wrong: empty where it is gone."""
        import adbc_driver_manager as adbc

        try:
            self._cursor.execute("SELECT 1")
        except adbc.Error as error:
            return error.sqlstate or ""
        return _FAILED

    def _error(self, state: str) -> DataError:
        if state == _FAILED:
            return not_run(self._name, self._table, "it fails while its rows are read")
        match state[:2], state:
            case _, "42P01" | "3F000":
                hint = "check the name, and its schema: SCHEMA.TABLE"
                return table_error(self._name, self._table, code="E401", message="there is no such table", hint=hint)
            case _, "42501":
                return refused(self._name, self._table, "the user of the database may not read it")
            case "" | "08" | "57" | "40" | "53" | "58", _:
                return gone(self._name, self._table, "the database")
        return not_run(self._name, self._table, f"SQLSTATE {state}")


def connect(
    access: SourceAccess, name: str, table: Table, statements: Sequence[str], *, autocommit: bool = True
) -> Any:
    """Return a connection on which the statements were executed. Raises DataError E431 to E433, E610."""
    address = access.secret(table.url or "")
    if address is None or _ADDRESS.match(address) is None:
        hint = "write it as postgresql://USER:PASSWORD@HOST:PORT/DATABASE"
        raise table_error(name, table, code="E433", message=f"{table.url} is no address of PostgreSQL", hint=hint)
    try:
        import adbc_driver_postgresql.dbapi as adbc
    except ModuleNotFoundError as error:
        raise without_library(name, table, error, "adbc_driver_postgresql", "postgres") from None
    import os

    os.environ.setdefault("PGCONNECT_TIMEOUT", str(max(2, int(access.seconds))))
    os.environ.setdefault("PGAPPNAME", "reconciler")
    if not _is_here(address):
        os.environ.setdefault("PGSSLMODE", "require")
    connection = None
    try:
        connection = adbc.connect(address, autocommit=autocommit)
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
    except adbc.Error as error:
        reason = str(error)
    else:
        return connection
    if connection is not None:
        with suppress(Exception):
            connection.close()
    # Outside the handler, so that the library's exception is not even the context of the DataError.
    if _LOGIN.search(reason):
        raise refused(name, table, "the database refused the login")
    if "SSL" in reason:
        hint = "let it offer TLS; `sslmode=disable` in the address sends the password and the rows in the clear"
        message = "the database offers no encrypted connection"
        raise table_error(name, table, code="E431", message=message, hint=hint)
    raise unreachable(name, table, "the database")


def open_source(access: SourceAccess) -> PostgresSource:
    """Open a database; it is connected to when the first table is read."""
    return PostgresSource(access)


def _is_here(address: str) -> bool:
    """Tell whether a database is on this machine: passwords and rows may go to any other only encrypted."""
    hosts = _HOST.findall(address)
    if "://" in address:
        place = address.partition("://")[2]
        authority = re.split(r"[/?#]", place, maxsplit=1)[0].rpartition("@")[2]
        each = [re.sub(r":\d*$", "", host).strip("[]") for host in authority.split(",")]
        hosts += [host for host in each if host or not hosts]
    return all(host in _LOOPBACK or host.startswith(("/", "%2F", "%2f")) for host in hosts)


def _type_of(field: pa.Field) -> str:
    return str((field.metadata or {}).get(_TYPE, b"").decode())


def _is_text(field: pa.Field) -> bool:
    """Tell whether the text of a column is asked for: Arrow has no type for it, or the driver's says less."""
    import pyarrow as pa

    if _type_of(field) in ("money", "bpchar", "uuid"):
        return True
    return isinstance(field.type, pa.OpaqueType) and pa.types.is_binary(field.type.storage_type)


def _has_values(field: pa.Field) -> bool:
    import pyarrow as pa

    checks = (pa.types.is_nested, pa.types.is_binary, pa.types.is_fixed_size_binary, pa.types.is_interval)
    return _is_text(field) or not any(check(field.type) for check in checks)


def _number_type(field: pa.Field) -> str | None:
    """Return the type of a numeric column by its modifier; None where it has none, or DuckDB no such type."""
    modifier = int((field.metadata or {}).get(_MODIFIER, b"-1")) - 4
    if modifier < 0 or _type_of(field) != "numeric":
        return None
    precision, scale = modifier >> 16 & 0xFFFF, ((modifier & 0x7FF) ^ 1024) - 1024
    width, scale = max(precision - min(scale, 0), scale), max(scale, 0)
    return f"DECIMAL({width},{scale})" if width <= 38 else None


def quoted(table: str) -> str:
    return ".".join(map(quoted_name, table.split(".")))


def quoted_name(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'
