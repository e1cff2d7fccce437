"""Wait for a remote service in several threads at once, and so that Ctrl-C ends the wait at once.

A library that waits outside of Python hears no signal. So it waits in a daemon thread: nothing waits for that one, not
even the end of the process. The main thread waits for answers, and can be interrupted: it wakes up now and then, since
a signal that reaches another thread, or comes just before a wait begins, ends no wait.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import wraps
from queue import Empty, SimpleQueue
from typing import ParamSpec, TypeVar

A = TypeVar("A")
R = TypeVar("R")
P = ParamSpec("P")
_POLL = 0.2  # seconds


def parallel_map(ask: Callable[[A], R], subjects: Sequence[A], *, at_once: int) -> list[R]:
    """Return the answers of `ask` in the order of `subjects`, asked in `at_once` threads at most.

    The first error is raised, and no question is started after it.
    """
    return started_map(ask, subjects, at_once=at_once)()


def started_map(ask: Callable[[A], R], subjects: Sequence[A], *, at_once: int) -> Callable[[], list[R]]:
    """Start what `parallel_map` asks, and return what waits for the answers: once, or never."""
    lock, pending = threading.Lock(), iter(list(enumerate(subjects)))
    results: SimpleQueue[tuple[int, R | None, BaseException | None]] = SimpleQueue()
    ended = threading.Event()

    def work() -> None:
        while not ended.is_set():
            with lock:
                index, subject = next(pending, (-1, None))
            if index < 0:
                return
            try:
                results.put((index, ask(subject), None))  # type: ignore[arg-type]
            except BaseException as error:  # noqa: BLE001  (raised in the thread that waits for the answers)
                ended.set()
                results.put((index, None, error))

    for _ in range(min(at_once, len(subjects))):
        threading.Thread(target=work, daemon=True).start()

    def wait() -> list[R]:
        answers: list[R] = [None] * len(subjects)  # type: ignore[list-item]
        try:
            for _ in subjects:
                index, answer, error = _next(results)
                if error is not None:
                    raise error
                answers[index] = answer  # type: ignore[assignment]
        finally:
            ended.set()
        return answers

    return wait


def _next(results: SimpleQueue[R]) -> R:
    """Wait for the next result; a signal that came meanwhile is handled whenever the wait wakes up."""
    while True:
        try:
            return results.get(timeout=_POLL)
        except Empty:
            continue


def interruptible(function: Callable[P, R]) -> Callable[P, R]:
    """Return `function`, made to end by a signal in the main thread while it waits."""

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        if threading.current_thread() is not threading.main_thread():
            return function(*args, **kwargs)
        return parallel_map(lambda _: function(*args, **kwargs), (None,), at_once=1)[0]

    return call
