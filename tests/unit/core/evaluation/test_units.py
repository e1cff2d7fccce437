"""The unit of an outcome: known transforms are turned back, and nothing else is."""

from __future__ import annotations

import math

import numpy as np
import pytest

from reconciler.core.evaluation.units import judging_of, outcome_text
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
from reconciler.evaluation.detailed.number_figures import untransformed


def recipe(expression: str, **others: str) -> Recipe:
    derived = {"outcome_value": expression, **others}
    return Recipe(
        task=Task.REGRESSION,
        data=Selection(
            table="t", key="id", derive=tuple(NamedExpression(name=n, expression=e) for n, e in derived.items())
        ),
        outcome=Outcome(column="outcome_value"),
        features=Features(numeric=("a",)),
        estimator=Estimator(uses="e", class_name="Ridge"),
        holdout=Holdout(random=0.2),
        seed=1,
    )


@pytest.mark.parametrize(
    ("expression", "unit", "transform"),
    [
        ("ln(1 + days)", "days", lambda x: math.log(1 + x)),
        ("LN(days + 1.0)", "days", lambda x: math.log(1 + x)),
        ("log(days)", "days", math.log10),
        ("log2(days) / 3", "days", lambda x: math.log2(x) / 3),
        ("sqrt(days) * 2 - 1", "days", lambda x: math.sqrt(x) * 2 - 1),
        ("-ln(days)", "days", lambda x: -math.log(x)),
        ("2 - sqrt(days)", "days", lambda x: 2 - math.sqrt(x)),
        ("1 + 2 * ln((1 + days) / 2)", "days", lambda x: 1 + 2 * math.log((1 + x) / 2)),
        ("exp(days / 10)", "days", lambda x: math.exp(x / 10)),
        ("ln(1 + (paid - due))", "paid - due", lambda x: math.log(1 + x)),
        ("ln(1 + date_diff('day', due, paid))", "date_diff('day', due, paid)", lambda x: math.log(1 + x)),
        ('ln("days late" * 1e-3)', '"days late"', lambda x: math.log(x * 1e-3)),
    ],
)
def test_a_transform_is_turned_back(expression: str, unit: str, transform: object) -> None:
    judging = judging_of(recipe(expression))
    assert judging.unit.unit == unit
    assert judging.unit.predicted == expression
    assert judging.unit.transformed
    values = np.array([0.5, 1.0, 7.0, 40.0])
    predicted = np.array([transform(value) for value in values])  # type: ignore[operator]
    assert np.allclose(untransformed(predicted, judging.steps), values)


@pytest.mark.parametrize(
    "expression",
    [
        "amount / 1000",
        "paid - due",
        "ln(a) + ln(b)",
        "CASE WHEN a THEN ln(b) ELSE 0 END + 1",
        "3 / days",
        "ln(a, b)",
        "greatest(ln(days), 0)",
        "days > 3",
        "ln(days)::INTEGER + 1",
        "a || 'ln(days)'",
        "days * 0",
    ],
)
def test_anything_else_is_its_own_unit(expression: str) -> None:
    judging = judging_of(recipe(expression))
    assert judging.steps == ()
    assert judging.unit.predicted == expression


def test_a_derived_column_on_the_way_is_looked_through_only_where_it_bends() -> None:
    hidden = recipe("squeezed * 1.0", squeezed="ln(1 + days)", days="hours / 24")
    assert judging_of(hidden).unit.unit == "days"
    assert len(judging_of(hidden).steps) == 3
    circle = recipe("ln(other)", other="ln(outcome_value)")
    assert judging_of(circle).unit.transformed


def test_a_quantile_turns_where_the_transform_does() -> None:
    assert judging_of(recipe("-ln(days)")).turns
    assert not judging_of(recipe("ln(days)")).turns


def test_two_outcomes_that_differ_have_other_words() -> None:
    assert outcome_text(recipe("ln(1 + days)")) != outcome_text(recipe("days"))
    classes = Outcome(classes=(OutcomeClass(name="late", when="days > 3"), OutcomeClass(name="fine", when="true")))
    assert outcome_text(_with(classes)) == "late: days > 3 | fine: true"


def _with(outcome: Outcome) -> Recipe:
    from dataclasses import replace

    return replace(recipe("days"), outcome=outcome)
