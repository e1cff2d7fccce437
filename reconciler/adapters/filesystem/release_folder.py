"""A release: a flat folder with an artifact's files, its OCI manifest and its config, named by the artifact's digest.

Written whole and forced down before it gets its name; verified by hashing. The target decides which release is served.
"""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reconciler.adapters.filesystem.durable_files import (
    FileTooLargeError,
    IrregularFileError,
    listed,
    read_regular,
    temporary_name,
)
from reconciler.adapters.filesystem.held_folder import HeldFolder
from reconciler.core.artifact.oci_artifact import FILEPATH
from reconciler.core.digest import SMALL, Digest, digest_of_bytes, digest_of_file, hex_of
from reconciler.core.size_limits import RELEASE_BYTES
from reconciler.errors import IntegrityError, TargetError

MANIFEST = "manifest.json"
CONFIG = "config.json"


def put_release(releases: HeldFolder, artifact: Digest, files: Mapping[str, Path]) -> None:
    """Write a whole, durable release under its digest; an existing one is hashed, and mended where it differs."""
    name, final = hex_of(artifact), releases.path / hex_of(artifact)
    if _is_folder(releases.status(name)) and not _differing(final, artifact):
        with releases.held(name) as whole:
            whole.force()
        releases.force()
        return
    temporary = temporary_name()
    releases.make(temporary)
    try:
        with releases.held(temporary) as fresh:
            for path, source in files.items():
                if not is_plain(path):
                    raise IntegrityError(f"not a file name in a release: {path[:80]!r}", code="E501")
                fresh.rename(fresh.write_temporary(source, mode=0o444), path)
            fresh.force()
            if wrong := _differing(fresh.path, artifact):
                raise IntegrityError(f"the files to serve are not those of {artifact}: {', '.join(wrong)}", code="E501")
            status = releases.status(name)
            if status is not None and not _is_folder(status):
                releases.unlink(name)
            if not _moved(releases, temporary, name):
                with releases.held(name) as spoiled:
                    _mend(releases, spoiled, fresh)
        releases.force()
    finally:
        releases.remove_folder(temporary)
    if wrong := _differing(final, artifact):
        raise TargetError(
            f"the release in {final.parent.parent.name} was changed by another program while it was written: "
            f"{', '.join(wrong)}",
            hint="find the program that writes there, and run the same command again",
        )


def _moved(releases: HeldFolder, fresh: str, final: str) -> bool:
    """Rename into place; return False when there is a release already."""
    try:
        releases.rename(fresh, final)
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
            return False
        raise
    return True


def _mend(releases: HeldFolder, final: HeldFolder, fresh: HeldFolder) -> None:
    """Make `final` equal to `fresh`, one rename per file that differs; a correct file is not touched."""
    names = fresh.names()
    for name in names:
        current, status = final.path / name, final.status(name)
        if _regular(current) and _readable_digest(current) == digest_of_file(fresh.path / name):
            continue
        if _is_folder(status):
            final.replace(name, temporary_name(), into=releases)
        fresh.replace(name, name, into=final)
    for extra in final.names():
        if extra not in names:
            if _is_folder(final.status(extra)):
                final.remove_folder(extra)
            else:
                final.unlink(extra)
    final.force()


def _is_folder(status: os.stat_result | None) -> bool:
    return status is not None and stat.S_ISDIR(status.st_mode)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseFile:
    path: str
    digest: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """The state of a release on disk.

    `wrong`: files that differ from the artifact's manifest (changed, missing, added, or no regular file), sorted.
    `loose`: files that others than their owner may write, "" for the folder.
    """

    wrong: tuple[str, ...]
    loose: tuple[str, ...]


def examine(folder: str, entries: Mapping[str, os.stat_result], artifact: Digest) -> Release:
    """Compare a release with its artifact. `entries`: `durable_files.listed(folder)`; plain text for speed."""
    loose = tuple(name for name, status in entries.items() if is_loose(status))
    if not entries or not stat.S_ISDIR(entries[""].st_mode):
        return Release(wrong=(MANIFEST,), loose=loose)
    try:
        body = read_regular(f"{folder}/{MANIFEST}", RELEASE_BYTES)
        if digest_of_bytes(body) != artifact:
            return Release(wrong=(MANIFEST,), loose=loose)
        layers = layers_of(body)
    except (
        *(FileNotFoundError, NotADirectoryError, PermissionError),
        *(IrregularFileError, FileTooLargeError, ValueError),
    ):
        return Release(wrong=(MANIFEST,), loose=loose)
    wrong = {layer.path for layer in layers if not _matches(f"{folder}/{layer.path}", entries.get(layer.path), layer)}
    wrong.update(entries.keys() - {"", MANIFEST, *(layer.path for layer in layers)})
    return Release(wrong=tuple(sorted(wrong)), loose=loose)


def is_loose(status: os.stat_result) -> bool:
    """Return whether others than its owner may write it."""
    return bool(status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)) and not stat.S_ISLNK(status.st_mode)


def _differing(folder: Path, artifact: Digest) -> tuple[str, ...]:
    return examine(str(folder), listed(str(folder)), artifact).wrong


def layers_of(manifest: bytes) -> tuple[ReleaseFile, ...]:
    """Return the files that a manifest names, config first; ValueError when it is no manifest of flat files."""
    try:
        document = json.loads(manifest)
        named = [(CONFIG, document["config"])]
        named += [(descriptor["annotations"][FILEPATH], descriptor) for descriptor in document["layers"]]
        layers = tuple(
            ReleaseFile(path=path, digest=descriptor["digest"], size=descriptor["size"]) for path, descriptor in named
        )
        if not all(is_plain(layer.path) for layer in layers):
            raise ValueError("a path leaves the release")
        if not all(isinstance(layer.digest, str) and isinstance(layer.size, int) for layer in layers):
            raise ValueError("not a digest and a size")
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError("not a manifest") from error
    return layers


def is_plain(name: object) -> bool:
    return isinstance(name, str) and bool(name) and not name.startswith(".") and "/" not in name and "\0" not in name


def _matches(path: str, status: os.stat_result | None, layer: ReleaseFile) -> bool:
    if status is None or not stat.S_ISREG(status.st_mode) or status.st_size != layer.size:
        return False
    try:
        return (
            digest_of_bytes(read_regular(path, SMALL)) if layer.size <= SMALL else digest_of_file(Path(path))
        ) == layer.digest
    except (FileNotFoundError, PermissionError, IrregularFileError, FileTooLargeError):
        return False


def _readable_digest(path: Path) -> Digest | None:
    try:
        return digest_of_file(path)
    except (FileNotFoundError, PermissionError):
        return None


def _regular(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False
