"""Compute partitions of some work in forked processes, which give back bytes.

For work that only reads, in a process that has no threads and no worker processes of its own yet. A partition that
fails gives None; the caller then does all of the work itself, and reports the error.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterator

from reconciler.adapters.system.host import cores

MOST_PROCESSES = 4
MOST_PARTITIONS = 256  # numbers that fit a byte


def count() -> int:
    """Return how many processes pay off: 1 where a fork is not safe (macOS)."""
    return min(cores(), MOST_PROCESSES) if hasattr(os, "sched_getaffinity") else 1


def fork_map(work: Callable[[int], bytes], partitions: int) -> list[bytes | None]:
    """Return `work(0)`, computed in this process, then `work(1)` to `work(partitions - 1)`, each in a forked one."""
    forked: list[tuple[int, int]] = []
    answers: list[bytes | None] = []
    try:
        with contextlib.suppress(OSError):  # no more processes, or no more open files: those partitions are not done
            forked.extend(_fork(work, partition) for partition in range(1, partitions))
        answers.append(work(0))
        answers += [_answer(reader, process) for reader, process in forked]
    finally:
        for reader, process in forked[max(len(answers) - 1, 0) :]:  # an error: their answers are not wanted any more
            os.kill(process, signal.SIGKILL)
            _answer(reader, process)
    return answers + [None] * (partitions - len(answers))


class PartitionCounter:
    """The numbers below `count` (`MOST_PARTITIONS` at most), each claimed by one process: by the first that is free.

    Create it before the processes that claim are forked.
    """

    def __init__(self, count: int) -> None:
        self._reader, writer = os.pipe()
        os.write(writer, bytes(range(count)))
        os.close(writer)

    def __iter__(self) -> Iterator[int]:
        while number := os.read(self._reader, 1):
            yield number[0]

    def close(self) -> None:
        os.close(self._reader)


def _answer(reader: int, process: int) -> bytes | None:
    with os.fdopen(reader, "rb") as stream:
        answer = stream.read()
    return answer if os.waitpid(process, 0)[1] == 0 else None


def _fork(work: Callable[[int], bytes], partition: int) -> tuple[int, int]:
    """Return (pipe to read the answer from, process id)."""
    reader, writer = os.pipe()
    try:
        process = os.fork()
    except OSError:
        os.close(reader)
        os.close(writer)
        raise
    if process:
        os.close(writer)
        return reader, process
    code = 1
    try:
        os.close(reader)
        answer = work(partition)
        with os.fdopen(writer, "wb") as stream:
            stream.write(answer)
        code = 0
    finally:
        os._exit(code)  # whatever was raised: no exit handler and no buffer of the parent runs twice
