"""An attribute is computed when it is first read, once, and no thread waits for another object's."""

from __future__ import annotations

import threading

from reconciler.core.computed_once import computed_once

PATIENCE = 30  # seconds, for a thread that would wait for ever


class Reader:
    def __init__(self, started: threading.Event, other: threading.Event | None = None) -> None:
        self.started, self.other, self.times = started, other, 0

    @computed_once
    def read(self) -> int:
        """Read slowly: until the other has begun."""
        self.times += 1
        self.started.set()
        assert self.other is None or self.other.wait(PATIENCE)
        return self.times


def test_it_is_computed_at_the_first_reading_and_kept() -> None:
    reader = Reader(threading.Event())
    assert reader.times == 0
    assert (reader.read, reader.read, reader.times) == (1, 1, 1)
    assert Reader.read.__doc__ == "Read slowly: until the other has begun."


def test_one_object_does_not_wait_for_what_another_reads() -> None:
    """`functools.cached_property` of Python 3.11 holds one lock for both."""
    first, second = threading.Event(), threading.Event()
    waiting, reader = Reader(first, second), Reader(second)
    thread = threading.Thread(target=lambda: waiting.read, daemon=True)
    thread.start()
    assert first.wait(PATIENCE)
    assert reader.read == 1
    thread.join(PATIENCE)
    assert not thread.is_alive()
