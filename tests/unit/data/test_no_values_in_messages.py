"""No message of the data package holds what is in the data. Canaries sit in every cell; every failure is provoked."""

from __future__ import annotations

import traceback
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from reconciler.core.spec.data import Table
from reconciler.core.spec.environment import Limits
from reconciler.core.spec.recipe import Features, Holdout, Join, Outcome, OutcomeClass, Recipe, Task
from reconciler.data.in_process import LocalData
from reconciler.errors import DataError
from reconciler.ports import CopyRequest, SelectionKind
from tests.support.invoice_tables import INVOICE_TYPES, ledger, recipe_of, write_table

TEXT = "jane.canary7731@example.org"
NUMBER = 77317731
DAY = date(2077, 3, 17)
CANARIES = ("canary7731", "77317731", "7731.7731", "2077-03-17", "17/03/2077", "17.03.2077")


def expect_silence(capfd: pytest.CaptureFixture[str], error: DataError) -> None:
    """Nothing that a person or a log could see: message, hint, whole traceback, both streams."""
    printed = capfd.readouterr()
    shown = "\n".join(
        [
            str(error),
            repr(error),
            error.hint or "",
            printed.out,
            printed.err,
            "".join(traceback.format_exception(error, chain=True)),
        ]
    )
    found = [canary for canary in CANARIES if canary in _without_source(shown)]
    assert found == []


def _without_source(shown: str) -> str:
    """A traceback quotes lines of this file; those are ours and not data."""
    return "\n".join(line for line in shown.splitlines() if "CANARY" not in line)


FILES = [
    ("an extra cell", f"a,b\n{TEXT},1\n{TEXT},1,{TEXT}\n", {}),
    ("a short row", f"a,b\n{TEXT},1\n{TEXT}", {}),
    ("no header", f"{TEXT},{NUMBER}\n{TEXT},1\n", {}),
    ("a header that is data twice", "canary7731,canary7731\n1,2\n", {}),
    ("an unclosed quote", f'a,b\n"{TEXT},1\n', {}),
    ("a quote in a cell", f'a,b\n{TEXT}"x",1\n', {}),
    ("a NUL", f"a,b\n{TEXT}\0,1\n", {}),
    ("not UTF-8", f"a,b\n{TEXT}\udce9,1\n", {}),
    ("one text among numbers", "a,b\n" + "1,2\n" * 30 + f"{TEXT},2\n", {}),
    ("a number among dates", "a,b\n" + "2024-01-31,2\n" * 30 + f"{NUMBER},2\n", {}),
    ("dates in an unknown format", "a,b\n17/03/2077,2\n", {}),
    ("a text declared as a number", f"a,b\n{TEXT},2\n", {"types": (("a", "BIGINT"),)}),
    ("a number too large", f"a,b\n{NUMBER}{NUMBER}{NUMBER},2\n", {"types": (("a", "INTEGER"),)}),
    ("a text declared as a date", f"a,b\n{TEXT},2\n", {"types": (("a", "DATE"),), "dates": "%d.%m.%Y"}),
    ("an impossible date", "a,b\n2077-03-17,2\n2077-03-37,2\n", {"types": (("a", "DATE"),)}),
    ("a wrong delimiter", f"a;b\n{TEXT};2\n", {}),
    ("a wrong decimal sign", "a;b\n7731.7731;2\n", {"types": (("a", "DOUBLE"),), "decimal": ",", "delimiter": ";"}),
    ("a text declared as a truth", f"a,b\n{TEXT},2\n", {"types": (("a", "BOOLEAN"),)}),
    ("a text declared as a decimal", f"a,b\n{TEXT},2\n", {"types": (("a", "DECIMAL(8,2)"),)}),
]


@pytest.mark.soak(every=2)
@pytest.mark.parametrize(("body", "table"), [case[1:] for case in FILES], ids=[case[0] for case in FILES])
def test_no_failure_of_a_copy_shows_a_cell(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], body: str, table: dict[str, Any]
) -> None:
    (tmp_path / "into").mkdir()
    (tmp_path / "t.csv").write_bytes(body.encode("utf-8", "surrogateescape"))
    request = CopyRequest(
        root=tmp_path,
        tables=(("t", Table(uses="csv", path="t.csv", **table)),),
        held=(),
        into=tmp_path / "into",
        limits=Limits(memory=2 * 1024**3),
    )
    with pytest.raises(DataError) as caught:
        LocalData().copy(request)
    expect_silence(capfd, caught.value)


