"""A real PostgreSQL as the place of production's tables: what arrives, as of one moment, and what is told when not."""

from __future__ import annotations

import datetime
import threading
import time
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any, cast

import pytest

from reconciler import plugins
from reconciler.core.spec.data import CellText, Table
from reconciler.errors import DataError, RefusedTablesError
from reconciler.ports import Secret, SourceAccess, TableFiles
from tests.sources.copying import URL, copied, rows, types
from tests.support import effort
from tests.support.one_bad_row import BAD, CHECKS, ROWS, SECRET
from tests.support.postgres import PASSWORD, Postgres

pytestmark = pytest.mark.needs("postgres")

VALUES = """
DROP TABLE IF EXISTS kinds;
CREATE TABLE kinds (
  small int2, whole int8, money_ money, price numeric(12, 2), scaled numeric(3, 5), coarse numeric(4, -2),
  free numeric, wide numeric(60, 5), real_ float8, words text, padded char(5), flag bool, day date, moment timestamp,
  zoned timestamptz, tags text[], raw bytea, span interval, id uuid, doc jsonb, address inet, clock time);
INSERT INTO kinds VALUES (
  1, 9007199254740993, 1.50, 1234567.89, 0.00123, 1234, 1.5, 12345678901234567890123456789012345678901.5, 0.1, ' ä,"',
  'ab', true, '2024-02-29', '2024-02-29 23:59:59.123456', '2024-07-01 00:30:00+02', '{a,b}', '\\x00', '1 day',
  '6f9619ff-8b86-d011-b42d-00cf4fc964ff', '{"a": 1}', '10.0.0.1', '01:02:03');
INSERT INTO kinds DEFAULT VALUES
"""


def of(**said: object) -> Table:
    return Table(uses="postgres", url=URL, **said)  # type: ignore[arg-type]


def test_values_arrive_by_the_stated_rules(database: Postgres, tmp_path: Path) -> None:
    database.run(*VALUES.split(";"))
    table = of(table="kinds", time_zone="Europe/Vienna")
    copy = copied(tmp_path, {"kinds": table}, url=database.url())["kinds"]
    first, second = rows(copy)
    values = dict(zip(types(copy), first, strict=True))
    assert types(copy) | values == values
    assert {name: kind for name, kind in types(copy).items() if kind != "VARCHAR"} == {
        "small": "BIGINT",
        "whole": "BIGINT",
        "price": "DECIMAL(12,2)",
        "scaled": "DECIMAL(5,5)",
        "coarse": "DECIMAL(6,0)",
        "free": "DOUBLE",
        "real_": "DOUBLE",
        "flag": "BOOLEAN",
        "day": "DATE",
        "moment": "TIMESTAMP",
        "zoned": "TIMESTAMP",
    }
    assert values["whole"] == 2**53 + 1
    assert (values["price"], values["scaled"], values["coarse"]) == (
        Decimal("1234567.89"),
        Decimal("0.00123"),
        Decimal(1200),
    )
    assert values["wide"] == "12345678901234567890123456789012345678901.50000"
    assert (values["words"], values["padded"]) == (' ä,"', "ab")
    assert values["moment"] == datetime.datetime(2024, 2, 29, 23, 59, 59, 123456)
    assert values["zoned"] == datetime.datetime(2024, 7, 1, 0, 30), "the wall clock of the table's time zone"
    assert values["id"] == "6f9619ff-8b86-d011-b42d-00cf4fc964ff"
    assert not {"tags", "raw", "span"} & set(values), "arrays, bytes and intervals are not copied"
    assert set(second) == {None}, "NULL stays NULL"


