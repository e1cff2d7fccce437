"""Files as programs write them: encodings, lines above the header, escapes, packed ones. Read, or named."""

from __future__ import annotations

import gzip
import io
import random
import zipfile
from pathlib import Path

import pytest

from reconciler.core.onboarding.table_profile import ProfileRequest, TableProfile
from reconciler.core.spec.data import Table
from reconciler.core.spec.environment import Limits
from reconciler.data.csv_files import encodings
from reconciler.data.csv_files.blocks import read_blocks
from reconciler.data.csv_files.rows import Dialect
from reconciler.data.in_process import LocalData
from reconciler.errors import DataError
from reconciler.ports import CopyRequest
from tests.support.invoice_tables import read_rows

LIMITS = Limits(seconds=60, memory=2 * 1024**3)
ROWS = 60


def body(header: str = "id,x,seg", sign: str = ",", seg: str = "north") -> str:
    generator = random.Random(1)
    lines = [header, *(sign.join((str(n), str(generator.randint(1, 99)), seg)) for n in range(ROWS))]
    return "\n".join(lines) + "\n"


def look(path: Path, *, is_header: bool | None = None, **given: object) -> TableProfile:
    for folder in ("into", "again"):
        (path.parent / folder).mkdir(exist_ok=True)
    said = Table(uses="", path="", **given)  # type: ignore[arg-type]
    request = ProfileRequest(path=path, into=path.parent / "into", limits=LIMITS, given=said, is_header=is_header)
    return LocalData().profile(request)


def rows_of(profile: TableProfile, folder: Path) -> list[dict[str, object]]:
    """Return the rows that the table gives as it is declared by the profile."""
    request = CopyRequest(root=folder, tables=(("t", profile.table),), held=(), into=folder / "again", limits=LIMITS)
    (copied,) = LocalData().copy(request)
    return read_rows(copied.path)


