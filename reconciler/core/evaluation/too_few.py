"""How many rows an interval needs, and the words where there are fewer: with them it would not cover."""

from __future__ import annotations

from collections.abc import Iterable

FEWEST_ROWS = 200
FEWEST_OF_CLASS = 50


def too_few(rows: int, classes: Iterable[tuple[str, int]] = ()) -> str | None:
    """Say why there is no interval for a figure of so many rows, and so many of each class; None where there is."""
    if rows < FEWEST_ROWS:
        return f"{rows:,} rows: too few for an interval, which needs {FEWEST_ROWS}"
    name, count = min(classes, key=lambda each: each[1], default=("", FEWEST_OF_CLASS))
    if count < FEWEST_OF_CLASS:
        return f"{count:,} {'row' if count == 1 else 'rows'} of class {name}: too few for an interval"
    return None
