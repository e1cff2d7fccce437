"""Hand what is read to what writes it, in a thread of its own: both work at once, and memory is bounded by some items.

Keeps true: when `hand_over` returns or raises, the thread has ended; what the reading raises is raised as it is.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")
_AHEAD = 3  # items that wait; two fit into a queue that was just emptied, so that its end never blocks
_END, _BROKEN = object(), object()


class _BrokenOffError(Exception):
    """The reading failed: what was written is not complete."""


def hand_over(items: Iterable[T], write: Callable[[Iterator[T]], R]) -> R:
    """Return `write(items)`: the items are drawn here, and written in another thread.

    Raises what drawing them raises, else what writing them does. Where drawing fails, the iterator that `write` was
    given raises, so that nothing that was cut off looks complete.
    """
    waiting: queue.Queue[Any] = queue.Queue(maxsize=_AHEAD)
    ended = threading.Event()
    written: list[R] = []
    failed: list[BaseException] = []

    def drawn() -> Iterator[T]:
        while (item := waiting.get()) is not _END:
            if item is _BROKEN:
                raise _BrokenOffError
            yield item

    def work() -> None:
        try:
            written.append(write(drawn()))
        except BaseException as error:  # noqa: BLE001  (raised below, in the thread that waits)
            failed.append(error)
        finally:
            ended.set()
            while not waiting.empty():  # one that waits for a place gets it, and then sees that this ended
                waiting.get_nowait()

    thread = threading.Thread(target=work, name="write a table copy", daemon=True)
    thread.start()
    last = _BROKEN
    try:
        for item in items:
            if ended.is_set():
                break
            waiting.put(item)
        last = _END
    finally:
        waiting.put(last)
        thread.join()
    if failed:
        raise failed[0]
    return written[0]
