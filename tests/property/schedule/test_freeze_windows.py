"""Freeze windows: never open inside of one, and what is told as the next opening is really open."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reconciler.core.spec.policy import Freeze
from reconciler.schedule.freeze_windows import closed, is_zone, never_opens, problem_of
from tests.support.effort import examples

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
VIENNA = "Europe/Vienna"  # spring 2026: 29 March, 01:00 UTC; autumn: 25 October, 01:00 UTC


def window(cron: str, duration: timedelta, zone: str = VIENNA, reason: str = "because") -> Freeze:
    return Freeze(cron=cron, duration=int(duration.total_seconds()), time_zone=zone, reason=reason)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


CRONS = (
    "0 18 * * FRI",
    "30 2 * * *",
    "0 0 1 * *",
    "*/7 * * * *",
    "15 */5 * * *",
    "0 22 24 12 *",
    "0 9 * * 1-5",
    "5 1 L * *",
)
ZONES = (VIENNA, "America/New_York", "Australia/Lord_Howe", "UTC", "Asia/Kolkata", "America/Sao_Paulo")
windows = st.builds(
    window,
    st.sampled_from(CRONS),
    st.integers(1, 5_000).map(lambda minutes: timedelta(minutes=minutes)),
    st.sampled_from(ZONES),
)
moments = st.datetimes(datetime(2025, 1, 1), datetime(2028, 1, 1)).map(
    lambda one: one.replace(microsecond=0, tzinfo=UTC)
)
NIGHTS = [at("2026-03-29T01:10"), at("2026-10-25T00:40"), at("2026-10-25T01:40"), at("2026-04-04T15:20")]


def begins(cron: str, local: datetime) -> bool:
    """Whether a field-by-field reading of the cron expressions above has a beginning at this minute of the clock."""
    minute, hour, day, month, weekday = cron.split()

    def fits(field: str, value: int, first: int) -> bool:
        if field.startswith("*/"):
            return (value - first) % int(field[2:]) == 0
        if "-" in field:
            low, high = field.split("-")
            return int(low) <= value <= int(high)
        if field == "L":
            return (local + timedelta(days=1)).day == 1
        return field in ("*", str(value))

    return (
        fits(minute, local.minute, 0)
        and fits(hour, local.hour, 0)
        and fits(day, local.day, 1)
        and fits(month, local.month, 1)
        and fits(weekday.replace("FRI", "5"), local.isoweekday() % 7, 0)
    )


def on(one: Freeze, now: datetime) -> bool:
    """Minute by minute, backwards: the definition, slowly. Without the nights on which clocks change."""
    minute = now.replace(second=0)
    while now - minute < timedelta(seconds=one.duration):
        if begins(one.cron, minute.astimezone(ZoneInfo(one.time_zone))):
            return True
        minute -= MINUTE
    return False


def changes(one: Freeze, now: datetime) -> bool:
    """Whether a clock change lies within reach."""
    zone, start = ZoneInfo(one.time_zone), now - timedelta(seconds=one.duration) - 2 * timedelta(days=1)
    return start.astimezone(zone).utcoffset() != now.astimezone(zone).utcoffset()


@settings(max_examples=examples(25), deadline=None)
@given(windows, moments)
def test_it_is_closed_exactly_inside_a_window(one: Freeze, now: datetime) -> None:
    if not changes(one, now):
        assert (closed((one,), now) is not None) == on(one, now)


@settings(max_examples=examples(25), deadline=None)
@given(
    st.lists(windows.filter(lambda one: "/" not in one.cron), min_size=1, max_size=3).map(tuple),
    moments | st.sampled_from(NIGHTS),
)
@example((window("30 2 * * *", HOUR),), NIGHTS[0])
@example((window("30 2 * * *", HOUR),), NIGHTS[1])
@example((window("30 2 * * *", HOUR),), NIGHTS[2])
def test_the_next_opening_is_open_and_nothing_before_it_is(many: tuple[Freeze, ...], now: datetime) -> None:
    found = closed(many, now)
    if found is None:
        return
    assert found.reason
    if found.opens is None:
        assert closed(many, now + timedelta(days=100)) is not None
        return
    assert closed(many, found.opens) is None
    assert found.opens > now
    step = max(MINUTE, (found.opens - now) / 9)
    between = now
    while between < found.opens:
        inside = closed(many, between)
        assert inside is not None
        assert inside.opens == found.opens
        between += step
    assert closed(many, found.opens - timedelta(seconds=1)) is not None


def test_a_beginning_in_the_hour_that_spring_skips_counts_from_its_end() -> None:
    night = (window("30 2 * * *", 2 * HOUR),)
    assert closed(night, at("2026-03-29T00:59:59")) is None
    found = closed(night, at("2026-03-29T01:00"))  # 03:00 in Vienna
    assert found is not None
    assert found.opens == at("2026-03-29T03:00")


def test_a_beginning_in_the_hour_that_autumn_repeats_counts_once_and_first() -> None:
    night = (window("30 2 * * *", HOUR / 2),)
    assert closed(night, at("2026-10-25T00:29:59")) is None
    assert closed(night, at("2026-10-25T00:30")) is not None
    assert closed(night, at("2026-10-25T01:00")) is None
    assert closed(night, at("2026-10-25T01:45")) is None  # 02:45 for the second time


def test_a_window_lasts_real_time_over_a_change_of_the_clock() -> None:
    weekend = (window("0 18 * * FRI", 63 * HOUR),)
    found = closed(weekend, at("2026-03-28T12:00"))
    assert found is not None
    assert found.opens == at("2026-03-30T08:00")  # 10:00 in Vienna, an hour later than in other weeks


def test_a_window_goes_on_over_midnight_and_the_end_of_the_year() -> None:
    holidays = (window("0 20 23 12 *", timedelta(days=14)),)
    for moment in ("2026-12-23T19:00", "2026-12-31T23:00", "2027-01-01T00:00", "2027-01-06T18:59:59"):
        assert closed(holidays, at(moment)) is not None, moment
    assert closed(holidays, at("2026-12-23T18:59:59")) is None
    assert closed(holidays, at("2027-01-06T19:00")) is None


def test_windows_that_touch_or_overlap_are_one() -> None:
    evenings = (window("0 18 * * *", 4 * HOUR, "UTC", "first"), window("0 22 * * *", 4 * HOUR, "UTC", "second"))
    found = closed(evenings, at("2026-05-05T19:00"))
    assert found is not None
    assert (found.reason, found.opens) == ("first", at("2026-05-06T02:00"))


@pytest.mark.soak(every=2)
@pytest.mark.parametrize(
    "many",
    [
        (window("0 0 * * *", timedelta(days=1), "UTC"),),
        (window("0 0 * * *", timedelta(days=3)),),  # longer than its period
        (window("* * * * *", HOUR),),
        (window("0 0 * * *", 12 * HOUR, "UTC"), window("0 12 * * *", 12 * HOUR, "UTC")),
        (window("0 0 * * *", timedelta(hours=25)),),  # the night with an hour more does not help
    ],
)
def test_windows_that_leave_nothing_open_are_known(many: tuple[Freeze, ...]) -> None:
    assert never_opens(many)
    found = closed(many, at("2026-05-05T19:00"))
    assert found is not None
    assert found.opens is None


def test_windows_that_leave_a_moment_open_are_none_of_those() -> None:
    assert not never_opens(())
    assert not never_opens((window("0 0 * * *", 23 * HOUR),))
    assert not never_opens((window("0 0 * * *", timedelta(days=1)),))  # in Vienna one day of the year has 25 hours


@pytest.mark.parametrize(
    ("cron", "words"),
    [
        ("0 0 30 2 *", "day"),
        ("0 0 * *", "five"),
        ("0 0 0 * * *", "five"),
        ("61 * * * *", "minute"),
        ("x * * * *", "minute"),
    ],
)
def test_what_is_no_cron_expression_is_told(cron: str, words: str) -> None:
    assert words in (problem_of(cron) or "")


def test_zones_are_known_by_their_names_only() -> None:
    assert is_zone(VIENNA)
    assert not any(map(is_zone, ("Europe/Wien", "", "../etc/passwd", "/etc/localtime", "Europe", "CET+1")))
