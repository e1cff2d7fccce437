"""One locked, in-memory DuckDB session.

Takes: limits, the folder it may write below, the files it may read. Gives: `run`, `rows` and `types` for SQL that this
package has written itself. Keeps true: one thread (float aggregates are not reproducible otherwise; only what
changes each row by itself may have more), time zone UTC, no file, extension or setting beyond those named here, a
time and a memory limit, and that no message of DuckDB's leaves: it quotes data and paths. Errors state the step, the
class of the error, and a remedy. Which SQL is safe is decided in `expressions`.
"""

# SQL is text here; every part is quoted (`name_of`, `text_of`) or rewritten from a checked tree.
# ruff: noqa: S608

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from reconciler.core.spec.environment import Limits
from reconciler.data.duckdb_failures import CLASSES, REASONS
from reconciler.data.record_batches import RecordBatches
from reconciler.errors import DataError

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

T = TypeVar("T")

# Columns that one query computes over: its plan takes memory by the column, and more time than that.
COLUMNS_PER_QUERY = 100

# Memory that DuckDB uses outside its buffer manager, and that Python uses: the limit leaves room for both.
_HEADROOM = 512 * 1024**2
# Memory of a session that may write what does not fit to disk. Only a step that cannot gets all that is allowed.
_SPARING = 2 * 1024**3


