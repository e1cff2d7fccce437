"""Cut a long listing into ranges that are asked for side by side, whatever order a service lists in.

A range begins after a name that was there, and ends with the first name that another one begins after. So each name
lies in a range as long as a service goes on after a name from where that stands in its own order, which its pages rest
on, too. A name that is gone by now costs requests, and hides nothing: the range before goes on to the next one.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

RANGES = 4  # of one listing: each costs a service some more work, and perhaps a request
FOLDERS = 100  # of a range at least, or its listing is short


class ListedRange(NamedTuple):
    """The names that come `after` one (None: from the first), up to and with the first that is among `until`."""

    after: str | None = None
    until: frozenset[str] = frozenset()


WHOLE = ListedRange()


def ranges(names: Collection[str], *, folders: int = FOLDERS) -> list[ListedRange]:
    """Return the ranges of a listing, in which these names were looked for: one where they lie in few `folders`."""
    shortest: dict[str, str] = {}  # of numbered ones the last is looked for that is not there yet
    for name in names:
        folder, _, last = name.rpartition("/")
        if last and (folder not in shortest or (len(name), name) < (len(shortest[folder]), shortest[folder])):
            shortest[folder] = name
    there = [shortest[folder] for folder in sorted(shortest)]
    count = min(RANGES, len(there) // folders)
    cuts = [there[len(there) * part // count] for part in range(1, count)]
    return [ListedRange(after, frozenset(cuts)) for after in (None, *cuts)]


def is_ignored(firsts: Sequence[str | None]) -> bool:
    """Tell from the first name of each range whether the service began all of them at its first name."""
    return len(firsts) > 1 and firsts[0] is not None and firsts[0] in firsts[1:]
