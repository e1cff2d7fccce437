"""Windows of `past` are what a row could have known, exactly: equal to the definition computed by hand, row by row."""

from __future__ import annotations

import dataclasses
import math
import statistics
import tempfile
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from reconciler.core.spec.recipe import Features, Outcome, OutcomeClass
from reconciler.data.in_process import LocalData
from reconciler.ports import SelectionKind
from tests.support.effort import examples
from tests.support.invoice_tables import ledger, past_features, read_rows, recipe_of

BASE = date(2024, 1, 1)
DAY = 86_400
TYPES = {
    "invoice_id": "VARCHAR",
    "customer_id": "VARCHAR",
    "country": "VARCHAR",
    "invoice_date": "DATE",
    "paid_date": "DATE",
    "weight": "DOUBLE",
    "days": "BIGINT",
    "price": "DECIMAL(12,2)",
}
AGGREGATES = {
    "n": "count(*)",
    "filled": "count(weight)",
    "total": "sum(weight)",
    "mean": "avg(weight)",
    "least": "min(weight)",
    "most": "max(weight)",
    "middle": "median(weight)",
    "spread": "stddev(weight)",
    "whole": "sum(days)",
    "paid": "sum(price)",
    "late": "avg((days > 2)::int)",
    "some": "bool_or(days > 2)",
    "all": "bool_and(days > 2)",
    "first": "min(country)",
    "worst": "max(days)",
    "big": "median(days) filter (where weight > 0)",
}
BOOLEAN, TEXT = ("some", "all"), ("first",)
WINDOWS = {"of_days": (2 * DAY, None), "of_rows": (None, 3), "both": (4 * DAY, 2), "ever": (None, None)}
FEATURES = {
    f"{name}_{window}": (text, *WINDOWS[window])
    for name, text in AGGREGATES.items()
    for window in WINDOWS
    if window != "ever" or name == "spread"
}

days = st.integers(0, 9).map(lambda n: BASE + timedelta(days=n))
hours = st.integers(0, 200).map(lambda n: datetime(2024, 1, 1) + timedelta(hours=n))
weights = st.one_of(st.none(), st.floats(-1e6, 1e6, allow_nan=False).map(lambda x: x + 0.0))
prices = st.one_of(st.none(), st.integers(-(10**11), 10**11).map(lambda cents: Decimal(cents).scaleb(-2)))


def rows_of(moments: Any, known: Any = None) -> Any:
    known = moments if known is None else known
    row = st.tuples(
        st.sampled_from(["a", "a", "a", "b", None]),
        st.sampled_from(["DE", "DE", "FR", None]),
        st.one_of(moments, moments, st.none(), moments),
        st.one_of(known, known, st.none(), known),
        weights,
        st.integers(0, 5),
        prices,
    )
    return st.lists(row, min_size=1, max_size=50).map(lambda rows: [(f"{n:03d}", *row) for n, row in enumerate(rows)])


def computed(
    rows: list[Any], kinds: tuple[str, str], also_by: tuple[str, ...] | None = None
) -> dict[str, dict[str, Any]]:
    """What the product computes, by key."""
    numeric = [name for name in FEATURES if not name.startswith(BOOLEAN + TEXT)]
    features = Features(
        numeric=tuple(numeric),
        categorical=tuple(name for name in FEATURES if name.startswith(TEXT)),
        boolean=tuple(name for name in FEATURES if name.startswith(BOOLEAN)),
    )
    recipe = recipe_of(past=FEATURES, also_by=also_by, predict="true", features=features)
    classes = (OutcomeClass(name="a", when="true"), OutcomeClass(name="b", when="false"))
    recipe = dataclasses.replace(
        recipe, data=dataclasses.replace(recipe.data, derive=()), outcome=Outcome(classes=classes)
    )
    types = {**TYPES, "invoice_date": kinds[0], "paid_date": kinds[1]}
    with tempfile.TemporaryDirectory() as folder:
        books = ledger(Path(folder), rows, types=types)
        LocalData().select(books.request(recipe, SelectionKind.PREDICT))
        return {row["key"]: row for row in read_rows(Path(folder) / "out" / "predict.parquet")}


def by_hand(rows: list[Any], kinds: tuple[str, str], also_by: tuple[str, ...] | None) -> dict[str, dict[str, Any]]:
    """The definition, one row after the other."""

    def unit(moment: Any) -> Any:
        in_days = "DATE" in kinds and isinstance(moment, datetime)
        return moment.date() if in_days else moment

    found: dict[str, dict[str, Any]] = {}
    for key, customer, country, at, *_ in rows:
        owner = (customer, country) if also_by else (customer,)
        known_before = []
        for other, whose, where, moment, known, *values in rows:
            theirs = (whose, where) if also_by else (whose,)
            if None in (at, moment, known, *owner) or theirs != owner:
                continue
            since = max(unit(known), unit(moment))
            if since < unit(at):
                known_before.append((since, other, (where, *values)))
        known_before.sort(key=lambda each: each[:2])
        found[key] = {}
        for window, (within, last) in WINDOWS.items():
            seen = [each for each in known_before if within is None or each[0] >= unit(at) - timedelta(seconds=within)]
            seen = seen[max(0, len(seen) - last) :] if last is not None else seen
            found[key] |= {f"{name}_{window}": each for name, each in aggregated([each[2] for each in seen]).items()}
    return found