@pytest.mark.parametrize(
    ("query", "kind"),
    [
        ("SELECT 'NaN'::numeric(5, 2)", "DECIMAL"),
        ("SELECT 'infinity'::date", "DATE"),
        ("SELECT '-infinity'::timestamptz", "TIMESTAMP"),
        ("SELECT 'NaN'::float8", "DOUBLE"),
    ],
)
def test_what_is_no_number_and_no_day_is_told_and_not_guessed(
    database: Postgres, tmp_path: Path, query: str, kind: str
) -> None:
    with pytest.raises(DataError) as caught:
        copied(tmp_path, {"odd": of(query=f"{query} AS odd")}, url=database.url())
    assert caught.value.code == "E405"
    assert f"column odd, row 1: not a {kind}" in caught.value.message


def test_decimal_numbers_lose_no_digit_on_the_way(database: Postgres, tmp_path: Path) -> None:
    """Those of up to 15 digits arrive as floating point; what has more, as text."""
    random = Random(7)
    kinds = [(15, 2), (15, 15), (15, 0), (15, -3), (16, 2), (5, 4)]
    numbers = [
        [
            Decimal(random.choice([10**digits - 1, random.randrange(10**digits)])).scaleb(-scale)
            for digits, scale in kinds
        ]
        for _ in range(1_000)
    ]
    signed = [[number.copy_sign(random.choice([1, -1])) for number in row] for row in numbers]
    values = ", ".join(f"({', '.join(f'{number:f}' for number in row)})" for row in signed)
    names = [f"n{place}" for place in range(len(kinds))]
    items = ", ".join(f"{name}::numeric({d}, {s})" for name, (d, s) in zip(names, kinds, strict=True))
    query = f"SELECT {items} FROM (VALUES {values}) AS t({', '.join(names)})"
    copy = copied(tmp_path, {"t": of(query=query)}, url=database.url())["t"]
    assert list(types(copy).values()) == [f"DECIMAL({max(d, d - s)},{max(s, 0)})" for d, s in kinds]
    assert [list(row) for row in rows(copy)] == signed


@pytest.mark.parametrize(
    ("said", "held", "read"),
    [
        ({}, {"x": "VARCHAR"}, ["12.50", "nan", None, "0.00"]),
        ({"types": (("x", "VARCHAR"),)}, {}, ["12.50", "nan", None, "0.00"]),
        ({"nulls": ("nan", "0.00")}, {}, [Decimal("12.50"), None, None, None]),
        (
            {"cells": (CellText(column="y", nulls=("nan", "0.00")),), "columns": (("y", "x"),)},
            {},
            ["12.50", None, None, None],
        ),
    ],
)
def test_numbers_are_read_as_the_texts_that_are_declared(
    database: Postgres, tmp_path: Path, said: dict[str, Any], held: dict[str, str], read: list[object]
) -> None:
    query = "SELECT x::numeric(5, 2) FROM (VALUES (12.5), ('NaN'), (NULL), (0)) AS t(x)"
    copy = copied(tmp_path, {"t": of(query=query, **said)}, url=database.url(), held={"t": held})["t"]
    assert [str(row[0]) if isinstance(read[0], str) and row[0] is not None else row[0] for row in rows(copy)] == read


def test_a_type_that_was_held_is_held_to(database: Postgres, tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        copied(tmp_path, {"t": of(query="SELECT 1.5::numeric AS x")}, url=database.url(), held={"t": {"x": "BIGINT"}})
    assert caught.value.code == "E405"


@pytest.mark.soak(every=3)
@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"table": "nowhere"}, "E401"),
        ({"query": "SELEC 1"}, "E434"),
        ({"query": "SELECT 1 / 0 AS x"}, "E434"),
        ({"query": "DELETE FROM kept RETURNING *"}, "E434"),
        ({"query": "SELECT 1 AS x; DROP TABLE kept"}, "E434"),
        ({"query": "SELECT 1) AS a, (DELETE FROM kept RETURNING *"}, "E434"),
        ({"query": "SELECT nextval('counter') AS x"}, "E434"),
        ({"query": "SELECT 1 AS x WHERE false"}, "E401"),
        ({"query": "SELECT 1 AS x, 2 AS x"}, "E403"),
        ({"query": "SELECT ARRAY[1] AS x"}, "E411"),
        ({"table": "secret"}, "E432"),
    ],
)
def test_what_cannot_be_read_is_told_and_nothing_is_written(
    database: Postgres, tmp_path: Path, said: dict[str, str], code: str
) -> None:
    database.run(
        *("DROP TABLE IF EXISTS kept, secret", "CREATE TABLE kept AS SELECT 1 AS x", "CREATE TABLE secret (x int)"),
        "CREATE SEQUENCE IF NOT EXISTS counter",
        "DO $$BEGIN CREATE ROLE reader LOGIN PASSWORD 'r'; EXCEPTION WHEN duplicate_object THEN NULL; END$$",
        "GRANT SELECT ON kept TO reader",
    )
    url = database.url() if code != "E432" else database.url(user="reader", password="r")
    with pytest.raises(DataError) as caught:
        copied(tmp_path, {"t": of(**said)}, url=url)
    assert caught.value.code == code, caught.value
    assert caught.value.hint
    with database.connected() as cursor:
        cursor.execute("SELECT count(*) FROM kept")
        assert cursor.fetchone() == (1,)


