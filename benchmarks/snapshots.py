"""Measure how fast tables are copied for a data snapshot, in how much memory, and how fast rows are selected.

    python benchmarks/snapshots.py [--rows N] [--postgres N] [--rounds N] [--only PART …] [--folder FOLDER]

Parts: plain few all history postgres. Each copy runs in a process of its own, in turn with its peers (A B C A B C …);
medians are shown. Processor time is that of the process (and of the server, for PostgreSQL): on a machine that does
other work, only that can be compared.
The peers: DuckDB alone, one thread, with zstd as in a snapshot (the bars go by it); DuckDB as it is by default (all
threads, snappy); `COPY TO STDOUT` of psql into a file. PostgreSQL is the system's package, started here on loopback.
"""

from __future__ import annotations

import argparse
import importlib
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))

GIB = 1024**3
FEW = 200_000  # distinct values
MASKED = ("customer_id", "name")
COLUMNS = """
    range AS invoice_id, 'C' || ({hash}) AS customer_id, 'name ' || ({hash} * 31) AS name,
    CAST('2020-01-01' AS DATE) + CAST(range % 2000 AS INTEGER) AS invoice_date,
    CAST('2020-01-31' AS DATE) + CAST(range % 2000 AS INTEGER) AS due_date,
    CAST((hash(range) % 1000000) / 100 AS DECIMAL(12, 2)) AS amount, (hash(range) % 100) / 7 AS rate,
    CASE WHEN range % 10 > 0 THEN CAST('2020-01-10' AS TIMESTAMP)
      + INTERVAL (86400 * (range % 2000 + hash(range) % 60) + range % 86400) SECOND END AS paid_at,
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


@dataclass(frozen=True)
class Cost:
    """Wall and processor seconds of one copy, and its largest memory in MiB."""

    wall: float
    processor: float
    memory: int = 0


# --- one copy, in this process --------------------------------------------------------------------------------------


def copy_here(path: str, url: str, *, masked: bool) -> None:
    """Copy one table as the process of a refresh does; what it takes of its memory is told."""
    from reconciler.core.spec.data import Mask, Table, Treatment
    from reconciler.core.spec.environment import Limits
    from reconciler.data.tables.snapshot import copy_tables
    from reconciler.ports import CopyRequest, Masking, Secret

    for library in ("duckdb", "pyarrow.parquet", *(["adbc_driver_postgresql.dbapi"] if url else [])):
        importlib.import_module(library)
    table = Table(uses="postgres", url="env:URL", table="invoices")
    if path:
        table = Table(uses="parquet", path=Path(path).name)
    masks = tuple(Mask(table="invoices", column=name, treatment=Treatment.PSEUDONYM) for name in MASKED)
    with tempfile.TemporaryDirectory() as into:
        request = CopyRequest(
            root=Path(path).parent if path else Path(into),
            tables=(("invoices", table),),
            held=(),
            into=Path(into),
            limits=Limits(seconds=3600, memory=3 * GIB // 2),
            secrets=(Secret(reference="env:URL", value=url),) if url else (),
            masking=Masking(masks=masks, key="5a" * 32) if masked else None,
        )
        tell(lambda: copy_tables(request))


def plain_here(path: str, *, default: bool) -> None:
    """Copy a Parquet file with DuckDB and nothing else."""
    import duckdb

    with tempfile.TemporaryDirectory() as into:
        connection = duckdb.connect(config={} if default else {"threads": "1"})
        form = "FORMAT parquet" if default else "FORMAT parquet, COMPRESSION zstd"
        tell(lambda: connection.execute(f"COPY (FROM '{path}') TO '{into}/copy.parquet' ({form})"))


def select_here(path: str) -> None:
    """Select features with history from a table copy."""
    import duckdb

    from reconciler.core.artifact.data_snapshot import TableColumn
    from reconciler.core.spec.environment import Limits
    from reconciler.core.spec.recipe import Features
    from reconciler.data.in_process import LocalData
    from reconciler.ports import SelectionKind, SelectRequest, TableFile
    from tests.support.invoice_tables import recipe_of

    table_copy = duckdb.read_parquet(path)
    ((rows,),) = table_copy.count("*").fetchall()
    table = TableFile(
        name="invoices",
        path=Path(path),
        rows=rows,
        columns=tuple(
            TableColumn(name=name, type=str(kind))
            for name, kind in zip(table_copy.columns, table_copy.types, strict=True)
        ),
    )
    late = "date_diff('day', due_date, coalesce(paid_at::date, as_of))"
    past = {"prior": "count(*)", "prior_late": "avg((days_late > 0)::int)", "prior_amount": "avg(amount)"}
    recipe = recipe_of(
        derive={"days_late": late},
        past={**past, "prior_rate": "avg(rate)"},
        predict="paid_at is null",
        features=Features(numeric=("amount", "rate", *past, "prior_rate"), categorical=("country",)),
        known="paid_at",
    )
    with tempfile.TemporaryDirectory() as into:
        request = SelectRequest(
            recipe=recipe,
            tables=(table,),
            as_of="2025-12-31",
            want=SelectionKind.FIT,
            into=Path(into),
            limits=Limits(seconds=3600),
        )
        tell(lambda: LocalData().select(request))


def tell(work: Callable[[], object]) -> None:
    """Print what a piece of work costs."""
    wall, processor = time.perf_counter(), time.process_time()
    work()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(time.perf_counter() - wall, time.process_time() - processor, memory)


def measured(*arguments: str) -> Cost:
    """Return the cost of one piece of work, in a process of its own; what it imports is not counted."""
    command = [sys.executable, __file__, *arguments]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return Cost(float(out[0]), float(out[1]), int(out[2]))


# --- in turn --------------------------------------------------------------------------------------------------------


def compare(
    name: str, ours: Callable[[], Cost], peers: Mapping[str, Callable[[], Cost]], rounds: int, bar: float
) -> None:
    """Print the medians of ours and its peers, taken in turn."""
    turns = [({peer: work() for peer, work in peers.items()}, ours()) for _ in range(rounds)]
    own = [mine for _, mine in turns]
    print(f"{name}: {_middle(own)}, at most {max(mine.memory for mine in own):,} MiB")
    for peer in peers:
        others = [each[peer] for each, _ in turns]
        wall = statistics.median(each[peer].wall / mine.wall for each, mine in turns)
        processor = statistics.median(each[peer].processor / mine.processor for each, mine in turns)
        told = f"{processor:.0%} of its speed by processor time, {wall:.0%} by wall time"
        print(f"  {peer}: {_middle(others)}: {told} (bar {bar:.0%})", flush=True)


def _middle(costs: list[Cost]) -> str:
    wall, processor = (statistics.median(getattr(cost, field) for cost in costs) for field in ("wall", "processor"))
    return f"{wall:.2f} s, {processor:.2f} s of processor time"


def write_invoices(path: Path, rows: int, hashed: str) -> None:
    """Write the source: in row groups as other programs write them, of a million rows."""
    import duckdb

    connection = duckdb.connect(config={"threads": "1", "memory_limit": "4GB"})
    form = "(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 1000000)"
    connection.execute(f"COPY (SELECT {COLUMNS.format(hash=hashed)} FROM range({rows})) TO '{path}' {form}")  # noqa: S608


def parquet(rows: int, rounds: int, folder: Path, only: frozenset[str]) -> None:
    """Measure copies of a Parquet file: without masks, and with two columns of pseudonyms."""
    few, different = folder / "few.parquet", folder / "all.parquet"
    for part, name, path, hashed, masked, bar in (
        ("plain", "no mask", few, f"hash(range) % {FEW}", False, 0.85),
        ("few", f"two pseudonyms of {FEW:,} values", few, f"hash(range) % {FEW}", True, 0.5),
        ("all", "two pseudonyms, all values distinct", different, "range", True, 0.1),
    ):
        if part not in only:
            continue
        if not path.exists():
            write_invoices(path, rows, hashed)
        source = ("--path", str(path))
        compare(
            f"parquet, {rows:,} rows x 15 columns, {name}",
            partial(measured, "--copy", *source, *(["--masked"] if masked else [])),
            {
                "DuckDB, one thread, zstd": partial(measured, "--plain", *source),
                "DuckDB by default": partial(measured, "--plain", "--default", *source),
            },
            rounds,
            bar,
        )
    different.unlink(missing_ok=True)


def history(rows: int, folder: Path) -> None:
    """Measure the selection of features with history, from a copy as a snapshot holds it."""
    from reconciler.core.spec.data import Table
    from reconciler.core.spec.environment import Limits
    from reconciler.data.in_process import LocalData
    from reconciler.ports import CopyRequest

    source = folder / "few.parquet"
    if not source.exists():
        write_invoices(source, rows, f"hash(range) % {FEW}")
    into = folder / "copy"
    into.mkdir()
    tables = (("invoices", Table(uses="parquet", path=source.name)),)
    limits = Limits(seconds=3600, memory=3 * GIB // 2)
    (copy,) = LocalData().copy(CopyRequest(root=folder, tables=tables, held=(), into=into, limits=limits))
    cost = measured("--select", "--path", str(copy.path))
    print(f"selection with history over {rows:,} rows: {_middle([cost])}, at most {cost.memory:,} MiB (bar 60 s)")
    shutil.rmtree(into)


# --- PostgreSQL -----------------------------------------------------------------------------------------------------


def server_time(process: int) -> float:
    """Return the processor seconds of a server and all its sessions, of those that ended, too (Linux)."""
    tick = os.sysconf("SC_CLK_TCK")

    def once() -> float:
        total = sum(map(int, _fields(process)[11:15]))
        for other in Path("/proc").glob("[0-9]*"):
            try:
                fields = _fields(int(other.name))
            except OSError:
                continue
            if int(fields[1]) == process:
                total += int(fields[11]) + int(fields[12])
        return total / tick

    # A session that ends between two looks is in neither: looked at until two of them agree.
    seen = once()
    while True:
        time.sleep(0.1)
        if abs((again := once()) - seen) < 0.02:
            return max(seen, again)
        seen = again


def _fields(process: int) -> list[str]:
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()


def postgresql(rows: int, rounds: int, folder: Path) -> None:
    """Measure the copy of a table of PostgreSQL beside `COPY TO STDOUT` into a file."""
    from tests.support.postgres import PASSWORD, USER, postgres, programs

    programs_folder = programs()
    if programs_folder is None or not (programs_folder / "psql").exists():
        print("postgres: left out, since it is not installed: apt-get install postgresql")
        return
    with postgres() as server:
        server.run(POSTGRES.format(rows=rows), "VACUUM ANALYZE invoices")
        psql = [str(programs_folder / "psql"), "-h", "127.0.0.1", "-p", str(server.port), "-U", USER, "-d", "postgres"]
        environment = {**os.environ, "PGPASSWORD": PASSWORD}

        @contextmanager
        def with_server(costs: list[Cost]) -> Iterator[None]:
            before = server_time(server.process)
            yield
            costs[0] = Cost(costs[0].wall, costs[0].processor + server_time(server.process) - before, costs[0].memory)

        def copy_to_stdout() -> Cost:
            costs = [Cost(0, 0)]
            with with_server(costs), (folder / "copy.txt").open("wb") as target:
                started, before = time.perf_counter(), os.times()
                command = [*psql, "-c", "COPY invoices TO STDOUT"]
                subprocess.run(command, check=True, stdout=target, env=environment)
                wall, after = time.perf_counter() - started, os.times()
                used = after.children_user + after.children_system - before.children_user - before.children_system
                costs[0] = Cost(wall, used)
            return costs[0]

        def copied() -> Cost:
            costs = [Cost(0, 0)]
            with with_server(costs):
                costs[0] = measured("--copy", "--url", server.url())
            return costs[0]

        copy_to_stdout()  # the first one reads what no one read before
        peers = {"COPY TO STDOUT into a file": copy_to_stdout}
        compare(f"postgres, {rows:,} rows x 15 columns, no mask, with the server", copied, peers, rounds, 0.6)


PARTS = ("plain", "few", "all", "history", "postgres")


def main() -> None:
    """Run all parts, or one copy for the process that asked for it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--postgres", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="*", choices=PARTS, default=PARTS)
    parser.add_argument("--folder")
    for flag in ("--copy", "--plain", "--select", "--default", "--masked"):
        parser.add_argument(flag, action="store_true")
    parser.add_argument("--path", default="")
    parser.add_argument("--url", default="")
    given = parser.parse_args()
    if given.plain:
        plain_here(given.path, default=given.default)
    elif given.select:
        select_here(given.path)
    elif given.copy:
        copy_here(given.path, given.url, masked=given.masked)
    else:
        only = frozenset(given.only)
        with tempfile.TemporaryDirectory(dir=given.folder) as name:
            folder = Path(name)
            os.environ["TMPDIR"] = name
            parquet(given.rows, given.rounds, folder, only)
            if "history" in only:
                history(given.rows, folder)
            (folder / "few.parquet").unlink(missing_ok=True)
            if "postgres" in only:
                postgresql(given.postgres, given.rounds, folder)


if __name__ == "__main__":
    main()
