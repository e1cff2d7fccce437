"""Read git's objects: their sizes first, and their bytes only where none is larger than it may be."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from reconciler.adapters.git.plumbing import Git
from reconciler.core.size_limits import KIB, MIB
from reconciler.errors import SourceError

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_LONGEST_COMMIT = 64 * KIB  # bytes: no message that people wrote is longer
_AT_ONCE = 16 * MIB  # bytes of one answer: while it is taken apart, it is held twice


def sizes_of(git: Git, ids: Iterable[str], kind: str) -> dict[str, int]:
    """Return the size in bytes of objects of a kind, by id, from their headers: no object is unpacked.

    Raises SourceError E306 when one is missing or of another kind.
    """
    wanted = list(dict.fromkeys(ids))
    if not wanted:
        return {}
    out = git.run(
        "cat-file", "--batch-check", "--buffer", stdin="".join(f"{object_id}\n" for object_id in wanted).encode()
    )
    sizes = {}
    for object_id, line in zip(wanted, out.decode("utf-8", "replace").splitlines(), strict=True):
        header = line.split()
        if len(header) != 3 or header[1] != kind:
            raise SourceError(f"object {object_id[:12]} is missing", code="E306", hint="check the repository: git fsck")
        sizes[object_id] = int(header[2])
    return sizes


def objects_of(git: Git, sizes: Mapping[str, int], *, largest: int, together: int) -> dict[str, bytes]:
    """Return the bytes of objects, whose `sizes` are known by id.

    Raises SourceError E311, before any is read, for one of more than `largest` bytes or more than `together` in all.
    """
    for object_id, size in sizes.items():
        if size > largest:
            raise too_large(f"object {object_id[:12]} has {size:,} bytes; at most {largest:,} are read")
    if (total := sum(sizes.values())) > together:
        raise too_large(f"{len(sizes):,} objects have {total:,} bytes together; at most {together:,} are read")
    bodies: dict[str, bytes] = {}
    batch: list[str] = []
    waiting = 0
    for object_id, size in sizes.items():  # in several answers, since each is held twice while it is taken apart
        batch.append(object_id)
        waiting += size
        if waiting > _AT_ONCE:
            bodies |= _read(git, batch, sizes)
            batch, waiting = [], 0
    return bodies | _read(git, batch, sizes) if batch else bodies


def _read(git: Git, ids: list[str], sizes: Mapping[str, int]) -> dict[str, bytes]:
    out = git.run("cat-file", "--batch", "--buffer", stdin="".join(f"{object_id}\n" for object_id in ids).encode())
    bodies = {}
    at = 0
    for object_id in ids:
        start = out.find(b"\n", at) + 1
        end = start + sizes[object_id]
        if out[at:start].split()[2:] != [b"%d" % sizes[object_id]] or len(out) <= end:
            raise SourceError(f"object {object_id[:12]} is missing", code="E306", hint="check the repository: git fsck")
        bodies[object_id] = out[start:end]
        at = end + 1
    return bodies


def messages_of(git: Git, commits: Iterable[str]) -> dict[str, str]:
    """Return the messages of commits by id, without those that are not here or that have more than 64 KiB."""
    wanted = sorted({commit for commit in commits if _COMMIT.fullmatch(commit)})
    if not wanted:
        return {}
    out = git.run("cat-file", "--batch-check", "--buffer", stdin="".join(f"{commit}\n" for commit in wanted).encode())
    headers = (line.split() for line in out.decode("utf-8", "replace").splitlines())
    found = {one[0]: int(one[2]) for one in headers if len(one) == 3 and one[1] == "commit"}
    sizes = {commit: size for commit, size in found.items() if size <= _LONGEST_COMMIT}
    bodies = objects_of(git, sizes, largest=_LONGEST_COMMIT, together=_LONGEST_COMMIT * max(1, len(sizes)))
    return {commit: body.partition(b"\n\n")[2].decode("utf-8", "replace") for commit, body in bodies.items()}


def too_large(message: str) -> SourceError:
    """Return the error E311 for something at a commit that is larger than is read."""
    return SourceError(message, code="E311", hint="make it smaller, or split the project; nothing of it was read")
