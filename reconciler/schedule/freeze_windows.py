"""Decide which freeze window is in force, and when deployments are next allowed. Pure: the time is passed in.

A window starts when its cron expression fires, on the clock of its time zone, and lasts real time: 24h is 24 hours also
on the night on which the clocks change. A start inside the hour that spring skips counts from the end of that hour; one
inside the hour that autumn repeats counts once, the first time. Cron syntax: crontab(5), read by cronsim.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from reconciler.core.spec.policy import Freeze, FreezeInForce

HORIZON = timedelta(days=400)  # an opening further off counts as none
MAX_CHAINED = 5000  # windows that follow each other; after more of them there is no opening
_OVERLAP = timedelta(hours=3)  # longer than any change of clocks
_LOOKBACKS = tuple(timedelta(minutes=minutes) for minutes in (5, 60, 24 * 60, 7 * 24 * 60))
_REFERENCE = datetime(
    2024, 1, 1, tzinfo=UTC
)  # start of the search in `never_opens`, so that its answer depends on no clock


def problem_of(cron: str) -> str | None:
    """Return why a text is not a usable cron expression, or None where it is one."""
    from cronsim import CronSim, CronSimError

    if len(cron.split()) != 5:
        return "expected five fields: minute, hour, day of the month, month, day of the week"
    try:
        next(CronSim(cron, _REFERENCE))
    except CronSimError as error:
        return str(error)[:1].lower() + str(error)[1:]
    except StopIteration:
        return "no such day exists in the calendar"
    return None


def is_zone(name: str) -> bool:
    """Return whether `name` is a time zone of the IANA database."""
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown, not a name, or a folder of the database
        return False
    return True


@lru_cache(maxsize=64)
def closed(windows: tuple[Freeze, ...], now: datetime) -> FreezeInForce | None:
    """Return the freeze window in force at `now` and the next moment without one; None when none is in force.

    Of several windows in force, the reason is that of the one that ends last.
    """
    in_force = [(end, window.reason) for window in windows if (end := _ends(window, now)) is not None]
    if not in_force:
        return None
    return FreezeInForce(reason=max(in_force)[1], opens=_opening(windows, now))


def never_opens(windows: Iterable[Freeze]) -> bool:
    """Return whether these windows together leave no moment without a freeze."""
    return _opening(tuple(windows), _REFERENCE) is None


def _opening(windows: tuple[Freeze, ...], now: datetime) -> datetime | None:
    moment = now
    for _ in range(MAX_CHAINED):
        if moment - now > HORIZON:
            break
        ends = [end for window in windows if (end := _ends(window, moment)) is not None]
        if not ends:
            return moment
        moment = max(ends)
    return None


def _ends(window: Freeze, now: datetime) -> datetime | None:
    """Return when a window in force at `now` ends, counted from its latest start; None when it is not in force."""
    length = timedelta(seconds=window.duration)
    # The shortest look back first: a window with many starts is then found among few of them.
    for span in (*(span for span in _LOOKBACKS if span < length), length):
        last = None
        for start in _starts(window, now - span):
            if start > now:
                break
            last = start
        if last is not None:
            return last + length
    return None


def _starts(window: Freeze, after: datetime) -> Iterator[datetime]:
    """Yield the starts of a window strictly after a moment, in order."""
    from zoneinfo import ZoneInfo

    from cronsim import CronSim

    minute, hour, *_ = window.cron.split()
    fixed_time = not minute.startswith("*") and not hour.startswith("*")
    since = after - _OVERLAP if fixed_time else after  # cronsim skips starts when it begins inside a repeated hour
    for start in CronSim(window.cron, since.astimezone(ZoneInfo(window.time_zone))):
        if (moment := start.astimezone(UTC)) > after:
            yield moment
