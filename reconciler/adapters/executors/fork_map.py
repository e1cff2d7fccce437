"""Work shared out among the processors: forked processes that give back bytes.

For what only reads, in a process that has no threads and no children of its own yet. A share that fails gives nothing
back; whoever asked does all of it alone then, and says what is wrong.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterator

from reconciler.adapters.system.cpu_count import cores

MOST = 4
MOST_DRAWN = 256  # numbers that fit a byte


def count() -> int:
    """How many processes pay. One where a fork is not safe: macOS."""
    return min(cores(), MOST) if hasattr(os, "sched_getaffinity") else 1


def shared_out(work: Callable[[int], bytes], shares: int) -> list[bytes | None]:
    """`work(0)`, here, and `work(1)` to `work(shares - 1)`, each in a process of its own, in this order."""
    others: list[tuple[int, int]] = []
    answers: list[bytes | None] = []
    try:
        with contextlib.suppress(OSError):  # no more processes, or no more open files: those shares are not done
            others.extend(_fork(work, share) for share in range(1, shares))
        answers.append(work(0))
        answers += [_answer(reader, child) for reader, child in others]
    finally:
        for reader, child in others[max(len(answers) - 1, 0) :]:  # nobody will ask them any more
            os.kill(child, signal.SIGKILL)
            _answer(reader, child)
    return answers + [None] * (shares - len(answers))


class PartitionCounter:
    """The numbers below `count` (`MOST_DRAWN` at most), each of which one process draws: whichever is free first. Made
    before the processes that draw are."""

    def __init__(self, count: int) -> None:
        self._reader, writer = os.pipe()
        os.write(writer, bytes(range(count)))
        os.close(writer)

    def __iter__(self) -> Iterator[int]:
        while number := os.read(self._reader, 1):
            yield number[0]

    def close(self) -> None:
        os.close(self._reader)


def _answer(reader: int, child: int) -> bytes | None:
    with os.fdopen(reader, "rb") as stream:
        answer = stream.read()
    return answer if os.waitpid(child, 0)[1] == 0 else None


def _fork(work: Callable[[int], bytes], share: int) -> tuple[int, int]:
    """(pipe to read the answer from, process)."""
    reader, writer = os.pipe()
    try:
        child = os.fork()
    except OSError:
        os.close(reader)
        os.close(writer)
        raise
    if child:
        os.close(writer)
        return reader, child
    code = 1
    try:
        os.close(reader)
        answer = work(share)
        with os.fdopen(writer, "wb") as stream:
            stream.write(answer)
        code = 0
    finally:
        os._exit(code)  # whatever was raised: nothing of the parent's is run or flushed twice
