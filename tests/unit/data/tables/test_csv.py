"""A CSV file is copied as it reads, cell by cell, or refused with its code and line."""

from __future__ import annotations

import gzip
import io
import os
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from reconciler.core.spec.data import Table
from reconciler.core.spec.environment import Limits
from reconciler.data.csv_files import validate
from reconciler.data.csv_files.rows import Dialect
from reconciler.data.in_process import LocalData
from reconciler.errors import DataError
from reconciler.ports import CopyRequest, TableFile
from tests.support.invoice_tables import read_rows, write_table

LIMITS = Limits(seconds=120, memory=2 * 1024**3)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "into").mkdir()
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def copy(root: Path, body: bytes | None, *, held: tuple[tuple[str, str], ...] = (), **table: Any) -> TableFile:
    declared = Table(**{"uses": "csv", "path": "t.csv", **table})
    if body is not None:
        (root / declared.path).write_bytes(body)
    request = CopyRequest(
        root=root,
        tables=(("t", declared),),
        held=(("t", held),) if held else (),
        into=root.parent / "into",
        limits=LIMITS,
    )
    (copied,) = LocalData().copy(request)
    assert sorted(path.name for path in request.into.iterdir()) == ["t.parquet"]
    return copied


def cells(copied: TableFile) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in read_rows(copied.path)]


def types(copied: TableFile) -> dict[str, str]:
    return {column.name: column.type for column in copied.columns}


# --- what is refused ---

ROWS = [
    ("an empty file", b"", "E401", None),
    ("white space only", b"\n \n\n", "E401", None),
    ("a header only", b"a,b\n", "E401", None),
    ("a header without its line end", b"a,b", "E401", None),
    ("an extra cell", b"a,b\n1,2\n1,2,3\n4,5\n", "E402", 3),
    ("an extra empty cell", b"a,b\n1,2,\n", "E402", 2),
    ("a missing cell", b"a,b\n1,2\n3\n4,5\n", "E402", 3),
    ("a last row cut short", b"a,b\n1,2\n3", "E402", 3),
    ("a blank line between rows", b"a,b\n1,2\n\n3,4\n", "E402", 3),
    ("a blank line in a table of one column", b"a\n1\n\n2\n", "E402", 3),
    ("a blank line of spaces", b"a,b\n1,2\n  \n", "E402", 3),
    ("an extra cell after a cell of two lines", b'a,b\n1,"2\n5"\n3,4,9\n', "E402", 4),
    ("a short row after cells of three lines", b'a,b\n"x\ny\nz",2\n3\n', "E402", 5),
    ("the same name twice", b"a,b,a\n1,2,3\n", "E403", 1),
    ("the same name in other letters", b"a,b,A\n1,2,3\n", "E403", 1),
    ("a name with a space", b"a,b c\n1,2\n", "E403", 1),
    ("an empty name", b"a,\n1,2\n", "E403", 1),
    ("no header", b"1,2\n3,4\n", "E403", 1),
    ("the reserved name", b"a,as_of\n1,2\n", "E403", 1),
    ("semicolons", b"a;b\n1;2\n", "E404", 1),
    ("tabs", b"a\tb\n1\t2\n", "E404", 1),
    ("bars", b"a|b\n1|2\n", "E404", 1),
    ("an unclosed quote", b'a,b\n1,"2\n3,4\n', "E406", 2),
    ("an unclosed quote in the last row", b'a,b\n1,2\n3,"4', "E406", 3),
    ("two unclosed quotes", b'a,b\n1,"2\n3,"4\n', "E406", 3),
    ("an unclosed quote behind inch marks", b'a,b\n5" pipe,2\n1,"2\n', "E406", 2),
    ("a quote inside a cell", b'a,b\n1,2"x"\n', "E406", 2),
    ("text behind a closing quote", b'a,b\n1,"2"x\n', "E406", 2),
    ("a space before a quote", b'a,b\n1, "2"\n', "E406", 2),
    ("a carriage return in a cell", b"a,b\n1,x\ry\n", "E406", 2),
    ("a NUL", b"a,b\n1,2\n1,\x00\n", "E406", 3),
    ("a quote in the header", b'a,"b\n1,2\n', "E406", 1),
    ("latin-1 bytes", b"a,b\n1,caf\xe9\n", "E406", None),
    ("a cut-off character at the end", "a,b\n1,é".encode()[:-1], "E406", None),
    ("UTF-16 without saying so", "a,b\n1,2\n".encode("utf-16"), "E406", None),
    ("gzip", gzip.compress(b"a,b\n1,2\n"), "E407", None),
    ("Parquet", b"PAR1xxxxPAR1", "E407", None),
    ("infinity among numbers", b"a,b\n1,2\ninf,3\n", "E405", 3),
    ("not a number among numbers", b"a,b\n1.5,2\nNaN,3\n", "E405", 3),
    ("one text among many numbers", b"a,b\n" + b"1,2\n" * 30 + b"x7,3\n", "E405", 32),
    ("dates in two formats", b"a,b\n2024-01-31,1\n31/01/2024,2\n", "E405", 3),
    ("dates in an undeclared format", b"a,b\n31/01/2024,1\n30/01/2024,2\n", "E405", None),
    ("impossible dates", b"a,b\n2024-01-31,1\n2024-02-30,2\n", "E405", 3),
    ("a row of more than a MiB", b"a,b\n1," + b"x" * 1_100_000 + b"\n", "E402", 2),
]


