"""A store in a local folder: one file per key, created exclusively and durably.

Create = temporary file beside the name, write, fsync, link to the name (which fails when it exists), fsync of the
folder. A reader never sees part of an object under its key; a crash leaves at most a `.tmp-` file, which is nobody's.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from reconciler.adapters.durable import explained, force_folder, make_folders, write_temporary
from reconciler.errors import IntegrityError, StoreError

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")
_TEMPORARY = re.compile(r"\.tmp-(\d+)-[0-9a-f]{32}")


class FilesStore:
    """`root` is created by the first write. StoreError E607 for a root that is a link or that everybody may write."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def create(self, key: str, body: bytes | Path) -> bool:
        path = self._path(key)
        if (len(body) if isinstance(body, bytes) else body.stat().st_size) == 0:
            raise StoreError(f"refusing to store an empty object as {key}", code="E604")
        if path.exists():
            return False
        try:
            self._prepare(path.parent)
            temporary = write_temporary(path.parent, body, mode=0o444)
            try:
                os.link(temporary, path)
            except FileExistsError:
                return False
            finally:
                temporary.unlink(missing_ok=True)
            force_folder(path.parent)
        except OSError as error:
            raise explained(error, path, body) from error
        return True

    def read(self, key: str) -> bytes | None:
        path = self._path(key)
        try:
            body = path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise explained(error, path) from error
        if not body:
            raise self._empty(key)
        return body

    def path(self, key: str) -> Path | None:
        path = self._path(key)
        try:
            found = path.lstat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise explained(error, path) from error
        if not stat.S_ISREG(found.st_mode):
            raise IntegrityError(f"{key} is not a regular file in {self.root}", code="E604")
        if found.st_size == 0:
            raise self._empty(key)
        return path

    def keys(self, prefix: str) -> Iterator[str]:
        start = self.root / prefix if prefix.endswith("/") or not prefix else (self.root / prefix).parent
        if not start.is_dir():
            return
        found = [
            (Path(folder) / name).relative_to(self.root).as_posix()
            for folder, _, names in os.walk(start)
            for name in names
            if not name.startswith(".tmp-")
        ]
        yield from sorted(key for key in found if key.startswith(prefix))

    def _path(self, key: str) -> Path:
        if _KEY.fullmatch(key) is None:
            raise StoreError(f"not a key: {key[:80]!r}", code="E607")
        return self.root / key

    def _prepare(self, folder: Path) -> None:
        if not self.root.exists():
            make_folders(self.root, above=Path(self.root.anchor))
        if not folder.is_dir():
            make_folders(folder, above=self.root)
        found = self.root.lstat()
        if not stat.S_ISDIR(found.st_mode):
            raise StoreError(f"the store's root {self.root.name} is not a folder of its own", code="E607")
        if found.st_mode & stat.S_IWOTH:
            raise StoreError(
                f"the store's root {self.root.name} may be written by everybody",
                code="E607",
                hint="take the right away: chmod o-w",
            )
        self._sweep(folder)

    def _sweep(self, folder: Path) -> None:
        """Remove temporary files of processes that are gone."""
        for path in folder.iterdir():
            match = _TEMPORARY.fullmatch(path.name)
            if match is not None and not _alive(int(match[1])):
                path.unlink(missing_ok=True)

    def _empty(self, key: str) -> IntegrityError:
        return IntegrityError(
            f"{key} is empty in its store",
            code="E604",
            hint="restore it from a backup; an empty object is never what was written",
        )


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
