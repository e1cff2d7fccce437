"""Configuration from the files on disk, for `--working-tree`: to look at, never to apply to a protected place."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Mapping
from operator import attrgetter
from pathlib import Path

from reconciler.adapters.filesystem.durable_files import FileTooLargeError, read_regular
from reconciler.adapters.git.objects import too_large
from reconciler.core.artifact.observed_state import CommitOrder, FirstParentChange
from reconciler.core.size_limits import CONFIGURATION_BYTES, LISTED_FILES, LOCK_BYTES
from reconciler.errors import SourceError, UsageError
from reconciler.ports import TreeFile

SKIPPED = {".git", ".venv", "node_modules", "__pycache__"}


class WorkTree:
    def __init__(self, project: Path) -> None:
        self._root = project
        self._paths: dict[str, Path] = {}

    def resolve(self, revision: str) -> str:
        del revision
        raise UsageError("a work tree has no revisions", hint="leave out --working-tree", code="E801")

    def tree(self, commit: str, folders: tuple[str, ...]) -> tuple[TreeFile, ...]:  # noqa: ARG002  (the port's shape)
        files = []
        for path in self._walk(folders):
            name = path.relative_to(self._root).as_posix()
            if folders and not any(name == folder or name.startswith(folder.rstrip("/") + "/") for folder in folders):
                continue
            try:
                status = path.lstat()
            except FileNotFoundError:
                continue  # gone since it was listed
            link = stat.S_ISLNK(status.st_mode)
            if not link and not stat.S_ISREG(status.st_mode):
                continue  # pipes and devices: git would not have them either
            mode = "120000" if link else "100755" if status.st_mode & stat.S_IXUSR else "100644"
            object_id = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()
            self._paths[object_id] = path
            files.append(TreeFile(path=name, mode=mode, id=object_id, size=status.st_size))
            if len(files) > LISTED_FILES:
                raise too_large(f"the folder holds more than {LISTED_FILES:,} files; no more are listed")
        return tuple(sorted(files, key=attrgetter("path")))

    def sizes(self, ids: Iterable[str]) -> Mapping[str, int]:
        sizes = {}
        for object_id in ids:
            path = self._path(object_id)
            try:
                sizes[object_id] = path.lstat().st_size
            except OSError as error:
                raise _unreadable(path, error) from error
        return sizes

    def read(self, ids: Iterable[str]) -> Mapping[str, bytes]:
        bodies, left = {}, CONFIGURATION_BYTES
        for object_id in ids:
            path = self._path(object_id)
            largest = min(left, LOCK_BYTES)
            try:
                body = os.fsencode(path.readlink()) if path.is_symlink() else read_regular(path, largest)
            except FileTooLargeError as error:
                raise too_large(
                    f"{path.name} has more than {LOCK_BYTES:,} bytes, or all files together more than "
                    f"{CONFIGURATION_BYTES:,}; no more are read"
                ) from error
            except OSError as error:
                raise _unreadable(path, error) from error
            bodies[object_id] = body
            left -= len(body)
        return bodies

    def _path(self, object_id: str) -> Path:
        path = self._paths.get(object_id)
        if path is None:
            raise SourceError(f"object {object_id[:12]} is missing", code="E306", hint="list the tree first")
        return path

    def order(self, a: str, b: str, *, branch: str) -> CommitOrder:
        del a, b
        raise UsageError(f"a work tree is not on {branch}", hint="leave out --working-tree", code="E801")

    def changed(self, path: str, *, at: str, branch: str) -> FirstParentChange | None:  # noqa: ARG002
        return None

    def base(self, commit: str, *, branch: str) -> str | None:
        del commit
        raise UsageError(f"a work tree is not on {branch}", hint="leave out --working-tree", code="E801")

    def tip(self, branch: str) -> str | None:  # noqa: ARG002
        return None

    def touching(
        self,
        paths: tuple[str, ...],  # noqa: ARG002
        *,
        after: str | None,  # noqa: ARG002
        at: str,  # noqa: ARG002
        branch: str,  # noqa: ARG002
    ) -> tuple[FirstParentChange, ...]:
        return ()

    def versions(self, folder: str, *, at: str) -> tuple[str, ...]:  # noqa: ARG002
        return ()

    def removed(self, folder: str, *, at: str) -> tuple[TreeFile, ...]:  # noqa: ARG002
        return ()

    def messages(self, commits: Iterable[str]) -> Mapping[str, str]:  # noqa: ARG002
        return {}

    def tracked(self, paths: tuple[str, ...]) -> tuple[str, ...]:  # noqa: ARG002
        return ()

    def _walk(self, folders: tuple[str, ...]) -> Iterable[Path]:
        """Yield the project's files; folders that begin with a dot hold none."""
        for start in folders or ("",):
            at = self._root / start
            if at.is_file() or at.is_symlink():
                yield at
            else:
                yield from self._below(at)

    def _below(self, start: Path) -> Iterable[Path]:
        for folder, names, files in os.walk(start):
            linked = [name for name in names if (Path(folder) / name).is_symlink()]
            names[:] = [n for n in names if n not in SKIPPED and not n.startswith(".") and n not in linked]
            for name in (*files, *linked):
                yield Path(folder) / name


def _unreadable(path: Path, error: OSError) -> SourceError:
    return SourceError(f"cannot read {path.name}: {error.strerror}", code="E306")
