"""Work on several models at once: a thread for each, while worker processes compute."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Sequence

_INTERRUPTIONS = (signal.SIGINT, signal.SIGTERM)
_POLL = 0.2  # seconds: a signal that reaches another thread first is noticed by the main thread when it wakes up


class ModelThreads:
    """Implements ports.Concurrency.

    `halt` is set on an interruption: worker processes that are waited for are ended and their callers interrupted
    (`worker_process.WorkerProcess`); a thread that writes finishes its write.
    """

    def __init__(self, count: int, halt: threading.Event) -> None:
        self.count = count
        self._halt = halt

    def run(self, works: Sequence[Callable[[], None]]) -> None:
        threads = min(self.count, len(works))
        if threads <= 1:
            for work in works:
                work()
            return
        pending = list(reversed(works))
        errors: list[BaseException] = []

        # An interruption between a thread's start and our record of it would orphan the thread: it is held back.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, _INTERRUPTIONS)
        ended = [threading.Event() for _ in range(threads)]

        def run_pending(over: threading.Event) -> None:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)  # the processes that it starts inherit the mask
            try:
                while pending and not (errors or self._halt.is_set()):
                    _run_next(pending, errors)
            finally:
                over.set()

        try:
            try:
                for number, over in enumerate(ended, 1):
                    # Daemons: a person who interrupts a second time does not want to wait.
                    threading.Thread(target=run_pending, args=(over,), daemon=True, name=f"model {number}").start()
            finally:
                signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            _wait(ended)
        except KeyboardInterrupt:
            self._halt.set()
            _wait(ended)
            raise
        if errors:
            raise errors[0]


def _run_next(pending: list[Callable[[], None]], errors: list[BaseException]) -> None:
    """Run the next pending work, unless another thread took the last one."""
    try:
        work = pending.pop()
    except IndexError:
        return
    try:
        work()
    except BaseException as error:  # noqa: BLE001  (raised by the main thread once all threads have ended)
        errors.append(error)


def _wait(ended: Sequence[threading.Event]) -> None:
    """Wait for all threads. Not by `Thread.join`: interrupted, it takes a running thread for ended (Python 3.11)."""
    for over in ended:
        while not over.wait(_POLL):
            pass
