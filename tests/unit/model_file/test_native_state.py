"""What skops hands to native constructors is in the one form that our files have, before skops is called."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from reconciler.errors import ScoringError
from reconciler.model_file import safe_archive
from tests.support.small_models import trained

Change = Callable[[dict[str, Any], dict[str, bytes]], object]


def walked(tree: Any, loader: str) -> Iterator[dict[str, Any]]:
    if isinstance(tree, dict):
        if tree.get("__loader__") == loader:
            yield tree
        tree = list(tree.values())
    if isinstance(tree, list):
        for value in tree:
            yield from walked(value, loader)


def changed(name: str, change: Change) -> bytes:
    with zipfile.ZipFile(io.BytesIO(trained(name).body)) as archive:
        members = {member: archive.read(member) for member in archive.namelist()}
    tree = json.loads(members.pop("schema.json"))
    change(tree, members)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for member, body in {**members, "schema.json": json.dumps(tree).encode()}.items():
            archive.writestr(member, body)
    return stream.getvalue()


def arguments(node: dict[str, Any]) -> Any:
    return node["__reduce__"]["args"]["content"]


def state(node: dict[str, Any]) -> Any:
    return node["content"]["content"]


def tree_node(change: Callable[[dict[str, Any]], object]) -> Change:
    return lambda tree, _: change(next(walked(tree, "TreeNode")))


def array(which: Callable[[dict[str, Any]], Any], make: Callable[[Any], Any]) -> Change:
    """Change an array of the first tree."""

    def change(tree: dict[str, Any], members: dict[str, bytes]) -> None:
        name = which(next(walked(tree, "TreeNode")))["file"]
        stream = io.BytesIO()
        np.save(stream, make(np.load(io.BytesIO(members[name]), allow_pickle=False)), allow_pickle=False)
        members[name] = stream.getvalue()

    return change


def nodes(node: dict[str, Any]) -> Any:
    return state(node)["nodes"]


def values(node: dict[str, Any]) -> Any:
    return state(node)["values"]


def classes(node: dict[str, Any]) -> Any:
    return arguments(node)[1]


TREES: dict[str, Change] = {
    "nodes without a dimension": array(nodes, lambda old: old[0]),
    "nodes in a table": array(nodes, lambda old: old[None]),
    "no nodes": array(nodes, lambda old: old[:0]),
    "numbers for nodes": array(nodes, lambda old: old["left_child"]),
    "fewer nodes": array(nodes, lambda old: old[:-1]),
    "values without a dimension": array(values, lambda old: old[0, 0, 0]),
    "values of two outputs": array(values, lambda old: np.repeat(old, 2, axis=1)),
    "more values": array(values, lambda old: np.repeat(old, 2, axis=0)),
    "classes without a dimension": array(classes, lambda old: old[0]),
    "classes of two outputs": array(classes, lambda old: np.repeat(old, 2)),
    "no classes": array(classes, lambda old: old[:0]),
    "half classes": array(classes, lambda old: old.astype(float)),
    "two outputs": tree_node(lambda node: arguments(node)[2].update(content="2")),
    "another number of nodes": tree_node(lambda node: state(node)["node_count"].update(content="1000000")),
    "fewer arguments": tree_node(lambda node: arguments(node).pop()),
    "no state": tree_node(lambda node: state(node).clear()),
    "more state": tree_node(lambda node: state(node).update(more=state(node)["max_depth"])),
    "an array of features": tree_node(lambda node: arguments(node).__setitem__(0, classes(node))),
    "an array of depths": tree_node(lambda node: state(node).update(max_depth=classes(node))),
    "a literal for nodes": tree_node(lambda node: state(node).update(nodes=arguments(node)[0])),
    "a list of nodes": tree_node(lambda node: nodes(node).update({"type": "json", "content": [], "shape": None})),
    "a scalar of nodes": tree_node(lambda node: nodes(node).update({"__class__": "int64"})),
    "nodes with an id": tree_node(lambda node: nodes(node).update({"__id__": 7})),
    "a tree with an id": tree_node(lambda node: node.update({"__id__": 7})),
    "arguments in a list": tree_node(lambda node: node["__reduce__"]["args"].update(__loader__="ListNode")),
    "a state in a tuple": tree_node(lambda node: node["content"].update(__loader__="TupleNode")),
}


@pytest.mark.parametrize("how", TREES)
def test_a_tree_in_another_form_is_refused_before_it_is_made(how: str) -> None:
    for name in ("RandomForestRegressor", "DecisionTreeClassifier"):
        with pytest.raises(ScoringError) as refused:
            safe_archive.check(changed(name, TREES[how]))
        assert refused.value.code in ("E506", "E507")


def loss_node(change: Callable[[dict[str, Any]], object]) -> Change:
    return lambda tree, _: change(next(walked(tree, "LossNode")))


LITERAL = {"__class__": "str", "__module__": "builtins", "__loader__": "JsonNode", "content": "1", "is_json": True}
LOSSES: dict[str, Change] = {
    "a state": loss_node(lambda node: node["content"].update(content=[LITERAL])),
    "an array for an argument": loss_node(
        lambda node: arguments(node).append({**LITERAL, "__loader__": "NdArrayNode", "file": "0.npy"})
    ),
    "arguments in a list": loss_node(lambda node: node["__reduce__"]["args"].update(__loader__="ListNode")),
    "a list for a state": loss_node(lambda node: node["content"].update(__loader__="ListNode", __class__="list")),
}


@pytest.mark.parametrize("how", LOSSES)
def test_a_loss_in_another_form_is_refused_before_it_is_made(how: str) -> None:
    for name in ("GradientBoostingClassifier", "PoissonRegressor"):
        with pytest.raises(ScoringError) as refused:
            safe_archive.check(changed(name, LOSSES[how]))
        assert refused.value.code in ("E506", "E507")


def test_the_untouched_form_is_taken() -> None:
    for name in ("RandomForestRegressor", "GradientBoostingClassifier", "PoissonRegressor"):
        safe_archive.check(changed(name, lambda *_: None))
