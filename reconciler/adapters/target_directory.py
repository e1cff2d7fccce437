"""A target in a local folder, for any program to read.

    <root>/owner.json                       whose target this is
    <root>/<model>/releases/<64 hex>/…      the files of an artifact, with its OCI manifest and config
    <root>/<model>/current                  JSON {project, environment, model, n, entry, artifact}

A release is complete and forced down before `current` names it, and `current` is replaced in one rename under a lock
that compares: a lower n never wins. What a reader finds through `current` is therefore always a whole release.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import stat
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from reconciler import codec
from reconciler.adapters.durable import force_folder, make_folders, write_temporary
from reconciler.core.artifact import FILEPATH
from reconciler.core.digest import Digest, digest_of_bytes, digest_of_file, hex_of
from reconciler.core.names import is_name
from reconciler.core.record import Current, StoreMark
from reconciler.core.state import Served, Trouble
from reconciler.errors import ConflictError, IntegrityError, TargetError

OWNER = "owner.json"
CURRENT = "current"
RELEASES = "releases"
MANIFEST = "manifest.json"
CONFIG = "config.json"


class DirectoryTarget:
    def __init__(self, root: Path, *, project: str, environment: str) -> None:
        self.root = root
        self.mark = StoreMark(project=project, environment=environment)

    def observe(self, models: Iterable[str]) -> tuple[Served, ...]:
        self._check_owner()
        found = {model for model in models if self._current_path(model).exists()}
        if self.root.is_dir():
            found |= {one.name for one in self.root.iterdir() if is_name(one.name) and (one / CURRENT).exists()}
        return tuple(self._observe(model) for model in sorted(found))

    def place(self, current: Current, files: Mapping[str, Path]) -> None:
        try:
            self._place(current, files)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise TargetError(
                f"cannot write to the target {self.root.name}/{current.model}: {reason}",
                code="E608",
                hint="what served before still serves; mend the target and run the same command again",
            ) from error

    def release(self, model: str) -> Path | None:
        current = self._read_current(model)
        if current is None or current.artifact is None:
            return None
        folder = self._release_path(model, current.artifact)
        return folder if folder.is_dir() else None

    # --- reading -------------------------------------------------------------------------------------------------

    def _observe(self, model: str) -> Served:
        current = self._read_current(model)
        if current is None:
            return Served(model=model, current=None, trouble=Trouble.UNREADABLE, files=(CURRENT,))
        if (current.project, current.environment, current.model) != (self.mark.project, self.mark.environment, model):
            return Served(model=model, current=None, trouble=Trouble.FOREIGN, files=(CURRENT,))
        if current.artifact is None:
            return Served(model=model, current=current)
        differing = _differing(self._release_path(model, current.artifact), current.artifact)
        trouble = Trouble.TAMPERED if differing else None
        return Served(model=model, current=current, trouble=trouble, files=differing)

    def _read_current(self, model: str) -> Current | None:
        path = self._current_path(model)
        try:
            return codec.decode(Current, path.read_bytes(), what=CURRENT) if not path.is_symlink() else None
        except (OSError, IntegrityError):
            return None

    def _check_owner(self) -> None:
        """IntegrityError when the target is another's, or has lost its mark while it serves something."""
        path = self.root / OWNER
        if path.exists():
            found = codec.decode(StoreMark, path.read_bytes(), what=f"{self.root.name}/{OWNER}")
            if found != self.mark:
                raise IntegrityError(
                    f"the target {self.root.name} belongs to {found.environment} of project {found.project}",
                    code="E609",
                    hint=f"give {self.mark.environment} of {self.mark.project} a target of its own",
                )

    # --- writing -------------------------------------------------------------------------------------------------

    def _place(self, current: Current, files: Mapping[str, Path]) -> None:
        folder = self.root / current.model
        make_folders(folder / RELEASES, above=self.root.parent)
        self._claim()
        if current.artifact is not None:
            self._put_release(current.model, current.artifact, files)
        with _locked(folder):
            before = self._read_current(current.model)
            if before is not None and before.n > current.n:
                raise ConflictError(
                    f"the target already serves entry {before.n} of {current.model}, newer than entry {current.n}",
                    hint="nothing is lost: run the same command again",
                )
            if before is not None and before.n == current.n and before.entry != current.entry:
                raise ConflictError(
                    f"the target serves another entry {before.n} of {current.model}",
                    hint="two stores write to one target: give each environment its own",
                )
            temporary = write_temporary(folder, codec.encode(current), mode=0o644)
            temporary.replace(folder / CURRENT)
            force_folder(folder)

    def _claim(self) -> None:
        self._check_owner()
        path = self.root / OWNER
        if path.exists():
            return
        temporary = write_temporary(self.root, codec.encode(self.mark), mode=0o644)
        try:
            os.link(temporary, path)
        except FileExistsError:
            self._check_owner()
        finally:
            temporary.unlink(missing_ok=True)
        force_folder(self.root)

    def _put_release(self, model: str, artifact: Digest, files: Mapping[str, Path]) -> None:
        """A whole release under its digest. One that is there but damaged is moved aside whole after a fresh one is
        ready: for that moment a reader finds no folder, never a mixed one."""
        final = self._release_path(model, artifact)
        if final.exists() and not _differing(final, artifact):
            return
        fresh = final.parent / f".tmp-{uuid.uuid4().hex}"
        fresh.mkdir(mode=0o755)
        try:
            for path, source in files.items():
                write_temporary(fresh, source, mode=0o444).rename(fresh / path)
            force_folder(fresh)
            if wrong := _differing(fresh, artifact):
                raise IntegrityError(f"the files to serve are not those of {artifact}: {', '.join(wrong)}", code="E501")
            if final.exists() or final.is_symlink():
                old = final.parent / f".old-{uuid.uuid4().hex}"
                final.rename(old)
                _put(fresh, final)
                _remove(old)
            else:
                _put(fresh, final)
            force_folder(final.parent)
        finally:
            _remove(fresh)

    def _current_path(self, model: str) -> Path:
        return self.root / model / CURRENT

    def _release_path(self, model: str, artifact: Digest) -> Path:
        return self.root / model / RELEASES / hex_of(artifact)


