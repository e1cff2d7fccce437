"""Work that many tests begin with is done once per run, by whichever xdist worker needs it first, and copied."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """Return the folder that `make` filled, once per run; nobody may change what is in it.

    `make` is given a path at which nothing is yet. If it raises, the next test that asks tries again.
    """
    base = factory.getbasetemp()  # of this worker; the workers' lie side by side
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "once"
    shared.mkdir(exist_ok=True)
    folder, made = shared / name, shared / f"{name}.made"
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            shutil.rmtree(folder, ignore_errors=True)
            make(folder)
            made.touch()
    return folder


def copy(source: Path, to: Path) -> Path:
    """Copy a folder with its times, permissions and links."""
    to.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", "-a", str(source), str(to)], check=True)
    return to
