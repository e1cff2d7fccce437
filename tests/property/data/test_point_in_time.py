"""`past` is what a row could have known, exactly: equal to the definition computed by hand, on random ledgers."""

from __future__ import annotations

import dataclasses
import statistics
import tempfile
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from reconciler.core.spec.recipe import Features, Outcome, OutcomeClass
from reconciler.data.in_process import LocalData
from reconciler.ports import SelectionKind
from tests.support.effort import examples
from tests.support.invoice_tables import INVOICE_TYPES, ledger, read_rows, recipe_of

BASE = date(2024, 1, 1)
AGGREGATES = {
    "n_all": "count(*)",
    "n_paid": "count(weight)",
    "total": "sum(weight)",
    "mean": "avg(weight)",
    "least": "min(weight)",
    "most": "max(weight)",
    "middle": "median(weight)",
    "whole": "sum(days)",
    "fewest": "min(days)",
    "longest": "max(days) filter (where weight > 10)",
    "every": "bool_and(days > 2)",
    "share": "avg((days > 2)::int)",
    "some": "bool_or(days > 2)",
    "big": "count(*) filter (where weight > 10)",
    "big_sum": "sum(weight) filter (where days > 2)",
}
TYPES = {
    "invoice_id": "VARCHAR",
    "customer_id": "VARCHAR",
    "invoice_date": "DATE",
    "paid_date": "DATE",
    "weight": "DOUBLE",
    "days": "BIGINT",
}

# What follows from totals of all owners' rows; beside any of the others, it is computed by windows.
OF_TOTALS = tuple(name for name in AGGREGATES if name not in ("least", "most", "middle"))

days = st.integers(0, 9).map(lambda n: BASE + timedelta(days=n))
hours = st.integers(0, 100).map(lambda n: datetime(2024, 1, 1) + timedelta(hours=n))
# Any floats: they are added one by one in a known order, so even the last bit is determined.
weights = st.one_of(st.none(), st.floats(-1e6, 1e6, allow_nan=False).map(lambda x: x + 0.0))
owners = st.sampled_from(["a", "a", "a", "b", "c", "c", "c", "d", None, None])


def rows_of(moments: Any, known: Any = None) -> Any:
    known = moments if known is None else known
    at, knowns = st.one_of(moments, moments, st.none(), moments), st.one_of(known, known, st.none(), known)
    row = st.tuples(owners, at, knowns, weights, st.integers(0, 5))
    return st.lists(row, min_size=1, max_size=50).map(
        lambda rows: [(f"{index:03d}", *row) for index, row in enumerate(rows)]
    )


def features_of(
    rows: list[Any], kinds: tuple[str, str], asked: Sequence[str] = tuple(AGGREGATES)
) -> dict[str, dict[str, Any]]:
    """What the product computes, by key."""
    types = {**TYPES, "invoice_date": kinds[0], "paid_date": kinds[1]}
    conditions = tuple(name for name in asked if AGGREGATES[name].startswith("bool_"))
    names = tuple(name for name in asked if name not in conditions)
    recipe = recipe_of(
        past={name: AGGREGATES[name] for name in asked},
        derive={},
        predict="true",
        features=Features(numeric=names, boolean=conditions),
    )
    # The ledger's own derived column needs columns that this table does not have.
    recipe = _without_derive(recipe)
    with tempfile.TemporaryDirectory() as folder:
        books = ledger(Path(folder), rows, types=types)
        LocalData().select(books.request(recipe, SelectionKind.PREDICT))
        return {row["key"]: row for row in read_rows(Path(folder) / "out" / "predict.parquet")}


def _without_derive(recipe: Any) -> Any:
    data = dataclasses.replace(recipe.data, derive=())
    classes = (OutcomeClass(name="a", when="true"), OutcomeClass(name="b", when="false"))
    return dataclasses.replace(recipe, data=data, outcome=Outcome(classes=classes))


def day_of(moment: Any) -> Any:
    return moment.date() if isinstance(moment, datetime) else moment


def by_hand(rows: list[Any], kinds: tuple[str, str]) -> dict[str, dict[str, Any]]:
    """The definition: for each row, all rows of the same owner whose known' lies strictly before its moment."""
    unit = (lambda moment: moment) if kinds == ("TIMESTAMP", "TIMESTAMP") else day_of
    datable = [row for row in rows if row[1] is not None and row[2] is not None and row[3] is not None]
    found = {}
    for key, owner, at, *_ in rows:
        earlier = sorted(
            (max(unit(known), unit(moment)), other, weight, days)
            for other, whose, moment, known, weight, days in datable
            if at is not None and whose == owner and max(unit(known), unit(moment)) < unit(at)
        )
        found[key] = aggregates([(weight, days) for _, _, weight, days in earlier])
    return found


