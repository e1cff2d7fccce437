"""Write a fitted estimator as skops bytes that depend on nothing but the estimator.

skops names members and shares nodes by memory address, and stamps times. Here the tree is walked by its structure,
never by pattern (an account number may look like an address): ids are renumbered in walk order where a node is really
shared and dropped elsewhere, and always on literals, which Python interns as it pleases; members are renumbered,
sorted, stored unpacked, with the zip format's earliest time. `n_threads`, which says how many threads happened to bin
the data, is set to 1.

Format: skops 0.16, protocol 2 (`schema.json` and `.npy` members in a zip archive), see
https://skops.readthedocs.io/en/stable/persistence.html.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections import Counter
from typing import Any

from reconciler.model_file.safe_archive import SCHEMA, Node, nodes

_EARLIEST = (1980, 1, 1, 0, 0, 0)
_LITERAL = "JsonNode"
_BINNER = "_BinMapper"


def dumps(estimator: Any) -> bytes:
    """Return the canonical skops bytes of a fitted estimator."""
    import skops.io

    return canonical(skops.io.dumps(estimator))


def canonical(body: bytes) -> bytes:
    """Rewrite a skops archive in its one form. Canonical bytes come back unchanged."""
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        tree = json.loads(archive.read(SCHEMA))
        members = {name: archive.read(name) for name in archive.namelist() if name != SCHEMA}
    tree_nodes = nodes(tree)  # the steps below change fields of nodes and never add or drop a node
    _reset_thread_counts(tree_nodes)
    _renumber_ids(tree_nodes)
    renamed = _renumber_members(tree_nodes, members)
    renamed[SCHEMA] = json.dumps(tree, separators=(",", ":"), ensure_ascii=True).encode()
    return _archive(renamed)


def _reset_thread_counts(tree_nodes: list[Node]) -> None:
    for node in tree_nodes:
        attributes = node.get("content", {})
        if node["__class__"] == _BINNER and isinstance(attributes, dict):
            threads = attributes.get("content", attributes).get("n_threads")
            if isinstance(threads, dict) and threads.get("__loader__") == _LITERAL:
                threads["content"] = "1"


def _renumber_ids(tree_nodes: list[Node]) -> None:
    with_id = [node for node in tree_nodes if "__id__" in node]
    literals = {id(node) for node in with_id if node["__loader__"] == _LITERAL}
    uses = Counter(node["__id__"] for node in with_id if id(node) not in literals)
    numbers: dict[object, int] = {}
    for node in with_id:
        address = node.pop("__id__")
        if id(node) not in literals and uses[address] > 1:
            node["__id__"] = numbers.setdefault(address, len(numbers) + 1)


def _renumber_members(tree_nodes: list[Node], members: dict[str, bytes]) -> dict[str, bytes]:
    """Return the members under new names, in the order in which the tree first names them."""
    names: dict[str, str] = {}
    for node in tree_nodes:
        if isinstance(node.get("file"), str):
            node["file"] = names.setdefault(node["file"], f"{len(names)}.npy")
    return {new: members[old] for old, new in names.items()}


def _archive(members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(members):
            member = zipfile.ZipInfo(name, date_time=_EARLIEST)
            member.create_system = 3  # Unix, on every platform
            member.external_attr = 0o644 << 16
            archive.writestr(member, members[name])
    return stream.getvalue()
