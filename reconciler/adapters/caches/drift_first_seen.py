"""When this user first saw each finding of `drift`: one JSON file outside the work tree, safe to delete.

Used where drift opens no issue. A damaged file, or one of another version, is ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from reconciler.adapters.caches import cached_json
from reconciler.core.inspect.drift import Seen

FORMAT = 1


def load(path: Path) -> dict[str, Seen]:
    """Return the findings with their times, by environment."""
    try:
        document = cached_json.load(path)
        if document["format"] != FORMAT:
            return {}
        return {
            str(name): {
                (str(model), str(kind)): datetime.fromisoformat(since).astimezone(UTC)
                for model, kind, since in findings
            }
            for name, findings in document["seen"].items()
        }
    except (ValueError, TypeError, KeyError, AttributeError):
        return {}


def save(path: Path, seen: Mapping[str, Seen]) -> None:
    """Replace the file in one rename; where that is impossible, nothing is saved."""
    document = {
        name: [[model, kind, since.isoformat()] for (model, kind), since in sorted(findings.items())]
        for name, findings in sorted(seen.items())
    }
    cached_json.save(path, {"format": FORMAT, "seen": document})
