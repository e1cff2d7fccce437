"""What is inside a model file, checked before any of it is used.

A skops file is a zip: `schema.json`, a tree of nodes that name types, and `.npy` members that nodes name. Ours are
canonical (`training.canonical`): members stored, sorted, numbered. Here every member's name, size and form is checked,
and every type against `allowed`, so that nothing is constructed on the word of the file.
"""

from __future__ import annotations

import io
import json
import math
import re
import zipfile
from collections.abc import Iterable
from typing import Any

from reconciler.errors import ScoringError
from reconciler.model_file.allowed_types import ALLOWED

SCHEMA = "schema.json"
_MEMBER = re.compile(r"[0-9]{1,9}\.npy")
_LARGEST = 4 * 1024**3  # bytes unpacked
_DEEPEST = 200  # nodes inside nodes
# The loaders of skops that models of ours need. Whatever type is named, others could do more than set attributes of it.
_LOADERS = frozenset(
    {
        "DTypeNode",
        "DefaultDictNode",
        "DictNode",
        "FunctionNode",
        "JsonNode",
        "ListNode",
        "LossNode",
        "NdArrayNode",
        "ObjectNode",
        "PartialNode",
        "RandomGeneratorNode",
        "RandomStateNode",
        "SliceNode",
        "TreeNode",
        "TupleNode",
        "TypeNode",
    }
)

_MARKS = ("__class__", "__module__", "__loader__")

Node = dict[str, Any]


def check(body: bytes) -> Node:
    """The tree of a model file; ScoringError E506 or E507 naming what is not allowed in it."""
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            members = archive.infolist()
            _check_members(members)
            tree: Node = json.loads(archive.read(SCHEMA))
            for one in members:
                if one.filename != SCHEMA:
                    _check_array(archive.read(one), one.filename)
            _check_types(tree, frozenset(one.filename for one in members))
    except ScoringError:
        raise
    except Exception as error:  # whatever zip, JSON or array readers make of bytes that somebody made up
        raise _refused("it is not a model file of ours") from error
    return tree


def nodes(tree: object) -> list[Node]:
    """Every node of the tree, parents first, in the order of the file."""
    found: list[Node] = []
    _find(tree, 0, found)
    return found


def _find(tree: object, depth: int, found: list[Node]) -> None:
    """A model of trees has hundreds of thousands of nodes."""
    if depth > _DEEPEST * 2:
        raise _refused("it is nested too deeply")
    items: Iterable[object] = ()
    if isinstance(tree, dict):
        marks = sum(mark in tree for mark in _MARKS)
        if marks == len(_MARKS):
            found.append(tree)
        elif marks:
            raise _refused("one of its nodes does not say what it is")
        items = tree.values()
    elif isinstance(tree, list):
        items = tree
    for item in items:
        if isinstance(item, (dict, list)):
            _find(item, depth + 1, found)


def _check_types(tree: Node, names: frozenset[str]) -> None:
    for node in nodes(tree):
        kind, loader = f"{node['__module__']}.{node['__class__']}", str(node["__loader__"])
        if kind not in ALLOWED or loader not in _LOADERS:
            raise ScoringError(
                f"the model file names the type {kind[:120]} (by {loader[:40]}), which is not allowed",
                code="E506",
                hint="only the estimators of the table are loaded; never load this file with another tool",
            )
        if "file" in node and str(node["file"]) not in names:
            raise _refused(f"its member {str(node['file'])[:40]} is missing")


def _check_members(members: list[zipfile.ZipInfo]) -> None:
    names = [one.filename for one in members]
    if len(set(names)) != len(names) or SCHEMA not in names:
        raise _refused("its members are not those of a model file")
    for one in members:
        if one.filename != SCHEMA and _MEMBER.fullmatch(one.filename) is None:
            raise _refused(f"it has a member called {one.filename[:60]!r}")
        if one.compress_type != zipfile.ZIP_STORED or one.flag_bits & 0x1:
            raise _refused("its members are packed or encrypted")
    if sum(one.file_size for one in members) > _LARGEST:
        raise _refused("it is too large")


def _check_array(body: bytes, name: str) -> None:
    """A plain array: an array of objects would be a pickle."""
    import numpy as np

    stream = io.BytesIO(body)
    try:
        version = np.lib.format.read_magic(stream)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, kind = read(stream)
        whole = math.prod(shape) * kind.itemsize == len(body) - stream.tell()
    except Exception as error:  # made-up headers also end in SyntaxError, TokenError and more
        raise _no_array(name) from error
    if kind.hasobject or not whole:
        raise _no_array(name)


def _no_array(name: str) -> ScoringError:
    return ScoringError(f"member {name} of the model file is no plain array", code="E507")


def _refused(why: str) -> ScoringError:
    return ScoringError(
        f"the model file is refused: {why}",
        code="E507",
        hint="models are written by this tool only; a pickle under another name is never loaded",
    )
