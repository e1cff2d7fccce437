"""From what a table looks like to a first model: each choice, and the choice where nothing tells."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.core.onboarding.held_out_rows import shared_rows
from reconciler.core.onboarding.suggest_recipe import RecipeSuggestion, suggest
from reconciler.core.onboarding.table_profile import CellNote, ColumnProfile, DateGap, DayCountColumn, TableProfile
from reconciler.core.spec.data import Table
from reconciler.errors import UsageError

ROWS = 600
TODAY = "2026-01-31"


def column(name: str, kind: str = "DOUBLE", distinct: int = 300, **more: Any) -> ColumnProfile:
    return ColumnProfile(name=name, type=kind, filled=more.pop("filled", ROWS), distinct=distinct, **more)


def flag(name: str, *values: str, kind: str = "VARCHAR", **more: Any) -> ColumnProfile:
    return column(name, kind, len(values), values=values, **more)


def look(*columns: ColumnProfile, rows: int = ROWS, **more: Any) -> TableProfile:
    return TableProfile(table=Table(uses="csv", path="t.csv"), rows=rows, columns=columns, **more)


def suggested(*columns: ColumnProfile, outcome: str | None = None, rows: int = ROWS, **more: Any) -> RecipeSuggestion:
    return suggest(look(*columns, rows=rows, **more), name="t", today=TODAY, outcome=outcome)


ORDER_ID = column("order_id", "VARCHAR", ROWS)
AMOUNT = column("amount")
RETURNED = flag("returned", "no", "yes")


# --- the key ---


def test_a_column_that_differs_in_every_row_and_is_named_so_is_the_key() -> None:
    found = suggested(column("first", "BIGINT", ROWS), ORDER_ID, AMOUNT, RETURNED)
    assert found.recipe.data.key == "order_id"
    assert found.table.row_number is None


def test_rows_without_a_name_are_numbered() -> None:
    found = suggested(AMOUNT, column("row_number"), RETURNED)
    assert found.recipe.data.key == found.table.row_number == "row_number_2"
    assert "append" in found.reasons.key


def test_a_number_that_happens_to_differ_everywhere_is_no_key() -> None:
    assert suggested(AMOUNT, column("turnover", "BIGINT", ROWS), RETURNED).table.row_number is not None


def test_a_word_that_ends_in_id_is_no_identity() -> None:
    found = suggested(ORDER_ID, flag("paid", "no", "yes"), AMOUNT, column("valid", "BIGINT", 40), RETURNED)
    assert {"paid", "valid"} <= set(found.recipe.features.all)


@pytest.mark.parametrize(
    ("key", "told"),
    [
        (column("order_id", "BIGINT", ROWS - 1), "order_id repeats in 1 row: it would be the key once"),
        (column("order_id", "BIGINT", ROWS - 3, filled=ROWS - 2), "order_id is empty in 2 rows and repeats in 1 row"),
        (column("order_id", "BIGINT", ROWS // 2), None),
    ],
    ids=["one repeats", "some are empty", "half repeat"],
)
def test_a_key_that_some_rows_spoil_is_named(key: ColumnProfile, told: str | None) -> None:
    reason = suggested(key, AMOUNT, RETURNED).reasons.key
    assert (told in reason) if told else ("would be" not in reason)


# --- features ---


def test_features_go_by_type_and_codes_are_no_quantities() -> None:
    found = suggested(
        ORDER_ID,
        AMOUNT,
        column("zip_code", "BIGINT", 90),
        flag("country", "DE", "FR"),
        flag("express", "true", "false", kind="BOOLEAN"),
        RETURNED,
    )
    features = found.recipe.features
    assert features.numeric == ("amount",)
    assert features.categorical == ("zip_code", "country")
    assert features.boolean == ("express",)


def test_what_cannot_help_or_gives_the_answer_away_is_left_out_with_the_reason() -> None:
    found = suggested(
        ORDER_ID,
        AMOUNT,
        column("empty", "VARCHAR", 0, filled=0),
        flag("constant", "x"),
        column("comment", "VARCHAR", 550),
        column("client_id", "BIGINT", 80),
        flag("returned_code", "1", "2", kind="BIGINT"),
        RETURNED,
        twins=(("returned_code", "returned"), ("amount", "amount_gross")),
    )
    assert found.recipe.features.all == ("amount",)
    assert dict(found.left_out) == {
        "returned_code": "tells returned exactly",
        "empty": "is empty",
        "constant": "has the same value everywhere",
        "comment": "is text that hardly ever repeats",
        "client_id": "looks like an identifier, which does not generalise to new rows",
    }


def test_the_other_count_of_days_to_the_same_date_is_left_out() -> None:
    days = (
        DayCountColumn(column="target", start="a", end="c"),
        DayCountColumn(column="other_days", start="b", end="c"),
    )
    found = suggested(ORDER_ID, AMOUNT, column("other_days", "BIGINT", 60), column("target", "BIGINT", 60), days=days)
    assert found.recipe.features.all == ("amount",)


# --- how it is judged ---


def test_rows_with_a_date_are_judged_on_the_latest_and_its_month_is_a_feature() -> None:
    found = suggested(ORDER_ID, AMOUNT, column("bought", "DATE", 200, latest="2026-01-30"), RETURNED)
    assert (found.recipe.holdout.last, found.recipe.holdout.by) == (0.2, "bought")
    assert found.recipe.features.numeric == ("amount", "bought_month")


def test_of_a_time_the_hour_and_the_weekday_are_features_too() -> None:
    found = suggested(ORDER_ID, AMOUNT, column("at", "TIMESTAMP", 200, latest="2026-01-30"), RETURNED)
    assert found.recipe.features.numeric == ("amount", "at_month", "at_hour", "at_weekday")
    assert dict(found.left_out)["at"] == "its month, hour and weekday are features"


def test_a_churn_table_is_not_held_out_by_the_day_on_which_its_customers_signed_up() -> None:
    signed_up = column("signed_up", "DATE", 200, latest="2026-01-30")
    found = suggested(column("customer_id", "VARCHAR", ROWS), signed_up, column("tenure"), flag("churned", "no", "yes"))
    assert found.recipe.holdout.random == 0.2
    assert found.recipe.features.numeric == ("tenure",)
    assert found.reasons.holdout.startswith("signed_up tells, by its name, when a row's subject began")
    assert "so a random fifth is held out" in found.reasons.holdout


@pytest.mark.parametrize(
    "date",
    [
        column("planned", "DATE", 200, latest="2026-02-01"),
        column("seen", "DATE", 5, latest="2026-01-01"),
        column("seen", "DATE", 200, latest="2026-01-01", filled=ROWS - 1),
    ],
    ids=["in the future", "few days", "not always known"],
)
def test_a_date_that_does_not_order_the_rows_does_not_hold_them_out(date: ColumnProfile) -> None:
    assert suggested(ORDER_ID, AMOUNT, date, RETURNED).recipe.holdout.random == 0.2


@pytest.mark.parametrize(("rows", "learner"), [(600, "RandomForest"), (50_000, "HistGradientBoosting")])
def test_the_estimator_goes_by_rows_and_task(rows: int, learner: str) -> None:
    columns = (column("a", filled=rows), column("b", filled=rows))
    found = suggested(*columns, flag("target", "0", "1", kind="BIGINT", filled=rows), rows=rows)
    assert found.recipe.estimator.class_name == f"{learner}Classifier"
    assert suggested(*columns, rows=rows).recipe.estimator.class_name == f"{learner}Regressor"


# --- receivables ---

LEDGER = (
    column("invoice_no", "VARCHAR", ROWS),
    column("customer", "VARCHAR", 40),
    column("issued", "DATE", 300, latest="2026-01-10"),
    column("due_date", "DATE", 300, latest="2026-02-10"),
    column("paid_on", "DATE", 300, latest="2026-01-12", filled=500),
    column("lateness", "BIGINT", 60),
    flag("disputed", "no", "yes"),
    AMOUNT,
)


def ledger(*columns: ColumnProfile, over_30: float = 0.1, over_0: float = 0.4) -> RecipeSuggestion:
    gaps = (
        DateGap(start="issued", end="due_date", forward=1.0, over_0=1.0, over_10=1.0, over_30=0.0),
        DateGap(start="due_date", end="paid_on", forward=0.5, over_0=over_0, over_10=0.2, over_30=over_30),
    )
    days = (DayCountColumn(column="lateness", start="due_date", end="paid_on"),)
    return suggested(*(columns or LEDGER), gaps=gaps, days=days)


def test_due_and_settlement_dates_make_lateness_the_outcome_with_the_customers_past() -> None:
    found = ledger()
    recipe = found.recipe
    assert recipe.class_names == ("on_time", "late", "very_late")
    assert recipe.outcome.classes[1].when == "days_late <= 30"
    assert recipe.outcome.matured == '"due_date" + interval 31 day'
    past = recipe.data.past
    assert past is not None
    assert (past.by, past.at, past.known) == ("customer", "issued", "paid_on")
    assert recipe.holdout.by == "issued"
    assert recipe.features.numeric[:3] == ("amount", "terms_days", "month_written")


def test_what_a_ledger_knows_only_once_it_is_paid_is_no_feature() -> None:
    found = ledger()
    assert not {"paid_on", "lateness", "disputed", "customer"} & set(found.recipe.features.all)
    assert {"paid_on", "lateness", "disputed", "customer"} <= {name for name, _ in found.left_out}


def test_open_rows_are_predicted_as_of_the_last_day_that_the_books_know() -> None:
    found = ledger()
    assert found.recipe.data.predict == '"paid_on" is null'
    assert found.as_of == "2026-01-12"
    assert found.recipe.outcome.classes[0].possible == 'as_of <= "due_date"'


def test_a_ledger_without_open_rows_needs_no_day_and_rules_nothing_out() -> None:
    closed = tuple(column("paid_on", "DATE", 300, latest="2026-01-12") if c.name == "paid_on" else c for c in LEDGER)
    found = ledger(*closed)
    assert (found.recipe.data.predict, found.as_of) == ("true", None)
    assert not any(one.possible for one in found.recipe.outcome.classes)


def test_where_few_are_very_late_the_cut_is_ten_days() -> None:
    found = ledger(over_30=0.01)
    assert found.recipe.outcome.classes[1].when == "days_late <= 10"
    assert "more than 10 days are very late; a guess: --outcome COLUMN" in found.reasons.outcome


def test_where_nobody_pays_late_it_is_no_question() -> None:
    assert ledger(over_0=0.0).recipe.outcome.column is not None


# --- what fits the table's size ---


@pytest.mark.parametrize("rows", [5, 30, 60, 247])
def test_a_holdout_too_small_to_judge_by_is_told(rows: int) -> None:
    key, outcome = column("id", "BIGINT", rows, filled=rows), flag("y", "no", "yes", filled=rows)
    found = suggested(key, column("a", distinct=4, filled=rows), outcome, rows=rows)
    reason = found.why_holdout
    assert f"about {round(rows / 5)} row{'s' * (rows > 5)}, so few that" in reason
    assert ("trains no model on fewer than 25 rows" in reason) == (rows < 25)
    assert "points off" in reason


def test_a_holdout_is_told_small_by_its_rows_with_an_outcome() -> None:
    few = suggested(ORDER_ID, AMOUNT, flag("returned", "no", "yes", filled=100))
    assert few.judged == 20
    assert "about 20 rows" in few.why_holdout
    assert "so few" not in suggested(ORDER_ID, AMOUNT, RETURNED).why_holdout


@pytest.mark.parametrize("judged", [1, 2, 6, 15, 40, 72, 80, 500, 40_000])
def test_a_gate_asks_for_fewer_rows_than_the_holdout_has_also_where_chance_made_it_smaller(judged: int) -> None:
    assert 1 <= shared_rows(judged) <= max(1, judged - 2 * judged**0.5)


# --- what can be read in two ways ---


def asked(column: str, **more: Any) -> CellNote:
    return CellNote(column=column, note="read as one, but the other fits too", **more)


@pytest.mark.parametrize("name", ["ordered_on", "amount"])
def test_a_column_that_decides_and_can_be_read_in_two_ways_is_asked_about(name: str) -> None:
    day = column("ordered_on", "DATE", 200, latest="2026-01-15")
    notes = (asked(name, flags=(f"--dates {name}=%d/%m/%Y", f"--dates {name}=%m/%d/%Y")),)
    with pytest.raises(UsageError, match=f"E420 column {name} can be read in two ways: read as one") as refused:
        suggested(ORDER_ID, day, AMOUNT, RETURNED, notes=notes)
    assert refused.value.hint == f"say which: --dates {name}=%d/%m/%Y or --dates {name}=%m/%d/%Y"


def test_a_column_that_nothing_uses_is_not_asked_about() -> None:
    later = column("seen_on", "DATE", 200, latest="2027-01-15")
    notes = (asked("seen_on", flags=("--dates seen_on=%d/%m/%Y", "--dates seen_on=%m/%d/%Y")),)
    found = suggested(ORDER_ID, later, AMOUNT, RETURNED, notes=notes)
    assert found.notes == notes


def test_a_class_that_may_mean_missing_is_asked_about_and_a_category_is_not() -> None:
    note = asked("returned", outcome_flags=("--nulls returned=NA", "--type returned=VARCHAR"))
    returned = flag("returned", "no", "yes", "NA")
    with pytest.raises(UsageError, match="E420 column returned"):
        suggested(ORDER_ID, AMOUNT, returned, notes=(note,))
    assert suggested(ORDER_ID, AMOUNT, returned, flag("churned", "0", "1"), notes=(note,)).notes == (note,)


def test_text_that_only_looks_like_dates_is_no_category() -> None:
    found = suggested(ORDER_ID, AMOUNT, flag("d", "a", "b"), RETURNED, notes=(asked("d", unread=True),))
    assert "d" not in found.recipe.features.all
    assert dict(found.left_out)["d"] == "read as one, but the other fits too"


@pytest.mark.parametrize("name", ["key", "outcome", "Key", "possible_price", "also_seen"])
def test_a_column_whose_name_no_feature_can_have_is_a_feature_by_another_name(name: str) -> None:
    few = flag(name, "1.5", "2.5", "3.5", kind="DOUBLE")
    found = suggested(ORDER_ID, AMOUNT, few, RETURNED, outcome="returned").recipe
    assert found.features.numeric == ("amount", f"value_of_{name}")
    assert [(one.name, one.expression) for one in found.data.derive] == [(f"value_of_{name}", f'"{name}"')]


def test_few_rows_of_many_columns_are_boosted_since_a_forest_looks_at_few_columns_at_a_time() -> None:
    wide = suggested(ORDER_ID, *(column(f"m{n}") for n in range(201)), RETURNED, outcome="returned")
    assert wide.recipe.estimator.class_name == "HistGradientBoostingClassifier"
    assert "201 columns" in wide.reasons.estimator
    few = suggested(ORDER_ID, *(column(f"m{n}") for n in range(200)), RETURNED, outcome="returned")
    assert few.recipe.estimator.class_name == "RandomForestClassifier"
