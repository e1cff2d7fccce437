"""`monotonic` and `interactions` name features, where the estimator can keep to them; else the place and why."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.core.spec.recipe import Estimator, Features, Holdout, Outcome, OutcomeClass, Recipe, Selection, Task
from reconciler.manifest.estimators.constraints import problems
from reconciler.manifest.schema.estimators import table

NUMBER = Recipe(
    task=Task.REGRESSION,
    data=Selection(table="t", key="k"),
    outcome=Outcome(column="y"),
    features=Features(numeric=("amount", "terms"), categorical=("country",), boolean=("paperless",)),
    estimator=Estimator(uses="lightgbm", class_name="LGBMRegressor"),
    holdout=Holdout(random=0.2),
    seed=1,
)
UP = (("amount", "increasing"),)


def found(estimator: Estimator, *, classes: int = 0) -> list[tuple[Any, ...]]:
    recipe = replace(NUMBER, estimator=estimator)
    if classes:
        outcome = Outcome(column="y", classes=tuple(OutcomeClass(name=f"c{place}") for place in range(classes)))
        recipe = replace(recipe, task=Task.CLASSIFICATION, outcome=outcome)
    return list(problems(recipe, table()[estimator.class_name]["family"]))


@pytest.mark.parametrize(
    ("uses", "name", "classes"),
    [
        ("lightgbm", "LGBMRegressor", 0),
        ("xgboost", "XGBRegressor", 0),
        ("sklearn", "HistGradientBoostingRegressor", 0),
        ("lightgbm", "LGBMClassifier", 2),
        ("xgboost", "XGBClassifier", 2),
        ("sklearn", "HistGradientBoostingClassifier", 2),
    ],
)
def test_who_can_keep_to_it_may_be_told(uses: str, name: str, classes: int) -> None:
    pairs = (("amount", "terms"), ("country", "amount"))
    assert found(Estimator(uses=uses, class_name=name, monotonic=UP, interactions=pairs), classes=classes) == []


CASES: list[tuple[Estimator, int, tuple[Any, ...], str]] = [
    (Estimator(uses="sklearn", class_name="LogisticRegression", monotonic=UP), 2, ("monotonic",), "one column per"),
    (
        Estimator(uses="sklearn", class_name="Ridge", interactions=(("amount",),)),
        0,
        ("interactions",),
        "one column per",
    ),
    (Estimator(uses="sklearn", class_name="RandomForestRegressor", monotonic=UP), 0, ("monotonic",), "as codes"),
    (Estimator(uses="xgboost", class_name="XGBClassifier", monotonic=UP), 3, ("monotonic",), "of 3 classes none"),
    (
        Estimator(uses="lightgbm", class_name="LGBMRegressor", monotonic=(("country", "increasing"),)),
        *(0, ("monotonic", "country"), "no order"),
    ),
    (
        Estimator(uses="lightgbm", class_name="LGBMRegressor", monotonic=(("amonut", "increasing"),)),
        *(0, ("monotonic", "amonut"), "none of the recipe's features"),
    ),
    (
        Estimator(uses="xgboost", class_name="XGBRegressor", interactions=(("amount", "terms"), ("amount", "zip"))),
        *(0, ("interactions", 1, 1), "zip is none of"),
    ),
    (
        Estimator(uses="xgboost", class_name="XGBRegressor", interactions=(("amount", "amount"),)),
        *(0, ("interactions", 0, 1), "twice"),
    ),
    (
        Estimator(uses="xgboost", class_name="XGBRegressor", params=(("objective", "reg:quantileerror"),)),
        *(0, ("params", "objective"), "does not say which quantile"),
    ),
    (
        Estimator(uses="lightgbm", class_name="LGBMRegressor", params=(("alpha", 1.5), ("objective", "quantile"))),
        *(0, ("params", "alpha"), "between 0 and 1"),
    ),
    (
        Estimator(uses="lightgbm", class_name="LGBMRegressor", params=(("objective", "quantile"),), monotonic=UP),
        *(0, ("monotonic",), "`objective: quantile` sets its leaves"),
    ),
    (
        Estimator(
            uses="xgboost", class_name="XGBRegressor", params=(("objective", "reg:absoluteerror"),), monotonic=UP
        ),
        *(0, ("monotonic",), "sets its leaves"),
    ),
    (
        Estimator(
            uses="sklearn", class_name="HistGradientBoostingRegressor", params=(("loss", "quantile"),), monotonic=UP
        ),
        *(0, ("monotonic",), "sets its leaves"),
    ),
]


@pytest.mark.parametrize(("estimator", "classes", "path", "said"), CASES)
def test_who_cannot_is_told_at_its_place(estimator: Estimator, classes: int, path: tuple[Any, ...], said: str) -> None:
    ((place, _, message, _),) = found(estimator, classes=classes)
    assert place == path
    assert said in message
