"""Check what skops hands to constructors and states of native code, before it does.

A tree copies its nodes as they are given, and takes a dimension that an array does not have; a loss reads its state
without looking at its length. So a model file writes them in one form only, read here from the tree of nodes and the
headers of the arrays. What the arrays hold is checked once they are loaded (`structure`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

Node = dict[str, Any]
_LITERAL, _ARRAY = "JsonNode", "NdArrayNode"


@dataclass(frozen=True, slots=True)
class ArrayHeader:
    """The form of an array member: its shape and the type of its items."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]


def is_sound(node: Node, headers: Mapping[str, ArrayHeader]) -> bool:
    """Return whether a node is written as native code expects; nodes of other loaders always are."""
    match node["__loader__"]:
        case "TreeNode":
            return _is_tree(node, headers)
        case "LossNode":
            return _is_loss(node)
    return True


def _is_tree(node: Node, headers: Mapping[str, ArrayHeader]) -> bool:
    """Return whether a tree has one output, and as many values as nodes."""
    state, arguments = _inside(node["content"], "DictNode"), _inside(node["__reduce__"]["args"], "TupleNode")
    if "__id__" in node or not isinstance(state, dict) or not isinstance(arguments, list) or len(arguments) != 3:
        return False
    if set(state) != {"max_depth", "node_count", "nodes", "values"}:
        return False
    literals = (arguments[0], arguments[2], state["max_depth"], state["node_count"])
    if not all(_is_plain(literal, _LITERAL) for literal in literals) or arguments[2]["content"] != "1":
        return False
    classes, nodes, values = (_header(array, headers) for array in (arguments[1], state["nodes"], state["values"]))
    if classes is None or nodes is None or values is None:
        return False
    return (
        (classes.dtype.kind, classes.dtype.itemsize, classes.shape) == ("i", 8, (1,))
        and nodes.dtype.names is not None
        and len(nodes.shape) == 1
        and nodes.shape[0] > 0
        and len(values.shape) == 3
        and values.shape[:2] == (nodes.shape[0], 1)
        and state["node_count"]["content"] == str(nodes.shape[0])
    )


def _is_loss(node: Node) -> bool:
    """Return whether a loss is constructed from literals alone, and gets no state.

    Its arguments may be shared, as an empty tuple is: what has an id has as many nodes wherever it stands.
    """
    arguments, state = node["__reduce__"]["args"], node["content"]
    return (
        arguments["__loader__"] == "TupleNode"
        and all(_is_plain(argument, _LITERAL) for argument in arguments["content"])
        and state["__loader__"] in ("DictNode", "TupleNode")
        and not state["content"]
    )


def _inside(node: Node, loader: str) -> Any:
    """Return the content of a node of this loader that is written out here; None for another."""
    return node["content"] if _is_plain(node, loader) else None


def _is_plain(node: Node, loader: str) -> bool:
    """Return whether a node has this loader and stands for itself: with an id, an earlier one could take its place."""
    return node["__loader__"] == loader and "__id__" not in node


def _header(node: Node, headers: Mapping[str, ArrayHeader]) -> ArrayHeader | None:
    named = _is_plain(node, _ARRAY) and node["__class__"] == "ndarray" and node["type"] == "numpy"
    return headers[node["file"]] if named else None
