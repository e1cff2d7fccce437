"""A Parquet file is measured by what it declares, and nothing that it declares makes the measuring large or long."""

from __future__ import annotations

import io
import random
import tempfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reconciler.core.parquet_file import ParquetError, ParquetSize, measure
from reconciler.core.size_limits import FOOTER_BYTES, PAGE_BYTES, TABLE_BYTES, TABLE_ROWS
from tests.support.memory_use import in_little_memory
from tests.support.parquet_bytes import Declared

TABLE = pa.table(
    {"key": list(range(500)), "text": [None if n % 7 == 0 else f"t{n}" for n in range(500)], "x": [0.5] * 500}
)
FORMS: tuple[dict[str, object], ...] = (
    {},
    {"compression": "zstd"},
    {"compression": "none", "use_dictionary": False},
    {"data_page_version": "2.0"},
    {"row_group_size": 7, "write_page_index": True},
    {"data_page_size": 64, "write_batch_size": 8},
    {"use_dictionary": False, "column_encoding": {"key": "DELTA_BINARY_PACKED"}},
)


def written(table: pa.Table, **settings: object) -> bytes:
    stream = io.BytesIO()
    pq.write_table(table, stream, **settings)
    return stream.getvalue()


def measured(body: bytes) -> ParquetSize:
    return measure(io.BytesIO(body))


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_files_of_another_writer_are_measured_as_it_reads_them(form: dict[str, object]) -> None:
    assert measured(written(TABLE, **form)) == ParquetSize(rows=500, columns=3)


def test_nested_and_empty_tables_are_measured_too() -> None:
    nested = pa.table({"n": pa.array([{"x": 1, "y": [1, 2]}] * 4), "z": [1.0] * 4})
    assert measured(written(nested)) == ParquetSize(rows=4, columns=3)
    assert measured(written(pa.table({"a": pa.array([], pa.int64())}))).rows == 0


def test_the_made_file_is_what_arrow_reads_it_as() -> None:
    body = Declared(rows=1000).bytes()
    assert pq.read_table(io.BytesIO(body)).column(0).to_pylist() == [7] * 1000
    assert measured(body) == ParquetSize(rows=1000, columns=1)


@pytest.mark.soak(every=2)
@pytest.mark.parametrize(
    ("declared", "message", "code"),
    [
        (Declared(rows=150_000_000), "declares 150,000,000 rows; at most 100,000,000 are read", "E419"),
        (Declared(rows=90_000_000), "declares 90,000,000 rows in 1", "E419"),
        (Declared(rows=100_000, groups=999), "99,900,000 rows in 38,", "E419"),
        (Declared(rows=0, groups=70_000), "70,000 row groups", "E419"),
        (Declared(columns=3_001), "3,001 columns; at most 3,000 are read", "E411"),
        (Declared(page_values=2**31 - 1), "a page declares 2,147,483,647 values of a column with 3", "E419"),
        (Declared(page_bytes=PAGE_BYTES + 1), "1,073,741,825 bytes of a page", "E419"),
        (Declared(page_bytes=-1), "a size is negative", "E411"),
        (Declared(entries=2**31 - 1), "a dictionary declares 2,147,483,647 entries in 4 bytes", "E419"),
        (Declared(dictionary_bytes=2**31 - 1), "2,147,483,647 bytes of a page", "E419"),
        (Declared(unpacked=TABLE_BYTES + 1), "bytes unpacked", "E419"),
        (Declared(unpacked=-1), "a size is negative", "E411"),
        (Declared(page_values=0), "a page lies outside of the file's data", "E411"),
        (Declared(footer_length=2**32 - 1), "not a complete Parquet file", "E411"),
        (Declared(footer_length=3), "metadata of the file cannot be read", "E411"),
    ],
    ids=str,
)
def test_what_declares_too_much_is_refused_before_it_is_decoded(declared: Declared, message: str, code: str) -> None:
    with pytest.raises(ParquetError, match=message) as refused:
        measured(declared.bytes())
    assert refused.value.code == code
    assert refused.value.hint


def test_rows_that_do_not_add_up_are_refused() -> None:
    body = Declared(rows=3).bytes()
    footer = len(body) - 8 - int.from_bytes(body[-8:-4], "little")
    said = body[:footer] + body[footer:].replace(b"\x16\x06\x19", b"\x16\x09\x19")  # three of the file: minus five
    assert said != body
    with pytest.raises(ParquetError, match="rows of its row groups"):
        measured(said)


def test_metadata_that_is_too_long_is_not_read() -> None:
    program = """
import sys
from reconciler.core.parquet_file import ParquetError, measure
with open(sys.argv[1], "rb") as stream:
    try:
        measure(stream)
    except ParquetError as error:
        print(error)
"""
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"PAR1")
        file.truncate(3 * 2**30)
        file.seek(0, 2)
        file.write((2**31).to_bytes(4, "little") + b"PAR1")
        file.flush()
        said = in_little_memory(program, file.name, megabytes=200)
    assert f"2,147,483,648 bytes of metadata; at most {FOOTER_BYTES:,} are read" in said


def test_a_list_of_a_billion_items_is_refused_by_the_bytes_that_there_are() -> None:
    footer = b"\x15\x02\x19\xfc" + b"\xff\xff\xff\xff\x03" + b"\0" * 20  # field 2: a list of 2 ** 30 structures
    body = b"PAR1" + footer + len(footer).to_bytes(4, "little") + b"PAR1"
    with pytest.raises(ParquetError, match="metadata"):
        measured(body)


def test_any_changed_byte_is_read_or_refused() -> None:
    chance = random.Random(1)
    whole = written(TABLE.slice(0, 6).select(["key", "text"]), row_group_size=4)
    for body in (whole, Declared().bytes()):
        for at in range(len(body)):
            for byte in (0xFF, chance.randrange(256)):
                with_change = body[:at] + bytes([byte]) + body[at + 1 :]
                for cut in (with_change, with_change[:at]):
                    try:
                        assert measured(cut).rows <= TABLE_ROWS
                    except ParquetError as error:
                        assert error.code in ("E411", "E419")  # noqa: PT017
