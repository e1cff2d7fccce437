"""Check AdaBoost and gradient boosting: trees whose answers are weighed and added."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reconciler.model_file.structure.losses import check_loss
from reconciler.model_file.structure.rules import (
    Attributes,
    ModelScope,
    check_items,
    check_random_state,
    check_range,
    check_template,
    refuse,
)
from reconciler.model_file.structure.trees import check_member

_TREES = "sklearn.tree._classes"


def _check_adaboost(name: str, member: str) -> Callable[[Any, str, ModelScope], None]:
    kind = f"{_TREES}.{member}"

    def check(value: Any, path: str, scope: ModelScope) -> None:
        attributes = Attributes(value, f"sklearn.ensemble._weight_boosting.{name}", path)
        features = attributes.whole("n_features_in_", scope.features, scope.features)
        classes = attributes.classes(scope) if scope.classes else 0
        if scope.classes:
            attributes.whole("n_classes_", classes, classes)
        trees = check_items(attributes.take("estimators_"), list, None, attributes.at("estimators_"))
        most = attributes.whole("n_estimators", 1)
        if not 1 <= len(trees) <= most:
            refuse(attributes.at("estimators_"), f"between 1 and {most} trees", str(len(trees)))
        for index, tree in enumerate(trees):
            check_member(tree, kind, f"{path}.estimators_[{index}]", features, classes, scope)
        # Where boosting ends early there are fewer trees than weights.
        attributes.array("estimator_weights_", most)
        attributes.array("estimator_errors_", most)
        check_template(attributes.take("estimator_"), kind, attributes.at("estimator_"))
        attributes.equal("estimator", None)
        attributes.equal("estimator_params", ())
        attributes.close()

    return check


def _check_gradient_boosting(name: str, dummy: str) -> Callable[[Any, str, ModelScope], None]:
    def check(value: Any, path: str, scope: ModelScope) -> None:
        attributes = Attributes(value, f"sklearn.ensemble._gb.{name}", path)
        features = attributes.whole("n_features_in_", scope.features, scope.features)
        classes = attributes.classes(scope, least=2) if scope.classes else 0
        if scope.classes:
            attributes.whole("n_classes_", classes, classes)
        per_round = classes if classes > 2 else 1
        attributes.whole("n_trees_per_iteration_", per_round, per_round)
        attributes.whole("max_features_", 1)
        rounds = attributes.whole("n_estimators_", 1)
        attributes.number("learning_rate")
        _check_rounds(attributes, rounds, per_round, features, scope)
        check_loss(attributes.take("_loss"), attributes.at("_loss"), classes=classes)
        _check_dummy(attributes.take("init_"), dummy, attributes.at("init_"), features, classes)
        check_random_state(attributes.take("_rng"), attributes.at("_rng"))
        attributes.numbers("train_score_")
        for shown in ("oob_improvement_", "oob_scores_"):
            if attributes.holds(shown):
                attributes.numbers(shown)
        if attributes.holds("oob_score_"):
            attributes.number("oob_score_")
        attributes.close()

    return check


def _check_rounds(attributes: Attributes, rounds: int, per_round: int, features: int, scope: ModelScope) -> None:
    """Check `estimators_`: an array of objects, of which native code takes each one's tree."""
    trees = attributes.array("estimators_", rounds, per_round, dtype="object")
    for index, tree in enumerate(trees.ravel()):
        place = f"estimators_[{index // per_round}, {index % per_round}]"
        check_member(tree, f"{_TREES}.DecisionTreeRegressor", attributes.at(place), features, 0, scope)


def _check_dummy(value: Any, name: str, path: str, features: int, classes: int) -> None:
    """Check what gradient boosting starts from: the share of each class, or one number."""
    attributes = Attributes(value, f"sklearn.dummy.{name}", path)
    attributes.whole("n_features_in_", features, features)
    attributes.whole("n_outputs_", 1, 1)
    attributes.equal("constant", None)
    if classes:
        attributes.equal("strategy", "prior")
        attributes.equal("_strategy", "prior")
        attributes.equal("sparse_output_", False)
        attributes.whole("n_classes_", classes, classes)
        check_range(attributes.array("classes_", classes), 0, classes - 1, attributes.at("classes_"))
        check_range(attributes.array("class_prior_", classes), 0, 1, attributes.at("class_prior_"))
    else:
        attributes.array("constant_", 1, 1)
    attributes.close()


CHECKS = {
    "AdaBoostClassifier": _check_adaboost("AdaBoostClassifier", "DecisionTreeClassifier"),
    "AdaBoostRegressor": _check_adaboost("AdaBoostRegressor", "DecisionTreeRegressor"),
    "GradientBoostingClassifier": _check_gradient_boosting("GradientBoostingClassifier", "DummyClassifier"),
    "GradientBoostingRegressor": _check_gradient_boosting("GradientBoostingRegressor", "DummyRegressor"),
}
