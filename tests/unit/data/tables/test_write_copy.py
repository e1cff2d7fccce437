"""A table copy's bytes are a function of its rows, and every value comes back as it was."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reconciler.core.digest import digest_of_file
from reconciler.core.spec.data import Mask, Sample, Table, Treatment
from reconciler.core.spec.environment import Limits
from reconciler.data.duckdb_session import Session, open_session
from reconciler.data.in_process import LocalData
from reconciler.data.tables.hand_over import hand_over
from reconciler.data.tables.opening.arrow_file import write_batches
from reconciler.data.tables.write_copy import ROW_GROUP, RowGroups, whole, write_copy
from reconciler.errors import DataError
from reconciler.ports import CopyRequest, Masking, SampledRows, TableFile

LIMITS = Limits(seconds=120, memory=2 * 1024**3)
ROWS = 2 * ROW_GROUP + 4_321


def table(rows: int = ROWS) -> pa.Table:
    """Rows of each kind of column, with missing values."""
    reader = duckdb.sql(
        "SELECT range AS id, 'C' || hash(range) % 5000 AS customer, (hash(range) % 100000) / 7 AS amount,"
        " CAST(hash(range) % 100000 AS DECIMAL(12, 2)) AS price, CAST('2020-01-01' AS DATE) + CAST(range % 999 AS INT)"
        " AS day, CASE WHEN range % 10 > 0 THEN CAST('2020-01-01' AS TIMESTAMP) + INTERVAL (range) SECOND END AS paid,"
        f" range % 3 = 0 AS late FROM range({rows})"
    ).to_arrow_reader()
    return pa.Table.from_batches(reader, reader.schema)


@pytest.fixture(scope="module")
def rows() -> pa.Table:
    return table()


def copied(
    folder: Path,
    parts: list[pa.Table],
    group: int,
    *,
    masks: tuple[Mask, ...] = (),
    sample: SampledRows | None = None,
    row_number: str | None = None,
    partitioned: bool = False,
) -> TableFile:
    """Copy a table of some files, each written in row groups of this size."""
    (folder / "t").mkdir(parents=True)
    (folder / "into").mkdir()
    for number, part in enumerate(parts):
        path = folder / "t" / (f"part={number}/t.parquet" if partitioned else f"{number}.parquet")
        path.parent.mkdir(exist_ok=True)
        pq.write_table(part, path, row_group_size=group)
    request = CopyRequest(
        root=folder,
        tables=(("t", Table(uses="parquet", path="t" if partitioned else "t/*.parquet", row_number=row_number)),),
        held=(),
        into=folder / "into",
        limits=LIMITS,
        masking=Masking(masks=masks, key="5a" * 32) if masks else None,
        sample=sample,
    )
    (copy,) = LocalData().copy(request)
    return copy


def in_parts(rows: pa.Table, *ends: int) -> list[pa.Table]:
    return [rows.slice(start, end - start) for start, end in itertools.pairwise((0, *ends, rows.num_rows))]


WAYS = ["plain", "sample and pseudonyms"]
ALONE = [pytest.param(way, marks=pytest.mark.soak(only=True)) for way in ("pseudonyms", "sample")]


@pytest.mark.soak(every=2)
@pytest.mark.parametrize("way", [*WAYS, *ALONE])
def test_the_layout_of_a_source_changes_no_byte_of_the_copy(tmp_path: Path, rows: pa.Table, way: str) -> None:
    masks = (Mask(table="t", column="customer", treatment=Treatment.PSEUDONYM),) if "pseudonyms" in way else ()
    sample = SampledRows(entity=Sample(table="t", column="customer", share=0.7)) if "sample" in way else None
    layouts = [([rows], 122_880), ([rows], 7_000), (in_parts(rows, 1, 90_001, 90_002), 50_000)]
    copies = [copied(tmp_path / str(n), *layout, masks=masks, sample=sample) for n, layout in enumerate(layouts)]
    assert len({digest_of_file(copy.path) for copy in copies}) == 1
    assert len({copy.columns for copy in copies}) == 1
    file = pq.ParquetFile(copies[0].path)
    groups = [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)]
    assert set(groups[:-1]) == {ROW_GROUP}
    if sample is None:
        assert file.read(["id"]).equals(rows.select(["id"]))
    if way == "plain":
        assert file.read().cast(rows.schema).equals(rows)


@pytest.mark.parametrize("count", [900, ROW_GROUP + 900])
def test_rows_of_many_small_files_keep_their_order_and_their_numbers_under_a_mask(tmp_path: Path, count: int) -> None:
    """A join of DuckDB's puts the rows of a vector of few rows behind those of the next ones."""
    masks = (Mask(table="t", column="customer", treatment=Treatment.PSEUDONYM),)
    copy = copied(tmp_path, in_parts(table(count), 3, 40, 400), 50_000, masks=masks, row_number="number")
    read = pq.read_table(copy.path, columns=["id", "number"]).to_pydict()
    assert read["id"] == list(range(count))
    assert read["number"] == list(range(1, count + 1))


