"""A fitted model as bytes that depend on nothing but the model: skops, rewritten into one canonical form.

skops names members and shares nodes by memory address, and stamps times. Here the tree is walked by its structure,
never by pattern (an account number may look like an address): ids are renumbered in walk order where a node is really
shared and dropped elsewhere, and always on literals, which Python interns as it pleases; members are renumbered,
sorted, stored unpacked, with the zip format's earliest time. `n_threads`, which says how many threads happened to bin
the data, is set to 1.

Format: skops 0.16, protocol 2 (`schema.json` and `.npy` members in a zip archive).
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
    """The canonical skops bytes of a fitted estimator."""
    import skops.io

    return canonical(skops.io.dumps(estimator))


def canonical(body: bytes) -> bytes:
    """The same archive in its one form. Canonical bytes come back unchanged."""
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        tree = json.loads(archive.read(SCHEMA))
        members = {name: archive.read(name) for name in archive.namelist() if name != SCHEMA}
    found = nodes(tree)  # what is changed below are fields of nodes, never which there are
    _forget_threads(found)
    _renumber_ids(found)
    renamed = _renumber_files(found, members)
    renamed[SCHEMA] = json.dumps(tree, separators=(",", ":"), ensure_ascii=True).encode()
    return _archive(renamed)


def _forget_threads(found: list[Node]) -> None:
    for node in found:
        attributes = node.get("content", {})
        if node["__class__"] == _BINNER and isinstance(attributes, dict):
            threads = attributes.get("content", attributes).get("n_threads")
            if isinstance(threads, dict) and threads.get("__loader__") == _LITERAL:
                threads["content"] = "1"


def _renumber_ids(every: list[Node]) -> None:
    found = [node for node in every if "__id__" in node]
    literal = {id(node) for node in found if node["__loader__"] == _LITERAL}
    shared = Counter(node["__id__"] for node in found if id(node) not in literal)
    numbers: dict[object, int] = {}
    for node in found:
        old = node.pop("__id__")
        if id(node) not in literal and shared[old] > 1:
            node["__id__"] = numbers.setdefault(old, len(numbers) + 1)


def _renumber_files(found: list[Node], members: dict[str, bytes]) -> dict[str, bytes]:
    """Members under new names, in the order in which the tree first names them."""
    names: dict[str, str] = {}
    for node in found:
        if isinstance(node.get("file"), str):
            node["file"] = names.setdefault(node["file"], f"{len(names)}.npy")
    return {new: members[old] for old, new in names.items()}


def _archive(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(members):
            one = zipfile.ZipInfo(name, date_time=_EARLIEST)
            one.create_system = 3  # Unix, whatever wrote it
            one.external_attr = 0o644 << 16
            archive.writestr(one, members[name])
    return out.getvalue()
