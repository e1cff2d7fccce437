"""An estimator that is not supported: its package and what works alike are named, or the nearest name."""

from __future__ import annotations

import pytest

from reconciler.core.spec.recipe import Estimator, Param
from reconciler.manifest.schema.estimators import problems, table


@pytest.mark.parametrize(
    ("name", "task", "problem", "hint"),
    [
        ("XGBClassifier", "classification", "is not of sklearn", "write `uses: xgboost`"),
        ("LGBMRegressor", "regression", "is not of sklearn", "write `uses: lightgbm`"),
        ("XGBRFClassifier", "classification", "a forest of XGBoost", "class XGBClassifier, with `num_parallel_tree`"),
        ("LGBMRanker", "regression", "is not supported", "class LGBMRegressor"),
        ("CatBoostClassifier", "classification", "is of catboost", "`uses: lightgbm`, class LGBMClassifier"),
        ("GridSearchCV", "classification", "searches for parameters", "such as HistGradientBoostingClassifier"),
        ("RandomizedSearchCV", "regression", "searches for parameters", "such as HistGradientBoostingRegressor"),
        ("Pipeline", "classification", "prepares features", "name the estimator at its end"),
        ("VotingClassifier", "classification", "several estimators", "RandomForestClassifier"),
        ("StackingRegressor", "regression", "several estimators", "RandomForestRegressor"),
        ("SVC", "classification", "support vector", "LogisticRegression"),
        ("DummyClassifier", "classification", "naive guess", "LogisticRegression"),
        ("KerasClassifier", "classification", "is of keras", "HistGradientBoostingClassifier"),
        ("NeuralNetRegressor", "regression", "is of skorch", "HistGradientBoostingRegressor"),
        ("TabNetClassifier", "classification", "is of pytorch-tabnet", "HistGradientBoostingClassifier"),
        ("MLPClassifier", "classification", "networks", "HistGradientBoostingClassifier"),
        ("LinearSVC", "classification", "support vector", "LogisticRegression"),
        ("randomforestclassifier", "classification", "unsupported", "did you mean RandomForestClassifier?"),
        ("BaggingClassifier", "classification", "several estimators", "RandomForestClassifier"),
        ("PassiveAggressiveClassifier", "classification", "unsupported", "not in the table; nearest are "),
        ("RandomForestClasifier", "classification", "unsupported", "did you mean RandomForestClassifier?"),
        ("Zzz", "classification", "unsupported", "not in the table; "),
    ],
)
def test_what_is_not_supported_names_what_is(name: str, task: str, problem: str, hint: str) -> None:
    ((_, code, message, remedy),) = problems(Estimator(uses="sklearn", class_name=name, params=()), task)
    assert code == "E213"
    assert problem in message
    assert hint in (remedy or "")


def test_a_library_is_named_where_the_class_is_of_another() -> None:
    for uses, name in (("lightgbm", "XGBClassifier"), ("xgboost", "LogisticRegression"), ("sklearn", "LGBMClassifier")):
        ((path, code, message, remedy),) = problems(Estimator(uses=uses, class_name=name), "classification")
        assert (path, code, message) == (("uses",), "E213", f"{name} is not of {uses}")
        assert remedy == f"write `uses: {table()[name]['uses']}`"


@pytest.mark.parametrize(
    ("uses", "name", "value", "code", "said"),
    [
        ("lightgbm", "n_jobs", 4, "E215", "no byte depends on the number of threads"),
        ("lightgbm", "num_threads", 4, "E215", "no byte depends on the number of threads"),
        ("xgboost", "nthread", 4, "E215", "no byte depends on the number of threads"),
        ("lightgbm", "forcedsplits_filename", "/etc/passwd", "E214", "names a file"),
        ("lightgbm", "machines", "10.0.0.1:80", "E214", "other machines"),
        ("lightgbm", "device_type", "gpu", "E214", "another device"),
        ("lightgbm", "linear_tree", True, "E214", "the checked form"),
        ("lightgbm", "deterministic", False, "E214", "same rows give the same bytes"),
        ("lightgbm", "monotone_constraints", (1,), "E214", "`monotonic:"),
        ("xgboost", "callbacks", "os.system", "E214", "is code"),
        ("xgboost", "tree_method", "exact", "E214", "same rows give the same bytes"),
        ("xgboost", "booster", "gblinear", "E214", "the checked form"),
        ("xgboost", "interaction_constraints", "[[0]]", "E214", "`interactions:"),
        ("xgboost", "random_state", 1, "E214", "set `seed`"),
        ("lightgbm", "num_leaves", 10**9, "E215", "a whole number from 2 to 100000"),
        ("lightgbm", "subsample", 0.0, "E214", "a number over 0 to 1"),
        ("xgboost", "max_depth", 2.5, "E214", "a whole number"),
        ("xgboost", "grow_policy", "random", "E214", "depthwise, lossguide"),
        ("xgboost", "max_detph", 3, "E214", "unknown parameter of XGBClassifier"),
    ],
)
def test_a_parameter_that_cannot_be_set_is_told_by_name_and_why(
    uses: str, name: str, value: Param, code: str, said: str
) -> None:
    kind = {"lightgbm": "LGBMClassifier", "xgboost": "XGBClassifier"}[uses]
    estimator = Estimator(uses=uses, class_name=kind, params=((name, value),))
    ((path, found, message, _),) = problems(estimator, "classification")
    assert (path, found) == (("params", name), code)
    assert said in message
