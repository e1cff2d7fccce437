"""Check what votes: random forests and extra trees, a list of trees, and blends, up to five estimators of any kind."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from reconciler.core.spec.recipe import MOST_MEMBERS
from reconciler.model_file.structure.rules import (
    Attributes,
    ModelScope,
    check_array,
    check_items,
    check_template,
    check_whole,
    in_words,
    refuse,
    type_name,
)
from reconciler.model_file.structure.trees import check_member

_CLASSIFIER = "sklearn.ensemble._voting.VotingClassifier"
_REGRESSOR = "sklearn.ensemble._voting.VotingRegressor"
_ENCODER = "sklearn.preprocessing._label.LabelEncoder"
AVERAGES = frozenset({_CLASSIFIER, _REGRESSOR})
_NEAR = 1e-9
_LONGEST = 63  # characters of a member's name


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


def check_average(value: Any, scope: ModelScope) -> list[tuple[Any, str]]:
    """Check a blend but for its members, and return these, each with the path to it; they are yet to be checked.

    Raises ScoringError E507.
    """
    kind = type_name(value)
    path = kind.rpartition(".")[2]
    if (kind == _CLASSIFIER) != bool(scope.classes):
        refuse("the model", "an estimator that fits the outcome", in_words(value))
    attributes = Attributes(value, kind, path)
    members = check_items(attributes.take("estimators_"), list, None, attributes.at("estimators_"))
    if not 1 <= len(members) <= MOST_MEMBERS:
        refuse(attributes.at("estimators_"), f"between 1 and {MOST_MEMBERS} members", str(len(members)))
    if len({id(member) for member in members}) != len(members):
        refuse(attributes.at("estimators_"), "members of their own", "one that counts twice")
    _check_names(attributes, len(members))
    _check_weights(attributes, len(members))
    if scope.classes:
        attributes.equal("voting", "soft")
        attributes.equal("flatten_transform", True)
        _check_classes(attributes, scope)
    attributes.close()
    return [(member, f"{path}.estimators_[{place}]") for place, member in enumerate(members)]


def _check_names(attributes: Attributes, count: int) -> None:
    """Check the names of the members: what stands beside each would only be fitted anew."""
    path = attributes.at("estimators")
    for place, pair in enumerate(check_items(attributes.take("estimators"), list, count, path)):
        name, unfitted = check_items(pair, tuple, 2, f"{path}[{place}]")
        if type(name) is not str or len(name) > _LONGEST:
            refuse(f"{path}[{place}]", "a name", in_words(name))
        if unfitted is not None:
            refuse(f"{path}[{place}]", "None", in_words(unfitted))


def _check_weights(attributes: Attributes, count: int) -> None:
    path = attributes.at("weights")
    weights = check_items(attributes.take("weights"), list, count, path)
    for place, weight in enumerate(weights):
        if type(weight) is not float or not 0 < weight <= 1:
            refuse(f"{path}[{place}]", "a number over 0, at most 1", in_words(weight))
    if abs(math.fsum(weights) - 1) > _NEAR:
        refuse(path, "a sum of 1", f"{math.fsum(weights):g}")


def _check_classes(attributes: Attributes, scope: ModelScope) -> None:
    encoder = Attributes(attributes.take("le_"), _ENCODER, attributes.at("le_"))
    encoder.classes(scope)
    encoder.close()
    attributes.classes(scope)


def check_same_classes(value: Any, members: list[tuple[Any, str]]) -> None:
    """Check that a blend and its members, each checked before, know the same classes: their probabilities are added
    column by column. Raises ScoringError E507."""
    import numpy as np

    for other, path in [(value.le_, f"{type_name(value).rpartition('.')[2]}.le_"), *members]:
        known = getattr(other, "classes_", None)
        if type(known) is not np.ndarray or not np.array_equal(known, value.classes_):
            refuse(path, "the classes of the blend", in_words(known))