def aggregates(earlier: list[tuple[float | None, int]]) -> dict[str, Any]:
    known = [weight for weight, _ in earlier if weight is not None]
    late = [days for _, days in earlier]
    wide = [weight for weight, days in earlier if days > 2 and weight is not None]
    return {
        "n_all": len(earlier),
        "n_paid": len(known),
        "total": in_turn(known) if known else None,
        "mean": in_turn(known) / len(known) if known else None,
        "least": min(known, default=None),
        "most": max(known, default=None),
        "middle": statistics.median(known) if known else None,
        "whole": sum(late) if late else None,
        "fewest": min(late, default=None),
        "longest": max((days for weight, days in earlier if weight is not None and weight > 10), default=None),
        "every": all(days > 2 for days in late) if late else None,
        "share": sum(days > 2 for days in late) / len(late) if late else None,
        "some": any(days > 2 for days in late) if late else None,
        "big": sum(weight > 10 for weight in known),
        "big_sum": in_turn(wide) if wide else None,
    }


def in_turn(values: list[float]) -> float:
    total = 0.0
    for value in values:
        total += value
    return total


def check(rows: list[Any], kinds: tuple[str, str]) -> None:
    for asked in (tuple(AGGREGATES), OF_TOTALS):
        found = features_of(rows, kinds, asked)
        assert len(found) == len(rows)
        for key, expected in by_hand(rows, kinds).items():
            for name in asked:
                assert found[key][name] == expected[name], (key, name)


SETTINGS = settings(
    max_examples=examples(5), deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
D = BASE
TIES = [
    ("000", "a", D, D + timedelta(2), 0.1, 1),
    ("001", "a", D, D + timedelta(2), 0.2, 3),  # settled on the same day as 000: both count
    ("002", "a", D + timedelta(3), D + timedelta(1), 0.3, 5),  # prepaid: it must not see itself
    ("003", "a", D + timedelta(2), None, 1e6, 0),  # on the day of the settlements: not yet known
    ("004", "a", D + timedelta(4), None, None, 0),
    ("005", None, D + timedelta(4), D, 1.0, 0),
    ("006", "a", None, D, 1.0, 0),
]


@SETTINGS
@example(TIES)
@given(rows_of(days))
def test_past_of_days_equals_the_definition(rows: list[Any]) -> None:
    check(rows, ("DATE", "DATE"))


@SETTINGS
@given(rows_of(hours))
def test_past_of_moments_equals_the_definition(rows: list[Any]) -> None:
    check(rows, ("TIMESTAMP", "TIMESTAMP"))


@SETTINGS
@example([("0", "a", datetime(2024, 1, 1, 5), BASE, 1.0, 1), ("1", "a", datetime(2024, 1, 1, 8), None, None, 1)])
@given(rows_of(hours, days))
def test_a_payment_known_by_its_day_is_not_known_at_an_hour_of_that_day(rows: list[Any]) -> None:
    check(rows, ("TIMESTAMP", "DATE"))


# Settled on one day, in an order that decides the last bit of their sum.
SAME_DAY = [(str(n), "a", BASE, BASE, weight, 1) for n, weight in enumerate([0.1, 0.2, 0.3, 0.7, 1e-9, 1e9, -0.9])]
LATER = ("9", "a", BASE + timedelta(2), None, None, 1)


@settings(max_examples=examples(4), deadline=None, derandomize=True)
@example([*SAME_DAY, LATER], Random(1))
@example([*SAME_DAY, LATER], Random(2))
@given(rows_of(days), st.randoms(use_true_random=False))
def test_past_does_not_depend_on_the_order_of_the_file(rows: list[Any], random: Any) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)
    for asked in (tuple(AGGREGATES), OF_TOTALS):
        assert features_of(rows, ("DATE", "DATE"), asked) == features_of(shuffled, ("DATE", "DATE"), asked)


@settings(max_examples=examples(4), deadline=None, derandomize=True)
@given(rows_of(days), st.integers(0, 9))
def test_what_happens_later_changes_no_bit_of_what_was_known_before(rows: list[Any], cut: int) -> None:
    """Rows known only from a day on are taken away: earlier rows keep their features, to the last bit."""
    day = BASE + timedelta(days=cut)
    kept = [row for row in rows if row[2] is not None and row[2] <= day]
    before = [(*row[:3], row[3] if row[3] is not None and row[3] <= day else None, *row[4:]) for row in kept]
    if not before:
        return
    for asked in (tuple(AGGREGATES), OF_TOTALS):
        full, short = (features_of(some, ("DATE", "DATE"), asked) for some in (rows, before))
        for row in before:
            assert full[row[0]] == short[row[0]]


def test_the_types_of_the_ledger_are_those_of_the_tests() -> None:
    assert set(TYPES) - set(INVOICE_TYPES) == {"weight", "days"}
