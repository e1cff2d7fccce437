"""Folders of simulations: in memory where the system has such a place, since nothing in them outlives a seed."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

IN_MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


@contextlib.contextmanager
def scratch_folder(prefix: str) -> Iterator[Path]:
    """Give an empty folder for a few small files, which is removed at the end."""
    folder = tempfile.mkdtemp(prefix=prefix, dir=IN_MEMORY)
    try:
        yield Path(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