@pytest.mark.parametrize(("body", "code", "line"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_evil_files_are_refused_with_code_and_line(root: Path, body: bytes, code: str, line: int | None) -> None:
    with pytest.raises(DataError) as caught:
        copy(root, body)
    assert caught.value.code == code
    place = f"t.csv:{line}: " if line else "t.csv: "
    assert str(caught.value).startswith(place)
    assert list((root.parent / "into").iterdir()) == [] or code == "E405"


def test_a_zip_bomb_is_refused_before_it_is_unpacked(root: Path) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("t.csv", b"a,b\n" + b"1,2\n" * 100_000)
    with pytest.raises(DataError, match="zip") as caught:
        copy(root, stream.getvalue())
    assert caught.value.code == "E407"


PATHS = [
    ("../secret.csv", "E302"),
    ("a/../../secret.csv", "E302"),
    ("/etc/hostname", "E302"),
    ("a\\b.csv", "E302"),
    ("a\0b.csv", "E302"),
    ("missing.csv", "E401"),
    ("t.csv/x.csv", "E401"),
    ("folder", "E401"),
    ("link_out.csv", "E302"),
    ("link_folder/secret.csv", "E302"),
    ("loop.csv", "E401"),
    ("pipe.csv", "E401"),
    ("http://example.org/t.csv", "E408"),
    ("s3:bucket/t.csv", "E408"),
    ("file:t.csv", "E408"),
    ("simplecache::file:t.csv", "E408"),
]


@pytest.mark.parametrize(("path", "code"), PATHS)
def test_a_path_stays_below_the_root_and_names_a_file(root: Path, path: str, code: str) -> None:
    (root.parent / "secret.csv").write_text("a,b\n1,2\n")
    (root / "t.csv").write_text("a,b\n1,2\n")
    (root / "folder").mkdir()
    (root / "link_out.csv").symlink_to(root.parent / "secret.csv")
    (root / "link_folder").symlink_to(root.parent)
    (root / "loop.csv").symlink_to(root / "loop.csv")
    os.mkfifo(root / "pipe.csv")
    with pytest.raises(DataError) as caught:
        copy(root, None, path=path)
    assert caught.value.code == code
    assert str(root) not in str(caught.value)


def test_a_link_that_stays_below_the_root_is_followed(root: Path) -> None:
    (root / "real.csv").write_text("a,b\n1,2\n")
    (root / "t.csv").symlink_to(root / "real.csv")
    assert cells(copy(root, None)) == [(1, 2)]


class _Growing(io.BytesIO):
    """A file that somebody appends to while it is read."""

    def __init__(self, path: Path) -> None:
        super().__init__(path.read_bytes())
        self._path = path

    def read(self, size: int | None = -1, /) -> bytes:
        found = super().read(size)
        with self._path.open("ab") as stream:
            stream.write(b"9,9\n")
        return found


def test_a_file_that_is_written_to_while_it_is_read_is_refused(root: Path) -> None:
    from reconciler.adapters.sources.local_file import LocalFile, unchanged

    table = Table(uses="csv", path="t.csv")
    path = root / "t.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(DataError) as caught, unchanged(LocalFile(table="t", declared=table, path=path, name="t.csv")):
        validate.copy_rows(_Growing(path), io.BytesIO(), Dialect(path="t.csv", delimiter=",", encoding="utf-8"))
    assert caught.value.code == "E409"


@pytest.mark.parametrize(
    "table",
    [
        {"delimiter": ",,"},
        {"delimiter": "a"},
        {"delimiter": '"'},
        {"delimiter": ""},
        {"encoding": "utf-7"},
        {"decimal": "'"},
        {"time_zone": "Mars/Olympus"},
        {"dates": "%Y"},
        {"dates": "%H:%M"},
        {"types": (("a", "JSON"),)},
        {"types": (("a", "DECIMAL(40,2)"),)},
        {"types": (("z", "BIGINT"),)},
        {"uses": "excel"},
    ],
    ids=str,
)
def test_a_declaration_that_cannot_be_used_is_a_typed_error(root: Path, table: dict[str, Any]) -> None:
    if table == {"delimiter": ""}:
        assert cells(copy(root, b"a,b\n1,2\n", **table)) == [(1, 2)]  # nothing declared
        return
    with pytest.raises(DataError) as caught:
        copy(root, b"a,b\n1,2\n", **table)
    assert caught.value.code in {"E404", "E405", "E406", "E408"}


# --- what is read ---


@pytest.mark.parametrize(
    "body",
    [
        b"a,b\n1,x\n3,y\n",
        b"a,b\r\n1,x\r\n3,y\r\n",
        b"a,b\r\n1,x\n3,y\r\n",
        b"a,b\n1,x\n3,y",
        b"a,b\r\n1,x\r\n3,y\r",
        b"a,b\n1,x\n3,y\n\n\n",
        b"\xef\xbb\xbfa,b\n1,x\n3,y\n",
        b'"a","b"\n"1","x"\n"3","y"\n',
    ],
)
def test_line_ends_marks_and_quotes_do_not_change_what_is_read(root: Path, body: bytes) -> None:
    assert cells(copy(root, body)) == [(1, "x"), (3, "y")]


def test_quoted_cells_hold_delimiters_quotes_and_lines(root: Path) -> None:
    body = b'a,b\n"x,y","say ""hi"""\n"two\r\nlines","#no comment"\n"""",\'\n'
    assert cells(copy(root, body)) == [("x,y", 'say "hi"'), ("two\nlines", "#no comment"), ('"', "'")]


def test_text_stays_text(root: Path) -> None:
    copied = copy(
        root, b"id,cc,na,mix,long\n00123,NO,NA,1e5x,12345678901234567890\n7,SE,null, 2 ,98765432109876543210\n"
    )
    assert set(types(copied).values()) == {"VARCHAR"}
    assert cells(copied) == [
        ("00123", "NO", "NA", "1e5x", "12345678901234567890"),
        ("7", "SE", "null", " 2 ", "98765432109876543210"),
    ]


def test_types_are_inferred_where_every_cell_agrees(root: Path) -> None:
    copied = copy(
        root,
        b"i,x,d,t,b,e\n-5,1.5,2024-02-29,2024-02-29 23:59:59.5,true,\n,2e3,,2024-03-01T00:00,FALSE,\n"
        b"0,-0.25,1999-12-31,,,\n",
    )
    assert types(copied) == {
        "i": "BIGINT",
        "x": "DOUBLE",
        "d": "DATE",
        "t": "TIMESTAMP",
        "b": "BOOLEAN",
        "e": "VARCHAR",
    }
    assert cells(copied) == [
        (-5, 1.5, date(2024, 2, 29), datetime(2024, 2, 29, 23, 59, 59, 500000), True, None),
        (None, 2000.0, None, datetime(2024, 3, 1), False, None),
        (0, -0.25, date(1999, 12, 31), None, None, None),
    ]


def test_inference_looks_at_every_row_of_the_file(root: Path) -> None:
    """A text in row 25,001 of a column of numbers is not found by looking at the first ones."""
    rows = [b"%d,%d,%d" % (n, n, n) for n in range(25_000)]
    copied = copy(root, b"a,b,c\n" + b"\n".join(rows) + b"\n007,1.5,3\n")
    assert types(copied) == {"a": "VARCHAR", "b": "DOUBLE", "c": "BIGINT"}
    assert cells(copied)[-1] == ("007", 1.5, 3)
    with pytest.raises(DataError, match="row 25,001") as caught:
        copy(root, b"a,b,c\n" + b"\n".join(rows) + b"\nx,1,3\n")
    assert str(caught.value).startswith("t.csv:25002: E405")


def test_a_column_that_is_empty_at_first_is_found_further_down(root: Path) -> None:
    body = b"a,b\n" + b"1,\n" * 21_000 + b"1,2024-01-31\n"
    assert types(copy(root, body))["b"] == "DATE"


def test_declared_dates_are_read_in_that_format_alone(root: Path) -> None:
    copied = copy(root, b"a,n\n1/2/2013,20130102\n12/31/2013,20131231\n", dates="%m/%d/%Y")
    assert cells(copied) == [(date(2013, 1, 2), 20130102), (date(2013, 12, 31), 20131231)]
    for body in (b"a\n1/2/2013\n13/31/2013\n", b"a\n1/2/13\n", b"a\n1/2/2013\n2013-12-31\n"):
        with pytest.raises(DataError) as caught:
            copy(root, body, dates="%m/%d/%Y", types=(("a", "DATE"),))
        assert caught.value.code == "E405"


def test_a_date_of_digits_only_is_a_date_where_that_is_declared(root: Path) -> None:
    body = b"a,b\n20130102,20130102\n"
    copied = copy(root, body, dates="%Y%m%d", types=(("a", "DATE"),))
    assert cells(copied) == [(date(2013, 1, 2), 20130102)]


def test_times_with_an_offset_become_the_wall_clock_of_the_zone(root: Path) -> None:
    body = b"a\n2024-01-01T23:30:00Z\n2024-06-01 23:30:00+00:00\n2024-06-01 12:00:00\n"
    berlin = [(datetime(2024, 1, 2, 0, 30),), (datetime(2024, 6, 2, 1, 30),), (datetime(2024, 6, 1, 12),)]
    assert cells(copy(root, body, time_zone="Europe/Berlin")) == berlin
    assert cells(copy(root, body))[0] == (datetime(2024, 1, 1, 23, 30),)


def test_wall_clock_times_that_are_twice_or_never_are_read_as_they_stand(root: Path) -> None:
    """On the day that a zone's clocks go back an hour is there twice; where they go forward, one is not there."""
    body = b"id,a\n1,2024-10-27 02:30:00\n2,2024-10-27 02:30:00\n3,2024-03-31 02:30:00\n4,2024-03-31 03:30:00\n"
    twice, never = datetime(2024, 10, 27, 2, 30), datetime(2024, 3, 31, 2, 30)
    expected = [(1, twice), (2, twice), (3, never), (4, datetime(2024, 3, 31, 3, 30))]
    for zone in ("Europe/Vienna", "Europe/London", "UTC"):
        assert cells(copy(root, body, time_zone=zone)) == expected


def test_neighbouring_keys_that_are_one_number_as_a_double_stay_two(root: Path) -> None:
    keys = [2**53 + 1, 2**53 + 2, 2**62 + 1, -(2**53) - 1]
    body = "id,a\n" + "".join(f"{key},x\n" for key in keys)
    assert [row[0] for row in cells(copy(root, body.encode()))] == keys


def test_finance_exports_are_read_as_declared(root: Path) -> None:
    body = "id;betrag;ort\r\n1;1.234,56;Köln\r\n2;-7,5;Zürich €\r\n3;12.345.678,00;\r\n".encode("cp1252")
    copied = copy(root, body, delimiter=";", decimal=",", encoding="cp1252")
    assert cells(copied) == [(1, 1234.56, "Köln"), (2, -7.5, "Zürich €"), (3, 12345678.0, None)]
    for wrong in (b"a;b\n1234.56;1\n", b"a;b\n1.23;1\n", b"a;b\n0.123;1\n", b"a;b\n1.234.5;1\n"):
        with pytest.raises(DataError):
            copy(root, wrong, delimiter=";", decimal=",", types=(("a", "DOUBLE"),))


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "cp1252", "utf-16"])
def test_encodings_are_honoured(root: Path, encoding: str) -> None:
    assert cells(copy(root, "a,b\n1,é\n2,ÿ\n".encode(encoding), encoding=encoding)) == [(1, "é"), (2, "ÿ")]