def test_batches_of_any_size_become_whole_ones(rows: pa.Table) -> None:
    few = rows.slice(0, 10_000)
    batches = [batch for size in (1, 700, 2_048) for batch in few.to_batches(max_chunksize=size)]
    cut = list(whole(batches, 2_048))
    assert [batch.num_rows for batch in cut] == [2_048] * 14 + [1_328]
    assert pa.Table.from_batches(cut).equals(pa.Table.from_batches(batches).combine_chunks())


@pytest.mark.soak(every=2)
@pytest.mark.parametrize("masked", [False, True])
def test_folders_of_partitions_change_no_byte_but_their_column(tmp_path: Path, rows: pa.Table, masked: bool) -> None:
    """Partitions are read one after the other, each cut anew by DuckDB."""
    masks = (Mask(table="t", column="customer", treatment=Treatment.PSEUDONYM),) if masked else ()
    digests = []
    for ends in ((), (1, 90_001, 90_002)):
        folder = tmp_path / str(len(ends))
        copy = copied(folder, in_parts(rows, *ends), 50_000, masks=masks, partitioned=True)
        assert pq.read_table(copy.path, columns=["id"]).column("id").equals(rows.column("id"))
        digests.append([column.digest for column in copy.columns if column.name != "part"])
    assert digests[0] == digests[1]


def test_values_at_the_ends_of_their_types_come_back(tmp_path: Path) -> None:
    """The stored differences of whole numbers may be larger than the numbers' own type."""
    ends = {
        "big": ("BIGINT", [2**63 - 1, -(2**63), 0, None, -1]),
        "small": ("INTEGER", [2**31 - 1, -(2**31), 0, None, -1]),
        "price": ("DECIMAL(38,2)", ["9" * 36 + ".99", "-" + "9" * 36 + ".99", "0.01", None, "0"]),
        "rate": ("DOUBLE", [math.inf, -0.0, 5e-324, None, 1.7976931348623157e308]),
        "text": ("VARCHAR", ["", "\x00", "ä" * 70_000, None, " "]),
        "day": ("DATE", ["0001-01-01", "9999-12-31", "1970-01-01", None, "1969-12-31"]),
        "moment": ("TIMESTAMP", ["0001-01-01", "9999-12-31 23:59:59.999999", "1970-01-01", None, "1969-12-31"]),
        "yes": ("BOOLEAN", [True, False, True, None, False]),
    }
    with open_session(limits=LIMITS, into=tmp_path, inputs=(), ordered=True) as session:
        columns = ", ".join(f"{name} {kind}" for name, (kind, _) in ends.items())
        session.run(f"CREATE TEMP TABLE ends (n BIGINT, {columns})", doing="t")
        for n in range(5):
            given = ", ".join(f"CAST({_literal(values[n])} AS {kind})" for kind, values in ends.values())
            session.run(f"INSERT INTO ends VALUES ({n}, {given})", doing="t")
        every = (
            f"SELECT ends.*, r.i AS line FROM range({ROW_GROUP + 50}) AS r(i) JOIN ends ON ends.n = (r.i * 7919) % 5"
        )
        query = (
            "SELECT * REPLACE (CASE WHEN length(text) < 1000 OR line % 991 = 0 THEN text END AS text)"
            f" FROM ({every}) ORDER BY line"
        )
        session.run(f"CREATE TEMP TABLE every AS {query}", doing="t")
        path = tmp_path / "copy.parquet"
        write_copy(session, "FROM every", path, rows=ROW_GROUP + 50)
        differing = f"SELECT count(*) FROM (FROM every EXCEPT ALL FROM read_parquet('{path}'))"
        assert session.value(differing, doing="t") == 0
        assert session.value(f"SELECT count(*) FROM read_parquet('{path}')", doing="t") == ROW_GROUP + 50
        order = f"SELECT bool_and(line = file_row_number) FROM read_parquet('{path}', file_row_number = true)"
        assert session.value(order, doing="t")
    read = pq.read_table(path, columns=["big", "small", "rate"]).slice(0, 5).to_pydict()  # another reader
    assert {name: set(map(repr, values)) for name, values in read.items()} == {
        name: set(map(repr, ends[name][1])) for name in read
    }


