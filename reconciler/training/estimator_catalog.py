"""Generate the closed table of estimators from the libraries' own constraints of their parameters.

`python -m reconciler.training.estimator_catalog` writes `manifest/schema/estimators.json`; a test compares the
committed file with it. With the table, manifests are checked without importing a library. Left out are parameters that
Reconciler sets (`random_state`), that would change bytes or cores (`n_jobs`), that only print, or that take code; sizes
are capped. Sources: `_parameter_constraints` of each class (scikit-learn developer API); LightGBM and XGBoost are asked
by `boosters.parameters`.
"""

from __future__ import annotations

import inspect
import json
import math
from importlib import resources
from pathlib import Path
from typing import Any

from reconciler.training.boosters import parameters

# class -> (module, task, family, keeps training rows)
ESTIMATORS: dict[str, tuple[str, str, str, bool]] = {
    "AdaBoostClassifier": ("sklearn.ensemble", "classification", "boosting", False),
    "AdaBoostRegressor": ("sklearn.ensemble", "regression", "boosting", False),
    "BayesianRidge": ("sklearn.linear_model", "regression", "linear", False),
    "DecisionTreeClassifier": ("sklearn.tree", "classification", "tree", False),
    "DecisionTreeRegressor": ("sklearn.tree", "regression", "tree", False),
    "ElasticNet": ("sklearn.linear_model", "regression", "linear", False),
    "ExtraTreesClassifier": ("sklearn.ensemble", "classification", "forest", False),
    "ExtraTreesRegressor": ("sklearn.ensemble", "regression", "forest", False),
    "GammaRegressor": ("sklearn.linear_model", "regression", "linear", False),
    "GaussianNB": ("sklearn.naive_bayes", "classification", "bayes", False),
    "GradientBoostingClassifier": ("sklearn.ensemble", "classification", "boosting", False),
    "GradientBoostingRegressor": ("sklearn.ensemble", "regression", "boosting", False),
    "HistGradientBoostingClassifier": ("sklearn.ensemble", "classification", "histogram-boosting", False),
    "HistGradientBoostingRegressor": ("sklearn.ensemble", "regression", "histogram-boosting", False),
    "HuberRegressor": ("sklearn.linear_model", "regression", "linear", False),
    "KNeighborsClassifier": ("sklearn.neighbors", "classification", "neighbors", True),
    "KNeighborsRegressor": ("sklearn.neighbors", "regression", "neighbors", True),
    "Lasso": ("sklearn.linear_model", "regression", "linear", False),
    "LinearDiscriminantAnalysis": ("sklearn.discriminant_analysis", "classification", "discriminant", False),
    "LinearRegression": ("sklearn.linear_model", "regression", "linear", False),
    "LogisticRegression": ("sklearn.linear_model", "classification", "linear", False),
    "PoissonRegressor": ("sklearn.linear_model", "regression", "linear", False),
    "RandomForestClassifier": ("sklearn.ensemble", "classification", "forest", False),
    "RandomForestRegressor": ("sklearn.ensemble", "regression", "forest", False),
    "Ridge": ("sklearn.linear_model", "regression", "linear", False),
    "TweedieRegressor": ("sklearn.linear_model", "regression", "linear", False),
}
# Shorter lists of choices than scikit-learn's, where a model file cannot hold them or numbers do not need them.
NARROWED: dict[str, list[dict[str, Any]]] = {
    "metric": [{"type": "choice", "values": ["chebyshev", "cosine", "euclidean", "manhattan", "minkowski"]}],
}
# Parameters that a recipe cannot set: Reconciler sets them, or their values are no data. `algorithm` is brute force,
# since the search trees have no safe file form.
RESERVED = frozenset(
    [
        "algorithm",
        "leaf_size",
        "n_jobs",
        "random_state",
        "verbose",
        "warm_start",
        "copy_X",
        "copy_X_train",
        "base_estimator",
        "estimator",
        "init",
        "metric_params",
        "categorical_features",
        "monotonic_cst",
        "interaction_cst",
        "covariance_estimator",
        "priors",
        "class_prior",
        "store_covariance",
        "fit_intercept_path",
        "precompute",
        "oob_score",
        "ccp_path",
        "l1_ratios",
        "scoring",
        "store_cv_results",
        "algorithm_params",
    ]
)
# Sizes that decide how long a fit takes; scikit-learn sets no upper bound.
CAPS = {
    "n_estimators": 10_000,
    "max_iter": 100_000,
    "max_depth": 1_000,
    "max_leaf_nodes": 100_000,
    "n_neighbors": 10_000,
    "max_bins": 255,
    "leaf_size": 10_000,
}