def test_only_declared_texts_are_null(root: Path) -> None:
    body = b'a,b\n1,NA\n-,x\n"NA",""\n'
    assert cells(copy(root, body, nulls=("NA", "-"))) == [(1, None), (None, "x"), (None, "")]
    assert cells(copy(root, body))[1] == ("-", "x")
    assert cells(copy(root, b"a,b\nx,\ny,z\n", nulls=())) == [("x", ""), ("y", "z")]


def test_declared_types_win_and_are_strict(root: Path) -> None:
    declared = (("a", "varchar"), ("b", "decimal(10,2)"), ("c", "BOOLEAN"), ("d", "INT"), ("e", "double"))
    copied = copy(root, b"a,b,c,d,e\n12,1.20,Yes,+007,.5\n", types=declared)
    assert types(copied) == {"a": "VARCHAR", "b": "DECIMAL(10,2)", "c": "BOOLEAN", "d": "INTEGER", "e": "DOUBLE"}
    assert [str(cell) for cell in cells(copied)[0]] == ["12", "1.20", "True", "7", "0.5"]
    for column, cell in (
        ("b", b"1.205"),
        ("b", b"1e3"),
        ("c", b"maybe"),
        ("d", b"1.5"),
        ("d", b"1.5e0"),
        ("d", b"3000000000"),
        ("e", b"1e999"),
    ):
        with pytest.raises(DataError) as caught:
            copy(root, column.encode() + b",z\n" + cell + b",z\n", types=((column, dict(declared)[column]),))
        assert str(caught.value).startswith(f"t.csv:2: E405 table t: column {column}, row 1: not a")


