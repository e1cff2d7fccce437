"""Every other estimator: weights per column and class, labels that are classes, a loss that fits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from reconciler.errors import ScoringError
from reconciler.model_file.structure.registry import check_structure
from tests.support.small_models import trained

Change = Callable[[Any], object]


def put(name: str, value: Any) -> Change:
    """Set an attribute of the estimator: to `value`, or to what `value` makes of it."""
    return lambda model: setattr(model, name, value(getattr(model, name)) if callable(value) else value)


def item(name: str, place: Any, value: Any) -> Change:
    return lambda model: getattr(model, name).__setitem__(place, value)


def inside(name: str, change: Change) -> Change:
    return lambda model: change(getattr(model, name))


CORRUPTIONS: list[tuple[str, Change, str]] = [
    ("AdaBoostClassifier", item("estimators_", slice(None), []), "between 1 and 3 trees, found 0"),
    (
        "AdaBoostClassifier",
        inside("estimators_", lambda trees: trees.append(trees[0])),
        "between 1 and 3 trees, found 4",
    ),
    ("AdaBoostClassifier", put("n_classes_", 10**9), "n_classes_: expected a whole number between 3 and 3"),
    ("AdaBoostClassifier", put("estimator_params", ("max_depth",)), "estimator_params: expected"),
    ("AdaBoostClassifier", inside("estimators_", lambda trees: put("n_classes_", 2)(trees[0])), "n_classes_: expected"),
    ("AdaBoostClassifier", inside("estimators_", lambda trees: put("n_outputs_", 2)(trees[0])), "n_outputs_: expected"),
    ("AdaBoostClassifier", inside("estimators_", lambda trees: item("classes_", 0, 7)(trees[0])), "classes_: expected"),
    ("AdaBoostRegressor", put("estimator_weights_", lambda old: old[:1]), r"estimator_weights_: .* float64 \(3\)"),
    ("AdaBoostRegressor", put("estimator", 3), "estimator: expected None"),
    ("RandomForestClassifier", put("n_estimators", 10**9), "estimators_: expected a list of 1000000000"),
    ("RandomForestClassifier", put("n_jobs", -1), "n_jobs: expected None"),
    ("RandomForestClassifier", put("classes_", lambda old: old[::-1].copy()), "classes_: expected numbers in rising"),
    ("RandomForestClassifier", item("classes_", 2, 3), "classes_: expected numbers between 0 and 2"),
    ("RandomForestClassifier", item("classes_", 0, -1), "classes_: expected numbers between 0 and 2"),
    ("RandomForestClassifier", put("_n_samples", 0), "_n_samples: expected"),
    ("RandomForestClassifier", put("_n_samples_bootstrap", -1), "_n_samples_bootstrap: expected"),
    ("RandomForestClassifier", put("_sample_weight", np.zeros(3)), "_sample_weight: expected"),
    ("RandomForestClassifier", put("estimator_params", (3,)), r"estimator_params\[0\]: expected a name, found int"),
    ("RandomForestClassifier", item("estimators_", 0, None), r"estimators_\[0\]: expected a DecisionTreeClassifier"),
    ("RandomForestClassifier", inside("estimator", put("tree_", 3)), "estimator: expected no other attributes"),
    ("RandomForestClassifier", put("verbose", 10**6), "verbose: expected 0 or False"),
    ("RandomForestClassifier", put("criterion", "x" * 101), "criterion: expected a plain value"),
    ("RandomForestRegressor", put("random_state", np.random.default_rng(1)), "random_state: expected"),
    ("RandomForestRegressor", put("n_outputs_", 2), "n_outputs_: expected"),
    ("GradientBoostingClassifier", put("n_trees_per_iteration_", 4), "n_trees_per_iteration_: expected"),
    ("GradientBoostingClassifier", put("estimators_", lambda old: old[:2]), r"estimators_: .* object \(3, 3\)"),
    ("GradientBoostingClassifier", item("estimators_", (0, 0), None), r"estimators_\[0, 0\]: expected a DecisionTree"),
    ("GradientBoostingClassifier", put("learning_rate", float("nan")), "learning_rate: expected a finite number"),
    ("GradientBoostingClassifier", inside("init_", item("class_prior_", 0, 2.0)), "class_prior_: expected numbers"),
    ("GradientBoostingClassifier", inside("init_", put("n_outputs_", 9)), "n_outputs_: expected"),
    ("GradientBoostingClassifier", inside("init_", put("_strategy", "constant")), "_strategy: expected 'prior'"),
    ("GradientBoostingClassifier", inside("_loss", put("n_classes", 10**9)), "n_classes: expected"),
    ("GradientBoostingClassifier", inside("_loss", put("link", 3)), "link: expected a MultinomialLogit"),
    ("GradientBoostingClassifier", inside("_loss", put("closs", 3)), "closs: expected a CyHalfMultinomialLoss"),
    ("GradientBoostingClassifier", inside("_loss", put("xp", "numpy")), "xp: expected None"),
    ("GradientBoostingRegressor", inside("init_", put("constant_", np.zeros((2, 1)))), r"constant_: .* \(1, 1\)"),
    (
        "GradientBoostingRegressor",
        inside("_loss", inside("interval_y_true", put("low", None))),
        "low: expected a number",
    ),
    ("GradientBoostingRegressor", inside("_rng", lambda rng: at_position(rng, 10**6)), "pos: expected"),
    ("KNeighborsClassifier", item("_y", 0, 3), "_y: expected numbers between 0 and 2, found 3 at 0"),
    ("KNeighborsClassifier", item("_y", -1, -1), "_y: expected numbers between 0 and 2"),
    ("KNeighborsClassifier", put("_y", lambda old: old[:-1]), r"_y: expected an array of int64 \(150\)"),
    ("KNeighborsClassifier", put("n_neighbors", 151), "n_neighbors: expected a whole number between 1 and 150"),
    ("KNeighborsClassifier", put("n_neighbors", 0), "n_neighbors: expected"),
    ("KNeighborsClassifier", put("n_samples_fit_", 10**6), r"_fit_X: expected an array of float64 \(1000000, "),
    ("KNeighborsClassifier", put("_fit_X", np.asfortranarray), "rows one after another"),
    ("KNeighborsClassifier", put("_fit_X", lambda old: old[:, :-1].copy()), "_fit_X: expected"),
    ("KNeighborsClassifier", item("_fit_X", 0, np.nan), "_fit_X: expected finite numbers"),
    ("KNeighborsClassifier", put("_fit_method", "kd_tree"), "_fit_method: expected 'brute'"),
    ("KNeighborsClassifier", put("_tree", 3), "_tree: expected None"),
    ("KNeighborsClassifier", put("outputs_2d_", True), "outputs_2d_: expected False"),
    ("KNeighborsClassifier", put("metric", "precomputed"), "metric: expected 'chebyshev' or"),
    ("KNeighborsClassifier", put("effective_metric_", "haversine"), "effective_metric_: expected 'chebyshev' or"),
    ("KNeighborsClassifier", put("weights", "other"), "weights: expected None or 'uniform' or 'distance'"),
    ("KNeighborsClassifier", put("p", -1.0), "p: expected a number above 0, found -1.0"),
    (
        "KNeighborsClassifier",
        put("effective_metric_params_", {"V": np.zeros(3)}),
        "no parameter but p and w, found 'V'",
    ),
    ("KNeighborsClassifier", put("effective_metric_params_", {"w": np.zeros(3)}), r"\.w: expected None"),
    ("KNeighborsClassifier", put("effective_metric_params_", {"p": "x"}), r"\.p: expected a number above 0"),
    ("KNeighborsRegressor", put("_y", lambda old: old[None]), "_y: expected"),
    ("KNeighborsRegressor", put("_y", lambda old: np.append(old, 0.0)), "_y: expected"),
    ("LogisticRegression", put("coef_", lambda old: old[:1]), r"coef_: expected an array of float64 \(3, "),
    ("LogisticRegression", put("coef_", lambda old: old[:, :-1]), "coef_: expected"),
    ("LogisticRegression", put("intercept_", lambda old: old[:1]), r"intercept_: expected an array of float64 \(3\)"),
    ("LogisticRegression", put("classes_", lambda old: old[:1]), "between 2 and 3 classes, found 1"),
    ("LogisticRegression", put("n_iter_", np.zeros(2, dtype="int32")), "length of LogisticRegression.n_iter_"),
    ("LinearDiscriminantAnalysis", put("means_", lambda old: old[:1]), "means_: expected"),
    ("LinearDiscriminantAnalysis", item("priors_", 0, 2.0), "priors_: expected numbers between 0 and 1"),
    ("LinearDiscriminantAnalysis", put("_max_components", 9), "_max_components: expected"),
    ("GaussianNB", put("theta_", lambda old: old[:, :1]), "theta_: expected"),
    ("GaussianNB", item("var_", (0, 0), -1.0), "var_: expected numbers between 0 and inf"),
    ("GaussianNB", item("class_prior_", 0, 1.5), "class_prior_: expected numbers between 0 and 1"),
    ("GaussianNB", item("class_count_", 0, -1.0), "class_count_: expected numbers between 0"),
    ("Ridge", put("coef_", lambda old: old[:-1]), "coef_: expected"),
    ("Ridge", put("intercept_", np.zeros(3)), "intercept_: expected a finite number"),
    ("Ridge", put("intercept_", float("inf")), "intercept_: expected a finite number, found inf"),
    ("Ridge", put("solver_", "other"), "solver_: expected"),
    ("Ridge", put("n_iter_", np.zeros(9)), "n_iter_: expected"),
    ("LinearRegression", put("rank_", 10**6), "rank_: expected"),
    ("BayesianRidge", put("sigma_", lambda old: old[:1]), "sigma_: expected"),
    ("BayesianRidge", put("scores_", [1.0]), "length of BayesianRidge.scores_"),
    ("HuberRegressor", put("scale_", None), "scale_: expected a finite number"),
    ("Lasso", put("n_iter_", -1), "n_iter_: expected"),
    ("ElasticNet", put("precompute", np.zeros((3, 3))), "precompute: expected False"),
    ("PoissonRegressor", inside("_base_loss", put("quantile", 0.5)), "_base_loss: expected no other attributes"),
    ("TweedieRegressor", put("_base_loss", 3), "_base_loss: expected a loss that fits the outcome, found a int"),
]


def at_position(state: Any, position: int) -> None:
    """Move a random state past its words. Nothing is drawn from it."""
    given = state.get_state(legacy=False)
    given["state"]["pos"] = position
    state.set_state(given)


@pytest.mark.soak(every=2)
@pytest.mark.parametrize(("name", "change", "message"), CORRUPTIONS, ids=[f"{n}-{m[:30]}" for n, _, m in CORRUPTIONS])
def test_what_does_not_fit_is_refused(name: str, change: Change, message: str) -> None:
    small = trained(name)
    model = small.loaded()
    change(model.steps[-1][1])
    with pytest.raises(ScoringError, match=message) as refused:
        check_structure(model, small.schema)
    assert refused.value.code == "E507"
    assert refused.value.message.startswith(f"invalid model file: {name}") or name in refused.value.message


def test_a_loss_fits_the_number_of_classes() -> None:
    """The loss of two classes gives two columns, that of more as many as there are."""
    two, three = (trained("GradientBoostingClassifier", 0, classes) for classes in (2, 3))
    model = three.loaded()
    model.steps[-1][1]._loss = two.loaded().steps[-1][1]._loss
    with pytest.raises(ScoringError, match="a loss that fits the outcome, found a HalfBinomialLoss"):
        check_structure(model, three.schema)
