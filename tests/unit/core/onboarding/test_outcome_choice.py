"""Which column a first model predicts: by its name, by its place, and how its texts become classes."""

from __future__ import annotations

import pytest

from reconciler.core.onboarding.suggest_recipe import suggest
from reconciler.core.onboarding.table_profile import ColumnProfile, TableProfile
from reconciler.core.spec.data import Table
from reconciler.core.spec.recipe import Task
from reconciler.errors import UsageError
from tests.unit.core.onboarding.test_suggest_recipe import (
    AMOUNT,
    ORDER_ID,
    RETURNED,
    ROWS,
    TODAY,
    column,
    flag,
    suggested,
)


def test_the_outcome_is_known_by_its_name_wherever_it_stands() -> None:
    found = suggested(ORDER_ID, RETURNED, AMOUNT)
    assert (found.recipe.outcome.column, found.recipe.class_names) == ("returned", ("no", "yes"))
    assert found.reasons.outcome.startswith("a guess by its name: choose another with --outcome COLUMN")


def test_else_it_is_the_last_column_that_can_be_one_and_the_reason_says_how_to_choose() -> None:
    found = suggested(ORDER_ID, AMOUNT, flag("kind", "a", "b"), column("comment", "VARCHAR", 550))
    assert found.recipe.outcome.column == "kind"
    assert "--outcome" in found.reasons.outcome


# case -> the columns beside the key and `amount`, and the outcome
SEVERAL: dict[str, tuple[tuple[ColumnProfile, ...], str]] = {
    "a last column of two values, before an amount": ((column("price"), flag("ripe", "no", "yes")), "ripe"),
    "an event, before an amount": ((column("price"), flag("bought", "n", "y"), column("units")), "bought"),
    "an amount, before a last column of more values": ((column("price"), flag("kind", "a", "b", "c")), "price"),
    "an amount, before a last number": ((column("price"), column("units")), "price"),
    "what is said outright, before an event": ((flag("target", "a", "b"), flag("churn", "n", "y")), "target"),
    "an event, before a kind": ((flag("survived", "n", "y"), flag("class", "a", "b", "c")), "survived"),
    "an event with its verb": ((flag("is_churned", "n", "y"), flag("kind", "a", "b")), "is_churned"),
    "an event in camel case": ((flag("isFraud", "n", "y"), column("units")), "isFraud"),
    "an event of banks": ((flag("default_payment_next_month", "n", "y"), column("n")), "default_payment_next_month"),
    "no free text of such a name": ((column("label", "VARCHAR", 590), flag("kind", "a", "b")), "kind"),
    "no day of such a name": ((column("returned", "DATE", 90, latest="2026-01-01"), flag("kind", "a", "b")), "kind"),
}


@pytest.mark.parametrize("case", SEVERAL)
def test_of_several_columns_that_may_be_meant_the_surest_is_taken_and_told_as_a_guess(case: str) -> None:
    columns, outcome = SEVERAL[case]
    found = suggested(ORDER_ID, AMOUNT, *columns)
    assert found.recipe.outcome.column == outcome
    assert "a guess" in found.reasons.outcome
    assert "--outcome COLUMN" in found.reasons.outcome


def test_the_others_that_may_be_meant_are_named() -> None:
    reason = suggested(ORDER_ID, column("price"), flag("churned", "n", "y"), flag("ripe", "n", "y")).reasons.outcome
    assert reason.endswith("(such as price, ripe)")


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (flag("y", "yes"), "has the same value everywhere"),
        (flag("churned", "x", filled=200), r"has one value, or none \(400 of 600 rows\): where none means another"),
        (column("target", "VARCHAR", 60), "has 60 different values, and at most 20 are taken for classes"),
        (column("label", "VARCHAR", 0, filled=0), "is empty"),
        (flag("y", "a" * 300, "b"), "has values that are too long for a manifest"),
    ],
    ids=["one class", "a mark", "many classes", "empty", "long"],
)
def test_what_is_the_outcome_by_its_name_and_cannot_be_predicted_is_told_and_none_is_taken_instead(
    outcome: ColumnProfile, reason: str
) -> None:
    columns = (ORDER_ID, AMOUNT, outcome, flag("member", "no", "yes"))
    with pytest.raises(UsageError, match=f"{outcome.name} is the outcome by its name, and .*: it {reason}") as told:
        suggested(*columns)
    assert told.value.code == "E410"
    assert "such as --outcome member" in (told.value.hint or "")
    assert suggested(*columns, outcome="member").recipe.outcome.column == "member"


@pytest.mark.parametrize(
    ("outcome", "task"),
    [
        (column("target"), Task.REGRESSION),
        (flag("target", "2", "10", "1", kind="BIGINT"), Task.CLASSIFICATION),
        (flag("target", "false", "true", kind="BOOLEAN"), Task.CLASSIFICATION),
        (flag("target", "1.0", "0.0"), Task.CLASSIFICATION),
        (flag("target", "0.5", "1.5", kind="DOUBLE"), Task.REGRESSION),
    ],
    ids=["many numbers", "few whole numbers", "true or false", "text", "few fractions"],
)
def test_few_values_are_classes_and_many_numbers_are_an_amount(outcome: ColumnProfile, task: Task) -> None:
    assert suggested(ORDER_ID, AMOUNT, outcome).recipe.task is task


