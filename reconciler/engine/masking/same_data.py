"""Tell whether two declarations of tables read the same data, whatever the tables are called. Reads folders only."""

from __future__ import annotations

import re
from itertools import islice
from pathlib import Path, PurePosixPath

from reconciler.core.spec.data import Table

_PATTERN = re.compile(r"[*?\[]")
_MOST_FILES = 10_000  # of one pattern


def same_data(one: Table, other: Table, root: Path) -> bool:
    """Tell whether both read some of the same files: by links, patterns, folders, another case or another root, too.

    Where a path names nothing here, it is compared as it is written. Of databases, see `same_database`.
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
    return bool(pattern) and (path.match(pattern) or any(each.match(pattern) for each in path.parents))


def _alike(one: str, other: str) -> bool:
    a, b = (PurePosixPath(path.casefold()) for path in (one, other))
    return a == b or a.match(b.as_posix()) or b.match(a.as_posix()) or a in b.parents or b in a.parents