def test_held_types_are_kept_and_what_does_not_fit_them_is_refused(root: Path) -> None:
    held = (("a", "VARCHAR"), ("b", "DOUBLE"))
    assert types(copy(root, b"a,b,c\n1,2,3\n", held=held)) == {"a": "VARCHAR", "b": "DOUBLE", "c": "BIGINT"}
    for cell in (b"00123", b"1.5", b"x", b"1,5"):
        with pytest.raises(DataError) as caught:
            copy(root, b"a;b\n1;x\n" + cell + b";y\n", held=(("a", "BIGINT"),), delimiter=";")
        assert caught.value.code == "E405"
        assert "row 2" in caught.value.message
        assert caught.value.hint is not None
    # A declaration frees a column from what an earlier copy found.
    assert cells(copy(root, b"a,b\n00123,x\n", held=(("a", "BIGINT"),), types=(("a", "VARCHAR"),))) == [("00123", "x")]


def test_the_line_of_a_misfit_counts_cells_of_several_lines(root: Path) -> None:
    with pytest.raises(DataError) as caught:
        copy(root, b'a,b\n"x\ny",1\nz,2\nz,q\n', types=(("b", "BIGINT"),))
    assert str(caught.value).startswith("t.csv:5: E405 table t: column b, row 3: not a BIGINT")


