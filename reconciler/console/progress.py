"""Show progress on standard error: a line per finished step, and on a terminal live lines of what runs.

Several models may be worked on at once, each reported from its own thread. Of a step that is short only the result is
shown; in a log, one that takes more than a second is named while it runs.
"""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace

from reconciler.console import streams
from reconciler.console.live_progress import LiveProgress
from reconciler.report.layout.escaping import guard, plain

PATIENCE = 1.0  # seconds until a running step is named
OFTEN = 8  # frames a second


class LogProgress:
    """Progress for logs, in whole lines. Implements ports.Progress."""

    def __init__(self, *, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._lock = threading.Lock()
        self._timers: dict[str, threading.Timer] = {}

    def expect(self, subjects: int) -> None:
        del subjects

    def start(self, subject: str, what: str) -> None:
        self.leave(subject)
        line = guard(f"{plain(subject)}: {plain(what)} ...")
        if self._patience <= 0:
            self._say(line)
            return
        timer = threading.Timer(self._patience, self._say, [line])
        timer.daemon = True
        with self._lock:
            self._timers[subject] = timer
        timer.start()

    def done(self, subject: str, result: str) -> None:
        self.leave(subject)
        self._say(guard(f"{plain(subject)}: {plain(result)}"))

    def leave(self, subject: str) -> None:
        with self._lock:
            timer = self._timers.pop(subject, None)
        if timer is not None:
            timer.cancel()

    def close(self) -> None:
        for subject in tuple(self._timers):
            self.leave(subject)

    def _say(self, line: str) -> None:
        with self._lock:
            streams.say(line)


class TerminalProgress:
    """Progress for a terminal: live lines below the results, drawn `often` a second. Implements ports.Progress."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic, often: int = OFTEN) -> None:
        self._often = often
        self._live = LiveProgress()
        self._clock = clock
        self._lock = threading.Lock()
        self._height = 0  # of what is drawn
        self._over = threading.Event()
        self._redrawing: threading.Thread | None = None

    def expect(self, subjects: int) -> None:
        with self._lock:
            self._live.expect(subjects)

    def start(self, subject: str, what: str) -> None:
        with self._lock:
            self._live.start(subject, what, self._clock())
            self._draw()
            if self._redrawing is None and self._often:
                self._redrawing = threading.Thread(target=self._redraw, daemon=True, name="progress")
                self._redrawing.start()

    def done(self, subject: str, result: str) -> None:
        with self._lock:
            self._draw(f"{plain(subject)}: {plain(result)}\n")

    def leave(self, subject: str) -> None:
        with self._lock:
            self._live.leave(subject, self._clock())
            self._draw()

    def close(self) -> None:
        """Remove the live lines, and draw no more."""
        self._over.set()
        with self._lock:
            self._live = LiveProgress()
            self._draw()

    def _redraw(self) -> None:
        while not self._over.wait(1 / self._often):
            with self._lock:
                if not self._live.empty:
                    self._draw()

    def _draw(self, line: str = "") -> None:
        """Write a line that stays, and below it the live lines, in place of those that are there."""
        style = streams.style_of(sys.stderr)
        style = replace(style, width=style.width - 1)  # a line that fills a terminal's last column may become two
        rows = shutil.get_terminal_size((streams.WIDEST, 24)).lines
        lines = self._live.frame(self._clock(), style, most=max(3, rows - 1))
        erased = f"\x1b[{self._height}F\x1b[J" if self._height else ""
        self._height = len(lines)
        if text := erased + line + "".join(f"{live}\n" for live in lines):
            streams.draw(text)


def for_streams(*, verbose: bool) -> LogProgress | TerminalProgress:
    """Return the progress that fits standard error; with `verbose`, a log names every step as it starts."""
    if streams.is_terminal(sys.stderr) and not os.environ.get("CI") and os.environ.get("TERM") != "dumb":
        return TerminalProgress()
    return LogProgress(patience=0.0 if verbose else PATIENCE)
