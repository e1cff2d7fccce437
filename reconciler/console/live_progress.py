"""Lay out live progress: a line per subject that is worked on, then how many are done and how long the rest takes.

Nothing is drawn here: the time is passed in (seconds of any clock that only goes forward), and lines are returned.
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
    step: str
    step_begun: float
    begun: float  # when the first step of the subject was


class LiveProgress:
    """The subjects that are worked on, the number of those expected, and how long each finished one took."""

    def __init__(self) -> None:
        self._running: dict[str, _Running] = {}
        self._expected = 0
        self._took: list[float] = []

    @property
    def empty(self) -> bool:
        return not self._running

    def expect(self, subjects: int) -> None:
        """Note how many subjects will be worked on."""
        self._expected, self._took = subjects, []

    def start(self, subject: str, step: str, now: float) -> None:
        """Note that a step of a subject begins."""
        previous = self._running.get(subject)
        self._running[subject] = _Running(step, now, previous.begun if previous else now)

    def leave(self, subject: str, now: float) -> None:
        """Note that a subject is finished."""
        finished = self._running.pop(subject, None)
        if finished is not None:
            self._took.append(now - finished.begun)

    def left(self, now: float) -> float | None:
        """Return the seconds until all expected subjects are done, if each takes as long as the average one.

        None before the first one is done, and when nothing is left.
        """
        remaining = self._expected - len(self._took)
        if not self._took or not self._running or remaining <= 0:
            return None
        mean = sum(self._took) / len(self._took)
        begun = sum(max(0.0, mean - (now - running.begun)) for running in self._running.values())
        waiting = max(0, remaining - len(self._running))
        return (begun + waiting * mean) / len(self._running)

    def frame(self, now: float, style: TextStyle, *, most: int) -> list[str]:
        """Return at most `most` lines of at most the style's width; none while nothing runs."""
        if not self._running:
            return []
        room = most - (self._expected > 1)
        shown = list(self._running.items())
        shown = shown if len(shown) <= room else shown[: room - 1]
        names = [elide(plain(name), style.width // 2, style) for name, _ in shown]
        widest = max(map(len, names), default=0)
        lines = [
            f"{pad(name, widest)}  {plain(running.step)}  {in_words(now - running.step_begun)}"
            for name, (_, running) in zip(names, shown, strict=True)
        ]
        if more := len(self._running) - len(shown):
            lines.append(f"and {more:,} more")
        if self._expected > 1:
            lines.append(f"{len(self._took):,} of {self._expected:,} done{self._and_left(now)}")
        return [elide(line, style.width, style) for line in lines]

    def _and_left(self, now: float) -> str:
        left = self.left(now)
        if left is None:
            return ""
        return f", about {in_words(max(1, math.ceil(left / ROUGHLY)) * ROUGHLY)} left"
