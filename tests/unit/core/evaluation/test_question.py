"""Figures of two models stand beside each other only where both say how well the same is predicted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.core.evaluation.question import asked_otherwise, figures_apart, judged_quantile
from reconciler.core.spec.recipe import (
    Estimator,
    Features,
    Holdout,
    NamedExpression,
    Outcome,
    OutcomeClass,
    Recipe,
    Selection,
    Task,
)

ESTIMATOR = Estimator(uses="sklearn", class_name="HistGradientBoostingRegressor")


def derived(**expressions: str) -> tuple[NamedExpression, ...]:
    return tuple(NamedExpression(name=name, expression=text) for name, text in expressions.items())


def number(column: str, *, quantile: float | None = None, **derive: str) -> Recipe:
    params = (("loss", "quantile"), ("quantile", quantile)) if quantile is not None else ()
    return Recipe(
        task=Task.REGRESSION,
        data=Selection(table="invoices", key="invoice_id", derive=derived(**derive)),
        outcome=Outcome(column=column),
        features=Features(),
        estimator=replace(ESTIMATOR, params=params),
        holdout=Holdout(random=0.2),
        seed=0,
    )


def classes(late: str, /, *, names: tuple[str, str] = ("late", "on time"), **derive: str) -> Recipe:
    late_class = OutcomeClass(name=names[0], when=late)
    return replace(
        number("", **derive),
        task=Task.CLASSIFICATION,
        outcome=Outcome(classes=(late_class, OutcomeClass(name=names[1], when="true"))),
    )


DAYS = "date_diff('day', due, paid)"


@pytest.mark.parametrize(
    ("new", "old", "said"),
    [
        (classes("days > 30", days=DAYS), classes("days > 60", days=DAYS), 'late is "days > 30", and "days > 60"'),
        (
            classes("days > 30", days=DAYS),
            classes("days > 30", days=f"{DAYS} - 1"),
            f'late is "days: {DAYS}", and "days: {DAYS} - 1"',
        ),
        (classes("kind = 'Late'"), classes("kind = 'late'"), "late is \"kind = 'Late'\", and"),
        (classes("is_late", is_late=f"{DAYS} > 3"), classes("is_late", is_late=f"{DAYS} > 9"), "late is"),
        (classes("a"), classes("a", names=("late", "early")), "its classes are late, on time, and late, early"),
        (classes("a"), number("days"), "it predicts classes, and the other a number"),
        (number("days", days=DAYS), number("hours", hours=f"{DAYS} * 24"), "its outcome is"),
        (number("days", days=DAYS), number("days", days="date_diff('hour', due, paid)"), "its outcome is"),
        (number("paid", quantile=0.9), number("paid"), "it predicts the 90 % quantile, and the other a mean"),
        (number("-1 * ln(paid)", quantile=0.9), number("paid", quantile=0.9), "it predicts the 10 % quantile, and"),
        (
            number("days"),
            replace(number("days"), data=Selection(table="orders", key="invoice_id")),
            "rows are of table invoices, and of orders",
        ),
    ],
)
def test_another_question_is_told_by_what_differs(new: Recipe, old: Recipe, said: str) -> None:
    found = asked_otherwise(new, old)
    assert found is not None
    assert found.startswith(said)
    assert asked_otherwise(old, new) is not None
    assert figures_apart(new, old) == found


@pytest.mark.parametrize(
    ("new", "old"),
    [
        (classes("days > 30", days=DAYS), classes("(DAYS  >  30)", days=f"({DAYS})")),
        (classes("days > 30", days=DAYS), classes('"late by" > 30', **{"late by": DAYS})),
        (classes("days > 30", days=DAYS, more="1"), classes(f"{DAYS} > 30".replace(DAYS, "d"), d=DAYS)),
        (number("days", days=DAYS), number("late_by", late_by=DAYS)),
        (replace(number("days"), outcome=Outcome(column="days", matured="due + 30")), number("days")),
    ],
)
def test_names_spaces_and_which_rows_count_make_no_other_question(new: Recipe, old: Recipe) -> None:
    assert asked_otherwise(new, old) is None
    assert figures_apart(new, old) is None


def test_a_transform_is_the_same_question_in_its_unit_and_has_figures_of_its_own() -> None:
    log, plain = number("log_days", days=DAYS, log_days="ln(1 + days)"), number("days", days=DAYS)
    assert asked_otherwise(log, plain) is None
    found = figures_apart(log, plain)
    assert found == f'its own figures are in "ln(1 + days)", and in "{DAYS}" of the other'
    assert figures_apart(log, log) is None
    root = number("root", days=DAYS, root="sqrt(days)")
    assert asked_otherwise(log, root) is None
    assert figures_apart(log, root) is not None


def test_a_quantile_of_what_turns_is_one_of_the_other_tail() -> None:
    assert judged_quantile(number("-1 * ln(paid)", quantile=0.9)) == pytest.approx(0.1)
    assert judged_quantile(number("ln(paid)", quantile=0.9)) == 0.9
    assert judged_quantile(number("ln(paid)")) is None


def test_definitions_that_double_with_each_name_cost_no_more_than_they_are_long() -> None:
    chain = {"d0": "paid + paid"} | {f"d{n}": f"d{n - 1} + d{n - 1}" for n in range(1, 60)}
    assert asked_otherwise(number("d59", **chain), number("d59", **chain)) is None
    assert asked_otherwise(number("d59", **chain), number("d59", **chain | {"d0": "paid + due"})) is not None
