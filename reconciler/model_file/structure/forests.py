"""Check random forests and extra trees: a list of trees that vote."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reconciler.model_file.structure.rules import (
    Attributes,
    ModelScope,
    check_array,
    check_items,
    check_template,
    check_whole,
    refuse,
)
from reconciler.model_file.structure.trees import check_member


def _check_forest(name: str, member: str) -> Callable[[Any, str, ModelScope], None]:
    kind = f"sklearn.tree._classes.{member}"

    def check(value: Any, path: str, scope: ModelScope) -> None:
        attributes = Attributes(value, f"sklearn.ensemble._forest.{name}", path)
        features = attributes.whole("n_features_in_", scope.features, scope.features)
        attributes.whole("n_outputs_", 1, 1)
        rows = attributes.whole("_n_samples", 1)
        classes = attributes.classes(scope) if scope.classes else 0
        if scope.classes:
            attributes.whole("n_classes_", classes, classes)
        _check_sampling(attributes, rows)
        trees = attributes.take("estimators_")
        count = attributes.whole("n_estimators", 1)
        check_items(trees, list, count, attributes.at("estimators_"))
        for index, tree in enumerate(trees):
            check_member(tree, kind, f"{path}.estimators_[{index}]", features, classes, scope)
        for template in ("estimator", "estimator_"):
            check_template(attributes.take(template), kind, attributes.at(template))
        for index, parameter in enumerate(check_items(attributes.take("estimator_params"), tuple, None, path)):
            if type(parameter) is not str:
                refuse(f"{path}.estimator_params[{index}]", "a name", type(parameter).__name__)
        attributes.close()

    return check


def _check_sampling(attributes: Attributes, rows: int) -> None:
    """Check how rows were drawn for each tree: only asking for a tree's rows again would read it."""
    drawn, weights = attributes.take("_n_samples_bootstrap"), attributes.take("_sample_weight")
    if drawn is not None:
        check_whole(drawn, 1, None, attributes.at("_n_samples_bootstrap"))
    if weights is not None:
        check_array(weights, attributes.at("_sample_weight"), shape=(rows,))


CHECKS = {
    "ExtraTreesClassifier": _check_forest("ExtraTreesClassifier", "ExtraTreeClassifier"),
    "ExtraTreesRegressor": _check_forest("ExtraTreesRegressor", "ExtraTreeRegressor"),
    "RandomForestClassifier": _check_forest("RandomForestClassifier", "DecisionTreeClassifier"),
    "RandomForestRegressor": _check_forest("RandomForestRegressor", "DecisionTreeRegressor"),
}
