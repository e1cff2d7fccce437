"""Parse and format durations as a manifest has them: `90s`, `15m`, `24h`, `30d`, `2w`, `7y` (a year is 365 days)."""

from __future__ import annotations

import re

DURATION_RULE = "a whole number and one of s, m, h, d, w, y, such as 24h or 30d"
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400, "y": 365 * 86400}
_PATTERN = re.compile(r"([0-9]{1,6})([smhdwy])")


def parse_duration(text: str) -> int:
    """Return the seconds of a duration such as `24h`; ValueError when `text` is not one."""
    match = _PATTERN.fullmatch(text)
    if match is None:
        raise ValueError(f"expected {DURATION_RULE}")
    return int(match[1]) * _SECONDS[match[2]]


def in_words(seconds: float) -> str:
    """Format seconds in the largest fitting unit, rounded down: `3d`, `5h`, `12m`, `40s`."""
    whole = max(0, int(seconds))
    for unit in ("d", "h", "m"):
        if whole >= _SECONDS[unit]:
            return f"{whole // _SECONDS[unit]}{unit}"
    return f"{whole}s"


def exact(seconds: int) -> str:
    """Format seconds as a manifest would declare them, nothing rounded: `60h`, `2d`, `90m`."""
    unit = next(unit for unit in ("d", "h", "m", "s") if seconds % _SECONDS[unit] == 0)
    return f"{seconds // _SECONDS[unit]}{unit}"
