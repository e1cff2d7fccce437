"""Questions side by side: answers in order, no more at once than asked for, and nothing begun after an error."""

from __future__ import annotations

import signal
import threading

import pytest

from reconciler.adapters.executors.thread_map import interruptible, parallel_map, started_map


def test_answers_come_in_the_order_of_the_questions() -> None:
    gates = [threading.Event() for _ in range(4)]
    gates[3].set()

    def ask(n: int) -> int:
        assert gates[n].wait(60)  # each waits for the one after it
        if n:
            gates[n - 1].set()
        return n * n

    assert parallel_map(ask, range(4), at_once=4) == [0, 1, 4, 9]
    assert parallel_map(ask, [], at_once=4) == []


def test_no_more_are_asked_at_once_than_may_be() -> None:
    lock, now, most = threading.Lock(), 0, 0
    met = threading.Barrier(3)

    def ask(_: int) -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        met.wait(60)  # three are there at once, or this never ends
        with lock:
            now -= 1

    parallel_map(ask, range(9), at_once=3)
    assert most == 3


def test_after_an_error_nothing_more_begins() -> None:
    begun = []

    def ask(n: int) -> None:
        begun.append(n)
        if n == 2:
            raise ValueError(n)

    with pytest.raises(ValueError, match="2"):
        parallel_map(ask, range(100), at_once=1)
    assert begun == [0, 1, 2]


def test_what_may_be_interrupted_is_asked_elsewhere_than_in_the_main_thread() -> None:
    where = interruptible(threading.current_thread)
    assert where() is not threading.main_thread()
    inner = parallel_map(lambda _: (threading.current_thread(), where()), [None], at_once=1)
    assert inner[0][0] is inner[0][1]


def test_what_was_started_goes_on_while_nobody_waits_for_it() -> None:
    met = threading.Barrier(3)
    wait = started_map(lambda n: (met.wait(60), n)[1], range(2), at_once=2)
    met.wait(60)  # both were asked before anybody waits for their answers
    assert wait() == [0, 1]


def test_a_signal_that_another_thread_takes_ends_the_wait() -> None:
    released, over, heard = threading.Event(), threading.Event(), list[bool]()

    def ask(_: None) -> None:
        signal.pthread_kill(threading.get_ident(), signal.SIGINT)  # nothing wakes the main thread
        heard.append(released.wait(20))
        over.set()

    with pytest.raises(KeyboardInterrupt):
        parallel_map(ask, [None], at_once=1)
    released.set()
    assert over.wait(60)
    assert heard == [True], "it was interrupted while the question was open"
