"""Read what a reference of a manifest names: a variable of the environment, or a file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

_MOST = 64 * 1024  # bytes of a secret's file


def read_secret(root: Path, environ: Mapping[str, str], reference: str) -> str | None:
    """Return the secret of env:NAME or file:PATH (relative to `root`), without space around it; None where there is
    none. Its text goes into no message."""
    kind, _, place = reference.partition(":")
    if kind == "env":
        return environ.get(place, "").strip() or None
    try:
        path = root / place
        if not path.is_file() or path.stat().st_size > _MOST:
            return None
        return path.read_bytes().decode().strip() or None
    except (OSError, ValueError):
        return None
