"""Split rows into training rows and holdout rows.

Takes: the table `chosen`, whose rows still to be split have no part. Gives: each of them a part. Keeps true: a split by
time lies between two days, and the outcome of every training row was known before it; a split by key depends on keys
and classes alone.
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

CHOSEN = "chosen"
# No feature can have a space in its name.
PART = '"part of"'
DAY = '"holdout day"'
MATURED = '"matured on"'
WEIGHED = '"weighed by"'

# Prefix of every hashed key, so that no other use of the keys' hashes can be correlated with the holdout.
_DOMAIN = "reconciler holdout 1:"
_SAMPLE = "reconciler sample 1:"
_LOOK = "reconciler look 1:"


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
    session.run(
        f"UPDATE {CHOSEN} SET {PART} = CASE WHEN {DAY} >= {cut} THEN 'holdout'"
        f" WHEN coalesce({MATURED} >= {cut}, false) THEN 'matured after the cut' ELSE 'train' END"
        f" WHERE {PART} IS NULL",
        doing="holdout",
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


def cut_by_key(session: Session, recipe: Recipe, share: float) -> None:
    """Hold out the rows with the smallest hashes of their keys: `share` of each class, rounded to a row, half up."""
    partition = "PARTITION BY outcome" if recipe.task is Task.CLASSIFICATION else ""
    session.run(
        f"UPDATE {CHOSEN} SET {PART} = CASE WHEN place <= floor({share!r} * rows + 0.5) THEN 'holdout' ELSE 'train' END"
        f" FROM (SELECT key AS id, count(*) OVER ({partition}) AS rows,"
        f" row_number() OVER ({partition} ORDER BY sha256({text_of(_DOMAIN)} || key)) AS place"
        f" FROM {CHOSEN} WHERE {PART} IS NULL) placed WHERE key = id",
        doing="holdout",
    )


def sample_training_rows(session: Session, recipe: Recipe, share: float) -> None:
    """Keep about this share of the training rows, of each class its own, rounded up: those with the smallest hashes."""
    partition = "PARTITION BY outcome" if recipe.task is Task.CLASSIFICATION else ""
    session.run(
        f"UPDATE {CHOSEN} SET {PART} = 'not in the sample'"
        f" FROM (SELECT key AS id, count(*) OVER ({partition}) AS rows,"
        f" row_number() OVER ({partition} ORDER BY sha256({text_of(_SAMPLE)} || key)) AS place"
        f" FROM {CHOSEN} WHERE {PART} = 'train') placed WHERE key = id AND place > ceil({share!r} * rows)",
        doing="taking a sample",
    )


def holdout_hashes(session: Session) -> tuple[str, ...]:
    """Return the smallest hashes of the keys of the holdout rows, by which looks at them are counted."""
    hashed = f"substr(md5({text_of(_LOOK)} || CAST(key AS VARCHAR)), 1, {HASH})"
    rows = session.rows(
        f"SELECT DISTINCT {hashed} AS hash FROM {CHOSEN} WHERE {PART} = 'holdout' ORDER BY 1 LIMIT {MOST_ROWS}",
        doing="holdout",
    )
    return tuple(row[0] for row in rows)
