"""Measure how fast tables are copied: from PostgreSQL beside `COPY TO STDOUT`, and from Parquet beside DuckDB alone.

    python benchmarks/sources.py [--invoices ROWS] [--postgres ROWS] [--rounds N]

Each is measured in turn with its peer (A B A B …), in a process of its own; medians are shown, with the largest memory
of the copy. PostgreSQL is the system's package, started here on loopback; without it that part is left out and said so.
"""

from __future__ import annotations

import argparse
import importlib
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))

COLUMNS = """
    range AS invoice_id, 'C' || (hash(range) % 200000) AS customer_id, 'name ' || (hash(range + 1) % 200000) AS name,
    CAST('2020-01-01' AS DATE) + CAST(range % 2000 AS INTEGER) AS invoice_date,
    CAST('2020-01-31' AS DATE) + CAST(range % 2000 AS INTEGER) AS due_date,
    CAST((hash(range) % 1000000) / 100 AS DECIMAL(12, 2)) AS amount, (hash(range) % 100) / 7 AS rate,
    CASE WHEN range % 10 > 0 THEN CAST('2020-02-01' AS TIMESTAMP) + INTERVAL (range % 5000000) SECOND END AS paid_at,
    CASE range % 3 WHEN 0 THEN 'DE' WHEN 1 THEN 'FR' ELSE 'US' END AS country, range % 4 = 0 AS disputed,
    range % 12 AS period, 'item ' || (range % 5000) AS item, CAST(range % 90 AS INTEGER) AS terms,
    CAST(hash(range) % 1000000007 AS BIGINT) AS reference, 'a note of some words, number ' || range AS note
"""
POSTGRES = """
CREATE TABLE invoices AS SELECT n AS invoice_id, 'C' || n % 200000 AS customer_id, 'name ' || n % 199999 AS name,
  date '2020-01-01' + n % 2000 AS invoice_date, date '2020-01-31' + n % 2000 AS due_date,
  (n % 1000000 / 100.0)::numeric(12, 2) AS amount, n % 100 / 7.0::float8 AS rate,
  timestamp '2020-02-01' + n % 5000000 * interval '1 s' AS paid_at, (ARRAY['DE', 'FR', 'US'])[n % 3 + 1] AS country,
  n % 4 = 0 AS disputed, n % 12 AS period, 'item ' || n % 5000 AS item, n % 90 AS terms,
  n * 7919::bigint AS reference, 'a note of some words, number ' || n AS note FROM generate_series(1, {rows}) AS n
"""


def copy_here(uses: str, path: str, url: str) -> None:
    """Copy one table in this process, as the process of a refresh does."""
    from reconciler.core.spec.data import Table
    from reconciler.core.spec.environment import Limits
    from reconciler.data.tables.snapshot import copy_tables
    from reconciler.ports import CopyRequest, Secret

    for library in ("duckdb", "pyarrow.parquet", "adbc_driver_postgresql.dbapi"):
        importlib.import_module(library)
    secret, tables = Secret(reference="env:URL", value=url), Table(uses=uses, path=path)
    if uses == "postgres":
        tables = Table(uses=uses, url="env:URL", table="invoices")
    with tempfile.TemporaryDirectory() as into:
        request = CopyRequest(
            root=Path(path).parent if path else Path(into),
            tables=(("invoices", tables if uses == "postgres" else Table(uses=uses, path=Path(path).name)),),
            held=(),
            into=Path(into),
            limits=Limits(seconds=3600, memory=1024**3),
            secrets=(secret,),
        )
        told(lambda: copy_tables(request))


def plain_here(path: str) -> None:
    """Copy a Parquet file with DuckDB and nothing else: its defaults, on one thread as ours is."""
    import duckdb

    with tempfile.TemporaryDirectory() as into:
        connection = duckdb.connect(config={"threads": "1", "memory_limit": "1GB", "temp_directory": into})
        copying = f"COPY (FROM '{path}') TO '{into}/copy.parquet' (FORMAT parquet, COMPRESSION zstd)"
        told(lambda: connection.execute(copying))


def told(copy: Callable[[], object]) -> None:
    """Print what a copy costs."""
    wall, processor = time.perf_counter(), time.process_time()
    copy()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(time.perf_counter() - wall, time.process_time() - processor, memory)


@dataclass(frozen=True)
class Cost:
    """Wall and processor seconds of one copy, and its largest memory in MiB."""

    wall: float
    processor: float
    memory: int = 0


