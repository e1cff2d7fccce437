"""Find the date that orders the rows of an unknown table: the moment that each row is about.

The date on which the subject of a row began (a customer signed up, an employee was hired, a person was born) or was
seen last orders no rows. Held out by it, a model is judged on ages that it has never seen.
"""

from __future__ import annotations

import re

from reconciler.core.onboarding.table_profile import AgeColumn, ColumnProfile, TableProfile

FEWEST_DAYS = 20  # distinct days from which rows are held out by date
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_BEGINNINGS = re.compile(
    r"join(ed|ing)?|regist(er|ered|ration|red)|enrol(l|led|ed|lment|ment)?|hir(e|ed|ing)|onboard(ed|ing)?"
    r"|birth(day|date)?|born|dob|open(ed|ing)?|activat(ed|ion)|subscribed|incorporated|inception|founded|founding"
    r"|established|since|first|tenure"
)
_SIGN_UP = re.compile(r"sign(ed)?up")
_SEEN_LAST = re.compile(r"last|latest|recent|updated?|modified|changed")
_MAYBE_BEGINNINGS = re.compile(r"start(ed|s)?|beg(in|an|un)|created?|creation|added|effective|commenced|entry|entered")
_SUBJECTS = re.compile(
    r"customers?|cust|clients?|members?|users?|accounts?|employees?|emp|staff|workers?|subscribers?|persons?|students?"
    r"|company|companies|msisdn"
)
_AGES = re.compile(r"age|tenure|seniority|loyalty|since")
_TIMES = re.compile(
    r"dates?|datum|day|tag|times?|datetime|zeit|timestamp|ts|epoch|unix|created|updated|modified|booked|ordered|issued"
    r"|sent|received|shipped|at|on|when"
)
_NEARLY_FULL = 20  # rows of which at most one lacks a date that nearly orders all
_AS_AN_AGE = -0.95  # correlation with a date from which a number is its age, whatever its name


def is_time_name(name: str) -> bool:
    """Tell whether a column's name says that it holds dates or times."""
    return any(map(_TIMES.fullmatch, _words(name)))


def moment_of(profile: TableProfile, key: str, today: str) -> tuple[ColumnProfile | None, str]:
    """Return the date column that orders the rows, known and past in every row; and what was passed over, and why.

    Returns None where there is none. `key`: the column that identifies a row; `today` is an ISO date.
    """
    passed_over = ""
    for column in profile.columns:
        if not (column.dated and column.filled == profile.rows and _is_past(column, today)):
            passed_over = passed_over or _nearly(profile, column, today)
            continue
        reason = _why_not(profile, key, column)
        if reason is None:
            return column, passed_over
        passed_over = passed_over or (
            f"{column.name} {reason}: held out by it, the model would be judged on ages that it has never seen"
            f" (where it does order the rows, write `holdout: {{last: 20%, by: {column.name}}}`)"
        )
    return None, passed_over


def _nearly(profile: TableProfile, column: ColumnProfile, today: str) -> str:
    """Say of a date that some rows keep from ordering all rows why it does not; else empty."""
    if not column.dated or column.latest is None or column.distinct < FEWEST_DAYS:
        return ""
    empty = profile.rows - column.filled
    if empty and empty * _NEARLY_FULL <= profile.rows:
        return f"{column.name} orders no rows, since it is empty in {empty:,} row{'s' * (empty != 1)}"
    if not empty and column.latest > today:
        return f"{column.name} orders no rows, since it has days to come (up to {column.latest})"
    return ""


def _is_past(column: ColumnProfile, today: str) -> bool:
    return column.latest is not None and column.latest <= today and column.distinct >= FEWEST_DAYS


def _why_not(profile: TableProfile, key: str, column: ColumnProfile) -> str | None:
    """Return why a date does not order the rows; None where it does."""
    age = next((age for age in profile.ages if age.since == column.name and _is_age(age)), None)
    if age is not None:
        return f"is the date from which {age.column} counts"
    words = _words(column.name)
    if _SIGN_UP.search("".join(words)) or any(map(_BEGINNINGS.fullmatch, words)):
        return "tells, by its name, when a row's subject began, not when the row was observed"
    if any(map(_SEEN_LAST.fullmatch, words)):
        return "tells, by its name, what was last, not when the row was observed"
    if any(map(_MAYBE_BEGINNINGS.fullmatch, words)) and any(map(_SUBJECTS.fullmatch, _words(key))):
        return f"tells when each {key} began, and every row is another one"
    return None


def _is_age(age: AgeColumn) -> bool:
    return age.correlation <= _AS_AN_AGE or any(map(_AGES.fullmatch, _words(age.column)))


def _words(name: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(name)]