def _put(fresh: Path, final: Path) -> None:
    """Rename into place; somebody else's whole release of the same digest serves as well as ours."""
    try:
        fresh.rename(final)
    except OSError:
        if not final.is_dir():
            raise


def _remove(folder: Path) -> None:
    if folder.is_symlink() or folder.is_file():
        folder.unlink()
    elif folder.exists():
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layer:
    path: str
    digest: str
    size: int


def _differing(folder: Path, artifact: Digest) -> tuple[str, ...]:
    """Files that are not what the artifact's manifest says: changed, missing, added, or no regular file. Sorted."""
    manifest = folder / MANIFEST
    if folder.is_symlink() or not _regular(manifest) or digest_of_bytes(body := manifest.read_bytes()) != artifact:
        return (MANIFEST,)
    document = json.loads(body)  # its digest is right, so it is what we wrote
    layers = [
        _Layer(path=CONFIG, digest=document["config"]["digest"], size=document["config"]["size"]),
        *(
            _Layer(path=one["annotations"][FILEPATH], digest=one["digest"], size=one["size"])
            for one in document["layers"]
        ),
    ]
    wrong = {layer.path for layer in layers if not _matches(folder / layer.path, layer)}
    known = {MANIFEST, *(layer.path for layer in layers)}
    wrong |= {one.name for one in folder.iterdir() if one.name not in known}
    return tuple(sorted(wrong))


def _matches(path: Path, layer: _Layer) -> bool:
    return _regular(path) and path.stat().st_size == layer.size and digest_of_file(path) == layer.digest


def _regular(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One writer of `current` at a time; the kernel frees the lock when its holder dies."""
    descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
