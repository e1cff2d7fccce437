"""Trees are walked natively: what a node says is a place that there is, and every walk ends."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from reconciler.errors import ScoringError
from reconciler.model_file.structure.registry import check_structure
from reconciler.model_file.structure.rules import ModelScope
from reconciler.model_file.structure.trees import check_nodes, check_tree
from tests.support.small_models import trained

FORESTS = {
    "DecisionTreeClassifier": lambda model: model.tree_,
    "DecisionTreeRegressor": lambda model: model.tree_,
    "RandomForestClassifier": lambda model: model.estimators_[2].tree_,
    "ExtraTreesRegressor": lambda model: model.estimators_[2].tree_,
    "AdaBoostClassifier": lambda model: model.estimators_[1].tree_,
    "AdaBoostRegressor": lambda model: model.estimators_[1].tree_,
    "GradientBoostingClassifier": lambda model: model.estimators_[2, 1].tree_,
    "GradientBoostingRegressor": lambda model: model.estimators_[2, 0].tree_,
}


def inner(nodes: Any) -> int:
    """An inner node that is not the root: the last one, if there is any other."""
    return int(np.flatnonzero(nodes["left_child"] != -1)[-1])


def set_to(field: str, value: float | Callable[[Any], float], place: Callable[[Any], int] = inner) -> Any:
    def change(nodes: Any, _: Any) -> None:
        nodes[field][place(nodes)] = value(nodes) if callable(value) else value

    return change


def leaf(nodes: Any) -> int:
    return int(np.flatnonzero(nodes["left_child"] == -1)[0])


def swap(nodes: Any, _: Any) -> None:
    """Two nodes have the same child, and one node has no parent."""
    nodes["right_child"][0] = nodes["left_child"][0]


CORRUPTIONS: dict[str, tuple[Any, str]] = {
    "a left child beyond": (set_to("left_child", len), "each left child after its node and below"),
    "a right child far beyond": (set_to("right_child", 2**40), "each right child after its node and below"),
    "a child before all": (set_to("left_child", -(2**40)), "each left child after its node"),
    "a cycle to the root": (set_to("right_child", 0), "each right child after its node"),
    "a node that is its own child": (set_to("left_child", inner), "each left child after its node"),
    "two parents": (swap, "one node's child"),
    "one child": (set_to("right_child", -1), "two children or none, found a node with one"),
    "a leaf with a child": (set_to("right_child", 2, leaf), "two children or none, found a node with one"),
    "a feature beyond": (set_to("feature", 10**6), r"nodes\.feature: expected -2 in a leaf and a number between 0"),
    "a feature before all": (set_to("feature", -1), r"nodes\.feature: expected -2"),
    "no feature in an inner node": (set_to("feature", -2), r"nodes\.feature: expected -2"),
    "a feature in a leaf": (set_to("feature", 0, leaf), r"nodes\.feature: expected -2"),
    "no threshold": (set_to("threshold", np.nan), r"nodes\.threshold: expected numbers"),
    "no impurity": (set_to("impurity", np.nan), r"nodes\.impurity: expected numbers"),
    "no weight": (set_to("weighted_n_node_samples", np.nan), r"nodes\.weighted_n_node_samples: expected"),
    "no sample": (set_to("n_node_samples", 0), r"nodes\.n_node_samples: expected numbers between 1"),
    "a flag of two": (set_to("missing_go_to_left", 2), r"nodes\.missing_go_to_left: expected numbers between 0 and 1"),
    "no value": (lambda nodes, values: values.__setitem__(0, np.nan), r"values: expected finite numbers"),
}


@pytest.mark.soak(every=3)
@pytest.mark.parametrize("how", CORRUPTIONS)
@pytest.mark.parametrize("name", FORESTS)
def test_a_node_that_points_anywhere_else_is_refused(name: str, how: str) -> None:
    change, message = CORRUPTIONS[how]
    small = trained(name)
    model = small.loaded()
    state = FORESTS[name](model.steps[-1][1]).__getstate__()  # views of what native code walks
    change(state["nodes"], state["values"])
    with pytest.raises(ScoringError, match=message) as refused:
        check_structure(model, small.schema)
    assert refused.value.code == "E507"
    assert re.match(rf"invalid model file: {name}\.(estimators_\[.*\]\.)?tree_\.", refused.value.message)


def check_with(tree: Any, **changes: int) -> None:
    given = {"features": 9, "outputs": 3} | changes
    check_tree(tree, "tree_", scope=ModelScope(features=9, classes=3), **given)


def test_a_tree_fits_the_columns_and_classes_of_its_model() -> None:
    tree = trained("DecisionTreeClassifier").loaded().steps[-1][1].tree_
    features = tree.n_features
    check_with(tree, features=features)
    for changes, message in (
        ({"features": features - 1}, "n_features"),
        ({"features": features, "outputs": 2}, "n_classes"),
    ):
        with pytest.raises(ScoringError, match=message):
            check_with(tree, **changes)
    with pytest.raises(ScoringError, match="expected a Tree, found a list"):
        check_with([])


def rebuilt(**changes: Any) -> Any:
    """A tree as a file could describe it."""
    from sklearn.tree._tree import Tree

    tree = trained("DecisionTreeClassifier").loaded().steps[-1][1].tree_
    state = {
        name: np.array(value) if name in ("nodes", "values") else value for name, value in tree.__getstate__().items()
    }
    copy = Tree(tree.n_features, np.array(changes.pop("n_classes", [3])), changes.pop("n_outputs", 1))
    copy.__setstate__({**state, **changes})
    return copy


def test_a_tree_has_as_many_nodes_as_it_says() -> None:
    """More than there are, scikit-learn cuts off itself."""
    good = rebuilt()
    check_with(good, features=good.n_features)
    for count in (0, good.node_count - 1, -1):
        with pytest.raises(ScoringError, match=r"tree_\.(node_count|nodes): expected a whole number"):
            check_with(rebuilt(node_count=count), features=good.n_features)
    with pytest.raises(ScoringError, match="max_depth"):
        check_with(rebuilt(max_depth=10**6), features=good.n_features)


def test_a_tree_has_one_output() -> None:
    good = rebuilt()
    values = np.repeat(good.__getstate__()["values"], 2, axis=1)
    with pytest.raises(ScoringError, match="n_outputs"):
        check_with(rebuilt(n_outputs=2, n_classes=[3, 3], values=values), features=good.n_features)


def test_a_tree_counts_once() -> None:
    """A small file could name one deep tree a million times."""
    small = trained("RandomForestClassifier")
    model = small.loaded()
    forest = model.steps[-1][1]
    forest.estimators_[2] = forest.estimators_[0]
    with pytest.raises(ScoringError, match="a tree of its own, found one that is used twice"):
        check_structure(model, small.schema)


@pytest.mark.parametrize("seed", range(30))
def test_nodes_are_a_tree_if_and_only_if_each_is_reached_once(seed: int) -> None:
    """Against a plain walk from the root, over nodes of chance."""
    chance = np.random.default_rng(seed)
    agreed = set()
    for _ in range(200):
        count = int(chance.integers(1, 8))
        is_leaf = chance.random(count) < 0.5
        left, right = chance.integers(-1, count + 1, (2, count))
        if chance.random() < 0.5:  # a tree, most likely: the nodes after the root, in order
            rest = [*range(1, count)]
            for node in range(count):
                is_leaf[node] = len(rest) < 2 or rest[0] <= node
                if not is_leaf[node]:
                    left[node], right[node] = rest.pop(0), rest.pop(0)
        expected = reached_once(left, right, is_leaf)
        try:
            check_nodes(left, right, is_leaf, "nodes")
        except ScoringError:
            assert not expected
        else:
            assert expected
        agreed.add(expected)
    assert agreed == {True, False}


def reached_once(left: Any, right: Any, is_leaf: Any) -> bool:
    seen: list[int] = []
    waiting = [(0, -1)]
    while waiting:
        node, parent = waiting.pop()
        if not parent < node < len(left) or node in seen:
            return False
        seen.append(node)
        if not is_leaf[node]:
            waiting += [(int(left[node]), node), (int(right[node]), node)]
    return len(seen) == len(left)
