"""Check the archive of a model file before any of it is used.

A skops file is a zip: `schema.json`, a tree of nodes that name types, and `.npy` members that nodes name. Ours are
canonical (`canonical_skops`): members stored, sorted, numbered. Here every member's name, size and form is checked,
and every type against `allowed_types`, so that the file alone cannot decide what is constructed.
"""

from __future__ import annotations

import io
import json
import math
import re
import zipfile
from collections.abc import Iterable, Mapping
from typing import Any

from reconciler.errors import ScoringError
from reconciler.model_file import file_sizes
from reconciler.model_file.allowed_types import LOADERS
from reconciler.model_file.native_state import ArrayHeader, is_sound

SCHEMA = "schema.json"
_END = b"PK\x05\x06"  # begins the last 22 bytes of an archive without a comment
_MEMBER = re.compile(r"[0-9]{1,9}\.npy")
_DEEPEST = 200  # nodes inside nodes
_PROTOCOL = 2  # of skops: another one has other loaders under the same names
_MARKS = ("__class__", "__module__", "__loader__")

Node = dict[str, Any]


def check(body: bytes) -> frozenset[str]:
    """Check a model file and return the types that it names.

    Raises ScoringError E506 (a type that is not allowed) or E507 (not a valid model file).
    """
    file_sizes.check_directory(body)
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            members = archive.infolist()
            if min(member.header_offset for member in members) or archive.comment or body[-22:-18] != _END:
                raise _refused("there are bytes before or after the archive")
            _check_members(members)
            file_sizes.check_members(members, len(body), tree=SCHEMA)
            tree: Node = json.loads(file_sizes.checked_tree(archive.read(SCHEMA)))
            headers = {
                member.filename: _checked_header(archive.read(member), member.filename)
                for member in members
                if member.filename != SCHEMA
            }
            if tree["protocol"] != _PROTOCOL:
                raise _refused(f"it is not in protocol {_PROTOCOL} of skops")
            return _check_nodes(tree, headers)
    except ScoringError:
        raise
    except Exception as error:  # readers of zip, JSON and arrays raise many types on malformed bytes
        raise _refused("it is not a zip archive in the form that this tool writes") from error


def nodes(tree: object) -> list[Node]:
    """Return every node of the tree, parents first, in the order of the file."""
    collected: list[Node] = []
    _collect(tree, 0, collected, {})
    return collected


def _collect(tree: object, depth: int, collected: list[Node], sizes: dict[object, int]) -> None:
    """Append the nodes below `tree`; one list for all, since a forest has hundreds of thousands of nodes.

    `sizes`: of each id the number of nodes of what has it. skops writes a shared object out wherever it stands; a short
    reference in its place could be nested until the objects are more than any time suffices for.
    """
    before = len(collected)
    if depth > _DEEPEST * 2:
        raise _refused(f"its nodes are nested more than {_DEEPEST} deep")
    items: Iterable[object] = ()
    if isinstance(tree, dict):
        marks = sum(mark in tree for mark in _MARKS)
        if marks == len(_MARKS):
            collected.append(tree)
        elif marks:
            raise _refused("a node has no complete type (__class__, __module__, __loader__)")
        items = tree.values()
    elif isinstance(tree, list):
        items = tree
    for item in items:
        if isinstance(item, (dict, list)):
            _collect(item, depth + 1, collected, sizes)
    if isinstance(tree, dict) and "__id__" in tree:
        size = len(collected) - before
        if sizes.setdefault(tree["__id__"], size) != size:
            raise _refused("a shared object is not the same wherever it stands")


def _check_nodes(tree: Node, headers: Mapping[str, ArrayHeader]) -> frozenset[str]:
    """Check every node and return the types that they name."""
    named = set[str]()
    for node in nodes(tree):
        kind, loader = f"{node['__module__']}.{node['__class__']}", str(node["__loader__"])
        if kind not in LOADERS.get(loader, frozenset()):
            raise ScoringError(
                f"the model file contains the type {kind[:120]} (loader {loader[:40]}), which is not allowed",
                code="E506",
                hint="use a model file that this tool wrote; opening this one with another tool may run code",
            )
        if "file" in node and str(node["file"]) not in headers:
            raise _refused(f"a node refers to the member {str(node['file'])[:40]}, which is missing")
        if not is_sound(node, headers):
            raise _refused(f"a {node['__class__']} is not in the form that its native code reads")
        named.add(kind)
    return frozenset(named)


def _check_members(members: list[zipfile.ZipInfo]) -> None:
    names = [member.filename for member in members]
    if len(set(names)) != len(names) or SCHEMA not in names:
        raise _refused(f"{SCHEMA} is missing, or two members have the same name")
    for member in members:
        if member.filename != SCHEMA and _MEMBER.fullmatch(member.filename) is None:
            raise _refused(f"unexpected member {member.filename[:60]!r}")
        if member.compress_type != zipfile.ZIP_STORED or member.flag_bits & 0x1:
            raise _refused(f"member {member.filename[:60]!r} is compressed or encrypted")


def _checked_header(body: bytes, name: str) -> ArrayHeader:
    """Return the form of a member that is a numeric array: an array of objects would be a pickle."""
    import numpy as np

    stream = io.BytesIO(body)
    try:
        version = np.lib.format.read_magic(stream)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, kind = read(stream)
        whole = math.prod(shape) * kind.itemsize == len(body) - stream.tell()
    except Exception as error:  # made-up headers also end in SyntaxError, TokenError and more
        raise _not_numeric(name) from error
    if kind.hasobject or not kind.itemsize or not whole:  # any number of items without a size fits no bytes
        raise _not_numeric(name)
    return ArrayHeader(shape, kind)


def _not_numeric(name: str) -> ScoringError:
    return ScoringError(f"member {name} of the model file is not a numeric array", code="E507")


def _refused(reason: str) -> ScoringError:
    return ScoringError(
        f"invalid model file: {reason}",
        code="E507",
        hint="use a model file that this tool wrote; pickles are never loaded",
    )
