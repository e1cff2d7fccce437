"""Check linear models: one weight per feature, one row of weights per class."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reconciler.model_file.structure.losses import check_loss
from reconciler.model_file.structure.rules import Attributes, ModelScope, check_array, check_equal

Extra = Callable[[Attributes, int], None]


def _check_regressor(kind: str, extra: Extra) -> Callable[[Any, str, ModelScope], None]:
    """Return the check of a regressor whose class is `kind`; `extra` checks what only this class has."""

    def check(value: Any, path: str, scope: ModelScope) -> None:
        attributes = Attributes(value, f"sklearn.linear_model.{kind}", path)
        features = attributes.whole("n_features_in_", scope.features, scope.features)
        attributes.array("coef_", features)
        attributes.number("intercept_")
        extra(attributes, features)
        attributes.close()

    return check


def _check_least_squares(attributes: Attributes, features: int) -> None:
    # Positive weights are found another way, which leaves neither.
    if attributes.holds("rank_"):
        attributes.whole("rank_", 0, features)
        attributes.numbers("singular_")


def _check_bayesian(attributes: Attributes, features: int) -> None:
    attributes.array("X_offset_", features)
    attributes.array("X_scale_", features)
    attributes.array("sigma_", features, features)
    attributes.whole("n_iter_")
    for strength in ("alpha_", "lambda_"):
        attributes.number(strength)
    scores = attributes.take("scores_")
    if type(scores) is list:
        check_equal(len(scores), (0,), f"length of {attributes.at('scores_')}")
    else:
        check_array(scores, attributes.at("scores_"), shape=(None,), finite=False)


def _check_coordinate_descent(attributes: Attributes, features: int) -> None:
    del features
    attributes.whole("n_iter_")
    attributes.number("dual_gap_")


def _check_generalised(attributes: Attributes, features: int) -> None:
    del features
    attributes.whole("n_iter_")
    check_loss(attributes.take("_base_loss"), attributes.at("_base_loss"), classes=0)


def _check_huber(attributes: Attributes, features: int) -> None:
    del features
    attributes.whole("n_iter_")
    attributes.number("scale_")
    attributes.array("outliers_", None, dtype="bool")


def _check_ridge(attributes: Attributes, features: int) -> None:
    del features
    attributes.equal("solver_", "cholesky", "lbfgs", "lsqr", "sag", "saga", "sparse_cg", "svd")
    rounds = attributes.take("n_iter_")
    if rounds is not None:
        check_array(rounds, attributes.at("n_iter_"), shape=(1,), dtype="int32")


def check_weights(attributes: Attributes, features: int, classes: int) -> None:
    """Check the weights of a linear classifier: two classes share one row of them."""
    rows = classes if classes > 2 else 1
    attributes.array("coef_", rows, features)
    attributes.array("intercept_", rows)


def _check_logistic(value: Any, path: str, scope: ModelScope) -> None:
    attributes = Attributes(value, "sklearn.linear_model._logistic.LogisticRegression", path)
    features = attributes.whole("n_features_in_", scope.features, scope.features)
    classes = attributes.classes(scope, least=2)
    check_weights(attributes, features, classes)
    rounds = attributes.array("n_iter_", None, dtype="int32")
    check_equal(len(rounds), (1, classes), f"length of {attributes.at('n_iter_')}")
    attributes.close()


CHECKS = {
    "BayesianRidge": _check_regressor("_bayes.BayesianRidge", _check_bayesian),
    "ElasticNet": _check_regressor("_coordinate_descent.ElasticNet", _check_coordinate_descent),
    "GammaRegressor": _check_regressor("_glm.glm.GammaRegressor", _check_generalised),
    "HuberRegressor": _check_regressor("_huber.HuberRegressor", _check_huber),
    "Lasso": _check_regressor("_coordinate_descent.Lasso", _check_coordinate_descent),
    "LinearRegression": _check_regressor("_base.LinearRegression", _check_least_squares),
    "LogisticRegression": _check_logistic,
    "PoissonRegressor": _check_regressor("_glm.glm.PoissonRegressor", _check_generalised),
    "Ridge": _check_regressor("_ridge.Ridge", _check_ridge),
    "TweedieRegressor": _check_regressor("_glm.glm.TweedieRegressor", _check_generalised),
}
