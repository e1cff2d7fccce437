"""What is being worked on, as a few lines that are drawn again and again: one per subject that runs, then how many are
done and how long the rest will take.

A value of time is passed in (seconds, of any clock that only goes forward), and lines are given: nothing is drawn here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from reconciler.core.duration import in_words
from reconciler.report.layout.escaping import plain
from reconciler.report.layout.text_layout import TextStyle, elide, pad

ROUGHLY = 5  # seconds: what is left is no more exact than this


@dataclass(slots=True)
class _Running:
    what: str
    since: float  # when this was begun
    begun: float  # when the subject was


class LiveProgress:
    def __init__(self) -> None:
        self._running: dict[str, _Running] = {}
        self._expected = 0
        self._took: list[float] = []

    @property
    def empty(self) -> bool:
        return not self._running

    def expect(self, subjects: int) -> None:
        self._expected, self._took = subjects, []

    def start(self, subject: str, what: str, now: float) -> None:
        before = self._running.get(subject)
        self._running[subject] = _Running(what, now, before.begun if before else now)

    def leave(self, subject: str, now: float) -> None:
        found = self._running.pop(subject, None)
        if found is not None:
            self._took.append(now - found.begun)

    def left(self, now: float) -> float | None:
        """Seconds until all that is expected is done, if each takes what one took on average; None while nothing is
        known of that, or nothing is left."""
        remaining = self._expected - len(self._took)
        if not self._took or not self._running or remaining <= 0:
            return None
        mean = sum(self._took) / len(self._took)
        begun = sum(max(0.0, mean - (now - one.begun)) for one in self._running.values())
        waiting = max(0, remaining - len(self._running))
        return (begun + waiting * mean) / len(self._running)

    def frame(self, now: float, look: TextStyle, *, most: int) -> list[str]:
        """At most `most` lines of at most the look's width; none while nothing runs."""
        if not self._running:
            return []
        room = most - (self._expected > 1)
        shown = list(self._running.items())
        shown = shown if len(shown) <= room else shown[: room - 1]
        names = [elide(plain(name), look.width // 2, look) for name, _ in shown]
        widest = max(map(len, names), default=0)
        lines = [
            f"{pad(name, widest)}  {plain(one.what)}  {in_words(now - one.since)}"
            for name, (_, one) in zip(names, shown, strict=True)
        ]
        if more := len(self._running) - len(shown):
            lines.append(f"and {more:,} more")
        if self._expected > 1:
            lines.append(f"{len(self._took):,} of {self._expected:,} done{self._and_left(now)}")
        return [elide(line, look.width, look) for line in lines]

    def _and_left(self, now: float) -> str:
        left = self.left(now)
        if left is None:
            return ""
        return f", about {in_words(max(1, math.ceil(left / ROUGHLY)) * ROUGHLY)} left"
