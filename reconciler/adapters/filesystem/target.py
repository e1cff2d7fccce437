"""A target in a local folder, for any program to read.

    <root>/owner.json                       the project and environment that own it
    <root>/<model>/releases/<64 hex>/…      the files of an artifact, with its OCI manifest and config
    <root>/<model>/current                  JSON {project, environment, model, n, entry, artifact}
    <root>/<model>/entries/<n>.json         the journal's entries that were put in place, as the store has them

A release is complete and forced down before `current` names it, and `current` is replaced in one rename under a lock
that compares: a lower n never wins. So `current` always names a whole release. A release that was damaged by hand is
mended file by file, each replaced in one rename: at no moment is a file absent or half written. Copying happens outside
the lock, so a slow or stopped writer does not block others.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from reconciler import codec
from reconciler.adapters.filesystem import kept_entries
from reconciler.adapters.filesystem.durable_files import (
    FileTooLargeError,
    IrregularFileError,
    LinkOnTheWayError,
    OpenFileError,
    identity_of,
    listed,
    names_in,
    read_regular,
)
from reconciler.adapters.filesystem.folder_rights import check_levels, file_open_to_all, open_inside, open_levels
from reconciler.adapters.filesystem.held_folder import HeldFolder, held, locked
from reconciler.adapters.filesystem.release_folder import examine, is_loose, put_release
from reconciler.core.artifact.journal import ReleasePointer, StoreMark
from reconciler.core.artifact.object_sizes import too_large
from reconciler.core.artifact.observed_state import DriftType, LiveDeployment
from reconciler.core.artifact.target_ownership import CURRENT, ENTRIES, OWNER, RELEASES, TargetRules
from reconciler.core.digest import Digest, hex_of, is_digest
from reconciler.core.names import is_name
from reconciler.core.size_limits import MARK_BYTES
from reconciler.core.storage.location import StorageLocation
from reconciler.errors import IntegrityError, TargetError
from reconciler.ports import OpenFolder, ReadObserver, StorageAccess


def open_target(location: StorageLocation, access: StorageAccess) -> DirectoryTarget:
    declared = access.root / (location.root or "")
    return DirectoryTarget(
        access.folder or declared,
        project=access.project,
        environment=access.environment,
        observer=access.read_observer,
        declared=declared,
    )


class DirectoryTarget:
    """Implements ports.Target in the folder `root`.

    TargetError E607 where everybody may write the root or a level above it. `patience`: seconds to wait for another
    writer of the same model. `observer` records reads. `declared`: the root before its links were resolved.
    """

    def __init__(
        self,
        root: Path,
        *,
        project: str,
        environment: str,
        patience: float = 30.0,
        observer: ReadObserver | None = None,
        declared: Path | None = None,
    ) -> None:
        self.declared = Path(os.path.abspath(declared or root))  # noqa: PTH100  (its links are looked at, not followed)
        self._checked = False
        self._observer = observer
        self.root = Path(os.path.realpath(root))  # from here on, no link on the way is followed
        self._start = f"{self.root}/"
        self._rules = TargetRules(mark=StoreMark(project=project, environment=environment), where=root.name)
        self._patience = patience

    def observe(self, models: Iterable[str], *, others: bool = True) -> tuple[LiveDeployment, ...]:
        if self._observer is not None:
            self._observer.about("")
            self._observer.saw(str(self.root))
            self._observer.saw(str(self.root / OWNER))
        try:
            self._check_levels()
            self._check_owner()
            existing = {model for model in models if self._is_there(model)}
            return tuple(self._observe(model) for model in sorted(existing | set(self.names() if others else ())))
        except OSError as error:
            raise TargetError(
                f"cannot read the target {self.root}: {_reason(error)}",
                code="E602",
                hint="it counts as unknown, not as empty; give this user the right to read it, or mend the disk",
            ) from error

    def place(self, current: ReleasePointer, files: Mapping[str, Path]) -> None:
        self._rules.check_belongs(current)
        with self._writing(current.model, sum(path.stat().st_size for path in files.values() if path.is_file())):
            self._place(current, files)

    @contextmanager
    def _writing(self, model: str, needed: int) -> Iterator[None]:
        """Raise what goes wrong on the disk as TargetError."""
        try:
            yield
        except LinkOnTheWayError as error:
            raise TargetError(
                f"{error.filename} is a link",
                code="E607",
                hint="remove it, and run the same command again: folders of a target are made by reconciler alone",
            ) from error
        except OSError as error:
            raise TargetError(
                f"cannot write to the target {self.root}/{model}: {_reason(error)} ({needed:,} bytes needed)",
                code="E608",
                hint="the earlier release is still served; mend the target and run the same command again",
            ) from error

    def keep_entry(self, model: str, n: int, body: bytes) -> None:
        with self._writing(model, len(body)), held(self.root, make=True) as root:
            self._check_levels()
            self._claim(root)
            kept_entries.keep(root, model, n, body)

    def kept_entry(self, model: str, n: int) -> bytes | None:
        try:
            self._check_levels()
            return kept_entries.read(self.root, model, n)
        except OSError as error:
            raise TargetError(f"cannot read the target {self.root}: {_reason(error)}", code="E602") from error

    def release(self, model: str) -> Path | None:
        self._check_levels()
        current = self._read_current(model)
        if current is None or current.artifact is None:
            return None
        folder = self._release_path(model, current.artifact)
        return folder if folder.is_dir() else None

    def traces(self) -> frozenset[str]:
        try:
            self._check_levels()
            folders = names_in(self.root) if self.root.is_dir() else []
            return frozenset(name for name in folders if name == OWNER or (is_name(name) and self._keeps(name)))
        except OSError as error:
            raise TargetError(f"cannot read the target {self.root}: {_reason(error)}", code="E602") from error

    def pointers(self) -> Mapping[str, str]:
        try:
            self._check_levels()
            return {name: identity_of(self._current_path(name)) for name in self.names()}
        except OSError as error:
            raise TargetError(f"cannot read the target {self.root}: {_reason(error)}", code="E602") from error

    def open_folders(self, *, inside: bool = True) -> tuple[OpenFolder, ...]:
        """Return the folders of the target and above it that others may write, but for those that are not ours."""
        try:
            models = tuple(f"{self._start}{name}" for name in self.names()) if inside else ()
            return (*open_levels(self.root, self.declared), *open_inside(models, tops=True))
        except OSError as error:
            raise TargetError(f"cannot read the target {self.root}: {_reason(error)}", code="E602") from error

    # --- reading -------------------------------------------------------------------------------------------------

    def _check_levels(self) -> None:
        """Check once who may write the root and what is above it."""
        if not self._checked:
            check_levels(self.root, self.declared, TargetError)
            self._checked = os.path.lexists(self.root)

    def _keeps(self, model: str) -> bool:
        """Return whether a pointer or a release of this model is there, and no other owner's pointer."""
        current = self._read_current(model)
        if current is not None:
            return self._rules.is_ours(current, model)
        releases = f"{self._start}{model}/{RELEASES}"
        return os.path.isdir(releases) and any(is_digest(f"sha256:{name}") for name in names_in(releases))  # noqa: PTH112

    def names(self) -> Iterator[str]:
        """Yield the names of all folders with our layout; others are not ours."""
        if self.root.is_dir():
            for name in names_in(self.root):
                if not is_name(name):
                    continue
                if os.path.lexists(self._current_path(name)):
                    yield name
                elif self._observer is not None:  # when a pointer comes, the root does not change
                    self._observer.about("")
                    self._observer.saw(self._current_path(name))

    def _is_there(self, model: str) -> bool:
        if self._observer is not None:
            self._observer.about(model)
            self._observer.saw(self._current_path(model))
        return os.path.lexists(self._current_path(model))

    def _observe(self, model: str) -> LiveDeployment:
        if self._observer is not None:
            self._observer.about(model)
            self._observer.saw(self._current_path(model))
        current = self._read_current(model)
        if current is None:
            return LiveDeployment(model=model, current=None, drift=DriftType.UNREADABLE, files=(CURRENT,))
        if not self._rules.is_ours(current, model):
            return LiveDeployment(model=model, current=None, drift=DriftType.UNMANAGED, files=(CURRENT,))
        if current.artifact is None:
            return LiveDeployment(model=model, current=current)
        folder = f"{self._start}{model}/{RELEASES}/{hex_of(current.artifact)}"
        entries = listed(folder)
        if self._observer is not None:
            self._observer.saw_folder(folder, entries)
        release = examine(folder, entries, current.artifact)
        trouble = DriftType.TAMPERED if release.wrong else None
        return LiveDeployment(
            model=model, current=current, drift=trouble, files=release.wrong, around=self._around(model, release.loose)
        )

    def _around(self, model: str, inside: tuple[str, ...]) -> tuple[str, ...]:
        """Return findings for what others than the owner may write, and for links: we write none like that."""
        folder = f"{self._start}{model}"
        paths = {"its folder": folder, **{name: f"{folder}/{name}" for name in (CURRENT, RELEASES, ENTRIES)}}
        loose = [name for name, path in paths.items() if _is_loose(path)]
        loose += [name or "the release's folder" for name in inside]
        links = [name for name, path in paths.items() if os.path.islink(path)]  # noqa: PTH114
        return (
            *([f"others than the owner may write {', '.join(loose)}"] if loose else ()),
            *(f"{name} is a link, which may lead to anything" for name in links),
        )

    def _read_current(self, model: str) -> ReleasePointer | None:
        """Return the pointer; None where it is missing or damaged. OSError when the disk cannot be read."""
        try:
            return codec.decode(ReleasePointer, read_regular(self._current_path(model), MARK_BYTES), what=CURRENT)
        except (FileNotFoundError, IrregularFileError, FileTooLargeError, IntegrityError):
            return None

    def _check_owner(self) -> bool:
        """Return whether the target carries our mark; IntegrityError for another's or a damaged one."""
        name = f"{self.root.name}/{OWNER}"
        try:
            mark = codec.decode(StoreMark, read_regular(self.root / OWNER, MARK_BYTES, guarded=True), what=name)
        except FileNotFoundError:
            return False
        except OpenFileError as error:
            raise file_open_to_all(str(self.root / OWNER), TargetError) from error
        except IrregularFileError as error:
            raise IntegrityError(f"{name} is not a regular file", code="E609", hint="remove it") from error
        except FileTooLargeError as error:
            raise too_large(name, error.size, error.largest) from error
        self._rules.check_mark(mark)
        return True

    # --- writing -------------------------------------------------------------------------------------------------

    def _place(self, current: ReleasePointer, files: Mapping[str, Path]) -> None:
        with held(self.root, make=True) as root:
            self._check_levels()
            self._claim(root)
            with root.held(current.model, make=True) as folder, folder.held(RELEASES, make=True) as releases:
                folder.force()
                root.force()
                folder.sweep()
                releases.sweep()
                self._put(current, files, folder, releases)

    def _put(
        self, current: ReleasePointer, files: Mapping[str, Path], folder: HeldFolder, releases: HeldFolder
    ) -> None:
        """Write the release, and then the pointer in the model's folder."""
        # Before the work of copying; what decides is the check under the lock.
        self._rules.check_newer(current, self._read_current(current.model))
        if current.artifact is not None:
            put_release(releases, current.artifact, files)
        with locked(folder, self._patience):
            self._rules.check_newer(current, self._read_current(current.model))
            temporary = folder.write_temporary(codec.encode(current), mode=0o644)
            try:
                folder.replace(temporary, CURRENT)
            finally:
                folder.unlink(temporary)
            folder.force()

    def _claim(self, root: HeldFolder) -> None:
        """Mark the target as ours; raises where another owner's models are served from it."""
        if self._check_owner():
            return
        for model in self.names():
            self._rules.check_unclaimed(self._read_current(model), model)
        temporary = root.write_temporary(codec.encode(self._rules.mark), mode=0o644)
        try:
            root.link(temporary, OWNER)
        except FileExistsError:
            self._check_owner()
        finally:
            root.unlink(temporary)
        root.force()

    def _current_path(self, model: str) -> str:
        return f"{self._start}{model}/{CURRENT}"

    def _release_path(self, model: str, artifact: Digest) -> Path:
        return self.root / model / RELEASES / hex_of(artifact)


def _is_loose(path: str) -> bool:
    try:
        return is_loose(os.lstat(path))
    except FileNotFoundError:
        return False


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__
