"""What the processes of these tests do that are held up or killed; each argument is text."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from reconciler import codec
from reconciler.adapters.filesystem.store import FilesStore
from reconciler.adapters.filesystem.target import DirectoryTarget
from reconciler.core.artifact.journal import ReleasePointer
from reconciler.errors import ReconcilerError, StoreError


def place(root: str, current: str, files: str) -> None:
    """Place a release in a target. `current` and `files` are JSON, `files` the path of each by its name."""
    pointer = codec.from_json(ReleasePointer, json.loads(current))
    target = DirectoryTarget(Path(root), project=pointer.project, environment=pointer.environment)
    try:
        target.place(pointer, {name: Path(path) for name, path in json.loads(files).items()})
    except ReconcilerError as error:
        print(f"{type(error).__name__}: {error}")


def create(root: str) -> None:
    """Create one object in a store."""
    try:
        print(FilesStore(Path(root)).create("blobs/sha256/abc", b"whole" * 1000))
    except StoreError as error:
        print(error.code, error)


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
