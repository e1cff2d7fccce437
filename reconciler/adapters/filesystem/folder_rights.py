"""Look at who may write the folders that a store or a target lies in, and those that it consists of. Reads mode bits.

Every level counts, up to the root of the disk: whoever may write a folder may rename the one in it that we use, and put
another in its place, whatever the rights of that one are. A folder that all may write is safe on the way where it is
sticky, as /tmp is: only the owner of what is in it may rename or remove that (and the folder's owner, and root). So
what is below must be ours or root's. A store's root and the folders in it are held to more: in a sticky one anybody
could still add a file, and a file that is added to a store is an entry.

Everybody: refused, E607. A group, or another owner, is told and not refused: operators often share one, and only the
machine's administrator can put somebody into it.
"""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Iterable, Iterator
from enum import StrEnum
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from reconciler.adapters.filesystem.resolved_path import resolve
from reconciler.errors import StoreError, TargetError

if TYPE_CHECKING:  # imported where one is found: a status of many models needs no port
    from reconciler.ports import OpenFolder

_NAMED = 3  # folders inside that are told one by one; more are counted


class _Writer(StrEnum):
    EVERYBODY = "everybody"
    OWNER = "another user"
    GROUP = "group"


def open_levels(root: Path, declared: Path) -> Iterator[OpenFolder]:
    """Yield the levels from the root of the disk to `root` that others may write. `declared`: `root` as it is written,
    perhaps through links: who may replace a link decides where it leads."""
    way = ("/", *(str(level) for level in reversed(root.parents)), str(root), *resolve("/", str(declared)).places)
    statuses: dict[str, os.stat_result] = {}
    for path in dict.fromkeys(way):
        try:
            statuses[path] = status = os.lstat(path)
        except (FileNotFoundError, NotADirectoryError):
            continue
        above = statuses.get(os.path.dirname(path)) if path != "/" else None  # noqa: PTH120
        writer = _writer(status, above, inside=path == str(root))
        if writer is not None:
            yield _told(path, status, writer)


def open_inside(folders: Iterable[str], *, tops: bool = False) -> tuple[OpenFolder, ...]:
    """Return the folders below these, and with `tops` these, that others may write; many as one finding each kind."""
    found: dict[_Writer, list[tuple[str, os.stat_result]]] = {}
    starts = tuple(folders)
    for start in starts:
        own = [(start, os.lstat(start))] if tops else []
        for path, status in (*own, *_below(start)):
            writer = _writer(status, None, inside=True)
            if writer is not None:
                found.setdefault(writer, []).append((path, status))
    told: list[OpenFolder] = []
    for writer, inside in sorted(found.items(), key=lambda pair: list(_Writer).index(pair[0])):
        if len(inside) <= _NAMED:
            told += [_told(path, status, writer) for path, status in inside]
        else:
            told.append(_counted(starts, [path for path, _ in inside], writer))
    return tuple(told)


def check_levels(root: Path, declared: Path, kind: type[StoreError | TargetError]) -> None:
    """Raise an error of this kind, E607, for a level up to the root of the disk that everybody may write."""
    for level in open_levels(root, declared):
        if level.by_everybody:
            raise kind(
                f"{level.problem}: what is in {root} could be swapped for anything", code="E607", hint=level.remedy
            )


def check_folder(path: Path | str, kind: type[StoreError | TargetError], status: os.stat_result | None = None) -> None:
    """Raise an error of this kind, E607, for a folder of a store or a target that everybody may write. `status`: of the
    folder, where it was just looked at."""
    status = status or os.lstat(path)
    if status.st_mode & stat.S_IWOTH and stat.S_ISDIR(status.st_mode):
        told = _told(str(path), status, _Writer.EVERYBODY)
        raise kind(f"{told.problem}: anything could be added there", code="E607", hint=told.remedy)


def file_open_to_all(path: str, kind: type[StoreError | TargetError]) -> StoreError | TargetError:
    """Return the error of this kind, E607, for a stored file that everybody may write."""
    return kind(
        f"{path} may be written by everybody: it may say anything",
        code="E607",
        hint=f"compare it with a backup, then take the right away: chmod o-w {quote(path)}",
    )


def _writer(status: os.stat_result, above: os.stat_result | None, *, inside: bool) -> _Writer | None:
    """Return who else may write a folder. `above`: the folder that it lies in; `inside`: it is part of the store."""
    folder, mode = stat.S_ISDIR(status.st_mode), status.st_mode
    foreign = status.st_uid not in (os.geteuid(), 0)
    safe = bool(mode & stat.S_ISVTX) and not inside
    if folder and mode & stat.S_IWOTH and not safe:
        return _Writer.EVERYBODY
    if foreign and above is not None and above.st_mode & stat.S_IWOTH:
        return _Writer.EVERYBODY  # in a folder such as /tmp, whoever comes first makes it, and keeps it
    if foreign:
        return _Writer.OWNER
    return _Writer.GROUP if folder and mode & stat.S_IWGRP and not safe else None


def _told(path: str, status: os.stat_result, writer: _Writer) -> OpenFolder:
    from reconciler.ports import OpenFolder

    if writer is _Writer.GROUP:
        return OpenFolder(
            path=path,
            problem=f"the group of {path} may write it",
            remedy=f"chmod g-w {quote(path)}; nothing to do where that is the group of those who apply",
            by_everybody=False,
        )
    if writer is _Writer.EVERYBODY and status.st_mode & stat.S_IWOTH and stat.S_ISDIR(status.st_mode):
        return OpenFolder(
            path=path,
            problem=f"{path} may be written by everybody",
            remedy=f"take the right away: chmod o-w {quote(path)}",
            by_everybody=True,
        )
    anybody = writer is _Writer.EVERYBODY
    return OpenFolder(
        path=path,
        problem=f"{path} belongs to {_name(status.st_uid)}"
        + (", and lies in a folder where everybody may make one" if anybody else ", who may write it"),
        remedy=f"as root: chown -h {os.geteuid()} {quote(path)}"
        + ("" if anybody else "; nothing to do where that user applies, too"),
        by_everybody=anybody,
    )


def _counted(starts: tuple[str, ...], inside: list[str], writer: _Writer) -> OpenFolder:
    from reconciler.ports import OpenFolder

    where, some = " ".join(map(quote, starts)), ", ".join(inside[:_NAMED])
    who, remedy = {
        _Writer.EVERYBODY: ("may be written by everybody", f"find {where} -type d -perm -002 -exec chmod o-w {{}} +"),
        _Writer.GROUP: ("may be written by their group", f"find {where} -type d -perm -020 -exec chmod g-w {{}} +"),
        _Writer.OWNER: ("belong to another user", f"as root: chown -R {os.geteuid()} {where}"),
    }[writer]
    return OpenFolder(
        path=os.path.commonpath(starts),
        problem=f"{len(inside):,} folders {who}: {some}, ...",
        remedy=remedy,
        by_everybody=writer is _Writer.EVERYBODY,
    )


def _below(folder: str) -> Iterator[tuple[str, os.stat_result]]:
    """Yield every folder below one, with its status; files cost no look. A folder that vanishes is left out."""
    waiting = [folder]
    while waiting:
        at = waiting.pop()
        try:
            with os.scandir(at) as listing:
                inner = sorted(entry.path for entry in listing if entry.is_dir(follow_symlinks=False))
            statuses = [(path, os.lstat(path)) for path in inner]
        except (FileNotFoundError, NotADirectoryError):
            continue
        yield from statuses
        waiting.extend(reversed(inner))


def _name(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"user {user}"
