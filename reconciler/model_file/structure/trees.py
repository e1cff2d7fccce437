"""Check decision trees: their nodes are walked natively, by index and without an end but a leaf."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from reconciler.model_file.structure.rules import (
    Attributes,
    ModelScope,
    check_array,
    check_range,
    check_whole,
    refuse,
    type_name,
)

if TYPE_CHECKING:
    from reconciler.model_file.structure.rules import Array

_TREE = "sklearn.tree._tree.Tree"
_LEAF, _UNDEFINED = -1, -2


def check_nodes(left: Array, right: Array, leaf: Array, path: str) -> None:
    """Check that nodes form one tree whose root is the first node.

    `left`, `right`: per node the indices of its children, used where it is no `leaf` (booleans). A child lies after its
    parent, as all builders of scikit-learn write it, so there is no cycle; each node is the child of exactly one other.
    """
    import numpy as np

    count = len(left)
    inner = np.flatnonzero(~leaf)
    children = []
    for name, column in (("left", left), ("right", right)):
        child = column[inner].astype(np.int64, copy=False)
        outside = (child <= inner) | (child >= count)
        if outside.any():
            place = inner[int(outside.argmax())]
            refuse(path, f"each {name} child after its node and below {count}", f"{column[place]} in node {place}")
        children.append(child)
    times = np.bincount(np.concatenate(children), minlength=count)
    if (times[1:] != 1).any():
        node = int((times[1:] != 1).argmax()) + 1
        refuse(path, "each node but the first to be one node's child", f"node {node}, the child of {times[node]}")


def check_tree(tree: Any, path: str, *, features: int, outputs: int, scope: ModelScope) -> None:
    """Check a `sklearn.tree._tree.Tree`: one output of `outputs` values per leaf, over `features` columns."""
    import numpy as np

    if type_name(tree) != _TREE:
        refuse(path, "a Tree", f"a {type(tree).__name__}")
    if id(tree) in scope.trees:
        refuse(path, "a tree of its own", "one that is used twice")
    scope.trees.add(id(tree))
    check_whole(tree.n_features, features, features, f"{path}.n_features")
    check_whole(tree.n_outputs, 1, 1, f"{path}.n_outputs")
    check_whole(tree.max_n_classes, outputs, outputs, f"{path}.n_classes")
    # Before any array of the tree is touched: those are views of this many nodes, allocated or not.
    count = check_whole(tree.node_count, 1, None, f"{path}.node_count")
    check_whole(tree.capacity, count, count, f"{path}.nodes")
    check_whole(tree.max_depth, 0, count, f"{path}.max_depth")
    state = tree.__getstate__()
    check_array(state["values"], f"{path}.values", shape=(count, 1, outputs), rows=True)
    # A column of its own for each field: half a dozen passes over records cost more than copying them once.
    nodes = {name: np.ascontiguousarray(state["nodes"][name]) for name in state["nodes"].dtype.names}
    left, right, feature = nodes["left_child"], nodes["right_child"], nodes["feature"]
    leaf = left == _LEAF
    if ((right == _LEAF) != leaf).any():
        refuse(f"{path}.nodes", "two children or none", "a node with one")
    check_nodes(left, right, leaf, f"{path}.nodes")
    named = (feature >= 0) & (feature < features)
    if (named == leaf).any() or ((feature == _UNDEFINED) != leaf).any():
        place = int(((named == leaf) | ((feature == _UNDEFINED) != leaf)).argmax())
        expected = f"{_UNDEFINED} in a leaf and a number between 0 and {features - 1} elsewhere"
        refuse(f"{path}.nodes.feature", expected, f"{feature[place]} in node {place}")
    check_range(nodes["n_node_samples"], 1, math.inf, f"{path}.nodes.n_node_samples")
    check_range(nodes["missing_go_to_left"], 0, 1, f"{path}.nodes.missing_go_to_left")
    for name in ("threshold", "impurity", "weighted_n_node_samples"):
        check_range(nodes[name], -math.inf, math.inf, f"{path}.nodes.{name}")


def check_member(value: object, kind: str, path: str, features: int, classes: int, scope: ModelScope) -> None:
    """Check a tree estimator in an ensemble; `classes`: how many the ensemble tells apart, 0 for a number.

    A forest's trees know the classes as floats 0, 1, ...; those of AdaBoost as the ensemble does.
    """
    attributes = Attributes(value, kind, path)
    if classes:
        known = attributes.take("classes_")
        dtype = "int64" if str(getattr(known, "dtype", "")) == "int64" else "float64"
        check_array(known, attributes.at("classes_"), shape=(classes,), dtype=dtype)
        check_range(known, 0, scope.classes - 1, attributes.at("classes_"))
    _check_fitted(attributes, features, classes, scope)


def _check_fitted(attributes: Attributes, features: int, classes: int, scope: ModelScope) -> None:
    attributes.whole("n_features_in_", features, features)
    attributes.whole("n_outputs_", 1, 1)
    attributes.whole("max_features_", 1)
    if classes:
        attributes.whole("n_classes_", classes, classes)
    tree, place = attributes.take("tree_"), attributes.at("tree_")
    check_tree(tree, place, features=features, outputs=max(1, classes), scope=scope)
    attributes.close()


def _check_alone(name: str) -> Callable[[Any, str, ModelScope], None]:
    def check(value: Any, path: str, scope: ModelScope) -> None:
        attributes = Attributes(value, f"sklearn.tree._classes.{name}", path)
        classes = attributes.classes(scope) if scope.classes else 0
        _check_fitted(attributes, scope.features, classes, scope)

    return check


CHECKS = {name: _check_alone(name) for name in ("DecisionTreeClassifier", "DecisionTreeRegressor")}
