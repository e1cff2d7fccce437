"""Check nearest neighbors: the rows that they keep, and the labels that native code counts by.

Only brute force has a safe file form; a search tree is refused, as is every other metric than the table's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reconciler.model_file.structure.rules import (
    Attributes,
    ModelScope,
    check_equal,
    check_items,
    check_range,
    check_whole,
    in_words,
    refuse,
)

_METRICS = ("chebyshev", "cosine", "euclidean", "manhattan", "minkowski")


def _check_neighbors(kind: str) -> Callable[[Any, str, ModelScope], None]:
    def check(value: Any, path: str, scope: ModelScope) -> None:
        attributes = Attributes(value, f"sklearn.neighbors.{kind}", path)
        features = attributes.whole("n_features_in_", scope.features, scope.features)
        rows = attributes.whole("n_samples_fit_", 1)
        attributes.array("_fit_X", rows, features, rows=True)
        if scope.classes:
            classes = attributes.classes(scope)
            labels = attributes.array("_y", rows, dtype="int64")
            check_range(labels, 0, classes - 1, attributes.at("_y"))
            attributes.equal("outputs_2d_", False)
        else:
            attributes.array("_y", rows)
        _check_search(attributes, rows)
        attributes.close()

    return check


def _check_search(attributes: Attributes, rows: int) -> None:
    attributes.equal("_fit_method", "brute")
    attributes.equal("algorithm", "brute")
    attributes.equal("_tree", None)
    attributes.equal("radius", None)
    attributes.equal("metric", *_METRICS)
    attributes.equal("effective_metric_", *_METRICS)
    attributes.equal("weights", None, "uniform", "distance")
    neighbors = attributes.take("n_neighbors")
    if neighbors is not None:
        # Each row of a prediction gets room for so many.
        check_whole(neighbors, 1, rows, attributes.at("n_neighbors"))
    _check_power(attributes.take("p"), attributes.at("p"))
    path = attributes.at("effective_metric_params_")
    params = check_items(attributes.take("effective_metric_params_"), dict, None, path)
    for name, value in params.items():
        if name == "w":
            check_equal(value, (None,), f"{path}.w")
        elif name == "p":
            _check_power(value, f"{path}.p")
        else:
            refuse(path, "no parameter but p and w", in_words(name))


def _check_power(value: Any, path: str) -> None:
    if value is not None and (type(value) not in (int, float) or not 0 < value < float("inf")):
        refuse(path, "a number above 0", in_words(value))


CHECKS = {
    "KNeighborsClassifier": _check_neighbors("_classification.KNeighborsClassifier"),
    "KNeighborsRegressor": _check_neighbors("_regression.KNeighborsRegressor"),
}
