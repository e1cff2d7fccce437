"""Tell what to use in place of an estimator that is not supported, by what its name means."""

from __future__ import annotations

from collections.abc import Mapping

_BOOSTED = ("HistGradientBoostingClassifier", "HistGradientBoostingRegressor")
_LINEAR = ("LogisticRegression", "Ridge")
_NEAREST = "comes nearest"
_BOOSTING = "{own}, or `uses: lightgbm` or `uses: xgboost`, " + _NEAREST

# How names of classes begin, in lower case -> (what they are, what to use instead; {own}: of the task).
_STARTS: Mapping[str, tuple[str, str]] = {
    "catboost": ("{name} is of catboost, which is not supported", "`uses: lightgbm`, class {lgbm}, " + _NEAREST),
    "lightgbm": ("{name} is no class of LightGBM", "write `uses: lightgbm`, class {lgbm}"),
    "lgbm": ("{name} is not supported: of LightGBM, classes and numbers are", "write `uses: lightgbm`, class {lgbm}"),
    "xgbrf": (
        "{name} is not supported: it is a forest of XGBoost",
        "write `uses: xgboost`, class {xgb}, with `num_parallel_tree`; or {forest}",
    ),
    "xgb": ("{name} is not supported: of XGBoost, classes and numbers are", "write `uses: xgboost`, class {xgb}"),
    "explainableboosting": ("{name} is of interpret, which is not supported", "{own} " + _NEAREST),
    "ngb": ("{name} is of ngboost, which is not supported", "{own} " + _NEAREST),
    "keras": ("{name} is of keras, which is not supported", _BOOSTING),
    "tf": ("{name} is of tensorflow, which is not supported", _BOOSTING),
    "torch": ("{name} is of PyTorch, which is not supported", _BOOSTING),
    "neuralnet": ("{name} is of skorch, which is not supported", _BOOSTING),
    "tabnet": ("{name} is of pytorch-tabnet, which is not supported", _BOOSTING),
    "tabpfn": ("{name} is of tabpfn, which is not supported", _BOOSTING),
    "mlp": ("{name} is of scikit-learn's networks, which are not supported", _BOOSTING),
    **dict.fromkeys(
        ("svc", "svr", "nusv", "linearsv", "sgd"),
        (
            "{name} is of scikit-learn's support vector and gradient descent, which are not supported",
            "{linear} " + _NEAREST,
        ),
    ),
    **dict.fromkeys(
        ("gridsearch", "randomizedsearch", "halvinggridsearch", "halvingrandomsearch", "bayessearch", "optunasearch"),
        (
            "{name} searches for parameters, and a recipe trains one set of them",
            "name the estimator that it searches for, such as {own}, and write the parameters that it found",
        ),
    ),
    **dict.fromkeys(
        ("pipeline", "columntransformer", "featureunion", "transformedtarget"),
        (
            "{name} prepares features, which is done for each estimator as it needs",
            "name the estimator at its end, such as {own}; derive columns in `data.derive`",
        ),
    ),
    **dict.fromkeys(
        ("voting", "stacking", "bagging"),
        ("{name} puts several estimators together, and a recipe trains one", "{forest} or {own} " + _NEAREST),
    ),
    **dict.fromkeys(
        ("onevsrest", "onevsone", "outputcode", "multioutput", "classifierchain", "regressorchain"),
        ("{name} wraps another estimator, and a recipe names it by itself", "{own} takes several classes as it is"),
    ),
    "dummy": (
        "{name} is the naive guess, with which every evaluation compares anyhow",
        "name an estimator that learns, such as {linear}",
    ),
    "gaussianprocess": ("{name} keeps training rows and is slow with many of them", "{own} " + _NEAREST),
}


def told(name: str, task: str) -> tuple[str, str] | None:
    """Return the problem of a class and what to use instead; None where its name means nothing."""
    place = 0 if task == "classification" else 1
    words = {
        "name": name,
        "own": _BOOSTED[place],
        "linear": _LINEAR[place],
        "forest": ("RandomForestClassifier", "RandomForestRegressor")[place],
        "lgbm": ("LGBMClassifier", "LGBMRegressor")[place],
        "xgb": ("XGBClassifier", "XGBRegressor")[place],
    }
    for start, (problem, hint) in _STARTS.items():
        if name.lower().startswith(start):
            return problem.format(**words), hint.format(**words)
    return None
