"""When each finding of `drift` was first seen from here: one JSON file outside the work tree, safe to delete.

A hint, for who looks without an issue: one that is damaged or of another version is as good as none.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from reconciler.adapters.filesystem.durable_files import read_checked, write_checked
from reconciler.core.inspect.drift import Seen

FORMAT = 1


def load(path: Path) -> dict[str, Seen]:
    """By environment."""
    try:
        document = json.loads(next(read_checked(path)))
        if document["format"] != FORMAT:
            return {}
        return {
            str(name): {
                (str(model), str(kind)): datetime.fromisoformat(since).astimezone(UTC) for model, kind, since in found
            }
            for name, found in document["seen"].items()
        }
    except (OSError, ValueError, StopIteration, TypeError, KeyError, AttributeError, RecursionError):
        return {}


def save(path: Path, seen: Mapping[str, Seen]) -> None:
    """Replaced in one rename; where that cannot be, nothing is remembered."""
    found = {
        name: [[model, kind, since.isoformat()] for (model, kind), since in sorted(one.items())]
        for name, one in sorted(seen.items())
    }
    write_checked(path, [json.dumps({"format": FORMAT, "seen": found}, separators=(",", ":")).encode()])
