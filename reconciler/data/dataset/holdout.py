"""Split rows into training rows and holdout rows.

Takes: the table `labelled`, whose rows still to be split have no part. Gives: the view `chosen` of it, in which each
of them has one. (A view, since a row that is changed is held in memory twice.) Keeps true: a split by time lies
between two days, and the outcome of every training row was known before it; a split by key depends on keys and
classes alone.
"""

# SQL is text here; every part is quoted (`name_of`, `text_of`) or rewritten from a checked tree.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from reconciler.core.evaluation.looks import HASH, MOST_ROWS
from reconciler.core.spec.recipe import Recipe, Task
from reconciler.data.duckdb_session import Session, text_of
from reconciler.errors import DataError

LABELLED = "labelled"
CHOSEN = "chosen"
# No feature can have a space in its name.
PART = '"part of"'
DAY = '"holdout day"'
MATURED = '"matured on"'
WEIGHED = '"weighed by"'
_HASHED = '"hash of the key"'

# Prefix of every hashed key, so that no other use of the keys' hashes can be correlated with the holdout.
_DOMAIN = "reconciler holdout 1:"
_SAMPLE = "reconciler sample 1:"
_LOOK = "reconciler look 1:"
_DIGITS, _ALIKE = 16, 3  # hexadecimal digits of a hash: as a number; by which those that begin alike are counted


def cut_by_time(session: Session, share: float) -> str:
    """Split by time and return the first day of the holdout.

    Of all days but the first, the one whose holdout is nearest to `share` of the rows; of two equally near, the later.
    Earlier rows train if their outcome was known before that day. Raises DataError E410.
    """
    days = session.rows(
        f"SELECT {DAY}, count(*) FROM {CHOSEN} WHERE {PART} IS NULL GROUP BY 1 ORDER BY 1", doing="holdout"
    )
    first = cut_day(days, share)
    if first is None:
        raise DataError(
            f"holdout.last: the {sum(count for _, count in days):,} rows with an outcome are all of one day",
            code="E410",
            hint="use rows of at least two days, or a random holdout",
        )
    cut = f"DATE '{first.isoformat()}'"
    _see(
        session,
        f"CASE WHEN {DAY} >= {cut} THEN 'holdout'"
        f" WHEN coalesce({MATURED} >= {cut}, false) THEN 'matured after the cut' ELSE 'train' END",
    )
    return first.isoformat()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    day: date
    held: int


def cut_day(days: Sequence[tuple[date, int]], share: float) -> date | None:
    """Return the first day of the holdout, None when there are fewer than two; `days`: (day, rows) ascending."""
    total = held = sum(count for _, count in days)
    candidates = []
    for (_, count), (day, _) in pairwise(days):
        held -= count
        candidates.append(_Candidate(day=day, held=held))
    if not candidates:
        return None
    return min(reversed(candidates), key=lambda candidate: abs(candidate.held - share * total)).day


def hash_of_key() -> str:
    """Return SQL of a column that `cut_by_key` needs: what a key's hash begins with."""
    return f"CAST('0x' || substr({_hash_of(_DOMAIN)}, 1, {_DIGITS}) AS UBIGINT) AS {_HASHED}"


def cut_by_key(session: Session, recipe: Recipe, share: float, *, alike: int = _ALIKE) -> None:
    """Hold out the rows with the smallest hashes of their keys: `share` of each class, rounded to a row, half up.

    `alike`: hexadecimal digits by which hashes that begin alike are counted; the same rows for any number.
    """
    count, among = f"floor({share!r} * rows + 0.5)", f"{PART} IS NULL"
    last = _last_hashes(session, recipe, count, _DOMAIN, among, _HASHED, alike)
    _see(session, f"CASE WHEN {_is_below(recipe, last, _DOMAIN, _HASHED)} THEN 'holdout' ELSE 'train' END")


def sample_training_rows(session: Session, recipe: Recipe, share: float) -> None:
    """Keep about this share of the training rows, of each class its own, rounded up: those with the smallest hashes."""
    hashed = f"CAST('0x' || substr({_hash_of(_SAMPLE)}, 1, {_DIGITS}) AS UBIGINT)"
    count, among = f"ceil({share!r} * rows)", f"{PART} = 'train'"
    last = _last_hashes(session, recipe, count, _SAMPLE, among, hashed, _ALIKE)
    session.run(
        f"CREATE TEMP TABLE sampled AS SELECT * FROM {CHOSEN} WHERE {PART} = 'train'"
        f" AND {_is_below(recipe, last, _SAMPLE, hashed)}",
        doing="taking a sample",
    )
    session.run(f"CREATE OR REPLACE TEMP VIEW {CHOSEN} AS SELECT * FROM sampled", doing="taking a sample")


