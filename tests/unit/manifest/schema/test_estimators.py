"""An estimator that is not supported: its package and what works alike are named, or the nearest name."""

from __future__ import annotations

import pytest

from reconciler.core.spec.recipe import Estimator
from reconciler.manifest.schema.estimators import problems


@pytest.mark.parametrize(
    ("name", "task", "problem", "hint"),
    [
        ("XGBClassifier", "classification", "is of xgboost", "HistGradientBoostingClassifier"),
        ("LGBMRegressor", "regression", "is of lightgbm", "HistGradientBoostingRegressor"),
        ("CatBoostClassifier", "classification", "is of catboost", "HistGradientBoostingClassifier"),
        ("RandomForestClasifier", "classification", "unsupported", "did you mean RandomForestClassifier?"),
        ("Zzz", "classification", "unsupported", "supported: "),
    ],
)
def test_what_is_not_supported_names_what_is(name: str, task: str, problem: str, hint: str) -> None:
    ((_, code, message, remedy),) = problems(Estimator(uses="sklearn", class_name=name, params=()), task)
    assert code == "E213"
    assert problem in message
    assert hint in (remedy or "")
