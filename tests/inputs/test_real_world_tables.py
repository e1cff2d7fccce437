"""Tables as people have them: `init` makes a first model of each, or says in one line what is wrong with it and what to
do; no cell, no traceback, no waiting."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reconciler import codec
from reconciler.core.onboarding.suggest_recipe import suggest
from reconciler.core.onboarding.table_profile import ProfileRequest, TableProfile
from reconciler.core.spec.environment import Limits
from reconciler.data.in_process import LocalData
from reconciler.errors import ReconcilerError
from tests.support.project import Project

SECRET = "CANARY"
ROWS = 120
CHANCE = random.Random(1)
X = [f"{CHANCE.random():.3f}" for _ in range(ROWS)]
Y = [CHANCE.choice(["u", "v"]) for _ in range(ROWS)]


def csv(header: str, row: Callable[[int], str] = lambda n: f"{n},{X[n]},{Y[n]}", rows: int = ROWS) -> str:
    return "".join(f"{line}\n" for line in (header, *(row(n) for n in range(rows))))


PLAIN = csv("id,a,y")
GOOD: dict[str, str | bytes] = {
    "a hundred columns": csv(
        ",".join(["id", *(f"quite_a_long_name_{n}" for n in range(98)), "y"]),
        lambda n: ",".join([str(n), *(X[(n + m) % ROWS] for m in range(98)), Y[n]]),
    ),
    "a column without a value": csv("id,empty,a,y", lambda n: f"{n},,{X[n]},{Y[n]}"),
    "three columns that count alike": csv("id,b,c,d,a,y", lambda n: f"{n},{n},{n * 2},{n * 3},{X[n]},{Y[n]}"),
    "names in other scripts": csv("идентификатор,größe,結果"),
    "names with signs": csv("id,😀 mood,y?"),
    "formulas and commands as names": csv("=cmd,<img src=x>,::error::"),
    "a byte order mark": b"\xef\xbb\xbf" + PLAIN.encode(),
    "line ends of Windows": PLAIN.replace("\n", "\r\n"),
    "UTF-16": PLAIN.encode("utf-16"),
    "Windows-1252": csv("id,a,y", lambda n: f"{n},{X[n]},{'für' if n % 2 else 'gegen'}").encode("cp1252"),
    "lines and quotes in a cell": csv("id,note,a,y", lambda n: f'{n},"one\n""two"", {n}",{X[n]},{Y[n]}'),
    "semicolons and decimal commas": csv("id;a;y", lambda n: f"{n};{X[n].replace('.', ',')};{Y[n]}"),
    "tabs": PLAIN.replace(",", "\t"),
    "no key": csv("a,b,y", lambda n: f"{n % 7},{n % 5},{Y[n]}"),
    "numbers of 25 digits": csv("id,a,y", lambda n: f"{10**24 + n},{X[n]},{Y[n]}"),
}
BAD: dict[str, tuple[str | bytes, str]] = {
    "empty": ("", "E401"),
    "only a line end": ("\n", "E401"),
    "header only": ("id,a,y\n", "E401"),
    "one row": ("id,a,y\n1,2,CANARY\n", "E410"),
    "two rows": (csv("id,a,y", rows=2), "E410"),
    "one column": (csv("a", lambda n: str(n % 7)), "E410"),
    "one column of keys": (csv("a", str), "E410"),
    "the same name twice": (csv("id,a,a"), "E403"),
    "the same name in another case": (csv("id,A,a"), "E403"),
    "a name of 500 characters": (csv(f"id,{'x' * 500},y"), "E403"),
    "two columns without a name": (csv("id,,"), "E403"),
    "nothing that varies": (csv("id,a,y", lambda n: f"{n},1,same"), "E410"),
    "dates in two formats": (
        csv("id,day,y", lambda n: f"{n},{'2024-01-02' if n % 2 else '02/01/2024'},{Y[n]}"),
        "E410",  # left out and told, and no other column is left
    ),
    "an infinite number": (csv("id,a,y", lambda n: f"{n},{'inf' if n == 7 else X[n]},{Y[n]}"), "E405"),
    "a cell too many": (PLAIN + "900,1,CANARY,4\n", "E402"),
    "cut short": (PLAIN + "900,CANARY", "E402"),
    "a quote that is not closed": (PLAIN + '900,"CANARY,u\n', "E406"),
    "a NUL byte": (PLAIN + "900,CAN\0ARY,u\n", "E406"),
    "gzip": (b"\x1f\x8b\x08\0" + b"x" * 50, "E407"),
    "a workbook": (b"PK\x03\x04" + b"x" * 50, "E407"),
    "no text": (bytes(range(1, 256)) * 9, "E406"),
}


def parquet(**columns: pa.Array) -> pa.Table:
    return pa.table({"id": pa.array(range(ROWS)), "y": pa.array(Y), **columns})


FLOATS = pa.array([float(x) for x in X])
DAYS = [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=n) for n in range(ROWS)]
GOOD_PARQUET = {
    "decimals": parquet(a=pa.array([Decimal(n) for n in range(ROWS)], pa.decimal128(20, 2))),
    "moments with a zone": parquet(at=pa.array(DAYS, pa.timestamp("us", "Europe/Oslo")), a=FLOATS),
    "dictionaries": parquet(a=pa.array(["a", "b", "c"] * (ROWS // 3)).dictionary_encode()),
}
# Columns that nobody could use, beside one that is used.
UNUSED = {
    "records": pa.array([{"b": 1}] * ROWS),
    "lists": pa.array([[1]] * ROWS),
    "maps": pa.array([[("k", 1)]] * ROWS, pa.map_(pa.string(), pa.int64())),
    "bytes": pa.array([b"CANARY"] * ROWS),
    "identifiers": pa.ExtensionArray.from_storage(
        pa.uuid(), pa.array([bytes([n] * 16) for n in range(ROWS)], pa.binary(16))
    ),
    "times of day": pa.array([time(1)] * ROWS),
    "no type": pa.nulls(ROWS),
    "too large numbers": pa.array([2**63 + n for n in range(ROWS)], pa.uint64()),
    "huge decimals": pa.array([Decimal(n) for n in range(ROWS)], pa.decimal256(60, 2)),
}
GOOD_PARQUET |= {f"{name} beside numbers": parquet(a=FLOATS, b=column) for name, column in UNUSED.items()}
BAD_PARQUET = {
    "nothing but lists": (pa.table({"a": pa.array([[1]] * ROWS)}), "E411"),
    "no column": (pa.table({}), "E411"),
    "no row": (parquet().slice(0, 0), "E401"),
    "a name twice": (pa.table([pa.array([1]), pa.array([2])], names=["a", "a"]), "E403"),
}


def look(path: Path) -> TableProfile:
    """What crosses to the command: as the child of a command writes it and the command reads it."""
    into = path.parent / "into"
    into.mkdir()
    found = LocalData().profile(ProfileRequest(path=path, into=into, limits=Limits(seconds=60)))
    return codec.from_json(TableProfile, codec.to_json(found))


def written(folder: Path, body: str | bytes | pa.Table) -> Path:
    path = folder / ("t.parquet" if isinstance(body, pa.Table) else "t.csv")
    if isinstance(body, pa.Table):
        pq.write_table(body, path)
    else:
        path.write_bytes(body.encode() if isinstance(body, str) else body)
    return path


SOAKED = pytest.mark.soak(only=True)
ALL_GOOD = [
    pytest.param(body, id=name, marks=[SOAKED] * (number % 2))
    for number, (name, body) in enumerate({**GOOD, **GOOD_PARQUET}.items())
]


@pytest.mark.soak(every=2)
@pytest.mark.parametrize("body", ALL_GOOD)
def test_a_first_model_is_made_of_it(tmp_path: Path, body: str | bytes | pa.Table) -> None:
    found = suggest(look(written(tmp_path, body)), name="t", today="2026-01-01")
    assert found.recipe.features.all


@pytest.mark.soak(every=2)
@pytest.mark.parametrize(
    ("body", "code"), [*BAD.values(), *BAD_PARQUET.values()], ids=[*BAD, *(f"Parquet: {name}" for name in BAD_PARQUET)]
)
def test_what_is_wrong_is_told_with_a_remedy_and_without_a_cell(
    tmp_path: Path, body: str | bytes | pa.Table, code: str
) -> None:
    with pytest.raises(ReconcilerError) as caught:
        suggest(look(written(tmp_path, body)), name="t", today="2026-01-01")
    assert caught.value.code == code
    assert caught.value.hint
    told = f"{caught.value} {caught.value.hint}"
    assert SECRET not in told
    assert "looked" not in told, "the name of a thing that the author has never seen"


def test_numbers_with_a_decimal_comma_are_numbers(tmp_path: Path) -> None:
    found = look(written(tmp_path, GOOD["semicolons and decimal commas"]))
    assert (found.table.decimal, found.column("a").type) == (",", "DOUBLE")


@pytest.mark.parametrize("cut", [4, 100, -200, -8, -1])
def test_a_cut_parquet_file_says_that_it_is_cut(tmp_path: Path, cut: int) -> None:
    path = written(tmp_path, parquet(a=FLOATS))
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(ReconcilerError) as caught:
        look(path)
    assert caught.value.code == "E411"


def pipe(path: Path) -> None:
    os.mkfifo(path)


@pytest.mark.parametrize(
    "make",
    [pipe, Path.mkdir, lambda path: path.symlink_to(path.parent), lambda path: path.symlink_to("gone"), lambda _: None],
    ids=["a pipe", "a folder", "a link to a folder", "a link to nothing", "nothing"],
)
def test_what_is_no_file_is_not_waited_for(tmp_path: Path, make: Callable[[Path], object]) -> None:
    made = Project(tmp_path)
    make(tmp_path / "t.csv")
    ran = made.run("init", "project", "--from-table", str(tmp_path / "t.csv"), code=1)
    assert "E401" in ran.err
    assert "hint: " in ran.err
    assert not (tmp_path / "project").exists()


@pytest.mark.soak(every=2)
@pytest.mark.parametrize("name", ["three columns that count alike", "formulas and commands as names"])
def test_the_command_writes_what_validates(tmp_path: Path, name: str) -> None:
    made = Project(tmp_path)
    made.run("init", "project", "--from-table", str(written(tmp_path, GOOD[name])), "--estimator", "default")
    assert Project(tmp_path / "project").run("validate").out.startswith("Valid: 1 model")