def _see(session: Session, part: str) -> None:
    """Create the view `chosen`, in which each row that has no part yet has this one. `part`: SQL of it."""
    session.run(
        f"CREATE OR REPLACE TEMP VIEW {CHOSEN} AS SELECT * REPLACE (coalesce({PART}, {part}) AS {PART})"
        f" FROM {LABELLED}",
        doing="holdout",
    )


def _hash_of(domain: str) -> str:
    return f"sha256({text_of(domain)} || key)"


def _last_hashes(
    session: Session, recipe: Recipe, count: str, domain: str, among: str, hashed: str, alike: int
) -> dict[int, tuple[int, str]]:
    """Return of each class (0: of all, where there are none) the largest of its `count` smallest hashes, as a number of
    its first digits and in full; nothing of a class of which none is wanted.

    `count`: SQL over `rows`, the rows of a class; `among`: SQL of which rows there are; `hashed`: SQL of that number.
    They are found by counting how many begin alike, so that no more than a few are put in order.
    """
    of = "outcome" if recipe.task is Task.CLASSIFICATION else "0"
    wanted = dict(
        session.rows(
            f"SELECT class, CAST({count} AS BIGINT) FROM (SELECT {of} AS class, count(*) AS rows FROM {CHOSEN}"
            f" WHERE {among} GROUP BY 1)",
            doing="holdout",
        )
    )
    begins: dict[int, tuple[int, int]] = {}  # where the last one begins, and how many begin before it
    before: dict[int, int] = {}
    for label, begin, rows in session.rows(
        f"SELECT {of}, {hashed} >> {4 * (_DIGITS - alike)} AS begins, count(*) FROM {CHOSEN} WHERE {among}"
        " GROUP BY 1, 2 ORDER BY 1, 2",
        doing="holdout",
    ):
        counted = before.get(label, 0)
        if counted < wanted[label] <= counted + rows:
            begins[label] = (begin, counted)
        before[label] = counted + rows
    if not begins:
        return {}
    places = " OR ".join(
        f"({of} = {label} AND {hashed} >> {4 * (_DIGITS - alike)} = {begin})" for label, (begin, _) in begins.items()
    )
    found: dict[int, list[tuple[int, str]]] = {label: [] for label in begins}
    for label, number, text in session.rows(
        f"SELECT {of}, {hashed}, {_hash_of(domain)} AS full FROM {CHOSEN} WHERE {among} AND ({places}) ORDER BY 1, 3",
        doing="holdout",
    ):
        found[label].append((number, text))
    return {label: found[label][wanted[label] - counted - 1] for label, (_, counted) in begins.items()}


def _is_below(recipe: Recipe, last: dict[int, tuple[int, str]], domain: str, hashed: str) -> str:
    """Return SQL of whether a row's hash is at most the last one of its class."""
    if not last:
        return "false"
    classes = range(max(last) + 1)
    place = "outcome + 1" if recipe.task is Task.CLASSIFICATION else "1"
    numbers = ", ".join(str(last[label][0]) if label in last else "NULL" for label in classes)
    texts = ", ".join(text_of(last[label][1]) if label in last else "NULL" for label in classes)
    bound = f"([{numbers}]::UBIGINT[])[{place}]"
    # Hardly any hash begins as the last one does: only of those all digits are asked for.
    return (
        f"coalesce(CASE WHEN {hashed} < {bound} THEN true WHEN {hashed} > {bound} THEN false"
        f" ELSE {_hash_of(domain)} <= ([{texts}]::VARCHAR[])[{place}] END, false)"
    )


def holdout_hashes(session: Session) -> tuple[str, ...]:
    """Return the smallest hashes of the keys of the holdout rows, by which looks at them are counted."""
    hashed = f"substr(md5({text_of(_LOOK)} || CAST(key AS VARCHAR)), 1, {HASH})"
    rows = session.rows(
        f"SELECT DISTINCT {hashed} AS hash FROM {CHOSEN} WHERE {PART} = 'holdout' ORDER BY 1 LIMIT {MOST_ROWS}",
        doing="holdout",
    )
    return tuple(row[0] for row in rows)
