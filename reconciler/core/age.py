"""Ages of recorded times. A time that lies ahead of now has no age: it satisfies no rule about freshness."""

from __future__ import annotations

from datetime import datetime, timedelta

TOLERANCE = timedelta(minutes=1)  # by which two machines' clocks may differ


def is_ahead(time: datetime, now: datetime) -> bool:
    """Tell whether a recorded time lies ahead of now by more than clocks may differ."""
    return time - now > TOLERANCE


def age_of(time: datetime, now: datetime) -> int | None:
    """Return the whole seconds since a recorded time; None where it lies ahead of now."""
    return None if is_ahead(time, now) else max(0, int((now - time).total_seconds()))


def ahead(what: str, time: datetime) -> str:
    """Report a recorded time that lies ahead of now."""
    return f"{what} is dated {time:%Y-%m-%d %H:%M} UTC, ahead of now: some clock is wrong, and no age can be told"


def all_ahead(now: datetime, *times: tuple[str, datetime]) -> tuple[str, ...]:
    """Report those of the recorded times that lie ahead of now, each with what it is the time of."""
    return tuple(ahead(what, time) for what, time in times if is_ahead(time, now))