def written(folder: Path, content: bytes | str, name: str = "t.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def refused(path: Path, **given: object) -> DataError:
    with pytest.raises(DataError) as caught:
        look(path, **given)  # type: ignore[arg-type]
    return caught.value


# --- encodings ---

TOLD = {
    "UTF-16 without a mark": ("utf-16-le", "Москва"),
    "UTF-16, the other way round": ("utf-16-be", "north"),
    "UTF-32": ("utf-32", "north"),
    "Windows, Russian": ("cp1251", "Москва"),
    "Windows, Greek": ("cp1253", "Αθήνα"),
    "Windows, Polish": ("cp1250", "Łódź Kraków Gdańsk"),
    "Windows, German": ("cp1252", "Größe"),
    "KOI8": ("koi8-r", "Москва"),
    "DOS, Russian": ("cp866", "Москва"),
}


@pytest.mark.soak(every=2)
@pytest.mark.parametrize(("encoding", "word"), TOLD.values(), ids=list(TOLD))
def test_an_encoding_that_only_one_reading_makes_words_in_is_read_and_told(
    tmp_path: Path, encoding: str, word: str
) -> None:
    path = written(tmp_path, body(header=f"id,x,{word}", seg=word).encode(encoding))
    profile = look(path)
    assert profile.table.encoding in (encoding, "utf-16" if encoding.startswith("utf-16") else encoding)
    assert dict(profile.table.columns).get("column_3", word) == word or not word.isascii()
    assert {row[profile.columns[2].name] for row in rows_of(profile, tmp_path)} == {word}
    guessed = not encoding.startswith("utf")
    assert [encoding in note and word.split(maxsplit=1)[0] in note for note in profile.layout_notes] == [True] * guessed


ASKED = {
    "German of a Mac, or Polish": ("mac-roman", "Müller", "Mźller"),
    "French or Czech": ("cp1252", "très", "trčs"),
    "Turkish or Icelandic": ("cp1254", "şehir", "þehir"),
    "Hebrew or Russian": ("cp1255", "שלום", "щмен"),
    "Chinese": ("gb18030", "北京", "控儔"),
    "Japanese": ("cp932", "東京", "搶嫗"),
    "Korean": ("cp949", "서울", "辑匡"),
}


@pytest.mark.soak(every=3)
@pytest.mark.parametrize(("encoding", "word", "misread"), ASKED.values(), ids=list(ASKED))
def test_an_encoding_that_cannot_be_told_is_asked_for_with_the_words_in_each(
    tmp_path: Path, encoding: str, word: str, misread: str
) -> None:
    path = written(tmp_path, body(seg=word).encode(encoding))
    error = refused(path)
    assert error.code == "E406"
    assert f"{encoding}: {word}" in error.message
    assert misread in error.message
    assert error.hint is not None
    assert "--encoding" in error.hint
    assert {row["seg"] for row in rows_of(look(path, encoding=encoding), tmp_path)} == {word}


def test_signs_alone_are_no_reason_to_ask() -> None:
    for text in ("10 €", "25°C", "“quoted”"):
        assert encodings.guess(text.encode("cp1252"), "t.csv")[0] == "cp1252"


def test_a_declared_table_in_utf_16_without_a_mark_is_told_with_the_declaration(tmp_path: Path) -> None:
    written(tmp_path, body().encode("utf-16-le"))
    (tmp_path / "again").mkdir()
    request = CopyRequest(
        root=tmp_path,
        tables=(("t", Table(uses="csv", path="t.csv")),),
        held=(),
        into=tmp_path / "again",
        limits=LIMITS,
    )
    with pytest.raises(DataError) as caught:
        LocalData().copy(request)
    assert (caught.value.message, caught.value.hint) == (
        "the file is UTF-16-LE, without a mark, and is read as utf-8",
        "declare `encoding: utf-16-le`",
    )


def test_an_unknown_encoding_is_refused_with_those_that_are_known(tmp_path: Path) -> None:
    error = refused(written(tmp_path, body()), encoding="klingon")
    assert (error.code, "cp1251" in (error.hint or "")) == ("E406", True)


# --- what stands above, between and around the rows ---

LAYOUTS = {
    "a title and a blank line": "Sales of 2024\n\n" + body(),
    "a title with delimiters behind": "Sales of 2024,,\n" + body(),
    "a title that has a comma": "Sales, all of them\n" + body(),
    "blank lines first": "\n\n" + body(),
    "four lines of a report": "Report\nCompany: A\nFrom: 1\n\n" + body(),
    "Excel's line": "sep=;\n" + body("id;x;seg", ";"),
    "Excel's line with quotes": '"sep=;"\n' + body("id;x;seg", ";"),
    "blank lines between rows": body().replace("\n10,", "\n\n\n10,"),
    "escapes by backslash": body(seg='"5\\" \\\\ pipe, long"'),
    "tabs below a title": "Sales\n" + body("id\tx\tseg", "\t"),
}


@pytest.mark.soak(every=2)
@pytest.mark.parametrize("content", LAYOUTS.values(), ids=list(LAYOUTS))
def test_a_layout_that_is_plain_is_read_and_told_in_the_declaration(tmp_path: Path, content: str) -> None:
    profile = look(written(tmp_path, content))
    assert [column.name for column in profile.columns] == ["id", "x", "seg"]
    rows = rows_of(profile, tmp_path)
    assert [row["id"] for row in rows] == list(range(ROWS))
    assert {row["seg"] for row in rows} == {'5" \\ pipe, long' if "pipe" in content else "north"}
    assert profile.layout_notes or profile.table.skip == 1


def test_a_line_is_counted_from_the_top_of_the_file_whatever_is_left_out(tmp_path: Path) -> None:
    error = refused(written(tmp_path, "Sales\n\n" + body() + "60,7,north,9\n"))
    assert (error.code, str(error.where)) == ("E402", f"t.csv:{3 + ROWS + 1}")


def test_a_file_without_a_header_is_told_and_read_when_that_is_said(tmp_path: Path) -> None:
    path = written(tmp_path, body().partition("\n")[2])
    error = refused(path)
    assert error.code == "E403"
    assert "looks like a row of data" in error.message
    assert "--no-header" in (error.hint or "")
    profile = look(path, is_header=False)
    assert [column.name for column in profile.columns] == ["column_1", "column_2", "column_3"]
    assert len(rows_of(profile, tmp_path)) == ROWS
    assert len(rows_of(look(path, is_header=True), tmp_path)) == ROWS - 1


@pytest.mark.parametrize("header", ["0,1,2", "2019,2020,2021"])
def test_counted_columns_and_years_are_a_header(tmp_path: Path, header: str) -> None:
    assert look(written(tmp_path, body(header))).rows == ROWS


# --- packed, and other files ---


def test_a_packed_table_is_read_by_its_name_and_refused_when_it_is_cut(tmp_path: Path) -> None:
    packed = gzip.compress(body().encode())
    profile = look(written(tmp_path, packed, "t.csv.gz"))
    assert len(rows_of(profile, tmp_path)) == ROWS
    error = refused(written(tmp_path, packed[:-12], "cut.csv.gz"))
    assert (error.code, error.message) == ("E407", "this is not a whole gzip file")
    assert "ends in .gz" in (refused(written(tmp_path, packed)).hint or "")
    error = refused(written(tmp_path, packed[:-1] + b"!", "changed.csv.gz"))
    assert (error.code, error.message) == ("E407", "this is not a whole gzip file")


def test_text_under_the_name_of_a_packed_file_is_told_from_one_that_was_cut(tmp_path: Path) -> None:
    error = refused(written(tmp_path, body(), "t.csv.gz"))
    assert (error.code, error.message) == ("E407", "this is not the gzip file that its name says")
    assert "without .gz" in (error.hint or "")


def test_no_more_is_unpacked_than_a_table_may_have() -> None:
    packed = io.BytesIO(gzip.compress(b"a,b\n" + b"1,2\n" * 3_000_000))
    dialect = Dialect(path="t.csv.gz", delimiter=",", encoding="utf-8")
    blocks = read_blocks(packed, dialect, most=5 * 1024**2)
    with pytest.raises(DataError) as caught:
        list(blocks)
    assert caught.value.code == "E419"
    assert len(list(read_blocks(io.BytesIO(packed.getvalue()), dialect))) == 3


def zipped(name: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(name, "x")
    return stream.getvalue()


OTHERS = {
    "Excel": (zipped("xl/workbook.xml"), "workbook of Excel (.xlsx)", "CSV UTF-8"),
    "old Excel": (b"\xd0\xcf\x11\xe0" + bytes(600), "workbook of Excel (.xls)", "CSV UTF-8"),
    "zip": (zipped("t.csv"), "zip", "unpack"),
    "JSON": (b'[{"a": 1}]', "JSON", "CSV"),
    "HTML": (b"<!DOCTYPE html><html>", "HTML page", "download"),
    "Feather": (b"ARROW1\0\0", "Arrow (Feather)", "Parquet"),
    "HDF5": (b"\x89HDF\r\n\x1a\n", "HDF5", "Parquet"),
}


@pytest.mark.parametrize(("content", "kind", "remedy"), OTHERS.values(), ids=list(OTHERS))
def test_a_file_of_another_kind_is_named_with_what_to_do(
    tmp_path: Path, content: bytes, kind: str, remedy: str
) -> None:
    error = refused(written(tmp_path, content))
    assert error.code == "E407"
    assert kind in error.message
    assert remedy in (error.hint or "")


def test_a_hint_names_the_option_of_init_that_says_what_a_declaration_would(tmp_path: Path) -> None:
    error = refused(written(tmp_path, 'id,"x\n' + body().partition("\n")[2]))
    assert error.code == "E406"
    assert "--skip" in (error.hint or "")
    assert "`skip`" not in (error.hint or "")
