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
        ("KerasClassifier", "classification", "is of keras", "HistGradientBoostingClassifier"),
        ("NeuralNetRegressor", "regression", "is of skorch", "HistGradientBoostingRegressor"),
        ("TabNetClassifier", "classification", "is of pytorch-tabnet", "HistGradientBoostingClassifier"),
        ("MLPClassifier", "classification", "networks", "HistGradientBoostingClassifier"),
        ("LinearSVC", "classification", "support vector", "LogisticRegression"),
        ("randomforestclassifier", "classification", "unsupported", "did you mean RandomForestClassifier?"),
        ("BaggingClassifier", "classification", "unsupported", "not in the table; nearest are "),
        ("RandomForestClasifier", "classification", "unsupported", "did you mean RandomForestClassifier?"),
        ("Zzz", "classification", "unsupported", "not in the table; "),
    ],
)
def test_what_is_not_supported_names_what_is(name: str, task: str, problem: str, hint: str) -> None:
    ((_, code, message, remedy),) = problems(Estimator(uses="sklearn", class_name=name, params=()), task)
    assert code == "E213"
    assert problem in message
    assert hint in (remedy or "")