def refuse(code: str, message: str, hint: str | None = None) -> DataError:
    return DataError(message, code=code, hint=hint)


def stream(rows: pa.Table, *sizes: int) -> pa.RecordBatchReader:
    """Rows in batches of these sizes, again and again."""

    def batches() -> Iterator[pa.RecordBatch]:
        start = 0
        for size in itertools.cycle(sizes):
            if start >= rows.num_rows:
                return
            yield from rows.slice(start, size).combine_chunks().to_batches()
            start += size

    return pa.RecordBatchReader.from_batches(rows.schema, batches())


QUERY = "SELECT * REPLACE (CAST(amount AS DECIMAL(12, 2)) AS amount) FROM source"


def groups_of(path: Path) -> list[int]:
    metadata = pq.ParquetFile(path).metadata
    return [metadata.row_group(number).num_rows for number in range(metadata.num_row_groups)]


def both_ways(session: Session, spool: Path, into: Path, rows: int) -> tuple[Path, Path]:
    """Write the rows of a file through record batches, and as row groups in another session."""
    groups = RowGroups(file=spool, view=f"CREATE OR REPLACE VIEW source AS FROM read_parquet('{spool}')")
    session.run(groups.view, doing="t")
    copies = into / "batches.parquet", into / "groups.parquet"
    write_copy(session, QUERY, copies[0], rows=rows)
    write_copy(session, QUERY, copies[1], rows=rows, groups=groups)
    return copies


@pytest.mark.soak(every=3)
@pytest.mark.parametrize("sizes", [(24_052,), (1, 700, 300_000), (ROW_GROUP,)])
def test_what_arrives_in_batches_is_copied_by_row_groups_to_the_same_bytes(
    tmp_path: Path, rows: pa.Table, sizes: tuple[int, ...]
) -> None:
    spool = tmp_path / "spool.parquet"
    spool.touch()
    written = write_batches(stream(rows, *sizes), spool, tuple(rows.column_names), refuse)
    assert written.is_whole
    assert groups_of(spool) == [ROW_GROUP, ROW_GROUP, 4_321]
    with open_session(limits=LIMITS, into=tmp_path, inputs=(spool,), ordered=True) as session:
        one, other = both_ways(session, spool, tmp_path, rows.num_rows)
    assert one.read_bytes() == other.read_bytes()
    assert pq.read_table(other, columns=["id"]).equals(rows.select(["id"]))


def test_rows_that_take_much_memory_are_written_before_they_are_a_group(tmp_path: Path) -> None:
    spool = tmp_path / "spool.parquet"
    spool.touch()
    few = pa.table({"text": ["x" * 9 * 1024**2] * 5})
    assert not write_batches(stream(few, 1, 2), spool, ("text",), refuse).is_whole
    assert groups_of(spool) == [4, 1]
    assert pq.read_table(spool).equals(few)


def test_what_takes_more_memory_than_two_threads_may_have_is_written_by_one(tmp_path: Path) -> None:
    rows = table(2 * ROW_GROUP).append_column("text", pa.array([f"{n} " + "x" * 200 for n in range(2 * ROW_GROUP)]))
    spool = tmp_path / "spool.parquet"
    spool.touch()
    assert write_batches(stream(rows, ROW_GROUP), spool, tuple(rows.column_names), refuse).is_whole
    digests = set()
    for memory in (LIMITS.memory, 400 * 1024**2):
        limits = Limits(seconds=120, memory=memory)
        with open_session(limits=limits, into=tmp_path, inputs=(spool,), ordered=True) as session:
            _, copy = both_ways(session, spool, tmp_path, rows.num_rows)
            digests.add(digest_of_file(copy))
    assert len(digests) == 1


