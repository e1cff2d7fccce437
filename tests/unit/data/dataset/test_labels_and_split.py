"""Which rows train and which judge: certain outcomes only, cut between days, independent of seed and recipe."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from reconciler.core.spec.environment import Limits
from reconciler.core.spec.recipe import Features, Holdout, Outcome, OutcomeClass, Recipe, Task, Window
from reconciler.data.dataset.holdout import MATURED, PART, cut_by_key, cut_day, hash_of_key
from reconciler.data.duckdb_session import open_session
from reconciler.data.in_process import LocalData
from reconciler.errors import DataError
from reconciler.ports import SelectionKind, SelectResult
from tests.support.invoice_tables import CLASSES, INVOICE_TYPES, invoices, ledger, read_rows, recipe_of

Rows = list[dict[str, Any]]


def select(folder: Path, recipe: Recipe, rows: Any = None, **more: Any) -> tuple[SelectResult, Rows, Rows]:
    books = ledger(folder, invoices(600) if rows is None else rows, types=more.pop("types", INVOICE_TYPES))
    found = LocalData().select(books.request(recipe, **more))
    return found, read_rows(folder / "out" / "train.parquet"), read_rows(folder / "out" / "holdout.parquet")


def refused(folder: Path, recipe: Recipe, rows: Any = None, **more: Any) -> DataError:
    with pytest.raises(DataError) as caught:
        select(folder, recipe, rows, **more)
    return caught.value


DATES = {row[0]: row for row in invoices(600)}


def test_only_rows_that_are_certain_on_the_day_train_or_judge(tmp_path: Path) -> None:
    found, train, holdout = select(tmp_path, recipe_of(past={}), as_of="2023-06-30")
    used = {row["key"] for row in train + holdout}
    certain = {key for key, row in DATES.items() if row[3] + timedelta(21) <= date(2023, 6, 30)}
    counts = dict(found.left_out)
    assert used <= certain
    assert counts["not matured"] == 600 - len(certain)
    assert len(used) + counts["matured after the cut"] == len(certain)
    # Unpaid and certain rows count: without them "very late" would look rarer than it is.
    unpaid = {key for key in certain if DATES[key][4] is None}
    assert unpaid & used
    assert {row["outcome"] for row in train + holdout if row["key"] in unpaid} == {2}


def test_the_very_late_share_of_the_holdout_is_that_of_all_certain_rows(tmp_path: Path) -> None:
    """Judged on paid rows only, the latest rows look better than they will turn out: with maturity they do not."""
    _, _, holdout = select(tmp_path, recipe_of(past={}))
    share = sum(row["outcome"] == 2 for row in holdout) / len(holdout)
    truth = invoices(600)
    late = sum(row[4] is None or (row[4] - row[3]).days > 20 for row in truth) / len(truth)
    assert share == pytest.approx(late, abs=0.03)
    assert share > 0.3


def test_the_cut_lies_between_two_days_and_training_outcomes_were_certain_before_it(tmp_path: Path) -> None:
    found, train, holdout = select(tmp_path, recipe_of(past={}))
    assert found.holdout_from is not None
    cut = date.fromisoformat(found.holdout_from)
    assert {DATES[row["key"]][2] < cut for row in train} == {True}
    assert {DATES[row["key"]][2] >= cut for row in holdout} == {True}
    assert all(DATES[row["key"]][3] + timedelta(21) < cut for row in train)
    before = [row for row in DATES.values() if row[2] < cut]
    assert dict(found.left_out)["matured after the cut"] == len(before) - len(train)
    assert len(holdout) / 600 == pytest.approx(0.2, abs=0.01)


def test_the_cut_is_the_day_nearest_to_the_share() -> None:
    day = date(2024, 1, 1)
    days = [(day + timedelta(n), count) for n, count in enumerate([50, 30, 15, 4, 1])]
    assert cut_day(days, 0.2) == day + timedelta(2)  # 20 of 100
    assert cut_day(days, 0.34) == day + timedelta(2)  # 20 is nearer than 50
    assert cut_day(days, 0.35) == day + timedelta(2)  # equally near: the later day
    assert cut_day(days, 0.36) == day + timedelta(1)
    assert cut_day(days, 0.001) == day + timedelta(4)  # never empty
    assert cut_day(days, 0.999) == day + timedelta(1)  # nor is training
    assert cut_day(days[:1], 0.2) is None
    assert cut_day([], 0.2) is None


def test_one_day_only_cannot_be_cut(tmp_path: Path) -> None:
    rows = [(*row[:2], date(2023, 1, 1), *row[3:]) for row in invoices(100)]
    error = refused(tmp_path, recipe_of(past={}), rows)
    assert error.code == "E410"
    assert "all of one day" in error.message


def test_a_random_holdout_depends_on_the_keys_alone(tmp_path: Path) -> None:
    holdout = Holdout(random=0.25)
    one = recipe_of(past={}, holdout=holdout, seed=1, features=Features(numeric=("amount",)))
    two = recipe_of(past={}, holdout=holdout, seed=2, derive={"x": "amount * 2"}, features=Features(numeric=("x",)))
    _, _, first = select(tmp_path, one)
    _, _, second = select(tmp_path, two, list(reversed(invoices(600))))
    assert [row["key"] for row in first] == [row["key"] for row in second]


def test_a_random_holdout_has_its_share_of_every_class(tmp_path: Path) -> None:
    found, train, holdout = select(tmp_path, recipe_of(past={}, holdout=Holdout(random=0.25)))
    held = Counter(row["outcome"] for row in holdout)
    everyone = held + Counter(row["outcome"] for row in train)
    assert {label: int(0.25 * count + 0.5) for label, count in everyone.items()} == held
    assert found.holdout_from is None
    assert {row["key"] for row in train}.isdisjoint(row["key"] for row in holdout)


def smallest(keys: list[str], count: int, domain: str) -> set[str]:
    """The keys with the smallest hashes, all of them put in order."""
    return set(sorted(keys, key=lambda key: hashlib.sha256(f"{domain}{key}".encode()).hexdigest())[:count])


@pytest.mark.parametrize("share", [0.013, 0.25, 0.5])
def test_a_random_holdout_has_the_smallest_hashes_of_each_class(share: float, tmp_path: Path) -> None:
    _, train, holdout = select(tmp_path, recipe_of(past={}, holdout=Holdout(random=share)), invoices(3000))
    for label in range(len(CLASSES)):
        held = {row["key"] for row in holdout if row["outcome"] == label}
        keys = [row["key"] for row in train + holdout if row["outcome"] == label]
        assert held == smallest(keys, int(share * len(keys) + 0.5), "reconciler holdout 1:")


@pytest.mark.soak(every=3)
@pytest.mark.parametrize("alike", [1, 2, 3])
@pytest.mark.parametrize("share", [0.001, 0.1, 0.37, 0.9, 1.0])
def test_the_last_hash_is_found_among_those_that_begin_alike(share: float, alike: int, tmp_path: Path) -> None:
    recipe = recipe_of(past={}, holdout=Holdout(random=share))
    labels = {f"K{place}": place * place % 7 % len(CLASSES) for place in range(700)}
    with open_session(limits=Limits(), into=tmp_path, inputs=()) as session:
        cells = ", ".join(f"('{key}', {label})" for key, label in labels.items())
        session.run(
            f"CREATE TEMP TABLE labelled AS SELECT *, {hash_of_key()}, NULL::VARCHAR AS {PART}, NULL AS {MATURED}"
            f" FROM (VALUES {cells}) v(key, outcome)",
            doing="labelling",
        )
        session.run("CREATE TEMP VIEW chosen AS SELECT * FROM labelled", doing="labelling")
        cut_by_key(session, recipe, share, alike=alike)
        held = {key for (key,) in session.rows(f"SELECT key FROM chosen WHERE {PART} = 'holdout'", doing="asking")}
    expected: set[str] = set()
    for label in range(len(CLASSES)):
        keys = [key for key, own in labels.items() if own == label]
        expected |= smallest(keys, int(share * len(keys) + 0.5), "reconciler holdout 1:")
    assert held == expected


def test_a_sample_has_the_smallest_hashes_of_each_class(tmp_path: Path) -> None:
    recipe = recipe_of(past={}, holdout=Holdout(random=0.25))
    books = ledger(tmp_path, invoices(3000), types=INVOICE_TYPES)
    LocalData().select(books.request(recipe))
    everything = read_rows(tmp_path / "out" / "train.parquet")
    request = books.request(recipe, want=SelectionKind.FOLDS)
    LocalData().select(replace(request, most=100))
    sampled = read_rows(tmp_path / "out" / "train.parquet")
    for label in range(len(CLASSES)):
        keys = [row["key"] for row in everything if row["outcome"] == label]
        count = math.ceil(100 / len(everything) * len(keys))
        found = {row["key"] for row in sampled if row["outcome"] == label}
        assert found == smallest(keys, count, "reconciler sample 1:")


def test_a_random_holdout_is_not_a_pattern_of_the_keys(tmp_path: Path) -> None:
    _, _, holdout = select(tmp_path, recipe_of(past={}, holdout=Holdout(random=0.25)))
    numbers = [int(row["key"][1:]) for row in holdout]
    assert 0.35 < sum(n % 2 for n in numbers) / len(numbers) < 0.65
    assert 0.35 < sum(n < 300 for n in numbers) / len(numbers) < 0.65


def test_the_training_window_is_half_open_and_counted(tmp_path: Path) -> None:
    window = Window(by="invoice_date", since="2023-02-01", until="2023-05-01", where="country <> 'NO'")
    found, train, holdout = select(tmp_path, recipe_of(past={}, train=window))
    days = {DATES[row["key"]][2] for row in train + holdout}
    assert min(days) == date(2023, 2, 1)
    assert max(days) == date(2023, 4, 30)
    assert {DATES[row["key"]][6] for row in train + holdout} == {"DE", "FR"}
    inside = [r for r in DATES.values() if date(2023, 2, 1) <= r[2] < date(2023, 5, 1) and r[6] != "NO"]
    assert dict(found.left_out)["outside the window"] == 600 - len(inside)


def test_a_condition_that_is_null_keeps_a_row_out(tmp_path: Path) -> None:
    window = Window(where="nullif(country, 'NO') = 'DE'")
    found, train, holdout = select(tmp_path, recipe_of(past={}, train=window))
    assert {row["country"] for row in train + holdout} == {"DE"}
    assert dict(found.left_out)["outside the window"] == 400
    found, train, holdout = select(tmp_path, recipe_of(past={}, where="nullif(country, 'NO') = 'DE'"))
    assert {row["country"] for row in train + holdout} == {"DE"}


def test_rows_that_where_leaves_out_are_not_rows_of_the_recipe(tmp_path: Path) -> None:
    found, train, holdout = select(tmp_path, recipe_of(past={}, where="country = 'DE'"))
    assert len(train) + len(holdout) + sum(count for _, count in found.left_out) == 200
    assert {row["country"] for row in train + holdout} == {"DE"}


def test_the_first_condition_that_is_true_names_the_class(tmp_path: Path) -> None:
    classes = (
        OutcomeClass(name="small", when="amount < 40"),
        OutcomeClass(name="medium", when="amount < 70"),
        OutcomeClass(name="rest", when="true"),
    )
    _, train, holdout = select(tmp_path, recipe_of(past={}, outcome=Outcome(classes=classes)))
    for row in train + holdout:
        assert row["outcome"] == (0 if row["amount"] < 40 else 1 if row["amount"] < 70 else 2)


def test_rows_that_match_no_class_are_an_error_with_the_count(tmp_path: Path) -> None:
    classes = (
        OutcomeClass(name="early", when="paid_date < due_date"),
        OutcomeClass(name="late", when="paid_date >= due_date"),
    )
    error = refused(tmp_path, recipe_of(past={}, outcome=Outcome(matured="due_date + 21", classes=classes)))
    assert error.code == "E417"
    assert "outcome.classes: 55 rows match no class" in error.message


def test_classes_of_a_column_are_its_values(tmp_path: Path) -> None:
    outcome = Outcome(column="country", classes=tuple(OutcomeClass(name=name) for name in ("NO", "DE", "FR")))
    features = Features(numeric=("amount",))
    _, train, holdout = select(tmp_path, recipe_of(past={}, outcome=outcome, features=features))
    expected = {key: ("NO", "DE", "FR").index(row[6]) for key, row in DATES.items()}
    assert all(row["outcome"] == expected[row["key"]] for row in train + holdout)
    few = Outcome(column="country", classes=tuple(OutcomeClass(name=name) for name in ("NO", "DE")))
    error = refused(tmp_path, recipe_of(past={}, outcome=few, features=features))
    assert error.code == "E417"
    assert "200 rows match no class" in error.message


def test_rows_without_an_outcome_are_left_out_and_counted(tmp_path: Path) -> None:
    rows = [(*row[:5], row[5] if n % 10 else None, *row[6:]) for n, row in enumerate(invoices(600))]
    recipe = recipe_of(
        past={}, task=Task.REGRESSION, outcome=Outcome(column="amount"), features=Features(categorical=("country",))
    )
    found, train, holdout = select(tmp_path, recipe, rows)
    assert dict(found.left_out) == {"no outcome": 60}
    assert len(train) + len(holdout) == 540


def test_an_infinite_outcome_is_an_error_with_the_count(tmp_path: Path) -> None:
    recipe = recipe_of(
        past={},
        task=Task.REGRESSION,
        derive={"y": "1 / (amount - 10)"},
        outcome=Outcome(column="y"),
        features=Features(categorical=("country",)),
    )
    error = refused(tmp_path, recipe)
    assert error.code == "E417"
    assert "outcome.column: infinite or not a number in 7 rows" in error.message


def test_rows_without_a_date_neither_train_nor_judge(tmp_path: Path) -> None:
    rows = [(*row[:2], row[2] if n % 6 else None, *row[3:]) for n, row in enumerate(invoices(600))]
    found, _, _ = select(tmp_path, recipe_of(past={}), rows)
    assert dict(found.left_out)["no date"] == 100


@pytest.mark.parametrize(
    ("count", "holdout", "message"),
    [
        (30, Holdout(random=0.1), "at least 20 and 5 are needed"),
        (30, Holdout(random=0.5), "15 training rows and 15 holdout rows"),
        (24, Holdout(random=0.2), "too few rows with an outcome, 24; at least 25 are needed"),
    ],
)
def test_too_few_rows_are_an_error_with_numbers(tmp_path: Path, count: int, holdout: Holdout, message: str) -> None:
    recipe = recipe_of(
        past={},
        task=Task.REGRESSION,
        outcome=Outcome(column="amount"),
        holdout=holdout,
        features=Features(categorical=("country",)),
    )
    error = refused(tmp_path, recipe, invoices(count))
    assert error.code == "E410"
    assert message in error.message


def test_one_class_only_and_empty_features_are_errors(tmp_path: Path) -> None:
    one = (OutcomeClass(name="all", when="true"), OutcomeClass(name="none", when="false"))
    error = refused(tmp_path, recipe_of(past={}, outcome=Outcome(classes=one)))
    assert error.code == "E410"
    assert "all of one class" in error.message
    empty = recipe_of(past={}, derive={"x": "nullif(amount, amount)"}, features=Features(numeric=("x",)))
    error = refused(tmp_path, empty)
    assert error.code == "E410"
    assert "x is missing in every training row" in error.message


def test_a_row_whose_maturity_is_unknown_is_not_mature(tmp_path: Path) -> None:
    recipe = recipe_of(past={}, outcome=Outcome(matured="paid_date", classes=CLASSES))
    found, train, holdout = select(tmp_path, recipe)
    assert dict(found.left_out)["not matured"] == sum(row[4] is None for row in DATES.values())
    assert all(DATES[row["key"]][4] is not None for row in train + holdout)
