"""Features from earlier rows that nobody declared are of what a row could know: by hand, and by changing all else."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from reconciler.core.experiment.past_space import TableFacts, past_space, with_past
from reconciler.core.spec.experiment.declared_experiment import PastSpace
from reconciler.core.spec.recipe import (
    Features,
    Holdout,
    NamedExpression,
    Outcome,
    OutcomeClass,
    PastFeature,
    Recipe,
    Task,
)
from reconciler.data.in_process import LocalData
from reconciler.ports import SelectionKind
from tests.support.invoice_tables import (
    AS_OF,
    CLASSES,
    INVOICE_TYPES,
    Row,
    invoices,
    ledger,
    read_rows,
    recipe_of,
)

KNOWN = "outcome_known_from"
TYPES = INVOICE_TYPES | {"reminders": "BIGINT"}  # a number that nothing says the time of
RECIPE = recipe_of(past={"prior": "count(*)"}, features=Features(numeric=("amount", "prior"), categorical=("country",)))
UNDECLARED = recipe_of(past={}, features=Features(numeric=("amount",), categorical=("country",)))


def rows_of(count: int = 120) -> list[Row]:
    return [(*row, number % 7) for number, row in enumerate(invoices(count))]


def facts_of(folder: Path, recipe: Recipe, rows: list[Row]) -> TableFacts:
    facts = LocalData().select(ledger(folder, rows, types=TYPES).request(recipe, SelectionKind.FACTS)).facts
    assert facts is not None
    return facts


def space_of(folder: Path, recipe: Recipe, rows: list[Row]) -> PastSpace:
    space = past_space(recipe, facts_of(folder, recipe, rows))
    assert space is not None
    return space


def values(folder: Path, recipe: Recipe, space: PastSpace, rows: list[Row]) -> dict[str, dict[str, Any]]:
    """All features of the space of each row, by key, as the product computes them."""
    names = tuple(name for group in space.groups for name in group)
    wide = with_past(replace(recipe, features=Features(numeric=names)), space, set(names))
    wide = replace(wide, data=replace(wide.data, predict="true"))
    LocalData().select(ledger(folder, rows, types=TYPES).request(wide, SelectionKind.PREDICT))
    return {row["key"]: row for row in read_rows(folder / "out" / "predict.parquet")}


def expressions(space: PastSpace) -> list[str]:
    names = {name for group in space.groups for name in group}
    return [each.expression for each in space.past.features if each.name in names]


# --- by hand -----------------------------------------------------------------------------------------------------

DAY = timedelta(days=1)


def late(row: Row) -> int:
    return ((row[4] or date.fromisoformat(AS_OF)) - row[3]).days


ARGUMENTS: dict[str, Callable[[Row], float]] = {
    '"amount"': lambda row: row[5],
    '"days_late"': late,
    "(days_late <= 0)::int": lambda row: late(row) <= 0,
    "(days_late <= 20)::int": lambda row: late(row) <= 20,
}


def by_hand(feature: PastFeature, earlier: list[tuple[date, Row]], moment: date) -> float | None:
    """One aggregate over the rows of one customer that were known before a moment, in the order of becoming known."""
    if feature.within is not None:
        earlier = [each for each in earlier if each[0] >= moment - DAY * (feature.within // 86400)]
    if feature.last is not None:
        earlier = earlier[-feature.last :]
    if feature.expression == "count(*)":
        return len(earlier)
    function, _, argument = feature.expression.partition("(")
    numbers = [ARGUMENTS[argument.removesuffix(")")](row) for _, row in earlier]
    match function:
        case "avg":
            return sum(numbers) / len(numbers) if numbers else None
        case "max":
            return max(numbers, default=None)
        case _:
            return statistics.stdev(numbers) if len(numbers) > 1 else None


@pytest.mark.parametrize("is_declared", [True, False])
def test_each_feature_is_computed_of_what_was_known_before_the_rows_moment(tmp_path: Path, is_declared: bool) -> None:
    rows = rows_of()
    recipe = RECIPE if is_declared else UNDECLARED
    space = space_of(tmp_path, recipe, rows)
    assert space.guessed is not is_declared
    assert space.outcomes
    names = {name for group in space.groups for name in group}
    assert len(names) == len(space.past.features) - is_declared >= 10
    found = values(tmp_path, recipe, space, rows)

    def known(row: Row) -> date | None:
        if is_declared:
            return max(row[4], row[2]) if row[4] is not None else None
        matured = row[3] + DAY * 21
        return matured if matured <= date.fromisoformat(AS_OF) else None

    for key, customer, moment, *_ in rows:
        earlier = sorted(
            ((when, row) for row in rows if row[1] == customer and (when := known(row)) is not None and when < moment),
            key=lambda each: (each[0], each[1][0]),
        )
        for feature in space.past.features:
            if feature.name in names:
                wanted = by_hand(feature, earlier, moment)
                assert found[key][feature.name] == pytest.approx(wanted, abs=1e-9), (key, feature)


@pytest.mark.parametrize("recipe", [RECIPE, UNDECLARED], ids=["declared", "guessed"])
def test_no_feature_of_a_row_changes_with_what_became_known_later(tmp_path: Path, recipe: Recipe) -> None:
    rows = rows_of(200)
    space = space_of(tmp_path, recipe, rows)
    before = values(tmp_path, recipe, space, rows)
    for moment in (rows[50][2], rows[90][2]):

        def changed(row: Row, moment: date = moment) -> Row:
            """The row as somebody may correct it after the moment: all that was not known then is another."""
            key, customer, issued, due, paid, amount, country, reminders = row
            if issued >= moment:
                return key, customer, issued, due, None, amount * 3 + 1, country, reminders + 50
            if paid is None or paid >= moment:  # of a known class only where the class was known without a payment
                paid = max(moment, due + DAY * 21) + DAY * 3 if due + DAY * 21 < moment else moment + DAY * 40
            return key, customer, issued, due, paid, amount, country, reminders + 50

        after = values(tmp_path, recipe, space, [changed(row) for row in rows])
        own = [row[0] for row in rows if row[2] <= moment]
        names = [name for group in space.groups for name in group]
        assert {key: [after[key][name] for name in names] for key in own} == {
            key: [before[key][name] for name in names] for key in own
        }
        assert any(before[row[0]] != after[row[0]] for row in rows if row[2] > moment), "the later ones tell of it"


# --- what they are made of ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("recipe", [RECIPE, UNDECLARED], ids=["declared", "guessed"])
def test_a_column_that_is_neither_feature_nor_outcome_is_in_none_however_much_it_tells(
    tmp_path: Path, recipe: Recipe
) -> None:
    assert not [text for text in expressions(space_of(tmp_path, recipe, rows_of())) if "reminders" in text]
    with_it = replace(recipe, features=replace(recipe.features, numeric=(*recipe.features.numeric, "reminders")))
    assert [text for text in expressions(space_of(tmp_path, with_it, rows_of())) if "reminders" in text]


def past_at(known: str, recipe: Recipe = RECIPE) -> Recipe:
    past = recipe.data.past
    assert past is not None
    return replace(recipe, data=replace(recipe.data, past=replace(past, known=known)))


@pytest.mark.parametrize("known", ["invoice_date", "due_date"])
def test_an_outcome_is_in_none_where_known_only_tells_when_the_row_happened_or_the_outcome_counts_from(
    tmp_path: Path, known: str
) -> None:
    space = space_of(tmp_path, past_at(known), rows_of())
    assert not space.outcomes
    assert set(expressions(space)) == {"count(*)", 'avg("amount")', 'stddev("amount")'}


def test_an_outcome_is_in_them_where_known_is_what_matured_says(tmp_path: Path) -> None:
    by_due = replace(past_at("due_date"), outcome=Outcome(matured='"due_date"', classes=CLASSES))
    assert space_of(tmp_path, by_due, rows_of()).outcomes


def test_of_a_guessed_past_the_class_is_known_once_matured_and_never_the_number_it_was_made_of(tmp_path: Path) -> None:
    space = space_of(tmp_path, UNDECLARED, rows_of())
    assert (space.past.by, space.past.at, space.past.known) == ("customer_id", "invoice_date", "outcome_known_from")
    assert not [text for text in expressions(space) if "(days_late)" in text.replace('"', "")]
    unsaid = replace(UNDECLARED, outcome=replace(UNDECLARED.outcome, matured=None))
    bare = space_of(tmp_path, unsaid, rows_of())
    assert (bare.outcomes, bare.past.known, bare.derive) == (False, "invoice_date", ())


def test_of_a_column_of_classes_and_of_numbers_the_outcome_is_that_column(tmp_path: Path) -> None:
    classes = Outcome(column="country", classes=(OutcomeClass(name="D'E"), OutcomeClass(name="FR")))
    texts = expressions(space_of(tmp_path, replace(RECIPE, outcome=classes), rows_of()))
    assert "avg((\"country\" = 'D''E')::int)" in texts
    numbers = replace(RECIPE, task=Task.REGRESSION, outcome=Outcome(column="days_late"))
    space = space_of(tmp_path, numbers, rows_of())
    assert {'avg("days_late")', 'max("days_late")', 'stddev("days_late")'} <= set(expressions(space))
    values(tmp_path, numbers, space, rows_of())


def test_nobody_is_guessed_where_nothing_orders_rows_or_each_row_is_of_another(tmp_path: Path) -> None:
    drawn = replace(UNDECLARED, holdout=Holdout(random=0.2))
    assert past_space(drawn, facts_of(tmp_path, drawn, rows_of())) is None
    alone = [(row[0], f"C{number}", *row[2:]) for number, row in enumerate(rows_of())]
    assert past_space(UNDECLARED, facts_of(tmp_path, UNDECLARED, alone)) is None
    some = [(row[0], None if number == 5 else row[1], *row[2:]) for number, row in enumerate(rows_of())]
    assert past_space(UNDECLARED, facts_of(tmp_path, UNDECLARED, some)) is None
    ahead = [(*row[:2], date(2025, 2, 1) if number == 5 else row[2], *row[3:]) for number, row in enumerate(rows_of())]
    assert past_space(UNDECLARED, facts_of(tmp_path, UNDECLARED, ahead)) is None


def test_names_are_free_and_what_is_declared_already_is_not_tried_again(tmp_path: Path) -> None:
    declared = recipe_of(
        past={"past_rows": "max(amount)", "n": "COUNT( * )", "mean": "avg(days_late)"},
        derive={"past_days_late_max": "1"},
        features=Features(numeric=("amount", "past_rows", "n", "mean")),
    )
    space = space_of(tmp_path, declared, rows_of())
    names = [name for group in space.groups for name in group]
    assert "past_days_late_max_2" in names
    assert not {"past_rows", "past_days_late_max"} & set(names)
    assert not {"count(*)", 'avg("days_late")'} & {
        each.expression for each in space.past.features[3:] if each.within is None and each.last is None
    }
    values(tmp_path, declared, space, rows_of())
    derived = replace(UNDECLARED.data, derive=(*UNDECLARED.data.derive, NamedExpression(name=KNOWN, expression="1")))
    space = space_of(tmp_path, replace(UNDECLARED, data=derived), rows_of())
    assert space.past.known == f"{KNOWN}_2"
    values(tmp_path, replace(UNDECLARED, data=derived), space, rows_of())