def test_equal_input_gives_equal_bytes_in_any_folder(tmp_path: Path) -> None:
    bodies = []
    for name in ("one", "another folder"):
        root = tmp_path / name / "data"
        root.mkdir(parents=True)
        (tmp_path / name / "into").mkdir()
        rows = b"".join(b"%d,%f,t%d,2024-01-%02d\n" % (n, n / 7, n % 100, n % 28 + 1) for n in range(5000))
        bodies.append(copy(root, b"a,b,c,d\n" + rows).path.read_bytes())
    assert bodies[0] == bodies[1]
    assert b"one" not in bodies[0]


def _blocks(body: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, len(body), size):
        yield body[start : start + size]


class _Trickle(io.RawIOBase):
    """A file that gives a few bytes at a time, so that every place of a block's end is tried."""

    def __init__(self, body: bytes, size: int) -> None:
        self._blocks = _blocks(body, size)

    def read(self, size: int = -1, /) -> bytes:
        return next(self._blocks, b"")


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 16])
def test_a_file_reads_the_same_wherever_its_blocks_end(size: int) -> None:
    body = 'a,b\r\n"é""x\r\n",1\r\n,"2"\r\n3,"y\r\n,z"\r\n\r\n'.encode()
    for source in (body, body.replace(b"\r\n", b"\n")):
        target = io.BytesIO()
        dialect = Dialect(path="t.csv", delimiter=",", encoding="utf-8")
        rows = validate.copy_rows(_Trickle(source, size), target, dialect)  # type: ignore[arg-type]
        assert rows.count == 3
        assert target.getvalue().decode() == '"é""x\n",1\n,"2"\n3,"y\n,z"\n'