@pytest.mark.parametrize("wrong", ["password", "user", "database", "port", "address"])
def test_a_login_that_fails_tells_neither_address_nor_password(database: Postgres, tmp_path: Path, wrong: str) -> None:
    secret = "canary-of-a-wrong-one"
    url = {
        "password": database.url(password=secret),
        "user": database.url(user=secret),
        "database": database.url(database=secret),
        "port": f"postgresql://owner:{secret}@127.0.0.1:1/postgres",
        "address": f"mysql://owner:{secret}@127.0.0.1/postgres",
    }[wrong]
    with pytest.raises(DataError) as caught:
        copied(tmp_path, {"t": of(query="SELECT 1 AS x")}, url=url)
    error = caught.value
    expected = {"password": "E432", "user": "E432", "database": "E431", "port": "E431", "address": "E433"}
    assert error.code == expected[wrong]
    told = f"{error} {error.hint} {error.where} {error.__cause__} {error.__context__}"
    assert secret not in told
    assert PASSWORD not in told
    assert "127.0.0.1" not in told


def test_a_server_elsewhere_must_offer_encryption() -> None:
    from reconciler.adapters.sources.postgres import _is_here

    assert _is_here("postgresql://u:p@127.0.0.1:5432/db")
    assert _is_here("postgresql:///db?host=/var/run/postgresql")
    assert _is_here("host=localhost dbname=db")
    assert not _is_here("postgresql://u:p@erp.example.com/db")
    assert not _is_here("postgresql://u:p@localhost,erp.example.com/db")
    assert not _is_here("host=localhost hostaddr=10.0.0.1")


def test_a_connection_that_is_lost_half_way_leaves_no_copy(database: Postgres, tmp_path: Path) -> None:
    many = of(query="SELECT n, repeat('x', 100) AS words FROM generate_series(1, 300000) AS n")
    access = SourceAccess(
        tables=(("many", many),),
        root=tmp_path,
        scratch=tmp_path / "scratch",
        secrets=(Secret(reference=URL, value=database.url()),),
    )
    with closing(plugins.source(access)) as source, source.read("many") as read:
        assert not isinstance(read, TableFiles)
        stream = iter(cast("Any", read.stream()))
        assert next(stream).num_rows > 0
        database.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'reconciler'")
        with pytest.raises(DataError) as caught:
            for _ in stream:
                pass
    assert caught.value.code == "E431"
    assert "went away" in caught.value.message


