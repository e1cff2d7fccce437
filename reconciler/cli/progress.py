"""What is going on, on standard error: a line per step, and a spinner with the elapsed time where a person looks.

Says nothing that decides anything. A step that is over at once shows only its result; one that takes more than a
second is named while it runs.
"""

from __future__ import annotations

import os
import sys
import threading
from typing import Any

from reconciler.cli import terminal
from reconciler.report.safe import guard, plain

PATIENCE = 1.0  # seconds until a running step is named


class Lines:
    """For logs: whole lines."""

    def __init__(self, *, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._timer: threading.Timer | None = None

    def start(self, what: str) -> None:
        self.close()
        line = guard(f"{plain(what)} ...")
        if self._patience <= 0:
            terminal.say(line)
            return
        self._timer = threading.Timer(self._patience, terminal.say, [line])
        self._timer.daemon = True
        self._timer.start()

    def done(self, what: str, result: str) -> None:
        self.close()
        terminal.say(guard(f"{plain(what)}: {plain(result)}"))

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class Spinner:
    """For a terminal."""

    def __init__(self) -> None:
        self._live: Any = None
        self._task: Any = None

    def start(self, what: str) -> None:
        if self._live is None:
            from rich.console import Console
            from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

            console = Console(stderr=True, highlight=False)
            text = TextColumn("{task.description}", markup=False)
            self._live = Progress(SpinnerColumn("line"), text, TimeElapsedColumn(), console=console, transient=True)
            self._live.start()
        elif self._task is not None:
            self._live.remove_task(self._task)
        self._task = self._live.add_task(plain(what), total=None)

    def done(self, what: str, result: str) -> None:
        self.close()
        terminal.say(f"{plain(what)}: {plain(result)}")

    def close(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live, self._task = None, None


def for_streams(*, verbose: bool) -> Lines | Spinner:
    """What fits standard error. Verbose names every step as it starts."""
    if terminal.is_terminal(sys.stderr) and not os.environ.get("CI") and os.environ.get("TERM") != "dumb":
        return Spinner()
    return Lines(patience=0.0 if verbose else PATIENCE)
