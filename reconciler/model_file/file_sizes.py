"""Measure the files of a model before they are read: bytes, members of the archive, items of its tree of nodes."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from pathlib import Path

from reconciler.core.artifact.oci_artifact import MODEL_FILE
from reconciler.core.size_limits import (
    BLOB_BYTES,
    BOOSTER_BYTES,
    DECISION_BYTES,
    MODEL_BYTES,
    MODEL_ITEMS,
    MODEL_MEMBERS,
    MODEL_TREE_BYTES,
    REFERENCE_BYTES,
)
from reconciler.errors import ScoringError

_ENTRY = b"PK\x01\x02"  # begins each entry of an archive's directory


def read_document(path: Path) -> bytes:
    """Return the bytes of a model's schema or probe rows. Raises ScoringError E507 for more than are read."""
    return _read(path, BLOB_BYTES)


def read_reference(path: Path) -> bytes:
    """Return the bytes of a model's reference. Raises ScoringError E507 for more than are read."""
    return _read(path, REFERENCE_BYTES)


def read_decision(path: Path) -> bytes:
    """Return the bytes of a model's rules of decision. Raises ScoringError E507 for more than are read."""
    return _read(path, DECISION_BYTES)


def read_model(path: Path) -> bytes:
    """Return the bytes of a model file. Raises ScoringError E507 for more than are read."""
    return _read(path, MODEL_BYTES if path.name == MODEL_FILE else BOOSTER_BYTES)


def check_directory(body: bytes) -> None:
    """Check the number of members, by what begins each: the directory itself takes ten times its size to read."""
    _check(body.count(_ENTRY), MODEL_MEMBERS, "members")


def check_members(members: Iterable[zipfile.ZipInfo], size: int, *, tree: str) -> None:
    """Check the sizes that members declare in an archive of `size` bytes, where all are stored as they are.

    `tree`: the name of the member with the tree of nodes.
    """
    sizes = {member.filename: member.file_size for member in members}
    _check(sum(sizes.values()), size, "bytes in its members")  # more, where members overlap
    _check(sizes.get(tree, 0), MODEL_TREE_BYTES, f"bytes of {tree}")


def checked_tree(text: bytes) -> bytes:
    """Return the JSON text of a tree, once its items are counted: a list of nothing takes twenty times its text."""
    _check(text.count(b",") + text.count(b"[") + text.count(b"{"), MODEL_ITEMS, "items in its tree")
    return text


def _read(path: Path, largest: int) -> bytes:
    with path.open("rb") as stream:
        size = stream.seek(0, 2)
        _check(size, largest, f"bytes of {path.name}")
        stream.seek(0)
        return stream.read(size)


def _check(number: int, most: int, what: str) -> None:
    if number > most:
        raise ScoringError(
            f"invalid model file: it has {number:,} {what}; at most {most:,} are read",
            code="E507",
            hint="use a model file that this tool wrote; docs/reference/limits.md has every limit",
        )