@pytest.mark.parametrize("size", [1, 4, 5, 8, 9, 10])
def test_a_blank_line_between_rows_is_found_wherever_blocks_end(size: int) -> None:
    dialect = Dialect(path="t.csv", delimiter=",", encoding="utf-8")
    with pytest.raises(DataError, match="a blank line between rows") as caught:
        validate.copy_rows(_Trickle(b"a,b\n1,2\n\n3,4\n", size), io.BytesIO(), dialect)  # type: ignore[arg-type]
    assert str(caught.value.where) == "t.csv:3"


def test_a_row_of_many_lines_is_measured_across_blocks() -> None:
    body = b'a,b\n1,"' + b"x" * 99 + (b"\n" + b"x" * 99) * 12_000 + b'"\n'
    dialect = Dialect(path="t.csv", delimiter=",", encoding="utf-8")
    with pytest.raises(DataError, match="longer than 1 MiB") as caught:
        validate.copy_rows(_Trickle(body, 65_536), io.BytesIO(), dialect)  # type: ignore[arg-type]
    assert caught.value.code == "E402"
    assert str(caught.value.where) == "t.csv:2"


# --- Parquet ---


def test_parquet_keeps_its_types_and_whole_numbers_become_bigint(root: Path) -> None:
    kinds = {
        "i": "INTEGER",
        "n": "BIGINT",
        "x": "DOUBLE",
        "s": "VARCHAR",
        "d": "DATE",
        "t": "TIMESTAMP",
        "m": "DECIMAL(12,2)",
    }
    row = (1, 2, 1.5, "", date(2024, 1, 1), datetime(2024, 1, 1, 12), 7)
    write_table(root, "t", kinds, [row])
    copied = copy(root, None, uses="parquet", path="t.parquet")
    assert types(copied) == {**kinds, "i": "BIGINT"}
    assert cells(copied) == [row]


