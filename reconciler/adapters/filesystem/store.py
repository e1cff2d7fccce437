"""A store in a local folder: one file per key, created exclusively and durably.

Create = temporary file beside the name, write, fsync, link to the name (which fails when it exists), fsync of the
folder. A reader never sees part of an object under its key; a crash leaves at most a `.tmp-` file, removed later.
Before a folder is first used, every folder from it up to the root is forced down, since the process that made them may
have died before doing so. Links and special files are never objects.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from reconciler.adapters.filesystem.durable_files import (
    FileTooLargeError,
    IrregularFileError,
    OpenFileError,
    explained,
    force_folder,
    names_in,
    read_regular,
)
from reconciler.adapters.filesystem.folder_rights import (
    check_folder,
    check_levels,
    file_open_to_all,
    open_inside,
    open_levels,
)
from reconciler.adapters.filesystem.held_folder import HeldFolder, held
from reconciler.core.artifact import object_sizes
from reconciler.core.artifact.object_sizes import check_new, largest, too_large
from reconciler.core.artifact.store_layout import LONGEST, is_key, is_part
from reconciler.core.size_limits import OBJECT_BYTES, STORE_KEYS
from reconciler.core.storage.location import StorageLocation
from reconciler.errors import IntegrityError, StoreError
from reconciler.ports import OpenFolder, ReadObserver, StorageAccess

_NO_LINKS = {errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EPERM}


def open_store(location: StorageLocation, access: StorageAccess) -> FilesStore:
    declared = access.root / (location.root or "")
    return FilesStore(access.folder or declared, access.read_observer, declared=declared)


class FilesStore:
    """Implements ports.Store in the folder `root`, which the first write creates.

    StoreError E607 for a root that is a link, and where everybody may write it or a level above it. `observer` records
    reads of everything but blobs, which are named by their content. `most`: keys of one listing. `declared`: the root
    before its links were resolved.
    """

    def __init__(
        self,
        root: Path,
        observer: ReadObserver | None = None,
        *,
        most: int = STORE_KEYS,
        declared: Path | None = None,
    ) -> None:
        self.declared = Path(os.path.abspath(declared or root))  # noqa: PTH100  (its links are looked at, not followed)
        self.root = Path(os.path.realpath(root.parent)) / root.name  # from here on, no link on the way is followed
        self._most = most
        self._start = f"{self.root}/"
        self._observer = observer
        self._checked = self._above_checked = False
        self._ready: set[Path] = set()
        self._ways = {""}

    def create(self, key: str, body: bytes | Path) -> bool:
        path = self._path(key)
        try:
            in_memory = isinstance(body, bytes)
            check_new(key, len(body) if isinstance(body, bytes) else body.stat().st_size, in_memory=in_memory)
            self._prepare(path.parent)
            with held(path.parent) as folder:
                created = not folder.has(path.name) and self._link(folder, path.name, body)
                folder.force()  # also where it was there: its creator may have died before the name was durable
        except OSError as error:
            raise explained(error, path, body) from error
        return created

    def read(self, key: str) -> bytes | None:
        path = self._place(key)
        if self._observer is not None and not key.startswith("blobs/"):
            self._observer.saw(path)
        try:
            self._check_root()
            self._check_way(key)
            body = read_regular(path, largest(key), guarded=True)
        except FileNotFoundError:
            return None
        except OpenFileError as error:
            raise file_open_to_all(path, StoreError) from error
        except FileTooLargeError as error:
            raise too_large(key, error.size, error.largest) from error
        except IrregularFileError as error:
            raise self._irregular(key) from error
        except OSError as error:
            raise explained(error, self.root / key) from error
        if not body:
            raise self._empty(key)
        return body

    def path(self, key: str) -> Path | None:
        return Path(self._place(key)) if self.holds(key) else None

    def holds(self, key: str) -> bool:
        path = self._place(key)
        try:
            self._check_root()
            self._check_way(key)
            status = os.lstat(path)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise explained(error, self.root / key) from error
        if not stat.S_ISREG(status.st_mode):
            raise self._irregular(key)
        if status.st_mode & stat.S_IWOTH:
            raise file_open_to_all(path, StoreError)
        if status.st_size == 0:
            raise self._empty(key)
        if status.st_size > OBJECT_BYTES:
            raise too_large(key, status.st_size, OBJECT_BYTES)
        return True

    def written(self, key: str) -> datetime | None:
        if not self.holds(key):
            return None
        try:
            return datetime.fromtimestamp(os.lstat(self._place(key)).st_mtime, UTC)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise explained(error, self.root / key) from error

    def remove(self, key: str) -> None:
        """Remove a blob durably; nothing where there is none."""
        path = self._path(object_sizes.check_removed(key))
        try:
            self._check_root()
            self._check_way(key)
            with held(path.parent) as folder:
                folder.unlink(path.name)
                folder.force()
        except FileNotFoundError:
            return
        except OSError as error:
            raise explained(error, path) from error

    def keys(self, prefix: str) -> Iterator[str]:
        if prefix.rstrip("/"):
            self._place(prefix.removesuffix("/"))
        folder = prefix.rpartition("/")[0]
        try:
            self._check_root()
            self._check_way(prefix)
            if self._observer is not None:  # a folder in it is recorded when it is read
                self._observer.saw(f"{self.root}/{folder}")
            keys = sorted(object_sizes.listed(_files(f"{self.root}/{folder}", folder, prefix), prefix, most=self._most))
        except OSError as error:
            raise explained(error, self.root / folder) from error
        yield from keys

    def folders(self, prefix: str) -> frozenset[str]:
        """Return the names directly below `prefix`, without reading their contents."""
        folder = self._place(prefix)
        if self._observer is not None:
            self._observer.saw(folder)
        try:
            self._check_root()
            self._check_way(f"{prefix}/")
            return frozenset(names_in(folder))
        except FileNotFoundError:
            return frozenset()
        except OSError as error:
            raise explained(error, self.root / prefix) from error

    def open_folders(self, *, inside: bool = True) -> tuple[OpenFolder, ...]:
        """Return the folders of the store and above it that others may write."""
        try:
            return (*open_levels(self.root, self.declared), *open_inside([str(self.root)] if inside else []))
        except OSError as error:
            raise explained(error, self.root) from error

    # --- inside --------------------------------------------------------------------------------------------------

    def _link(self, folder: HeldFolder, name: str, body: bytes | Path) -> bool:
        """Commit: the name appears with all of its bytes; return False where it exists already."""
        temporary = folder.write_temporary(body, mode=0o444)
        try:
            folder.link(temporary, name)
        except FileExistsError:
            return False
        except OSError as error:
            if error.errno in _NO_LINKS:
                raise StoreError(
                    f"the file system under {self.root.name} has no hard links: "
                    "this store cannot protect against two writers",
                    code="E601",
                    hint="keep the store on a local disk (ext4, xfs, btrfs, apfs)",
                ) from error
            raise
        finally:
            folder.unlink(temporary)
        return True

    def _path(self, key: str) -> Path:
        return Path(self._place(key))

    def _place(self, key: str) -> str:
        """Return the path of a key's file as plain text, which costs a tenth of a Path."""
        if not is_key(key):
            raise StoreError(f"not a key: {key[:80]!r}", code="E607")
        return f"{self._start}{key}"

    def _prepare(self, folder: Path) -> None:
        """Create and force down the folders, once per folder and process."""
        if folder in self._ready:
            return
        if not os.path.lexists(self.root):
            with held(self.root, make=True):
                pass
        self._check_root()
        with held(folder, make=True) as made:
            made.sweep()
        for parent in (folder, *folder.parents):
            if parent in self._ready:
                break
            check_folder(parent, StoreError)
            force_folder(parent)
            self._ready.add(parent)
            if parent == self.root:
                with contextlib.suppress(PermissionError):  # the folder above may not be ours to open
                    force_folder(parent.parent)
                break

    def _check_root(self) -> None:
        if self._checked:
            return
        try:
            status = self.root.lstat()
        except FileNotFoundError:
            if not self._above_checked:  # whoever may write above it may have moved it away
                check_levels(self.root, self.declared, StoreError)
                self._above_checked = True
            return
        if not stat.S_ISDIR(status.st_mode):
            raise StoreError(
                f"the store's root {self.root} is not a folder of its own",
                code="E607",
                hint="name the real folder in the environment: through a link, a store could be swapped for another",
            )
        check_levels(self.root, self.declared, StoreError)
        self._checked = True

    def _check_way(self, key: str) -> None:
        """Check the folders of the store that a key lies in, each once: plain ones, which not everybody may write."""
        folder = key.rpartition("/")[0]
        if folder in self._ways:
            return
        at = ""
        for part in folder.split("/"):
            at = f"{at}/{part}" if at else part
            if at in self._ways:
                continue
            try:
                status = os.lstat(self._start + at)
            except FileNotFoundError:
                return
            if not stat.S_ISDIR(status.st_mode):
                raise IntegrityError(
                    f"{at} is not a folder of its own in its store",
                    code="E604",
                    hint="restore it from a backup; a store holds plain folders only, and no link leads out of it",
                )
            check_folder(self._start + at, StoreError, status)
            self._ways.add(at)

    def _empty(self, key: str) -> IntegrityError:
        return IntegrityError(
            f"{key} is empty in its store",
            code="E604",
            hint="restore it from a backup; an empty object is never what was written",
        )

    def _irregular(self, key: str) -> IntegrityError:
        return IntegrityError(
            f"{key} is not a regular file in its store",
            code="E604",
            hint="restore it from a backup; a store holds plain files only",
        )


def _files(folder: str, name: str, prefix: str) -> Iterator[str]:
    """Yield the keys of the files below a folder. Plain strings: journals may have hundreds of thousands of entries."""
    below = f"{name}/" if name else ""
    folders = []
    try:
        listing = os.scandir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return
    with listing:
        for entry in listing:
            if entry.is_dir():
                if is_part(entry.name) and not entry.is_symlink():
                    folders.append(entry.name)
            elif (key := below + entry.name).startswith(prefix) and is_part(entry.name) and len(key) <= LONGEST:
                yield key
    for inner in folders:
        yield from _files(f"{folder}/{inner}", below + inner, prefix)
