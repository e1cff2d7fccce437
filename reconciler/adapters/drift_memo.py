"""When each finding of `drift` was first seen from here: one JSON file outside the work tree, safe to delete.

A hint, for who looks without an issue: one that is damaged or of another version is as good as none.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from reconciler.core.drift import Seen

FORMAT = 1


def load(path: Path) -> dict[str, Seen]:
    """By environment."""
    try:
        document = json.loads(path.read_bytes())
        if document["format"] != FORMAT:
            return {}
        return {
            str(name): {
                (str(model), str(kind)): datetime.fromisoformat(since).astimezone(UTC) for model, kind, since in found
            }
            for name, found in document["seen"].items()
        }
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}


def save(path: Path, seen: Mapping[str, Seen]) -> None:
    """Replaced in one rename; where that cannot be, nothing is remembered."""
    found = {
        name: [[model, kind, since.isoformat()] for (model, kind), since in sorted(one.items())]
        for name, one in sorted(seen.items())
    }
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            temporary.write_text(json.dumps({"format": FORMAT, "seen": found}, separators=(",", ":")))
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
