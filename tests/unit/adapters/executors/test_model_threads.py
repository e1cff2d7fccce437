"""At most `count` works run at once, started in order; after an error or an interruption none is started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable

import pytest

from reconciler.adapters.executors.model_threads import ModelThreads


def test_so_many_work_at_once_and_no_more() -> None:
    together = threading.Barrier(3)
    lock, running, most = threading.Lock(), 0, 0

    def work() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        together.wait(60)  # broken, were there fewer
        with lock:
            running -= 1

    ModelThreads(3, threading.Event()).run([work] * 9)
    assert most == 3


def test_one_thread_is_the_caller_itself() -> None:
    seen: list[int] = []
    ModelThreads(1, threading.Event()).run([lambda: seen.append(threading.get_ident())] * 2)
    ModelThreads(8, threading.Event()).run([lambda: seen.append(threading.get_ident())])
    assert seen == [threading.get_ident()] * 3


def test_works_are_begun_in_their_order() -> None:
    begun: list[int] = []
    lock = threading.Lock()

    def numbered(n: int) -> Callable[[], None]:
        def work() -> None:
            with lock:
                begun.append(n)

        return work

    ModelThreads(2, threading.Event()).run([numbered(n) for n in range(50)])
    assert sorted(begun) == list(range(50))
    assert all(abs(n - position) <= 1 for position, n in enumerate(begun)), "two threads: one place off at most"


def test_an_error_begins_nothing_new_and_is_raised_when_the_others_have_ended() -> None:
    failed, done = threading.Event(), []

    def fails() -> None:
        failed.set()
        raise ZeroDivisionError

    def works() -> None:
        failed.wait(60)
        done.append("the other")

    with pytest.raises(ZeroDivisionError):
        ModelThreads(2, threading.Event()).run([works, fails, lambda: done.append("a third")])
    assert done in (["the other"], ["the other", "a third"]), "a third may have begun in the same moment"


def test_after_a_halt_nothing_is_begun() -> None:
    halt, done = threading.Event(), []

    def halts() -> None:
        halt.set()

    ModelThreads(2, halt).run([halts, halt.wait, *[lambda: done.append(1)] * 5])  # type: ignore[list-item]
    assert done == []


INTERRUPTED = """
import threading
from reconciler.adapters.executors.model_threads import ModelThreads

halt, running, ended = threading.Event(), threading.Barrier(3), []

def work():
    running.wait()
    halt.wait()
    ended.append("whole")

def tell():
    running.wait()
    print("running", flush=True)

threading.Thread(target=tell).start()
try:
    ModelThreads(2, halt).run([work, work, lambda: ended.append("begun anew")])
except KeyboardInterrupt:
    print("interrupted", *ended, flush=True)
"""


def test_an_interruption_waits_for_what_was_begun_and_begins_nothing_new() -> None:
    ran = subprocess.Popen([sys.executable, "-P", "-c", INTERRUPTED], stdout=subprocess.PIPE, text=True)
    assert ran.stdout is not None
    assert ran.stdout.readline() == "running\n"
    os.kill(ran.pid, signal.SIGINT)
    out, _ = ran.communicate(timeout=60)
    assert out == "interrupted whole whole\n"