def test_one_bad_row_among_a_hundred_thousand_is_told_and_no_value(database: Postgres, tmp_path: Path) -> None:
    literals = {column: f"'{value}'" if value else "NULL" for _, column, value, _ in BAD.values()}
    wrong = {column: f"CASE n WHEN {row} THEN {literals[column]} ELSE" for row, column, *_ in BAD.values()}
    columns = (
        f"({wrong['id']} n END)::bigint AS id",
        f"({wrong['customer']} n % 100 END)::bigint AS customer",
        f"{wrong['country']} (ARRAY['FR', 'US', 'DE'])[1 + n % 3] END AS country",
        f"({wrong['amount']} n % 997 + 0.25 END)::float8 AS amount",
        f"({wrong['day']} date '2026-01-01' + n % 300 END)::date AS day",
    )
    tables = {
        "customers": of(query="SELECT n::bigint AS customer FROM generate_series(0, 99) AS n"),
        "invoices": of(query=f"SELECT {', '.join(columns)} FROM generate_series(1, {ROWS}) AS n"),
    }
    with pytest.raises(RefusedTablesError) as refused:
        copied(tmp_path, tables, url=database.url(), checks=CHECKS)
    told = [f"{text}; the first is row {row:,}, the query to {URL}" for row, _, _, text in BAD.values()]
    assert sorted(map(str, refused.value.problems)) == sorted(told)
    assert SECRET not in f"{refused.value} {refused.value.problems}"


WRITER = """
DO $$
DECLARE n int := 0;
BEGIN
  LOOP
    n := n + 1;
    INSERT INTO customers VALUES (n);
    INSERT INTO invoices VALUES (n, n);
    INSERT INTO payments VALUES (n, n);
    COMMIT;
    IF n > 200 THEN
      DELETE FROM payments WHERE invoice = n - 200;
      DELETE FROM invoices WHERE id = n - 200;
      DELETE FROM customers WHERE id = n - 200;
      COMMIT;
    END IF;
    EXIT WHEN EXISTS (SELECT FROM stop);
  END LOOP;
END$$
"""
SCHEMA = (
    "DROP TABLE IF EXISTS payments, invoices, customers, stop",
    "CREATE TABLE customers (id int)",
    "CREATE TABLE invoices (id int, customer int)",
    "CREATE TABLE payments (id int, invoice int)",
    "CREATE TABLE stop (x int)",
)


@pytest.mark.soak
def test_references_hold_in_every_copy_while_others_write(database: Postgres, tmp_path: Path) -> None:
    database.run(*SCHEMA)
    failed: list[BaseException] = []

    def write() -> None:
        try:
            database.run(WRITER)
        except BaseException as error:  # noqa: BLE001 (told below)
            failed.append(error)

    writer = threading.Thread(target=write)
    writer.start()
    tables = {name: of(table=name) for name in ("payments", "customers", "invoices")}
    newest, during, began, number = [], 0, time.monotonic(), 0
    try:
        for number in range(effort.count("COPIES")):
            root = tmp_path / str(number)
            root.mkdir()
            while (before := _written(database)) < 1_000 * (number + 1):
                assert not failed
            copies = {name: rows(copy) for name, copy in copied(root, tables, url=database.url()).items()}
            customers, invoices = ({row[0] for row in copies[name]} for name in ("customers", "invoices"))
            assert {customer for _, customer in copies["invoices"]} <= customers
            assert {invoice for _, invoice in copies["payments"]} <= invoices
            assert {invoice for invoice, _ in copies["invoices"]} == {invoice for _, invoice in copies["payments"]}
            newest.append(max(customers))
            during += _written(database) - before
        written, seconds = _written(database), time.monotonic() - began
    finally:
        database.run("INSERT INTO stop VALUES (1)")
        writer.join()
    assert not failed
    assert newest == sorted(newest)
    assert len(set(newest)) == len(newest), "it was written to between any two copies"
    print(
        f"{written:,} rows written, {during:,} of them while {number + 1} copies ran; {written / seconds:,.0f} a second"
    )
    assert written >= 1_000 * effort.count("COPIES")
    assert during >= 100 * effort.count("COPIES"), "and while they ran"


def _written(database: Postgres) -> int:
    """How many rows were inserted and deleted."""
    with database.connected() as cursor:
        cursor.execute("SELECT coalesce(3 * max(id) + 3 * greatest(max(id) - 200, 0), 0) FROM payments")
        return int(cursor.fetchone()[0])
