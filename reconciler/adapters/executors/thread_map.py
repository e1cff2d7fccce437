"""Waiting for something far away: side by side, and so that Ctrl-C ends it at once.

A library that waits outside of Python hears no signal. So it waits in a thread for which nobody waits, not even the end
of the process; the main thread waits for answers, and can be interrupted.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import wraps
from queue import SimpleQueue
from typing import ParamSpec, TypeVar

A = TypeVar("A")
R = TypeVar("R")
P = ParamSpec("P")


def abreast(ask: Callable[[A], R], subjects: Sequence[A], *, at_once: int) -> list[R]:
    """Answers in the order of `subjects`, at most `at_once` being worked on. The first error that comes out is raised
    here, and what has not begun by then does not begin."""
    lock, pending = threading.Lock(), iter(list(enumerate(subjects)))
    told: SimpleQueue[tuple[int, R | None, BaseException | None]] = SimpleQueue()
    ended = threading.Event()

    def work() -> None:
        while not ended.is_set():
            with lock:
                index, subject = next(pending, (-1, None))
            if index < 0:
                return
            try:
                told.put((index, ask(subject), None))  # type: ignore[arg-type]
            except BaseException as error:  # noqa: BLE001  (raised where it is waited for)
                ended.set()
                told.put((index, None, error))

    for _ in range(min(at_once, len(subjects))):
        threading.Thread(target=work, daemon=True).start()
    answers: list[R] = [None] * len(subjects)  # type: ignore[list-item]
    try:
        for _ in subjects:
            index, answer, error = told.get()
            if error is not None:
                raise error
            answers[index] = answer  # type: ignore[assignment]
    finally:
        ended.set()
    return answers


def interruptible(function: Callable[P, R]) -> Callable[P, R]:
    """The same, ended by a signal in the main thread while it waits."""

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        if threading.current_thread() is not threading.main_thread():
            return function(*args, **kwargs)
        return abreast(lambda _: function(*args, **kwargs), (None,), at_once=1)[0]

    return call