def test_an_error_in_a_late_row_group_ends_all_threads_and_tells_no_value(tmp_path: Path, rows: pa.Table) -> None:
    import threading

    spool = tmp_path / "spool.parquet"
    pq.write_table(rows, spool, row_group_size=ROW_GROUP)
    groups = RowGroups(file=spool, view=f"CREATE VIEW source AS FROM read_parquet('{spool}')")
    query = (
        f"SELECT CASE WHEN id > {2 * ROW_GROUP} THEN CAST(customer || ' canary' AS INTEGER) ELSE 1 END AS a FROM source"
    )
    before = threading.active_count()
    with open_session(limits=LIMITS, into=tmp_path, inputs=(spool,), ordered=True) as session:
        with pytest.raises(DataError, match="a value cannot be converted to the type asked for") as caught:
            write_copy(session, query, tmp_path / "a", rows=rows.num_rows, groups=groups)
        assert caught.value.code == "E413"
        assert "canary" not in f"{caught.value} {caught.value.__context__}"
        assert session.value("SELECT 1", doing="t") == 1
    assert threading.active_count() == before


def test_a_session_that_writes_reads_no_other_file_and_no_text_of_duckdb_leaves_it(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": ["canary"]}), tmp_path / "other.parquet")
    folder = tmp_path / "into"
    folder.mkdir()
    with (
        open_session(limits=LIMITS, into=folder, inputs=(), ordered=True) as session,
        session.writing((), threads=2) as writer,
    ):
        for query in (
            f"FROM read_parquet('{tmp_path}/other.parquet')",
            "SET threads = 8",
            "SELECT CAST('canary' AS INT)",
        ):
            with pytest.raises(DataError) as caught:
                writer.run(query, doing="t")
            assert caught.value.code == "E413"
            assert "canary" not in f"{caught.value} {caught.value.__context__}"


def _literal(value: object) -> str:
    return "NULL" if value is None else f"'{value}'"


def test_an_error_in_a_late_row_leaves_no_thread_and_no_value_in_its_message(tmp_path: Path) -> None:
    import threading

    before = threading.active_count()
    with open_session(limits=LIMITS, into=tmp_path, inputs=(), ordered=True) as session:
        query = "SELECT CASE WHEN range = 200000 THEN CAST('canary' AS INTEGER) ELSE 1 END AS a FROM range(300000)"
        query = query.replace("'canary'", "'canary' || range")
        with pytest.raises(DataError, match="a value cannot be converted to the type asked for") as caught:
            write_copy(session, query, tmp_path / "a", rows=300_000)
        assert caught.value.code == "E413"
        assert "canary" not in f"{caught.value} {caught.value.__context__}"
        assert session.value("SELECT 1", doing="t") == 1
    assert threading.active_count() == before


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with (
        open_session(limits=LIMITS, into=tmp_path, inputs=(), ordered=True) as session,
        pytest.raises(DataError, match="a file could not be read or written") as caught,
    ):
        write_copy(session, "FROM range(300000)", tmp_path / "no folder" / "a", rows=300_000)
    assert caught.value.code == "E413"


def test_what_the_reading_raises_is_raised_and_the_writing_is_broken_off() -> None:
    seen: list[int] = []
    whole = False

    def items() -> Iterator[int]:
        yield from range(10)
        raise DataError("gone", code="E431")

    def write(drawn: Iterator[int]) -> None:
        nonlocal whole
        seen.extend(drawn)
        whole = True

    with pytest.raises(DataError, match="gone"):
        hand_over(items(), write)
    assert not whole


def test_what_the_writing_raises_is_raised_and_the_reading_ends() -> None:
    drawn = itertools.count()

    def write(items: Iterator[int]) -> None:
        next(items)
        raise OSError("full")

    with pytest.raises(OSError, match="full"):
        hand_over(drawn, write)
    assert next(drawn) < 10


def test_what_is_written_is_answered_in_order() -> None:
    assert hand_over(range(1_000), list) == list(range(1_000))
