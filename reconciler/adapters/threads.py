"""Several models at once: one thread each, while child processes do the work."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Sequence

_INTERRUPTIONS = (signal.SIGINT, signal.SIGTERM)
_LOOK = 0.2  # seconds: where a signal reaches another thread first, ours learns of it when it looks up


class Threads:
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

        def lane() -> None:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)  # for the processes that it starts
            while not (failed or self._halt.is_set()):
                try:
                    work = left.pop()
                except IndexError:
                    return
                try:
                    work()
                except BaseException as error:  # noqa: BLE001  (raised by whoever waits for us)
                    failed.append(error)

        # Not to be waited for at the end: a person who interrupts a second time does not want to wait.
        threads = [threading.Thread(target=lane, daemon=True, name=f"lane {n + 1}") for n in range(lanes)]
        try:
            try:
                for thread in threads:
                    thread.start()
            finally:
                signal.pthread_sigmask(signal.SIG_SETMASK, before)
            _wait(threads)
        except KeyboardInterrupt:
            self._halt.set()
            _wait([thread for thread in threads if thread.ident is not None])
            raise
        if failed:
            raise failed[0]


def _wait(threads: Sequence[threading.Thread]) -> None:
    for thread in threads:
        while thread.is_alive():
            thread.join(_LOOK)
