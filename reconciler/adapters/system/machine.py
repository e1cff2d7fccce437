"""Facts about this machine for `doctor`: versions, and folders, which are tried by writing.

Reading versions imports nothing of the libraries themselves.
"""

from __future__ import annotations

import errno
import os
import platform
import shutil
import sys
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from packaging.requirements import Requirement

from reconciler.adapters.filesystem.durable_files import explained, force_folder, write_temporary
from reconciler.core.spec.environment import Runtime
from reconciler.core.spec.recipe import TRAINING_FORMAT
from reconciler.core.spec.runtime import DISTRIBUTIONS, OF_ESTIMATORS, described
from reconciler.errors import StoreError


@dataclass(frozen=True, slots=True, kw_only=True)
class InstalledPackage:
    """A library that this distribution needs; `found` None where it is not installed."""

    name: str
    wanted: str
    found: str | None
    fits: bool


def packages(distribution: str) -> tuple[InstalledPackage, ...]:
    """Return the libraries that are needed without an extra."""
    declared = [Requirement(requirement) for requirement in requires(distribution) or ()]
    return tuple(
        _package(requirement)
        for requirement in declared
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""})
    )


def _package(wanted: Requirement) -> InstalledPackage:
    try:
        installed = version(wanted.name)
    except PackageNotFoundError:
        return InstalledPackage(name=wanted.name, wanted=str(wanted.specifier), found=None, fits=False)
    fits = wanted.specifier.contains(installed, prereleases=True)
    return InstalledPackage(name=wanted.name, wanted=str(wanted.specifier), found=installed, fits=fits)


def runtime() -> Runtime:
    """Return the runtime that trainings have on this machine."""
    return described(
        {name: version(name) for name in DISTRIBUTIONS} | _of_estimators(),
        python=sys.version_info[:2],
        machine=platform.machine(),
        environ=os.environ,
        training_format=TRAINING_FORMAT,
    )


def _of_estimators() -> dict[str, str]:
    """Return the versions of the libraries of estimators that are installed."""
    found = {}
    for name in OF_ESTIMATORS.values():
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def probe(folder: Path) -> int:
    """Return the free bytes where `folder` is or will be.

    A file is written there, forced down, named exclusively, refused the same name again, and removed; StoreError where
    one of these fails.
    """
    existing = folder
    while not os.path.lexists(existing):
        existing = existing.parent
    try:
        temporary = write_temporary(existing, b"probe", mode=0o600)
        named = temporary.with_name(temporary.name + "-b")
        try:
            os.link(temporary, named)
            force_folder(existing)
            try:
                os.link(temporary, named)
            except FileExistsError:
                return shutil.disk_usage(existing).free
        finally:
            named.unlink(missing_ok=True)
            temporary.unlink(missing_ok=True)
    except OSError as error:
        if error.errno in (errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK):
            raise StoreError("the file system has no hard links", code="E601", hint="use a local disk") from error
        raise explained(error, existing) from error
    raise StoreError("a name can be taken twice here", code="E601", hint="use a local disk (ext4, xfs, btrfs, apfs)")
