"""Resolve a path one component after the other, and keep every place that it leads through. Reads only."""

from __future__ import annotations

import errno
import os
import stat
from collections import deque
from dataclasses import dataclass

MOST_LINKS = 40  # as the Linux kernel follows


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedPath:
    """A path without links. `places`: all absolute paths on the way, the last included, each with real parents;
    `links`: those of them that are symbolic links, with what they hold."""

    path: str
    places: tuple[str, ...]
    links: tuple[tuple[str, str], ...] = ()

    def link_at(self, place: str) -> str | None:
        """Return what the symbolic link at a place on the way holds, or None where there is none."""
        return dict(self.links).get(place)


def resolve(start: str, path: str, *, last: bool = True) -> ResolvedPath:
    """Resolve `path` from the real folder `start`. Where nothing exists, the rest is taken as it is written.

    Without `last`, a link in its last component is not followed. Raises OSError for more than MOST_LINKS links, and
    where a folder cannot be searched.
    """
    at, places, links = start.rstrip("/"), [], []
    if path.startswith("/"):
        at = ""
    waiting = deque(path.split("/"))
    while waiting:
        name = waiting.popleft()
        if name in ("", "."):
            continue
        if name == "..":
            at = os.path.dirname(at).rstrip("/")  # noqa: PTH120
            continue
        place = f"{at}/{name}"
        places.append(place)
        target = _link_at(place) if last or any(waiting) else None
        if target is None:
            at = place
            continue
        links.append((place, target))
        if len(links) > MOST_LINKS:
            raise OSError(errno.ELOOP, "too many symbolic links", path)
        if target.startswith("/"):
            at = ""
        waiting.extendleft(reversed(target.split("/")))
    return ResolvedPath(path=at or "/", places=tuple(places), links=tuple(links))


def _link_at(place: str) -> str | None:
    """Return what a symbolic link holds; None for anything else, and for nothing."""
    try:
        if not stat.S_ISLNK(os.lstat(place).st_mode):
            return None
        return os.readlink(place)  # noqa: PTH115
    except (FileNotFoundError, NotADirectoryError):
        return None
