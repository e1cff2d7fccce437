"""How often the rows of a holdout have judged a candidate so far: counted by row, across models and snapshots.

Whoever looks at the same rows often enough finds a candidate that is good on them by chance. Rows are known by a hash
of their key. Of the rows of a table those are counted whose hashes are the smallest, at most MOST_ROWS: of a table with
no more rows all, of a larger one a sample that is the same at every look, so that a count of its rows is exact.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from reconciler.core.digest import Checksummed, DefaultsLeftOut, Digest

MOST_ROWS = 256
"""Rows that are counted: a record of looks has under 8 KB, however many looks there were."""
HASH = 10
"""Hexadecimal digits of a row's hash."""
_ROW = re.compile(rf"([0-9a-f]{{{HASH}}}) ([1-9][0-9]{{0,9}}) (0|[1-9][0-9]{{0,9}})")
_RECENT = 100  # looks after which a row that none of them used makes room for others


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldoutLooks(Checksummed, DefaultsLeftOut):
    """Look `n` at rows of `table`, which its column `key` tells apart: of the build with this `fingerprint`. `rows`:
    `<hash> <looks> <last look>` of each row that is counted, those whose hash lies below `below` (empty: all)."""

    environment: str
    table: str
    key: str
    n: int
    fingerprint: Digest
    when: datetime
    rows: tuple[str, ...]
    below: str = ""
    format: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class LooksSoFar(DefaultsLeftOut):
    """What is known of a holdout: each of its `rows` that are counted has judged `average` candidates so far, `most` at
    the most; `candidates`: that rows of this table have judged at all."""

    rows: int
    average: float
    most: int
    candidates: int
    unread: str | None = None
    """Why the looks cannot be told, where they are damaged; the counts are 0 then."""

    @property
    def often(self) -> bool:
        """Tell whether a figure on these rows must say how often they were looked at: more than once, or unknown."""
        return self.unread is not None or round(self.average, 1) > 1

    @property
    def line(self) -> str:
        """Return it in a sentence without its end."""
        if self.unread is not None:
            return f"how often these rows have judged a candidate is not known: {self.unread}"
        times = "once" if round(self.average, 1) == 1 else f"{self.average:,.1f} times".replace(".0 ", " ")
        told = f"these rows have judged a candidate {times} on average so far"
        if self.most > round(self.average, 1):
            told += f", one of them {self.most:,} times"
        return f"{told} ({self.candidates:,} candidates of this table)" if self.candidates > 1 else told


def looked(
    before: HoldoutLooks | None,
    holdout: Iterable[str],
    *,
    environment: str,
    table: str,
    key: str,
    fingerprint: Digest,
    when: datetime,
    whole: bool,
) -> HoldoutLooks:
    """Return the looks with one more. `holdout`: the smallest hashes of the rows that judged; `whole`: all of them."""
    hashes = sorted(set(holdout))
    n = before.n + 1 if before is not None else 0
    below = before.below if before is not None else ""
    if not whole and hashes:
        below = min(below, hashes[-1]) if below else hashes[-1]
    counts = _counts(before)
    for row in hashes:
        times, _ = counts.get(row, (0, 0))
        counts[row] = (times + 1, n)
    kept = {row: each for row, each in counts.items() if not below or row < below}
    if len(kept) > MOST_ROWS:
        recent = {row: each for row, each in kept.items() if n - each[1] < _RECENT}
        kept = recent or kept
    if len(kept) > MOST_ROWS:
        below = sorted(kept)[MOST_ROWS]
        kept = {row: each for row, each in kept.items() if row < below}
    return HoldoutLooks(
        environment=environment,
        table=table,
        key=key,
        n=n,
        fingerprint=fingerprint,
        when=when,
        rows=tuple(f"{row} {times} {last}" for row, (times, last) in sorted(kept.items())),
        below=below,
    )


def looks_at(newest: HoldoutLooks, holdout: Iterable[str]) -> LooksSoFar | None:
    """Return what is known of a holdout with these hashes; None where none of its rows is counted."""
    counts = _counts(newest)
    times = [counts[row][0] for row in set(holdout) if row in counts]
    if not times:
        return None
    return LooksSoFar(rows=len(times), average=sum(times) / len(times), most=max(times), candidates=newest.n + 1)


def miscounted(looks: HoldoutLooks) -> str | None:
    """Say what a record counts that cannot be; None where nothing is wrong."""
    if looks.n < 0 or len(looks.rows) > MOST_ROWS:
        return f"counts more than {MOST_ROWS} rows, or no look"
    found = [_ROW.fullmatch(row) for row in looks.rows]
    parts = [(row[1], int(row[2]), int(row[3])) for row in found if row is not None]
    hashes = [row for row, _, _ in parts]
    if len(parts) < len(found) or hashes != sorted(set(hashes)):
        return "counts what is no row, or a row twice"
    if any(last > looks.n or times > last + 1 for _, times, last in parts):
        return "counts more looks than there were"
    return None


def _counts(looks: HoldoutLooks | None) -> dict[str, tuple[int, int]]:
    counts = {}
    for line in looks.rows if looks is not None else ():
        row, times, last = line.split(" ")
        counts[row] = (int(times), int(last))
    return counts
