"""Predictions go into a table of a database, all or none, in the place of those of the same day."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reconciler.core.spec.data import Table
from reconciler.core.spec.environment import Limits
from reconciler.data.write_back import write_back
from reconciler.errors import DataError
from reconciler.ports import Secret, WriteBackRequest
from tests.support.postgres import PASSWORD, Postgres

URL = "env:OUT_URL"


@dataclass(frozen=True)
class Place:
    """A database, and how it is looked into."""

    uses: str
    url: str
    table: str
    run: Callable[..., list[tuple[Any, ...]]]


@pytest.fixture(params=["sql", pytest.param("postgres", marks=pytest.mark.needs("postgres"))])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    if request.param == "sql":
        path = tmp_path / "out.db"
        connection = sqlite3.connect(path)
        yield Place("sql", f"sqlite:///{path}", "forecast", lambda text: connection.execute(text).fetchall())
        connection.close()
        return
    server: Postgres = request.getfixturevalue("database")
    server.run("DROP SCHEMA IF EXISTS ar CASCADE", "CREATE SCHEMA ar")

    def run(text: str) -> list[tuple[Any, ...]]:
        with server.connected() as cursor:
            cursor.execute(text)
            return cursor.fetchall() if text.startswith("SELECT") else []

    yield Place("postgres", server.url(), "ar.forecast", run)


def write(
    place: Place,
    folder: Path,
    *,
    keys: tuple[str, ...] = ("a", "b"),
    day: str = "2026-01-31",
    log: int = 0,
    **given: Any,
) -> None:
    """Write predictions of these keys."""
    into = folder / f"{day}-{log}-{threading.get_ident()}"
    into.mkdir(exist_ok=True)
    rows = {"invoice id": list(keys), "predicted": ["late"] * len(keys), "p_sehr spät": [0.123456789] * len(keys)}
    pq.write_table(pa.table({**rows, **given.pop("more", {})}), into / "rows.parquet")
    table = Table(uses=place.uses, url=URL, table=given.pop("table", place.table))
    write_back(
        WriteBackRequest(
            name="forecast",
            table=table,
            rows=into / "rows.parquet",
            own=(("environment", "production"), ("model", given.pop("model", "lateness")), ("as_of", day)),
            artifact="sha256:1",
            log=log,
            into=into,
            limits=Limits(),
            secrets=(Secret(reference=URL, value=given.pop("url", place.url)),),
        )
    )


def held(place: Place, what: str = '"invoice id", log', order: str = "1, 2") -> list[tuple[Any, ...]]:
    return place.run(f"SELECT {what} FROM {place.table} ORDER BY {order}")


def test_a_table_is_made_and_a_second_run_of_the_day_takes_the_place_of_the_first(place: Place, tmp_path: Path) -> None:
    write(place, tmp_path)
    [row] = place.run(f"SELECT * FROM {place.table} WHERE \"invoice id\" = 'a'")
    assert row[:2] == ("production", "lateness")
    assert str(row[2]) == "2026-01-31"
    assert row[3:] == ("sha256:1", 0, "a", "late", 0.123456789)
    write(place, tmp_path, day="2026-02-01", log=1)
    write(place, tmp_path, model="other", log=7)
    write(place, tmp_path, keys=("b", "c"), log=2)
    assert held(place) == [("a", 1), ("a", 7), ("b", 1), ("b", 2), ("b", 7), ("c", 2)]
    write(place, tmp_path, keys=(), log=3)
    assert held(place) == [("a", 1), ("a", 7), ("b", 1), ("b", 7)], "a run without open records leaves none"


def test_a_table_of_the_database_keeps_its_types_and_further_columns(place: Place, tmp_path: Path) -> None:
    place.run(
        f"CREATE TABLE {place.table} (note varchar(9) DEFAULT 'x', environment varchar(40), model varchar(40), "
        'as_of date, artifact varchar(99), log integer, "invoice id" varchar(9), predicted varchar(9), '
        '"p_sehr spät" numeric(6, 4))'
    )
    write(place, tmp_path)
    write(place, tmp_path, log=1)
    [(note, day, share), _] = held(place, 'note, as_of, "p_sehr spät"')
    assert (note, str(day)) == ("x", "2026-01-31")
    assert float(share) == pytest.approx(0.1235, abs=1e-4)


def test_what_cannot_be_written_leaves_the_table_as_it_was_and_tells_no_value(place: Place, tmp_path: Path) -> None:
    place.run(
        f"CREATE TABLE {place.table} (environment text, model text, as_of date, artifact text, log integer, "
        '"invoice id" text CHECK ("invoice id" <> \'canary\'), predicted text, "p_sehr spät" float)'
    )
    write(place, tmp_path)
    before = held(place)
    with pytest.raises(DataError) as refused:
        write(place, tmp_path, keys=("a", "canary"), log=1)
    assert (refused.value.code, "canary" in str(refused.value)) == ("E435", False)
    with pytest.raises(DataError, match="it has no column factor_1") as missing:
        write(place, tmp_path, log=1, more={"factor_1": ["x", "y"]})
    assert missing.value.code == "E435"
    assert held(place) == before


def test_a_place_that_cannot_be_reached_or_does_not_exist_is_told_without_its_address(
    place: Place, tmp_path: Path
) -> None:
    with pytest.raises(DataError) as unset:
        write(place, tmp_path, url="nonsense")
    assert unset.value.code == "E433"
    away = f"sqlite:///{tmp_path}/none/secret.db" if place.uses == "sql" else place.url.replace(PASSWORD, "secret")
    with pytest.raises(DataError) as gone:
        write(place, tmp_path, url=away)
    assert gone.value.code in ("E431", "E432")
    assert "secret" not in f"{gone.value} {gone.value.hint}"
    with pytest.raises(DataError) as schema:
        write(place, tmp_path, table="nowhere.forecast")
    assert schema.value.code in ("E401", "E431", "E435")


def test_of_two_runs_at_once_the_table_holds_one(place: Place, tmp_path: Path) -> None:
    write(place, tmp_path, day="2026-01-01")
    problems: list[DataError] = []

    def run(log: int) -> None:
        try:
            write(place, tmp_path, keys=tuple(f"{key:04d}" for key in range(2000)), log=log)
        except DataError as error:
            problems.append(error)

    threads = [threading.Thread(target=run, args=(log,)) for log in (1, 2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(problems) < 3
    assert {error.code for error in problems} <= {"E431"}, "locked: run it again"
    logs = {log for _, log in held(place) if log}
    assert len(logs) == 1
    assert len(held(place)) == 2002


@pytest.mark.needs("postgres")
def test_a_connection_that_is_lost_leaves_nothing_half(database: Postgres, tmp_path: Path) -> None:
    place = Place("postgres", database.url(), "ar.forecast", lambda text: [])
    database.run(
        "DROP SCHEMA IF EXISTS ar CASCADE",
        "CREATE SCHEMA ar",
        "CREATE TABLE ar.forecast (environment text, model text, as_of date, artifact text, log integer, "
        '"invoice id" text, predicted text, "p_sehr spät" float)',
    )
    write(place, tmp_path)
    database.run(
        "CREATE FUNCTION ar.lose() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF NEW.\"invoice id\" = 'z' THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF; RETURN NEW; END $$",
        "CREATE TRIGGER lose BEFORE INSERT ON ar.forecast FOR EACH ROW EXECUTE FUNCTION ar.lose()",
    )
    with pytest.raises(DataError) as gone:
        write(place, tmp_path, keys=("y", "z"), log=1)
    assert gone.value.code == "E431"
    with database.connected() as cursor:
        cursor.execute('SELECT "invoice id", log FROM ar.forecast ORDER BY 1')
        assert cursor.fetchall() == [("a", 0), ("b", 0)]
