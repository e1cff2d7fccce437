"""Any database of SQLAlchemy's, here SQLite."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from reconciler.adapters.sources.sql import _kind, _text
from reconciler.core.spec.data import Table
from reconciler.errors import DataError
from tests.sources.copying import URL, copied, rows, types

pytest.importorskip("sqlalchemy")


@pytest.fixture
def url(tmp_path: Path) -> str:
    with sqlite3.connect(tmp_path / "books.db") as connection:
        connection.execute("CREATE TABLE kinds (whole INTEGER, part REAL, mixed, words TEXT, day TEXT, raw BLOB, none)")
        values = [(n, n / 4, n if n % 2 else "a", f"0{n}", "2024-02-29", b"x", None) for n in range(25_000)]
        connection.executemany("INSERT INTO kinds VALUES (?, ?, ?, ?, ?, ?, ?)", values)
    connection.close()
    return f"sqlite:///{tmp_path / 'books.db'}"


def of(**said: object) -> Table:
    return Table(uses="sql", url=URL, **said)  # type: ignore[arg-type]


def test_values_arrive_by_the_stated_rules(url: str, tmp_path: Path) -> None:
    copy = copied(tmp_path, {"kinds": of(table="kinds", types=(("day", "DATE"),))}, url=url)["kinds"]
    assert types(copy) == {
        "whole": "BIGINT",
        "part": "DOUBLE",
        "mixed": "VARCHAR",
        "words": "VARCHAR",
        "day": "DATE",
        "none": "VARCHAR",
    }
    assert copy.rows == 25_000
    assert [row[:4] for row in rows(copy)[:2]] == [(0, 0.0, "a", "00"), (1, 0.25, "1", "01")]


def test_a_query_may_hold_colons_and_percent_signs(url: str, tmp_path: Path) -> None:
    copy = copied(tmp_path, {"t": of(query="SELECT '12:30 %s' AS words FROM kinds LIMIT 1")}, url=url)["t"]
    assert rows(copy) == [("12:30 %s",)]


@pytest.mark.parametrize(
    ("said", "address", "code"),
    [
        ({"table": "nowhere"}, None, "E401"),
        ({"query": "SELEC 1"}, None, "E434"),
        ({"query": "DELETE FROM kinds"}, None, "E434"),
        ({"query": "SELECT raw FROM kinds"}, None, "E411"),
        ({"query": "SELECT whole FROM kinds WHERE false"}, None, "E401"),
        ({"table": "kinds"}, "sqlite:////nowhere/canary.db", "E431"),
        ({"table": "kinds"}, "nodialect://u:canary@h/d", "E610"),
        ({"table": "kinds"}, "canary", "E433"),
    ],
)
def test_what_cannot_be_read_is_told_without_the_address(
    url: str, tmp_path: Path, said: dict[str, str], address: str | None, code: str
) -> None:
    with pytest.raises(DataError) as caught:
        copied(tmp_path, {"t": of(**said)}, url=address or url)
    error = caught.value
    assert error.code == code, error
    assert error.hint
    assert "canary" not in f"{error} {error.hint} {error.__context__}"
    assert not Path("/nowhere").exists()


def test_a_column_has_the_type_that_all_its_values_have() -> None:
    import datetime
    from decimal import Decimal

    assert _kind({int}, None) == "BIGINT"
    assert _kind({int, float}, None) == "DOUBLE"
    assert _kind({Decimal}, "DECIMAL(10,2)") == "DECIMAL(10,2)"
    assert _kind({Decimal}, None) is None, "inferred from all values"
    assert _kind({bool}, None) == "BOOLEAN"
    assert _kind({bool, int}, None) == "VARCHAR"
    assert _kind({datetime.date, datetime.datetime}, None) == "TIMESTAMP"
    assert _kind({str, int}, None) == "VARCHAR"
    assert _kind({bytes, str}, None) == "BLOB"
    zoned = datetime.datetime(2024, 7, 1, 0, 30, tzinfo=datetime.timezone(datetime.timedelta(hours=2)))
    assert _text(zoned) == "2024-06-30 22:30:00+00:00"
    assert _text(Decimal("1E+3")) == "1000"