def rows(**change: Any) -> list[tuple[Any, ...]]:
    """Forty invoices whose every cell is a canary."""
    found = []
    for n in range(40):
        row = {
            "invoice_id": f"{TEXT}{n}",
            "customer_id": TEXT,
            "invoice_date": date(2024, 1, 1 + n % 28),
            "due_date": date(2024, 2, 1),
            "paid_date": date(2024, 2, 1 + n % 28),
            "amount": 7731.7731 + n,
            "country": TEXT,
        }
        found.append(tuple({**row, **change}.values()))
    return found


EVEN = Outcome(
    classes=(OutcomeClass(name="even", when="day(invoice_date) % 2 = 0"), OutcomeClass(name="odd", when="true"))
)
REQUESTS: list[tuple[str, Recipe, dict[str, Any]]] = [
    ("a text cast to a number", recipe_of(derive={"x": "country::int"}, features=Features(numeric=("x",))), {}),
    ("a text cast to a date", recipe_of(derive={"x": "country::date"}, where="x > as_of"), {}),
    ("a text compared with a number", recipe_of(where="country > 5"), {}),
    ("a text as a date by format", recipe_of(where="strptime(country, '%Y') > as_of"), {}),
    ("a number out of range", recipe_of(where="(amount * 1000000000)::int > 1"), {}),
    ("a division by zero", recipe_of(where="amount::int % 0 = 1"), {}),
    ("a root of a negative number", recipe_of(where="sqrt(-amount) > 1"), {}),
    ("a bad pattern", recipe_of(where="regexp_matches(amount::varchar, country || '(')"), {}),
    ("an overflow", recipe_of(where="(amount::bigint * 9000000000000000) > 1"), {}),
    ("a date out of range", recipe_of(where="make_date(amount::bigint * 100000, 13, 77) > as_of"), {}),
    ("a failing past", recipe_of(past={"n": "avg(country::int)"}, features=Features(numeric=("n",))), {}),
    ("a failing past.where", recipe_of(past_where="country::int > 1"), {}),
    ("a failing class", recipe_of(outcome=Outcome(classes=(OutcomeClass(name="a", when="country::int > 1"),))), {}),
    ("keys twice", recipe_of(), {"invoice_id": TEXT}),
    ("keys missing", recipe_of(), {"invoice_id": None}),
    ("a day in the future", recipe_of(), {"paid_date": DAY}),
    ("no class", recipe_of(outcome=Outcome(classes=(OutcomeClass(name="a", when="amount < 0"),))), {}),
    ("a value that is no class", recipe_of(outcome=Outcome(column="country", classes=(OutcomeClass(name="a"),))), {}),
    (
        "an infinite feature",
        recipe_of(
            derive={"x": "amount / 0"}, features=Features(numeric=("x",)), outcome=EVEN, holdout=Holdout(random=0.2)
        ),
        {},
    ),
    ("a condition that is a number", recipe_of(derive={"x": "amount::int"}, features=Features(boolean=("x",))), {}),
    (
        "an infinite outcome",
        recipe_of(task=Task.REGRESSION, derive={"x": "amount / 0"}, outcome=Outcome(column="x")),
        {},
    ),
    ("one class", recipe_of(outcome=Outcome(classes=(OutcomeClass(name="a", when="true"),))), {}),
    ("too few rows", recipe_of(holdout=Holdout(random=0.02)), {}),
    ("a join without match of types", recipe_of(joins=(Join(table="other", key="amount"),)), {}),
    ("a join on repeated keys", recipe_of(joins=(Join(table="more", key="customer_id"),)), {}),
]


@pytest.mark.soak(every=2)
@pytest.mark.parametrize(("recipe", "change"), [case[1:] for case in REQUESTS], ids=[case[0] for case in REQUESTS])
def test_no_failure_of_a_selection_shows_a_cell(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], recipe: Recipe, change: dict[str, Any]
) -> None:
    types = {"customer_id": "VARCHAR", "amount": "BIGINT"}
    other = write_table(tmp_path, "other", types, [(TEXT, NUMBER), (TEXT, NUMBER)])
    more = write_table(tmp_path, "more", {"customer_id": "VARCHAR", "x": "BIGINT"}, [(TEXT, NUMBER), (TEXT, NUMBER)])
    books = ledger(tmp_path, rows(**change), other, more, types=INVOICE_TYPES)
    with pytest.raises(DataError) as caught:
        LocalData().select(books.request(recipe, SelectionKind.FIT))
    expect_silence(capfd, caught.value)
    assert caught.value.code is not None


def test_the_canaries_would_be_seen(capfd: pytest.CaptureFixture[str]) -> None:
    for canary in CANARIES:
        with pytest.raises(AssertionError):
            expect_silence(capfd, DataError(f"could not read {canary}"))
