"""Several models at once: one thread each, while child processes do the work."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Sequence

_INTERRUPTIONS = (signal.SIGINT, signal.SIGTERM)
_LOOK = 0.2  # seconds: where a signal reaches another thread first, ours learns of it when it looks up


class ModelThreads:
    """Implements ports.Lanes. `halt` is set when nothing goes on any more: children that are waited for are ended, and
    whoever waits is interrupted (`children.Child`); who writes, finishes."""

    def __init__(self, count: int, halt: threading.Event) -> None:
        self.count = count
        self._halt = halt

    def run(self, works: Sequence[Callable[[], None]]) -> None:
        lanes = min(self.count, len(works))
        if lanes <= 1:
            for work in works:
                work()
            return
        left = list(reversed(works))
        failed: list[BaseException] = []

        # An interruption between a thread's start and our knowing of it would leave it behind: it has to wait for that.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _INTERRUPTIONS)
        ended = [threading.Event() for _ in range(lanes)]

        def lane(over: threading.Event) -> None:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)  # for the processes that it starts
            try:
                while left and not (failed or self._halt.is_set()):
                    _do(left, failed)
            finally:
                over.set()

        try:
            try:
                for number, over in enumerate(ended, 1):
                    # Daemons: a person who interrupts a second time does not want to wait.
                    threading.Thread(target=lane, args=(over,), daemon=True, name=f"lane {number}").start()
            finally:
                signal.pthread_sigmask(signal.SIG_SETMASK, before)
            _wait(ended)
        except KeyboardInterrupt:
            self._halt.set()
            _wait(ended)
            raise
        if failed:
            raise failed[0]


def _do(left: list[Callable[[], None]], failed: list[BaseException]) -> None:
    """The next work, unless another lane was faster."""
    try:
        work = left.pop()
    except IndexError:
        return
    try:
        work()
    except BaseException as error:  # noqa: BLE001  (raised by whoever waits for the lanes)
        failed.append(error)


def _wait(ended: Sequence[threading.Event]) -> None:
    """Not by `Thread.join`: interrupted, it takes a thread for ended that is not (Python 3.11)."""
    for one in ended:
        while not one.wait(_LOOK):
            pass
