"""This machine, as `doctor` looks at it: versions, memory, and folders that are really written to.

Reading versions imports nothing of the libraries themselves.
"""

from __future__ import annotations

import errno
import os
import platform
import shutil
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from packaging.requirements import Requirement

from reconciler.adapters.filesystem.durable_files import explained, force_folder, write_temporary
from reconciler.core.spec.environment import Runtime
from reconciler.core.spec.recipe import TRAINING_FORMAT
from reconciler.core.spec.runtime import DISTRIBUTIONS, described
from reconciler.errors import StoreError


@dataclass(frozen=True, slots=True, kw_only=True)
class InstalledPackage:
    """A library that this distribution needs; `found` None where it is not installed."""

    name: str
    wanted: str
    found: str | None
    fits: bool


def packages(distribution: str) -> tuple[InstalledPackage, ...]:
    """Those needed without an extra."""
    declared = [Requirement(one) for one in requires(distribution) or ()]
    return tuple(_package(one) for one in declared if one.marker is None or one.marker.evaluate({"extra": ""}))


def _package(wanted: Requirement) -> InstalledPackage:
    try:
        found = version(wanted.name)
    except PackageNotFoundError:
        return InstalledPackage(name=wanted.name, wanted=str(wanted.specifier), found=None, fits=False)
    fits = wanted.specifier.contains(found, prereleases=True)
    return InstalledPackage(name=wanted.name, wanted=str(wanted.specifier), found=found, fits=fits)


def runtime() -> Runtime:
    """What would train here."""
    return described(
        {name: version(name) for name in DISTRIBUTIONS},
        python=sys.version_info[:2],
        machine=platform.machine(),
        environ=os.environ,
        training_format=TRAINING_FORMAT,
    )


def probe(folder: Path) -> int:
    """Free bytes where `folder` is or will be, after a file was written there, forced down, named exclusively, refused
    the same name again, and removed. StoreError says what of this cannot be done."""
    here = folder
    while not os.path.lexists(here):
        here = here.parent
    try:
        temporary = write_temporary(here, b"probe", mode=0o600)
        named = temporary.with_name(temporary.name + "-b")
        try:
            os.link(temporary, named)
            force_folder(here)
            try:
                os.link(temporary, named)
            except FileExistsError:
                return shutil.disk_usage(here).free
        finally:
            named.unlink(missing_ok=True)
            temporary.unlink(missing_ok=True)
    except OSError as error:
        if error.errno in (errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK):
            raise StoreError("the file system has no hard links", code="E601", hint="use a local disk") from error
        raise explained(error, here) from error
    raise StoreError("a name can be taken twice here", code="E601", hint="use a local disk (ext4, xfs, btrfs, apfs)")