def aggregated(seen: list[Any]) -> dict[str, Any]:
    weight = [each[1] for each in seen if each[1] is not None]
    late = [each[2] for each in seen]
    price = [each[3] for each in seen if each[3] is not None]
    of_big = [each[2] for each in seen if each[1] is not None and each[1] > 0]
    countries = [each[0] for each in seen if each[0] is not None]
    return {
        "n": len(seen),
        "filled": len(weight),
        "total": in_blocks(weight) if weight else None,
        "mean": in_blocks(weight) / len(weight) if weight else None,
        "least": min(weight, default=None),
        "most": max(weight, default=None),
        "middle": statistics.median(weight) if weight else None,
        "spread": statistics.stdev(weight) if len(weight) > 1 else None,
        "whole": sum(late) if late else None,
        "paid": float(sum(price)) if price else None,
        "late": sum(days > 2 for days in late) / len(late) if late else None,
        "some": any(days > 2 for days in late) if late else None,
        "all": all(days > 2 for days in late) if late else None,
        "first": min(countries, default=None),
        "worst": max(late, default=None),
        "big": statistics.median(of_big) if of_big else None,
    }


def in_blocks(values: list[float]) -> float:
    """Add up blocks of 1, 2, 4, ... values by the binary digits of their number, each block by halves."""

    def halves(block: list[float]) -> float:
        return block[0] if len(block) == 1 else halves(block[: len(block) // 2]) + halves(block[len(block) // 2 :])

    total, place = 0.0, 0
    for digit in range(len(values).bit_length()):
        if len(values) >> digit & 1:
            total += halves(values[place : place + 2**digit])
            place += 2**digit
    return total


def check(
    rows: list[Any],
    kinds: tuple[str, str],
    also_by: tuple[str, ...] | None = None,
) -> None:
    found = computed(rows, kinds, also_by)
    assert len(found) == len(rows)
    for key, expected in by_hand(rows, kinds, also_by).items():
        for name in FEATURES:
            value, wanted = found[key][name], expected[name]
            if name.startswith("spread") and wanted is not None:
                assert math.isclose(value, wanted, rel_tol=1e-9, abs_tol=1e-6), (key, name)
            else:
                assert value == wanted, (key, name, value, wanted)


SETTINGS = settings(
    max_examples=examples(3), deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
D = BASE
TIES = [
    ("000", "a", "DE", D, D + timedelta(2), 0.1, 1, Decimal("0.10")),
    ("001", "a", "DE", D, D + timedelta(2), 0.2, 3, Decimal("-0.07")),  # known on the day of 000: in the order of keys
    ("002", "a", "DE", D + timedelta(3), D + timedelta(1), 0.3, 5, None),  # prepaid: it must not see itself
    ("003", "a", "FR", D + timedelta(2), None, 1e6, 0, None),  # on the day of the settlements: not yet known
    ("004", "a", "DE", D + timedelta(4), None, None, 0, None),  # two days later: the window holds 000 and 001
    ("005", "a", "DE", D + timedelta(5), None, None, 0, None),  # three days later: it does not
    ("006", None, "DE", D + timedelta(4), D, 1.0, 0, None),
    ("007", "a", None, D + timedelta(4), D, 1.0, 0, None),
    ("008", "a", "DE", None, D, 1.0, 0, None),
]


@SETTINGS
@example(TIES)
@given(rows_of(days))
def test_windows_of_days_equal_the_definition(rows: list[Any]) -> None:
    check(rows, ("DATE", "DATE"))


@SETTINGS
@example(TIES)
@given(rows_of(days))
def test_windows_of_several_columns_equal_the_definition(rows: list[Any]) -> None:
    check(rows, ("DATE", "DATE"), ("country",))


@SETTINGS
@given(rows_of(hours))
def test_windows_of_moments_equal_the_definition(rows: list[Any]) -> None:
    check(rows, ("TIMESTAMP", "TIMESTAMP"))


@SETTINGS
@given(rows_of(hours, days))
def test_windows_of_moments_and_days_equal_the_definition(rows: list[Any]) -> None:
    check(rows, ("TIMESTAMP", "DATE"))


@settings(max_examples=examples(3), deadline=None, derandomize=True)
@given(rows_of(days), st.randoms(use_true_random=False))
def test_windows_do_not_depend_on_the_order_of_the_file(rows: list[Any], random: Any) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)
    one, other = (computed(each, ("DATE", "DATE")) for each in (rows, shuffled))
    assert one == other


@settings(max_examples=examples(3), deadline=None, derandomize=True)
@given(rows_of(days), st.integers(0, 9))
def test_what_happens_later_changes_no_bit_of_a_window(rows: list[Any], cut: int) -> None:
    """Rows known only from a day on are taken away: earlier rows keep their features, to the last bit."""
    day = BASE + timedelta(days=cut)
    kept = [row for row in rows if row[3] is not None and row[3] <= day]
    before = [(*row[:4], row[4] if row[4] is not None and row[4] <= day else None, *row[5:]) for row in kept]
    if before:
        full, short = (computed(each, ("DATE", "DATE")) for each in (rows, before))
        for row in before:
            assert full[row[0]] == short[row[0]]


def test_the_features_of_the_test_have_each_window() -> None:
    declared = past_features(FEATURES)
    assert {(each.within, each.last) for each in declared} == set(WINDOWS.values())
