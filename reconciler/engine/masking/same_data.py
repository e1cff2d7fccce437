"""Tell whether two declarations of tables read the same data, whatever the tables are called. Reads folders only."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path, PurePosixPath

from reconciler.core.spec.data import Table

_PATTERN = re.compile(r"[*?\[]")
_MOST_FILES = 10_000  # of one pattern


def same_data(one: Table, other: Table, root: Path) -> bool:
    """Tell whether both read some of the same files: by links, patterns, folders, another case or another root, too.

    Where a path names nothing here, it is compared as it is written.
    """
    if not one.path or not other.path:
        return False
    if "://" in one.path or "://" in other.path:
        return _alike(one.path, other.path)
    ours, theirs = _files(one.path, root), _files(other.path, root)
    if any(_is_same_file(a, b) for a in ours for b in theirs):
        return True
    written = [PurePosixPath(path.as_posix().casefold()) for path in ours] or [PurePosixPath(one.path.casefold())]
    return any(_ends_with(path, other.path) for path in written) or _alike(one.path, other.path)


def _files(path: str, root: Path) -> list[Path]:
    """Return the files and folders that a path names below the root, without links."""
    try:
        if _PATTERN.search(path):
            return [file.resolve() for file in islice(root.glob(path), _MOST_FILES)]
        file = (root / path).resolve()
        return [file] if file.exists() else []
    except (OSError, ValueError, RuntimeError, NotImplementedError):
        return []


def _is_same_file(one: Path, other: Path) -> bool:
    if one == other or one in other.parents or other in one.parents:
        return True
    try:
        return one.samefile(other)
    except OSError:
        return False


def _ends_with(path: PurePosixPath, declared: str) -> bool:
    """Tell whether a path ends as a declared one does, which then named it from another folder."""
    pattern = PurePosixPath(declared.casefold()).as_posix().lstrip("/")
    while pattern.startswith("../"):
        pattern = pattern[3:]
    return pattern not in {"", "."} and _names(("**", *pattern.split("/")), path.parts)


def _alike(one: str, other: str) -> bool:
    """Tell whether two addresses or paths that cannot be looked at may name the same file, both as patterns."""
    a, b = (PurePosixPath(path.casefold()).parts for path in (one, other))
    return any(
        _names(x, y) or (not any(map(_PATTERN.search, y)) and _names(("**", *x), y)) for x, y in ((a, b), (b, a))
    )


def _names(pattern: Sequence[str], path: Sequence[str]) -> bool:
    """Tell whether a pattern may name what another path or pattern does, or a folder above it."""
    if not pattern:
        return True
    if not path:
        return all(part == "**" for part in pattern)
    if pattern[0] == "**":
        return _names(pattern[1:], path) or _names(pattern, path[1:])
    if path[0] == "**":
        return _names(pattern, path[1:]) or _names(pattern[1:], path)
    return _part_meets(pattern[0], path[0]) and _names(pattern[1:], path[1:])


def _part_meets(one: str, other: str) -> bool:
    """Tell whether a name may fit both: of two patterns what stands in front and behind their signs is compared."""
    if not _PATTERN.search(one):
        return fnmatchcase(one, other) if _PATTERN.search(other) else one == other
    if not _PATTERN.search(other):
        return fnmatchcase(other, one)
    (first, last), (front, back) = _plain_ends(one), _plain_ends(other)
    return _begins_alike(first, front) and _begins_alike(last[::-1], back[::-1])


def _plain_ends(part: str) -> tuple[str, str]:
    """Return what stands before the first sign of a pattern, and behind its last."""
    return re.split(r"[*?\[]", part, maxsplit=1)[0], re.split(r"[*?\]]", part)[-1]


def _begins_alike(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)