class Session:
    """A connection with a deadline. Methods raise DataError E413 that names `doing`, the step; E418 for limits."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, limits: Limits, folder: Path, *, sparing: bool = False
    ) -> None:
        self._connection = connection
        self._sparing = sparing
        self._limits = limits
        self._folder = folder
        self._expired = threading.Event()
        self._beside: list[Session] = []

    def run(self, sql: str, *, doing: str, hint: str | None = None) -> None:
        """Execute a statement."""
        self._again(lambda: self._connection.execute(sql), doing=doing, hint=hint)

    def rows(self, sql: str, *, doing: str) -> list[tuple[Any, ...]]:
        """Return all rows of a query."""
        return self._again(lambda: self._connection.execute(sql).fetchall(), doing=doing, hint=None)

    def value(self, sql: str, *, doing: str) -> Any:
        """Return the only cell of a query's only row."""
        return self.rows(sql, doing=doing)[0][0]

    def arrays(self, sql: str, *, doing: str) -> dict[str, Any]:
        """Return a query's columns as numpy arrays (masked where a value is NULL)."""
        return self._again(lambda: self._connection.execute(sql).fetchnumpy(), doing=doing, hint=None)

    def arrow(self, sql: str, *, doing: str) -> pa.Table:
        """Return a query's columns as an Arrow table."""
        return self._guard(lambda: self._connection.sql(sql).to_arrow_table(), doing=doing, hint=None)

    @contextmanager
    def table(self, name: str, table: pa.Table) -> Iterator[None]:
        """Register an Arrow table as the relation `name`."""
        self._guard(lambda: self._connection.register(name, table), doing=f"reading {name}", hint=None)
        try:
            yield
        finally:
            self._connection.unregister(name)

    def show(self, name: str, columns: Mapping[str, Any]) -> None:
        """Register numpy arrays as the relation `name`; the caller keeps them alive while it is used."""
        self._guard(lambda: self._connection.register(name, columns), doing=f"reading {name}", hint=None)

    def hide(self, name: str) -> None:
        """Forget a relation that was shown, and with it its arrays."""
        self._connection.unregister(name)

    @contextmanager
    def batches(self, sql: str, *, rows: int, doing: str) -> Iterator[RecordBatches]:
        """Open a query's rows as Arrow record batches of so many rows, computed as they are drawn."""
        reader = self._guard(lambda: self._connection.sql(sql).to_arrow_reader(rows), doing=doing, hint=None)
        try:
            yield RecordBatches(reader, lambda: self._guard(lambda: next(reader, None), doing=doing, hint=None))
        finally:
            reader.close()

    @contextmanager
    def beside(self) -> Iterator[Session]:
        """Open a session on the same database, with its limits and its deadline, for a statement at the same time."""
        with self._with(self._connection.cursor()) as session:
            yield session

    @contextmanager
    def writing(self, inputs: tuple[Path, ...], *, threads: int) -> Iterator[Session]:
        """Open a session that writes what is in other files, in so many threads, with the deadline and half the memory.

        It has a database of its own, in which nothing is added up: sums of floating point depend on who adds first.
        """
        connection = _connect(threads)
        with self._with(connection) as session:
            _lock(connection, memory=_memory(self._limits) // 2, into=self._folder, inputs=inputs)
            yield session

    @contextmanager
    def _with(self, connection: duckdb.DuckDBPyConnection) -> Iterator[Session]:
        session = Session(connection, self._limits, self._folder)
        session._expired = self._expired
        self._beside.append(session)
        try:
            yield session
        finally:
            self._beside.remove(session)
            connection.close()

    @contextmanager
    def stream(self, name: str, batches: pa.RecordBatchReader) -> Iterator[None]:
        """Register record batches as the relation `name`, which can be read once."""
        self._guard(lambda: self._connection.register(name, batches), doing=f"reading {name}", hint=None)
        try:
            yield
        finally:
            self._connection.unregister(name)

    def types(self, relation: str, *, doing: str) -> dict[str, str]:
        """Return column name -> DuckDB type of a relation or of a SELECT in brackets, in order. Computes no row."""
        return {row[0]: row[1] for row in self.rows(f"DESCRIBE SELECT * FROM {relation}", doing=doing)}

    def expire(self) -> None:
        """Interrupt the running statement; called by the timer's thread."""
        self._expired.set()
        for session in (self, *self._beside):
            session._connection.interrupt()

    def _again(self, call: Callable[[], T], *, doing: str, hint: str | None) -> T:
        """Run a statement; once more, with all the memory that is allowed, where it cannot do with little."""
        try:
            return self._guard(call, doing=doing, hint=hint)
        except _OutOfMemoryError:
            if not self._sparing or self._expired.is_set():
                raise
        self._sparing = False
        self._connection.execute(f"SET memory_limit = '{_memory(self._limits)}B'")
        return self._guard(call, doing=doing, hint=hint)

    def _guard(self, call: Callable[[], T], *, doing: str, hint: str | None) -> T:
        import duckdb

        if self._expired.is_set():
            raise self._out_of_time(doing)
        try:
            return call()
        except duckdb.Error as error:
            kind = type(error).__name__
        except (OSError, ValueError, MemoryError) as error:  # of Arrow, while batches are drawn
            kind = CLASSES.get(str(error).partition(":")[0], "InvalidInputException")
        # Outside the handler, so that DuckDB's exception is not even the context of the DataError.
        if self._expired.is_set():
            raise self._out_of_time(doing)
        if kind == "OutOfMemoryException":
            raise _OutOfMemoryError(
                f"{doing}: out of memory (limit {self._limits.memory // 1024**2} MiB)",
                code="E418",
                hint="raise limits.memory in the environment, or select fewer rows",
            )
        raise DataError(f"{doing}: {REASONS.get(kind, kind)}", code="E413", hint=hint)

    def _out_of_time(self, doing: str) -> DataError:
        return DataError(
            f"{doing}: out of time (limit {self._limits.seconds} s)",
            code="E418",
            hint="raise limits.time in the environment, or select fewer rows",
        )


class _OutOfMemoryError(DataError):
    """A statement needs more memory than the session has."""


_opened: list[duckdb.DuckDBPyConnection] = []


def open_ahead(count: int = 1) -> None:
    """Open databases before it is known what for, until `count` wait: one takes as long as some twenty statements on a
    small table."""
    while len(_opened) < count:
        _opened.append(_connect())


def parser() -> duckdb.DuckDBPyConnection:
    """Open a database that no table comes into."""
    return _opened.pop() if _opened else _connect()


def _connect(threads: int = 1) -> duckdb.DuckDBPyConnection:
    """Open an empty database in memory that loads nothing by itself."""
    import duckdb

    connection = duckdb.connect(
        ":memory:",
        config={
            "threads": str(threads),
            "async_threads": "0",  # else eight more
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "allow_community_extensions": "false",
            "allow_persistent_secrets": "false",
            "python_enable_replacements": "false",
            "preserve_insertion_order": "true",
            "temp_directory": "",
        },
    )
    connection.execute("SET TimeZone = 'UTC'")
    return connection


@contextmanager
def open_session(
    *,
    limits: Limits,
    into: Path,
    inputs: tuple[Path, ...],
    spill: Path | None = None,
    ordered: bool = False,
    timed: bool = True,
    at_first: int = _SPARING,
) -> Iterator[Session]:
    """Open a session that reads `inputs` and writes below `into` (absolute, existing), and nothing else.

    `spill`: a folder below `into` for rows that do not fit in memory, unencrypted like the results, so that the
    session begins with little of it; without it the session runs out of memory instead. (DuckDB's own encryption of
    such files needs an extension that is not part of its distribution.) `ordered`: a left join keeps the order of its
    left side. `at_first`: bytes that a session that spills may use, until a step cannot do with them. `timed`:
    without it, there is no limit of time but that of whoever calls `expire`.
    """
    connection = _opened.pop() if _opened else _connect()
    memory = _memory(limits)
    sparing = spill is not None and memory > at_first
    session = Session(connection, limits, into, sparing=sparing)
    timer = threading.Timer(limits.seconds, session.expire)
    timer.daemon = True
    try:
        connection.execute(f"SET temp_directory = {text_of(str(spill) if spill is not None else '')}")
        if ordered:  # else the larger side may be streamed, whichever it is
            connection.execute("SET disabled_optimizers = 'join_order,build_side_probe_side'")
        if sparing:  # the one setting that stays open; no statement but ours changes it
            connection.execute("SET allowed_configs = ['memory_limit']")
        _lock(connection, memory=at_first if sparing else memory, into=into, inputs=inputs)
        if timed:
            timer.start()
        yield session
    finally:
        timer.cancel()
        connection.close()
        if spill is not None:
            shutil.rmtree(spill, ignore_errors=True)


def _memory(limits: Limits) -> int:
    return max(limits.memory - _HEADROOM, limits.memory // 2)


def _lock(connection: duckdb.DuckDBPyConnection, *, memory: int, into: Path, inputs: tuple[Path, ...]) -> None:
    """Let a database read `inputs`, write below `into`, take so much memory, and change nothing of that."""
    connection.execute(f"SET memory_limit = '{memory}B'")
    connection.execute(f"SET allowed_directories = {text_list([str(into)])}")
    connection.execute(f"SET allowed_paths = {text_list([str(path) for path in inputs])}")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def name_of(identifier: str) -> str:
    """Return an identifier quoted for SQL."""
    return '"' + identifier.replace('"', '""') + '"'


def text_of(text: str) -> str:
    """Return a text as a SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def text_list(texts: list[str]) -> str:
    """Return texts as a SQL list of literals."""
    return "[" + ", ".join(text_of(text) for text in texts) + "]"


def in_parts(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Yield the items in parts of at most `size`, in order."""
    return (items[start : start + size] for start in range(0, len(items), size))


def write_parquet(session: Session, query: str, path: Path, *, compression: str = "zstd") -> None:
    """Write a query as a Parquet file: equal rows in equal order give equal bytes.

    One thread, fixed row groups, no time or name in the file.
    """
    session.run(
        f"COPY ({query}) TO {text_of(str(path))} (FORMAT parquet, COMPRESSION {compression}, ROW_GROUP_SIZE 122880)",
        doing=f"writing {path.name}",
    )