def measured(*arguments: str) -> Cost:
    """Return the cost of one copy, in a process of its own; what it imports is not counted."""
    command = [sys.executable, __file__, *arguments]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return Cost(float(out[0]), float(out[1]), int(out[2]))


def compare(
    name: str,
    ours: Callable[[], Cost],
    peer: Callable[[], Cost],
    rounds: int,
    bar: float,
    servers: tuple[float, float] = (0.0, 0.0),
) -> None:
    """Print the medians of both, taken in turn; `servers`: the processor time that the other side takes for each."""
    pairs = [(peer(), ours()) for _ in range(rounds)]
    wall = statistics.median(other.wall / mine.wall for other, mine in pairs)
    processor = statistics.median(
        (other.processor + servers[1]) / (mine.processor + servers[0]) for other, mine in pairs
    )
    print(
        f"{name}: {statistics.median(mine.wall for _, mine in pairs):.2f} s,"
        f" peer {statistics.median(other.wall for other, _ in pairs):.2f} s: {wall:.0%} of its speed (bar {bar:.0%}),"
        f" {processor:.0%} by processor time; at most {max(mine.memory for _, mine in pairs):,} MiB"
    )


def parquet(rows: int, rounds: int, folder: Path) -> None:
    """Measure the copy of a Parquet file without masks."""
    import duckdb

    path = folder / "invoices.parquet"
    duckdb.sql(f"COPY (SELECT {COLUMNS} FROM range({rows})) TO '{path}' (FORMAT parquet, COMPRESSION zstd)")  # noqa: S608
    compare(
        f"parquet, {rows:,} rows x 15 columns, no mask",
        lambda: measured("--copy", "parquet", "--path", str(path)),
        lambda: measured("--plain", "--path", str(path)),
        rounds,
        0.85,
    )
    path.unlink()


def postgresql(rows: int, rounds: int, folder: Path) -> None:
    """Measure the copy of a table of PostgreSQL."""
    from tests.support.postgres import PASSWORD, USER, postgres, programs

    programs_folder = programs()
    if programs_folder is None or not (programs_folder / "psql").exists():
        print("postgres: left out, since it is not installed: apt-get install postgresql")
        return
    with postgres() as server:
        server.run(POSTGRES.format(rows=rows), "VACUUM ANALYZE invoices")
        psql = [str(programs_folder / "psql"), "-h", "127.0.0.1", "-p", str(server.port), "-U", USER, "-d", "postgres"]
        environment = {**os.environ, "PGPASSWORD": PASSWORD}

        def copy_to_stdout() -> Cost:
            started, before = time.perf_counter(), os.times()
            with (folder / "copy.txt").open("wb") as target:
                command = [*psql, "-c", "COPY invoices TO STDOUT"]
                subprocess.run(command, check=True, stdout=target, env=environment)
            after = os.times()
            used = after.children_user + after.children_system - before.children_user - before.children_system
            return Cost(time.perf_counter() - started, used)

        def server_time(statement: str) -> float:
            before = server.processor_time()
            subprocess.run([*psql, "-c", statement], check=True, stdout=subprocess.DEVNULL, env=environment)
            return server.processor_time() - before

        theirs = server_time("COPY invoices TO STDOUT")
        binary = server_time("COPY invoices TO STDOUT (FORMAT binary)")
        print(f"the server itself: {theirs:.2f} s of processor time for COPY, {binary:.2f} s in binary form")
        compare(
            f"postgres, {rows:,} rows x 15 columns",
            lambda: measured("--copy", "postgres", "--url", server.url()),
            copy_to_stdout,
            rounds,
            0.60,
            (binary, theirs),
        )


def main() -> None:
    """Run both parts, or one copy for the process that asked for it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--invoices", type=int, default=2_000_000)
    parser.add_argument("--postgres", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--copy")
    parser.add_argument("--plain", action="store_true")
    parser.add_argument("--path", default="")
    parser.add_argument("--url", default="")
    given = parser.parse_args()
    if given.plain:
        plain_here(given.path)
    elif given.copy:
        copy_here(given.copy, given.path, given.url)
    else:
        with tempfile.TemporaryDirectory() as folder:
            if given.invoices:
                parquet(given.invoices, given.rounds, Path(folder))
            if given.postgres:
                postgresql(given.postgres, given.rounds, Path(folder))


if __name__ == "__main__":
    main()
