"""One JSON document behind its checksum: a cache that is safe to delete, and as good as none where it is damaged.

Whoever reads one checks what is in it: a checksum tells of damage, not of who wrote it.
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

from reconciler.adapters.filesystem.durable_files import read_checked, write_checked


def load(path: Path) -> dict[str, Any]:
    """Return the mapping that `save` wrote; an empty one where there is none that can be read."""
    with contextlib.suppress(OSError, ValueError, StopIteration, RecursionError):
        document = json.loads(next(read_checked(path)))
        if isinstance(document, dict):
            return document
    return {}


def save(path: Path, document: dict[str, Any]) -> None:
    """Replace the file in one rename; where that is impossible, nothing is saved."""
    write_checked(path, [json.dumps(document, separators=(",", ":")).encode()])
