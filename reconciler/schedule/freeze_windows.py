"""Freeze windows on the calendar: whether one is on, and when the next opening is. Pure: the time is passed in.

A window begins when its cron expression does, on its own zone's clock, and lasts real time: 24h is 24 hours also on the
night on which the clocks change. A beginning inside the hour that spring skips counts from the end of that hour; one
inside the hour that autumn repeats counts once, the first time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from reconciler.core.spec.policy import Freeze, FreezeInForce

HORIZON = timedelta(days=400)  # further off, an opening is none
MOST = 5000  # windows in a row; after more of them it is always closed
_OVERLAP = timedelta(hours=3)  # more than any clock is ever set back
_BACK = tuple(timedelta(minutes=one) for one in (5, 60, 24 * 60, 7 * 24 * 60))
_DAWN = datetime(2024, 1, 1, tzinfo=UTC)  # from where `never_opens` looks: the answer depends on no clock


def problem_of(cron: str) -> str | None:
    """Why this is no cron expression that ever comes true; None where it is one."""
    from cronsim import CronSim, CronSimError

    if len(cron.split()) != 5:
        return "five fields: minute, hour, day of the month, month, day of the week"
    try:
        next(CronSim(cron, _DAWN))
    except CronSimError as error:
        return str(error)[:1].lower() + str(error)[1:]
    except StopIteration:
        return "there is no such day"
    return None


def is_zone(name: str) -> bool:
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # not known, not a name, a folder
        return False
    return True


@lru_cache(maxsize=64)
def closed(windows: tuple[Freeze, ...], now: datetime) -> FreezeInForce | None:
    """The window that is on (of several the one that ends last), and when none is any more; None while it is open."""
    on = [(end, one.reason) for one in windows if (end := _ends(one, now)) is not None]
    if not on:
        return None
    return FreezeInForce(reason=max(on)[1], opens=_opening(windows, now))


def never_opens(windows: Iterable[Freeze]) -> bool:
    """Whether these windows together leave no moment open."""
    return _opening(tuple(windows), _DAWN) is None


def _opening(windows: tuple[Freeze, ...], now: datetime) -> datetime | None:
    at = now
    for _ in range(MOST):
        if at - now > HORIZON:
            break
        ends = [end for one in windows if (end := _ends(one, at)) is not None]
        if not ends:
            return at
        at = max(ends)
    return None


def _ends(window: Freeze, now: datetime) -> datetime | None:
    """When the window that is on at `now` ends: that of its last beginning by then; None where it is not on."""
    length = timedelta(seconds=window.duration)
    for back in (*(one for one in _BACK if one < length), length):  # the nearest ones first: there can be many
        last = None
        for start in _starts(window, now - back):
            if start > now:
                break
            last = start
        if last is not None:
            return last + length
    return None


def _starts(window: Freeze, after: datetime) -> Iterator[datetime]:
    """Beginnings strictly after a moment, in order."""
    from zoneinfo import ZoneInfo

    from cronsim import CronSim

    minute, hour, *_ = window.cron.split()
    by_the_clock = not minute.startswith("*") and not hour.startswith("*")
    early = after - _OVERLAP if by_the_clock else after  # in a repeated hour, its time does not tell what comes next
    for start in CronSim(window.cron, early.astimezone(ZoneInfo(window.time_zone))):
        if (found := start.astimezone(UTC)) > after:
            yield found
