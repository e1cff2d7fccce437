"""What is going on, on standard error: a line per step; and where a person looks, a board of what runs (`board`).

Says nothing that decides anything. Several models may be worked on at once, each told of from its own thread. A step
that is over at once shows only its result; without a board, one that takes more than a second is named while it runs.
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
    """For logs: whole lines."""

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
    """For a terminal: the board is drawn below the lines, and drawn again `often` a second while anything runs."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic, often: int = OFTEN) -> None:
        self._often = often
        self._board = LiveProgress()
        self._clock = clock
        self._lock = threading.Lock()
        self._height = 0  # of what is drawn
        self._over = threading.Event()
        self._again: threading.Thread | None = None

    def expect(self, subjects: int) -> None:
        with self._lock:
            self._board.expect(subjects)

    def start(self, subject: str, what: str) -> None:
        with self._lock:
            self._board.start(subject, what, self._clock())
            self._draw()
            if self._again is None and self._often:
                self._again = threading.Thread(target=self._redraw, daemon=True, name="progress")
                self._again.start()

    def done(self, subject: str, result: str) -> None:
        with self._lock:
            self._draw(f"{plain(subject)}: {plain(result)}\n")

    def leave(self, subject: str) -> None:
        with self._lock:
            self._board.leave(subject, self._clock())
            self._draw()

    def close(self) -> None:
        """Leave nothing behind."""
        self._over.set()
        with self._lock:
            self._board = LiveProgress()
            self._draw()

    def _redraw(self) -> None:
        while not self._over.wait(1 / self._often):
            with self._lock:
                if not self._board.empty:
                    self._draw()

    def _draw(self, said: str = "") -> None:
        """What is to stay, and below it the board, in the place of the board that is there."""
        look = streams.look(sys.stderr)
        look = replace(look, width=look.width - 1)  # a line that fills a terminal's last column may become two
        rows = shutil.get_terminal_size((streams.WIDEST, 24)).lines
        lines = self._board.frame(self._clock(), look, most=max(3, rows - 1))
        erased = f"\x1b[{self._height}F\x1b[J" if self._height else ""
        self._height = len(lines)
        if text := erased + said + "".join(f"{line}\n" for line in lines):
            streams.draw(text)


def for_streams(*, verbose: bool) -> LogProgress | TerminalProgress:
    """What fits standard error. Verbose names every step as it starts."""
    if streams.is_terminal(sys.stderr) and not os.environ.get("CI") and os.environ.get("TERM") != "dumb":
        return TerminalProgress()
    return LogProgress(patience=0.0 if verbose else PATIENCE)