def table() -> dict[str, Any]:
    """Return the table: per estimator its module, task, family and the parameters a recipe may set."""
    import sklearn

    return {
        "format": 1,
        "scikitLearn": ".".join(sklearn.__version__.split(".")[:2]),
        "estimators": {name: _entry(name, *facts) for name, facts in sorted(ESTIMATORS.items())}
        | {name: parameters.entry(name) for name in parameters.CLASSES},
        "leftOut": parameters.left_out(),
    }


def _entry(name: str, module: str, task: str, family: str, keeps_rows: bool) -> dict[str, Any]:
    import importlib

    kind = getattr(importlib.import_module(module), name)
    constraints = kind._parameter_constraints
    params = {}
    for parameter in sorted(set(kind().get_params()) - RESERVED):
        allowed = (_alternative(parameter, constraint) for constraint in constraints.get(parameter, []))
        alternatives = NARROWED.get(parameter) or [form for form in allowed if form is not None]
        if alternatives:
            params[parameter] = alternatives
    return {
        "module": module,
        "uses": "sklearn",
        "task": task,
        "family": family,
        "keepsRows": keeps_rows,
        "weighsRows": "sample_weight" in inspect.signature(kind.fit).parameters,
        "params": params,
    }


def _alternative(parameter: str, constraint: Any) -> dict[str, Any] | None:
    """Return one form that a parameter may take; None for those that a manifest cannot write."""
    from sklearn.utils._param_validation import Hidden, Interval, Options, StrOptions

    if constraint is None:
        return {"type": "none"}
    if constraint is dict and parameter == "class_weight":
        return {"type": "class weights"}
    if constraint == "boolean":
        return {"type": "boolean"}
    if isinstance(constraint, (Hidden, str)) or callable(constraint):
        return None
    if isinstance(constraint, Interval):
        return _interval(parameter, constraint)
    if isinstance(constraint, (StrOptions, Options)):
        deprecated = constraint.deprecated or set()
        usable = (option for option in constraint.options if isinstance(option, (str, int, float)))
        values = sorted((option for option in usable if option not in deprecated), key=str)
        return {"type": "choice", "values": values} if values else None
    return None


def _interval(parameter: str, interval: Any) -> dict[str, Any]:
    whole = interval.type.__name__ == "Integral"
    bounds: dict[str, Any] = {"type": "integer" if whole else "real"}
    left, right = interval.left, interval.right
    if left is not None and math.isfinite(left):
        is_open = interval.closed in ("right", "neither")
        bounds["min"] = int(left) + is_open if whole else float(left)
        if is_open and not whole:
            bounds["minOpen"] = True
    if right is not None and math.isfinite(right):
        is_open = interval.closed in ("left", "neither")
        bounds["max"] = int(right) - is_open if whole else float(right)
        if is_open and not whole:
            bounds["maxOpen"] = True
    if whole and parameter in CAPS:
        bounds["max"] = min(bounds.get("max", CAPS[parameter]), CAPS[parameter])
    return bounds


def text() -> str:
    """Return the table as the committed file holds it."""
    return json.dumps(table(), indent=1, sort_keys=True) + "\n"


def path() -> Path:
    """Return where the committed file lies."""
    return Path(str(resources.files("reconciler.manifest").joinpath("schema", "estimators.json")))


if __name__ == "__main__":
    path().write_text(text())
