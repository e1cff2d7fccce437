"""A look at a file that nobody described: how it is written and what its columns hold, so that the copy reads it."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from reconciler.core.onboarding.table_profile import ProfileRequest, TableProfile
from reconciler.core.spec.data import Table
from reconciler.core.spec.environment import Limits
from reconciler.data.in_process import LocalData
from reconciler.errors import DataError
from reconciler.ports import CopyRequest
from tests.support.invoice_tables import read_rows

LIMITS = Limits(seconds=120, memory=2 * 1024**3)


def look(folder: Path, body: bytes | str, name: str = "t.csv") -> TableProfile:
    path = folder / name
    path.write_bytes(body.encode() if isinstance(body, str) else body)
    return look_at(path)


def look_at(path: Path) -> TableProfile:
    into = path.parent / "into"
    into.mkdir(exist_ok=True)
    found = LocalData().profile(ProfileRequest(path=path, into=into, limits=LIMITS))
    again = path.parent / "again"
    again.mkdir(exist_ok=True)
    request = CopyRequest(root=path.parent, tables=(("t", found.table),), held=(), into=again, limits=LIMITS)
    (copied,) = LocalData().copy(request)
    assert copied.rows == found.rows
    assert [one.name for one in copied.columns] == [one.name for one in found.columns]
    return found


def lines(header: str, *rows: str) -> str:
    return "\n".join([header, *rows]) + "\n"


@pytest.mark.soak(every=2)
@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
def test_the_delimiter_is_the_sign_that_parts_the_header(tmp_path: Path, sign: str) -> None:
    found = look(tmp_path, lines(sign.join("abc"), *(sign.join(f"{n}{c}" for c in "xyz") for n in range(30))))
    assert found.table.delimiter == (None if sign == "," else sign)
    assert len(found.columns) == 3


@pytest.mark.soak(every=2)
@pytest.mark.parametrize(
    ("written", "format_"),
    [("01/31/2024", "%m/%d/%Y"), ("31/01/2024", "%d/%m/%Y"), ("31.01.2024", "%d.%m.%Y"), ("2024-01-31", None)],
)
def test_dates_are_read_in_the_one_way_in_which_every_row_is_one(
    tmp_path: Path, written: str, format_: str | None
) -> None:
    found = look(tmp_path, lines("a,day", *(f"{n},{written}" for n in range(30))))
    assert found.table.dates == format_
    assert (found.column("day").type, found.column("day").latest) == ("DATE", "2024-01-31")


def test_what_only_looks_like_dates_stays_text(tmp_path: Path) -> None:
    found = look(tmp_path, lines("a,part", *(f"{n},{n % 60:02d}/{n % 70:02d}/2024" for n in range(90))))
    assert found.column("part").type == "VARCHAR"
    assert ("part", "VARCHAR") in found.table.types


def test_a_file_that_is_no_utf_8_comes_from_windows(tmp_path: Path) -> None:
    found = look(tmp_path, lines("name,n", *(f"Müller {n},{n}" for n in range(30))).encode("cp1252"))
    assert found.table.encoding == "cp1252"
    assert look(tmp_path, lines("a,b", "ü,2").encode("utf-16")).table.encoding == "utf-16"


def test_names_that_expressions_cannot_use_get_others_and_say_what_is_written(tmp_path: Path) -> None:
    found = look(tmp_path, lines("sepal length (cm),2nd,as_of,größe,sepal_length_cm", "1,2,3,4,5", "2,3,4,5,6"))
    assert dict(found.table.columns) == {
        "sepal_length_cm_2": "sepal length (cm)",
        "_2nd": "2nd",
        "as_of_2": "as_of",
        "grosse": "größe",
    }


def test_an_index_without_a_name_as_pandas_writes_it_is_a_column(tmp_path: Path) -> None:
    found = look(tmp_path, lines(",a", *(f"{n},{n}" for n in range(30))))
    assert found.table.columns == (("column_1", ""),)
    assert found.column("column_1").distinct == 30


def test_what_nobody_sees_in_a_header_makes_no_difference(tmp_path: Path) -> None:
    found = look(tmp_path, lines("gro\u0308\u200bße,b", "1,2", "3,4"))
    assert [written for _, written in found.table.columns] == ["größe"]


def test_values_are_told_only_where_they_are_few(tmp_path: Path) -> None:
    found = look(tmp_path, lines("kind,secret", *(f"{'ab'[n % 3 == 0]},s{n}" for n in range(60))))
    assert found.column("kind").values == ("a", "b")
    assert found.column("secret").values == ()
    assert (found.column("secret").filled, found.column("secret").distinct) == (60, 60)


def test_columns_that_tell_each_other_are_twins(tmp_path: Path) -> None:
    rows = (f"{n * 2.5},{n},{'xyz'[n % 3]},{n % 3},{n % 2}" for n in range(90))
    found = look(tmp_path, lines("euro,cent,species,species_id,other", *rows))
    assert set(found.twins) == {("euro", "cent"), ("species", "species_id")}


def test_a_count_of_days_between_two_dates_is_known_as_that(tmp_path: Path) -> None:
    rows = (f"2024-01-{1 + n % 9:02d},2024-02-{1 + n % 17:02d},{31 + n % 17 - n % 9},{n % 7}" for n in range(60))
    found = look(tmp_path, lines("a,b,waited,other", *rows))
    assert [(one.column, one.start, one.end) for one in found.days] == [("waited", "a", "b")]
    gap = next(one for one in found.gaps if one.start == "a")
    assert (gap.forward, gap.over_0, gap.over_10) == (1.0, 1.0, 1.0)


def test_a_parquet_file_is_known_by_its_first_bytes(tmp_path: Path) -> None:
    path = tmp_path / "odd.name"
    duckdb.sql('SELECT range AS "the key", range % 2 = 0 AS even FROM range(50)').write_parquet(str(path))
    found = look_at(path)
    assert found.table.uses == "parquet"
    assert found.table.columns == (("the_key", "the key"),)
    assert found.column("even").values == ("false", "true")


@pytest.mark.parametrize("body", [b"", b"a,b\n", b"\x00\x01\x02\x03", b"PAR1 but not really", b"a,a\n1,2\n"])
def test_a_file_that_is_no_table_is_refused_with_the_reason(tmp_path: Path, body: bytes) -> None:
    with pytest.raises(DataError) as refused:
        look(tmp_path, body)
    assert refused.value.code


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        look_at(tmp_path / "none.csv")


# --- what a look declares, read by the copy ---


def test_a_row_number_counts_in_the_files_order(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(lines("a", *(f"v{n * 37 % 101}" for n in range(101))))
    table = Table(uses="csv", path="t.csv", row_number="n", delimiter=",")
    (tmp_path / "into").mkdir()
    request = CopyRequest(root=tmp_path, tables=(("t", table),), held=(), into=tmp_path / "into", limits=LIMITS)
    (copied,) = LocalData().copy(request)
    rows = read_rows(copied.path)
    assert [(row["n"], row["a"]) for row in rows] == [(n + 1, f"v{n * 37 % 101}") for n in range(101)]


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"row_number": "A"}, "rowNumber: A"),
        ({"columns": (("x", "not there"),)}, "not there"),
        ({"columns": (("b", "a"),)}, "the same name"),
    ],
    ids=["the number's name is taken", "no such column", "the new name is taken"],
)
def test_a_declaration_that_does_not_fit_the_file_is_refused(
    tmp_path: Path, more: dict[str, object], says: str
) -> None:
    (tmp_path / "t.csv").write_text("a,b\n1,2\n")
    table = Table(**{"uses": "csv", "path": "t.csv", **more})  # type: ignore[arg-type]
    (tmp_path / "into").mkdir()
    request = CopyRequest(root=tmp_path, tables=(("t", table),), held=(), into=tmp_path / "into", limits=LIMITS)
    with pytest.raises(DataError, match=says):
        LocalData().copy(request)


def test_a_parquet_column_that_nobody_could_use_is_left_out_and_told_and_an_identifier_is_text(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    duckdb.sql(
        "SELECT range AS id, range % 3 AS y, [1, 2] AS tags, {'a': 1} AS pair, uuid() AS ref, INTERVAL 1 DAY AS term"
        " FROM range(30) UNION ALL SELECT 30, NULL, NULL, NULL, NULL, NULL ORDER BY 1"
    ).write_parquet(str(path))
    found = look_at(path)
    assert {column.name: column.type for column in found.columns} == {"id": "BIGINT", "y": "BIGINT", "ref": "VARCHAR"}
    (note,) = found.layout_notes
    assert note.startswith("not copied, since their types are no text, number, date, time or boolean: tags (INTEGER[])")
    assert all(name in note for name in ("pair", "term"))
    assert all(len(row["ref"]) == 36 for row in read_rows(tmp_path / "again" / "t.parquet") if row["ref"] is not None)
    declared = Table(uses="parquet", path="t.parquet", types=(("tags", "VARCHAR"),))
    request = CopyRequest(root=tmp_path, tables=(("t", declared),), held=(), into=tmp_path / "again", limits=LIMITS)
    with pytest.raises(DataError, match="column tags has the type INTEGER") as caught:
        LocalData().copy(request)
    assert caught.value.code == "E411"


@pytest.mark.soak(every=2)
@pytest.mark.parametrize(
    ("last", "is_total"),
    [(",75", True), ("100,75", False), (",74", False), (",0", False)],
    ids=["a sum without a key", "a row with a key", "another number", "nothing"],
)
def test_a_last_row_that_sums_up_the_others_is_no_row(tmp_path: Path, last: str, is_total: bool) -> None:
    body = lines("id,units", *(f"{n},{n % 5 + 1}" for n in range(25)), last)
    if not is_total:
        assert look(tmp_path, body).rows == 26
        return
    with pytest.raises(DataError, match="the last row is a total: its units is the sum of all rows above") as told:
        look(tmp_path, body)
    assert told.value.code == "E402"


@pytest.mark.soak(every=2)
@pytest.mark.parametrize("rows", [60, 199, 200, 201, 300])
def test_escapes_are_told_also_where_the_sample_ends_within_a_cell_of_several_lines(tmp_path: Path, rows: int) -> None:
    body = lines("id,note", *(f'{n},"a \\"b\\"\nc, d\n{n}"' for n in range(rows)))
    found = look(tmp_path, body)
    assert (found.table.escape, found.rows) == ("\\", rows)
