"""What `init` finds in a column's text: words for missing, spellings of numbers and dates, and what is ambiguous."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from reconciler.core.onboarding.table_profile import CellNote, ProfileRequest, ReadOption, TableProfile
from reconciler.core.spec.data import CellText, Table
from reconciler.core.spec.environment import Limits
from reconciler.data.csv_files.month_names import NAMES, month_of
from reconciler.data.in_process import LocalData
from reconciler.data.tables.cells.cell_shapes import date_formats, number_shape
from reconciler.data.tables.cells.guess_cells import guess_cells
from reconciler.data.tables.snapshot import look_at_cells
from reconciler.errors import DataError
from reconciler.ports import CopyRequest
from tests.support.invoice_tables import read_rows

LIMITS = Limits(seconds=120, memory=2 * 1024**3)


def profiled(folder: Path, options: tuple[ReadOption, ...] = (), **columns: list[str]) -> TableProfile:
    """The profile of a table with these columns, each repeated to 60 rows, and a key."""
    lines = [";".join(["id", *columns])]
    lines += [";".join([str(row), *(cells[row % len(cells)] for cells in columns.values())]) for row in range(60)]
    (folder / "t.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return profile_of(folder / "t.csv", options)


def profile_of(path: Path, options: tuple[ReadOption, ...] = ()) -> TableProfile:
    into = path.parent / "into"
    into.mkdir(exist_ok=True)
    return LocalData().profile(ProfileRequest(path=path, into=into, limits=LIMITS, options=options))


def rows_of(folder: Path, profile: TableProfile) -> list[dict[str, Any]]:
    """The rows of the copy that `init` declares."""
    again = folder / "again"
    again.mkdir(exist_ok=True)
    tables = (("t", profile.table),)
    (copy,) = LocalData().copy(CopyRequest(root=folder, tables=tables, held=(), into=again, limits=LIMITS))
    return read_rows(copy.path)


def values(folder: Path, profile: TableProfile, column: str, count: int) -> list[Any]:
    """The first values of a column, as the copy that `init` declares has them."""
    return [row[column] for row in rows_of(folder, profile)][:count]


def note_of(profile: TableProfile, column: str) -> CellNote:
    (note,) = (note for note in profile.notes if note.column == column)
    return note


# --- words for missing ---

WORDS = ["NA", "N/A", "n/a", "null", "NULL", "None", "nan", "NaN", "-", "\\N", "#N/A", ".", "?", "(null)", "#DIV/0!"]


AMONG_VALUES: list[tuple[str, str, str, object]] = [
    *((word, "1.5", "DOUBLE", 1.5) for word in WORDS),
    ("NA", "7", "BIGINT", 7),
    ("NULL", "2024-02-02", "DATE", date(2024, 2, 2)),
    ("-", "2024-02-02 10:00:00", "TIMESTAMP", datetime(2024, 2, 2, 10)),
    ("None", "true", "BOOLEAN", True),
]


def test_a_word_among_values_is_missing_and_told_with_its_count(tmp_path: Path) -> None:
    named = {f"x{number}": each for number, each in enumerate(AMONG_VALUES)}
    profile = profiled(tmp_path, **{name: [cell, word, cell] for name, (word, cell, _, _) in named.items()})
    cells, rows = {each.column: each for each in profile.table.cells}, rows_of(tmp_path, profile)
    for name, (word, _, kind, value) in named.items():
        assert cells[name] == CellText(column=name, nulls=(word,))
        assert (profile.column(name).type, profile.column(name).filled) == (kind, 40)
        assert note_of(profile, name).note == f"20 cells are {word}: read as missing"
        assert [row[name] for row in rows[:3]] == [value, None, value]


def test_blanks_and_zero_dates_and_several_words_are_missing(tmp_path: Path) -> None:
    profile = profiled(tmp_path, x=["1", "  ", "NA", "-", ""], d=["2024-02-02", "0000-00-00"])
    assert [set(cells.nulls) for cells in profile.table.cells] == [{"0000-00-00"}, {" ", "NA", "-"}]
    assert values(tmp_path, profile, "x", 5) == [1, None, None, None, None]
    assert (profile.column("d").type, profile.column("d").filled) == ("DATE", 30)


def test_a_column_mostly_missing_is_still_one_of_numbers(tmp_path: Path) -> None:
    profile = profiled(tmp_path, x=["NA"] * 29 + ["1.5"])
    assert (profile.column("x").type, profile.column("x").filled) == ("DOUBLE", 2)


@pytest.mark.soak(every=2)
@pytest.mark.parametrize("word", ["NA", "None", "-", "none"])
def test_a_word_among_texts_that_may_be_a_value_is_one_and_that_is_told(tmp_path: Path, word: str) -> None:
    profile = profiled(tmp_path, country=["DE", word, "FR"])
    assert profile.table.cells == ()
    assert set(profile.column("country").values) == {"DE", word, "FR"}
    note = note_of(profile, "country")
    assert f"20 cells are {word}: kept as a value" in note.note
    assert note.outcome_flags == (f"--nulls country={word}", "--type country=VARCHAR")


@pytest.mark.soak(every=3)
@pytest.mark.parametrize("word", ["\\N", "NULL", "#N/A", "NaN", "n/a", "(null)"])
def test_a_word_among_texts_that_is_no_value_is_missing(tmp_path: Path, word: str) -> None:
    profile = profiled(tmp_path, country=["DE", word, "FR"])
    assert profile.table.cells == (CellText(column="country", nulls=(word,)),)
    assert set(profile.column("country").values) == {"DE", "FR"}


def test_nan_in_parquet_is_missing(tmp_path: Path) -> None:
    number = "CASE WHEN range % 3 = 0 THEN 'nan'::DOUBLE ELSE range / 7 END"
    query = f"SELECT range AS id, {number} AS x, 'NULL' AS t FROM range(60)"
    duckdb.sql(query).write_parquet(str(tmp_path / "t.parquet"))
    profile = profile_of(tmp_path / "t.parquet")
    assert profile.column("x").filled == 40
    assert note_of(profile, "x").note == "20 cells are NaN: read as missing"
    assert values(tmp_path, profile, "x", 2) == [None, 1 / 7]


# --- numbers ---

WHOLE = pytest.param([], marks=pytest.mark.soak(only=True))
"""Without a word for missing, which all of them have in `make test`."""


def every(step: int, rows: list[Any], ids: list[str]) -> list[Any]:
    """Return the rows with their names; all but every n-th are for `make soak` alone."""
    soaked = pytest.mark.soak(only=True)
    return [
        pytest.param(*row, id=name, marks=[soaked] * (number % step > 0))
        for number, (row, name) in enumerate(zip(rows, ids, strict=True))
    ]


NUMBERS = [
    (["62,290.17", "1,000,000", "5.5"], {"grouping": ","}, [62290.17, 1_000_000, 5.5]),
    (["1.234,5", "7,25", "12.345.678"], {"decimal": ","}, [1234.5, 7.25, 12345678]),
    (["1,5E+03", "2,25E-02", "3,0"], {"decimal": ","}, [1500, 0.0225, 3]),
    (["(1,5E+03)", "7,0"], {"decimal": ",", "negative": "brackets"}, [-1500, 7]),
    (["1'234.5", "7"], {"grouping": "'"}, [1234.5, 7]),
    (["1 234,5", "7"], {"grouping": " ", "decimal": ","}, [1234.5, 7]),
    (["1\u00a0234,5", "7"], {"grouping": " ", "decimal": ","}, [1234.5, 7]),
    (["(12.50)", "3"], {"negative": "brackets"}, [-12.5, 3]),
    (["12.50-", "3"], {"negative": "trailing"}, [-12.5, 3]),
    (["12 %", "7.5 %", "0"], {"unit": "%"}, [12, 7.5, 0]),
    (["€ 3", "€ 4.50"], {"unit": "€"}, [3, 4.5]),
    (["EUR 1.234,50", "EUR 7,00"], {"unit": "EUR", "decimal": ","}, [1234.5, 7]),
    (["$1,234.50", "($7.00)"], {"unit": "$", "grouping": ",", "negative": "brackets"}, [1234.5, -7]),
    (["12 kg", "7.5 kg"], {"unit": "kg"}, [12, 7.5]),
]


@pytest.mark.soak(every=2)
@pytest.mark.parametrize(("cells", "declared", "read"), every(2, NUMBERS, [" and ".join(row[0]) for row in NUMBERS]))
@pytest.mark.parametrize("words", [WHOLE, ["NA"]], ids=["whole", "with missing"])
def test_numbers_in_another_spelling_are_numbers_and_what_is_declared_is_told(
    tmp_path: Path, cells: list[str], declared: dict[str, str], read: list[float], words: list[str]
) -> None:
    # The commas of semicolon files are decimal ones, which is not the question here.
    profile = profiled(tmp_path, (ReadOption(field="decimal", column="", value="."),), x=[*cells, *words])
    expected = dict(declared)
    if declared.get("grouping") == "," and "decimal" not in declared:
        expected.pop("grouping")  # that of the table
    assert profile.column("x").type == "DOUBLE"
    assert values(tmp_path, profile, "x", len(read)) == read
    if expected or words:
        assert profile.table.cells == (CellText(column="x", nulls=tuple(words), **expected),)


def test_thousands_are_told_in_a_table_of_commas(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,x\n" + "".join(f'{row},"{row},{row + 100}.5"\n' for row in range(1, 60)))
    profile = profile_of(tmp_path / "t.csv")
    assert profile.table.cells == (CellText(column="x", grouping=","),)
    assert "1,234.5" in note_of(profile, "x").note
    assert values(tmp_path, profile, "x", 1) == [1101.5]


def test_a_comma_that_may_be_one_of_thousands_is_a_question(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,x\n" + "".join(f'{row},"{row},{row + 100}"\n' for row in range(1, 60)))
    note = note_of(profile_of(tmp_path / "t.csv"), "x")
    assert note.flags == ("--decimal x=,", "--decimal x=.")
    for sign, value in ((",", 1.101), (".", 1101)):
        profile = profile_of(tmp_path / "t.csv", (ReadOption(field="decimal", column="x", value=sign),))
        assert values(tmp_path, profile, "x", 1) == [value]
        assert all(not note.flags for note in profile.notes)


@pytest.mark.parametrize(
    "cells",
    [
        ["00123", "00456"],
        ["A12", "A13"],
        ["+43 664 1234567", "+43 664 7654321"],
        ["€ 3", "$ 4"],
        ["12 kg", "7 lb"],
        ["1.2.3", "1.10.0"],
        ["(12.50", "3)"],
        ["10-20", "20-30"],
        ["1,23,456", "1"],
        ["12 %", "7 €"],
    ],
    ids=" and ".join,
)
def test_what_is_no_number_stays_text(cells: list[str]) -> None:
    assert number_shape(cells) is None


# --- dates ---

DATES = [
    (["02-Feb-2024", "31-Dec-1999"], "%d-%b-%Y", date(2024, 2, 2)),
    (["02-FEB-24", "31-DEC-99"], "%d-%b-%y", date(2024, 2, 2)),
    (["2 February 2024", "31 May 2024"], "%d %B %Y", date(2024, 2, 2)),
    (["Feb 2, 2024", "Dec 31, 1999"], "%b %d, %Y", date(2024, 2, 2)),
    (["02FEB2024", "31DEC1999"], "%d%b%Y", date(2024, 2, 2)),
    (["2024-Feb-02", "1999-Dec-31"], "%Y-%b-%d", date(2024, 2, 2)),
    (["02. Mrz. 2024", "03. Mai 2024", "04. Dez. 2024"], "%d. %b %Y", date(2024, 3, 2)),
    (["2. Jänner 2024", "3. März 2024"], "%d. %B %Y", date(2024, 1, 2)),
    (["02.Mrz.2024", "03.Okt.2024"], "%d.%b.%Y", date(2024, 3, 2)),
    (["02-MÄR-24", "03-DEZ-24"], "%d-%b-%y", date(2024, 3, 2)),
    (["2 févr. 2024", "3 mai 2024", "4 août 2024"], "%d %b %Y", date(2024, 2, 2)),
    (["2 fevrier 2024", "3 décembre 2024"], "%d %B %Y", date(2024, 2, 2)),
    (["2 de febrero de 2024", "3 de mayo de 2024"], "%d de %B de %Y", date(2024, 2, 2)),
    (["2 lutego 2024", "3 grudnia 2024"], "%d %B %Y", date(2024, 2, 2)),
    (["02 Sept 2024", "03 Feb 2024"], "%d %b %Y", date(2024, 9, 2)),
    (["Feb. 2, 2024", "May 3, 2024"], "%b %d, %Y", date(2024, 2, 2)),
    (["1.2.2024", "31.12.1999"], "%d.%m.%Y", date(2024, 2, 1)),
    (["2.2.24", "31.12.99"], "%d.%m.%y", date(2024, 2, 2)),
    (["2024/2/2", "1999/12/31"], "%Y/%m/%d", date(2024, 2, 2)),
    (["2024-2-2", "1999-12-31"], "%Y-%m-%d", date(2024, 2, 2)),
    (["2/2/2024 2:30 PM", "12/31/1999 1:00 AM"], "%m/%d/%Y %I:%M %p", datetime(2024, 2, 2, 14, 30)),
    (["02.02.2024 14:30", "31.12.1999 01:00"], "%d.%m.%Y %H:%M", datetime(2024, 2, 2, 14, 30)),
    (["02/02/2024 14:30:05", "31/12/1999 01:00:00"], "%d/%m/%Y %H:%M:%S", datetime(2024, 2, 2, 14, 30, 5)),
    (
        ["02-FEB-24 02.30.00.000000 PM", "31-DEC-99 01.00.00.000000 AM"],
        "%d-%b-%y %I.%M.%S.%f %p",
        datetime(2024, 2, 2, 14, 30),
    ),
]


@pytest.mark.soak(every=2)
@pytest.mark.parametrize(("cells", "written", "first"), every(3, DATES, [row[1] for row in DATES]))
@pytest.mark.parametrize("words", [WHOLE, ["NULL"]], ids=["whole", "with missing"])
def test_dates_in_another_spelling_are_dates(
    tmp_path: Path, cells: list[str], written: str, first: date, words: list[str]
) -> None:
    profile = profiled(tmp_path, d=[*cells, *words])
    assert profile.column("d").dated
    assert profile.table.dates == written
    assert values(tmp_path, profile, "d", 1) == [first]
    assert all(not note.flags for note in profile.notes)


def test_columns_of_several_formats_are_each_read_in_theirs(tmp_path: Path) -> None:
    profile = profiled(tmp_path, a=["31.12.2023"], b=["Dec 31, 2023"], c=["2023-12-31"])
    assert profile.table.dates is None
    assert {cells.column: cells.dates for cells in profile.table.cells} == {"a": "%d.%m.%Y", "b": "%b %d, %Y"}
    assert {profile.column(name).latest for name in "abc"} == {"2023-12-31"}


@pytest.mark.parametrize("language", ["englisch", "deutsch", "français"])
def test_each_month_of_the_year_has_its_name(language: str) -> None:
    names = {
        "englisch": "Jan Feb March Apr May June July Aug Sept Oct November Dec",
        "deutsch": "Jänner Feb März Apr Mai Juni Juli Aug Sept Okt November Dezember",
        "français": "janv févr mars avril mai juin juillet août sept oct nov décembre",
    }[language]
    assert [month_of(name) for name in names.split()] == list(range(1, 13))


def test_no_name_means_two_months() -> None:
    names = [name for line in NAMES for name in line.split()]
    assert len(names) == len(set(names))


def test_days_that_look_like_numbers_are_days_and_that_is_told(tmp_path: Path) -> None:
    profile = profiled(tmp_path, d=["20240131", "19991231"], n=["20240131", "20240132"], e=["20240131", "31"])
    assert {column.name: column.type for column in profile.columns} == {
        "id": "BIGINT",
        "d": "DATE",
        "n": "BIGINT",
        "e": "BIGINT",
    }
    assert values(tmp_path, profile, "d", 1) == [date(2024, 1, 31)]
    assert "--type d=BIGINT" in note_of(profile, "d").note
    assert len(profile.notes) == 1
    number = profiled(tmp_path, (ReadOption(field="types", column="d", value="BIGINT"),), d=["20240131"])
    assert (number.column("d").type, number.notes) == ("BIGINT", ())
    option = ReadOption(field="dates", column="d", value="%d%m%Y")
    assert values(tmp_path, profiled(tmp_path, (option,), d=["31012024"]), "d", 1) == [date(2024, 1, 31)]


@pytest.mark.soak(every=2)
@pytest.mark.parametrize(
    ("cells", "other", "asked"),
    [
        (["950", "1.250"], ["7"], True),
        (["1.250", "12.000"], ["7"], True),
        (["950", "1.250"], ["3.5"], False),
        (["950", "1250"], ["7"], False),
        (["0.250", "1.250"], ["7"], False),
        (["950", "1.25"], ["7"], False),
    ],
    ids=str,
)
def test_a_point_that_may_be_one_of_thousands_is_a_question(
    tmp_path: Path, cells: list[str], other: list[str], asked: bool
) -> None:
    profile = profiled(tmp_path, x=cells, y=other)
    assert [note.flags for note in profile.notes] == [("--decimal x=,", "--decimal x=.")] * asked
    if asked:
        for sign, times in ((".", 1), (",", 1000)):
            read = profiled(tmp_path, (ReadOption(field="decimal", column="x", value=sign),), x=cells, y=other)
            assert values(tmp_path, read, "x", 2) == [float(cell) * (times if "." in cell else 1) for cell in cells]
            assert not any(note.flags for note in read.notes)


def test_three_decimals_between_commas_are_decimals(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,x\n" + "".join(f"{row},{row}.125\n" for row in range(1, 60)))
    assert profile_of(tmp_path / "t.csv").notes == ()


def test_numbers_are_moments_by_their_name_and_size_and_keys_are_whole(tmp_path: Path) -> None:
    seconds, days = [str(1_700_000_000 + 86_400 * n) for n in range(60)], [str(45_000 + n) for n in range(60)]
    options = (ReadOption(field="types", column="seen_at", value="DOUBLE"),)
    columns = {"created": seconds, "sold_on": days, "total": seconds, "day": ["45000", "45001"], "seen_at": seconds}
    keys = {"order_id": [f"{n}.0" for n in range(60)], "lot_id": [f"{n}.5" for n in range(60)]}
    profile = profiled(tmp_path, options, **columns, **keys)
    assert {note.column: note.unread for note in profile.notes} == {"created": True, "sold_on": True, "order_id": False}
    assert "epoch_ms(created * 1000)" in note_of(profile, "created").note
    assert (profile.column("order_id").type, profile.column("lot_id").type) == ("BIGINT", "DOUBLE")


def test_few_times_of_day_are_a_category_and_many_are_told(tmp_path: Path) -> None:
    many = [f"{n % 24}:{n % 60:02d}" for n in range(60)]
    profile = profiled(tmp_path, shift=["06:00", "14:00"], at=many)
    assert [note.column for note in profile.notes if note.unread] == ["at"]


def test_text_that_is_nearly_numbers_says_so(tmp_path: Path) -> None:
    profile = profiled(tmp_path, x=[f"{number} {'kg' if number % 2 else 'lb'}" for number in range(30)])
    assert note_of(profile, "x").unread
    assert "looks like numbers" in note_of(profile, "x").note


@pytest.mark.soak(every=2)
@pytest.mark.parametrize(
    ("cells", "read"),
    [
        (["+48", "-7"], [48, -7]),
        (["+0.5", "-0.25"], [0.5, -0.25]),
        ([" 48", "  7 "], [48, 7]),
        (["48.", "7.5"], [48, 7.5]),
        (["\u22127.5", "3"], [-7.5, 3]),
    ],
    ids=str,
)
def test_signs_and_spaces_beside_numbers_are_no_part_of_them(
    tmp_path: Path, cells: list[str], read: list[float]
) -> None:
    assert values(tmp_path, profiled(tmp_path, x=cells), "x", 2) == read


def test_a_number_to_call_stays_text(tmp_path: Path) -> None:
    assert profiled(tmp_path, x=["+436641234567", "+436647654321"]).column("x").type == "VARCHAR"


def test_numbers_that_no_bigint_holds_are_text_and_that_is_told(tmp_path: Path) -> None:
    query = "SELECT range AS id, (2::UHUGEINT ** 63 + range)::UBIGINT AS h, range::UBIGINT AS n FROM range(60)"
    duckdb.sql(query).write_parquet(str(tmp_path / "t.parquet"))
    profile = profile_of(tmp_path / "t.parquet")
    assert (profile.column("h").type, profile.column("n").type) == ("VARCHAR", "BIGINT")
    assert [note.column for note in profile.notes] == ["h"]
    assert "--type h=DOUBLE" in profile.notes[0].note
    assert values(tmp_path, profile, "h", 1) == [str(2**63)]
    number = profile_of(tmp_path / "t.parquet", (ReadOption(field="types", column="h", value="DOUBLE"),))
    assert (number.column("h").type, number.notes) == ("DOUBLE", ())


@pytest.mark.soak(every=3)
@pytest.mark.parametrize(
    "cells",
    [
        ["01/02/2021", "01/03/2022"],
        ["05-06-2024", "07-08-2024"],
        ["1/2/21", "3/4/22"],
        ["01/02/2021 10:00", "03/04/2021 11:00"],
    ],
    ids=" and ".join,
)
def test_day_and_month_that_nothing_tells_apart_are_a_question_with_its_evidence(
    tmp_path: Path, cells: list[str]
) -> None:
    profile = profiled(tmp_path, d=cells)
    note = note_of(profile, "d")
    assert len(note.flags) == 2
    assert "fits every row too" in note.note
    readings = set()
    for flag in note.flags:
        column, _, written = flag.removeprefix("--dates ").strip("'").partition("=")
        settled = profiled(tmp_path, (ReadOption(field="dates", column=column, value=written),), d=cells)
        assert settled.notes == ()
        readings.add(values(tmp_path, settled, "d", 1)[0])
    assert len(readings) == 2


def test_the_evidence_has_what_each_place_holds(tmp_path: Path) -> None:
    note = note_of(profiled(tmp_path, d=[f"01/{month:02d}/2021" for month in range(1, 13)]), "d")
    assert "the first number is always 1, the second 1 to 12" in note.note


def test_another_column_tells_day_from_month(tmp_path: Path) -> None:
    for other, written in (("25/02/2024", "%d/%m/%Y"), ("02/25/2024", "%m/%d/%Y")):
        profile = profiled(tmp_path, a=["01/02/2021", "03/04/2021"], b=[other])
        assert profile.table.dates == written
        assert note_of(profile, "a").flags == ()
        assert "the other dates" in note_of(profile, "a").note


@pytest.mark.soak(every=2)
@pytest.mark.parametrize(
    "cells",
    [
        ["02. Fantasy 2024", "03. Mai 2024"],
        ["31/12/2024", "12/31/2024"],
        ["2 février 2024", "2 févr 24"],
        ["02/02/2024", "Feb 2, 2024"],
    ],
    ids=" and ".join,
)
def test_dates_that_are_not_read_are_no_category(tmp_path: Path, cells: list[str]) -> None:
    profile = profiled(tmp_path, d=cells)
    assert profile.column("d").type == "VARCHAR"
    assert note_of(profile, "d").unread


def test_a_date_that_is_none_is_named_where_the_others_are(tmp_path: Path) -> None:
    cells = ["02.02.2024"] * 30 + ["31.02.2024"] + ["02.02.2024"] * 29
    with pytest.raises(DataError, match="column d, row 31: not a DATE") as refused:
        profiled(tmp_path, d=cells)
    assert refused.value.hint is not None
    assert "`--nulls d=TEXT`" in refused.value.hint
    assert profiled(tmp_path, (ReadOption(field="nulls", column="d", value="31.02.2024"),), d=cells).column("d").dated
    text = profiled(tmp_path, (ReadOption(field="types", column="d", value="text"),), d=cells)
    assert (text.column("d").type, text.notes) == ("VARCHAR", ())


@pytest.mark.parametrize(
    "cells", [["Main 12"], ["a", "b"], ["12 Monkeys 3"], ["2024"], ["12:30"], ["1.2.3.4"]], ids=" ".join
)
def test_what_does_not_look_like_dates_is_not_taken_for_them(cells: list[str]) -> None:
    assert not date_formats(cells)


def test_what_is_plain_needs_no_declaration_and_no_note(tmp_path: Path) -> None:
    profile = profiled(tmp_path, a=["1", "2"], b=["1.5", ".62"], c=["x", "y"], d=["2024-01-31"], e=["true", "false"])
    assert (profile.table.cells, profile.table.types, profile.table.dates, profile.notes) == ((), (), None, ())


def test_text_in_parquet_is_declared_with_its_type(tmp_path: Path) -> None:
    query = (
        "SELECT range AS id, (range + 1) || ',234.5' AS x, '02-Feb-2024' AS d, 'NA' || (range % 2) AS t FROM range(60)"
    )
    duckdb.sql(query).write_parquet(str(tmp_path / "t.parquet"))
    profile = profile_of(tmp_path / "t.parquet")
    assert dict(profile.table.types) == {"x": "DOUBLE", "d": "DATE"}
    assert values(tmp_path, profile, "x", 1) == [1234.5]
    assert values(tmp_path, profile, "d", 1) == [date(2024, 2, 2)]


@pytest.mark.parametrize("most", [0, 10**9], ids=["from the file", "kept in memory"])
def test_a_large_table_is_looked_at_as_a_small_one_is(tmp_path: Path, most: int) -> None:
    rows = ["x;d;t;z", *(["1.5;02-Feb-2024;a;12 %", "NA;03-Mar-2024;NULL;7 %"] * 20)]
    (tmp_path / "t.csv").write_text("\n".join(rows) + "\n")
    plain = Table(uses="csv", path="t.csv", delimiter=";")
    request = CopyRequest(root=tmp_path, tables=(("t", plain),), held=(), into=tmp_path, limits=LIMITS)
    table, _ = look_at_cells(
        request, lambda session, relation, types: guess_cells(session, relation, types, plain, most_kept=most)
    )
    assert table.dates == "%d-%b-%Y"
    assert table.cells == (
        CellText(column="t", nulls=("NULL",)),
        CellText(column="x", nulls=("NA",)),
        CellText(column="z", unit="%"),
    )