def test_classes_of_numbers_stand_in_the_order_of_numbers() -> None:
    found = suggested(ORDER_ID, AMOUNT, flag("target", "2", "10", "1", kind="BIGINT"))
    assert found.recipe.class_names == ("1", "2", "10")


def test_decimal_classes_are_told_by_conditions_and_open_rows_do_not_train() -> None:
    found = suggested(ORDER_ID, AMOUNT, flag("target", "0.0", "1.0", kind="DOUBLE", filled=ROWS - 5))
    assert [(one.name, one.when) for one in found.recipe.outcome.classes] == [
        ("0", '"target" = 0.0'),
        ("1", '"target" = 1.0'),
    ]
    assert found.recipe.data.train is not None
    assert found.recipe.data.train.where == '"target" is not null'
    assert found.recipe.data.predict == '"target" is null'


def test_a_text_that_is_no_name_for_a_class_gets_one_and_its_quotes_are_kept() -> None:
    long = f"it's {'x' * 60}"
    found = suggested(ORDER_ID, AMOUNT, flag("target", long, "b"))
    assert [(one.name, one.when) for one in found.recipe.outcome.classes] == [
        ("b", "\"target\" = 'b'"),
        ("class_2", f"\"target\" = 'it''s {'x' * 60}'"),
    ]


def test_texts_that_differ_only_in_case_and_spaces_are_one_class_by_the_name_of_the_most_frequent() -> None:
    found = suggested(ORDER_ID, AMOUNT, flag("target", "Yes", "it's ", "YES ", "yes", "IT'S", filled=ROWS - 5))
    assert [(one.name, one.when) for one in found.recipe.outcome.classes] == [
        ("Yes", "lower(trim(\"target\")) = 'yes'"),
        ("it's", "lower(trim(\"target\")) = 'it''s'"),
    ]
    assert found.recipe.data.train is not None
    assert found.reasons.outcome.startswith("target: a guess by its name")
    assert "Yes stands for 'YES ', 'Yes', 'yes'" in found.reasons.outcome


def test_a_space_behind_each_delimiter_gives_no_class_a_name_of_its_own() -> None:
    found = suggested(ORDER_ID, AMOUNT, flag("target", " yes", " no"))
    assert found.recipe.class_names == ("no", "yes")
    assert "stands for" not in found.reasons.outcome


@pytest.mark.parametrize(("rarest", "told"), [(1, "class maybe has 1 row: too few"), (9, "has 9 rows"), (10, None)])
def test_a_class_of_few_rows_is_told(rarest: int, told: str | None) -> None:
    reason = suggested(ORDER_ID, AMOUNT, flag("y", "no", "yes", "maybe", rarest=rarest)).reasons.outcome
    assert (told in reason) if told else ("too few" not in reason)


def test_the_author_may_say_what_to_predict_by_either_name() -> None:
    table = Table(uses="csv", path="t.csv", columns=(("unit_price", "Unit price (EUR)"),))
    there = TableProfile(table=table, rows=ROWS, columns=(ORDER_ID, column("unit_price"), RETURNED))
    for name in ("unit_price", "Unit price (EUR)"):
        assert suggest(there, name="t", today=TODAY, outcome=name).recipe.outcome.column == "unit_price"


@pytest.mark.parametrize("wanted", ["order_id", "comment", "bought", "nothing"])
def test_what_cannot_be_predicted_is_refused_with_what_can(wanted: str) -> None:
    columns = (ORDER_ID, AMOUNT, column("comment", "VARCHAR", 500), column("bought", "DATE", 200, latest="2026-01-01"))
    with pytest.raises(UsageError) as refused:
        suggested(*columns, outcome=wanted)
    assert refused.value.hint


def test_a_table_with_nothing_to_predict_or_to_predict_from_is_refused() -> None:
    with pytest.raises(UsageError, match="no column of the table can be predicted"):
        suggested(ORDER_ID, column("comment", "VARCHAR", 500))
    with pytest.raises(UsageError, match="no column to predict returned from: empty is empty"):
        suggested(ORDER_ID, column("empty", "VARCHAR", 0, filled=0), RETURNED)


def test_rows_without_an_outcome_are_those_to_predict_else_all_and_it_says_why() -> None:
    assert suggested(ORDER_ID, AMOUNT, flag("returned", "no", "yes", filled=500)).recipe.data.predict == (
        '"returned" is null'
    )
    closed = suggested(ORDER_ID, AMOUNT, RETURNED)
    assert closed.recipe.data.predict == "true"
    assert "narrow it" in closed.reasons.predict