@pytest.mark.parametrize("damage", ["cut", "head", "pages", "footer", "empty", "text"])
def test_a_damaged_parquet_file_is_refused(root: Path, damage: str) -> None:
    path = write_table(root, "t", {"a": "BIGINT", "b": "VARCHAR"}, [(n, f"row {n}") for n in range(1000)]).path
    body = bytearray(path.read_bytes())
    match damage:
        case "cut":
            body = body[:-20]
        case "head":
            body[0] ^= 0xFF
        case "pages":
            body[4:60] = bytes(56)
        case "footer":
            size = int.from_bytes(body[-8:-4], "little")
            body[-8 - size : -8] = bytes(size)
        case "empty":
            body = bytearray()
        case _:
            body = bytearray(b"a,b\n1,2\n")
    path.write_bytes(bytes(body))
    with pytest.raises(DataError) as caught:
        copy(root, None, uses="parquet", path="t.parquet")
    assert caught.value.code == "E411"


def test_a_parquet_file_whose_pages_cannot_be_unpacked_is_damaged_and_no_error_of_an_expression(root: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    values = [float(row * 7919 % 1000) for row in range(2000)]
    pq.write_table(pa.table({"id": list(range(2000)), "a": values}), root / "t.parquet")
    at = pq.ParquetFile(root / "t.parquet").metadata.row_group(0).column(1).data_page_offset
    body = bytearray((root / "t.parquet").read_bytes())
    body[at + 30 : at + 300] = bytes(270)
    (root / "t.parquet").write_bytes(bytes(body))
    with pytest.raises(DataError, match="the file is damaged: a part of it cannot be read") as caught:
        copy(root, None, uses="parquet", path="t.parquet")
    assert (caught.value.code, caught.value.hint) == ("E411", "write it again")


def test_infinite_numbers_and_lossy_types_are_refused_in_parquet(root: Path) -> None:
    write_table(root, "t", {"a": "DOUBLE", "b": "BIGINT"}, [(1.0, 1), (float("inf"), 2)])
    with pytest.raises(DataError, match="row 2: not a DOUBLE") as caught:
        copy(root, None, uses="parquet", path="t.parquet")
    assert caught.value.code == "E405"
    write_table(root, "t", {"a": "DOUBLE", "b": "BIGINT"}, [(1.0, 1), (1.5, 2)])
    with pytest.raises(DataError, match="row 2: not a BIGINT"):
        copy(root, None, uses="parquet", path="t.parquet", types=(("a", "BIGINT"),))
    assert types(copy(root, None, uses="parquet", path="t.parquet", types=(("b", "VARCHAR"),)))["b"] == "VARCHAR"


@pytest.mark.parametrize("names", [["a b"], ["as_of"], ["a", "A"]])
def test_columns_of_parquet_are_named_as_those_of_csv(root: Path, names: list[str]) -> None:
    write_table(root, "t", dict.fromkeys(names, "BIGINT"), [tuple(range(len(names)))])
    with pytest.raises(DataError) as caught:
        copy(root, None, uses="parquet", path="t.parquet")
    assert caught.value.code == "E403"


def test_types_that_are_not_read_are_named(root: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"a": [1], "tags": [["x"]]}), root / "t.parquet")
    with pytest.raises(DataError, match="column tags has the type VARCHAR") as caught:
        copy(root, None, uses="parquet", path="t.parquet", types=(("tags", "VARCHAR"),))
    assert caught.value.code == "E411"
