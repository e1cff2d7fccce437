"""Compute partitions of some work in forked processes, which give back bytes, or tell lines as they go.

For work that only reads, in a process that has no threads and no worker processes of its own yet. A partition that
fails gives None; the caller then does all of the work itself, and reports the error.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import threading
from collections.abc import Callable, Generator, Iterator
from typing import IO

from reconciler.adapters.system.host import cores

MOST_PROCESSES = 4
MOST_PARTITIONS = 256  # numbers that fit a byte
_AT_ONCE = 1 << 16  # bytes


def is_safe() -> bool:
    """Tell whether a process may be forked here and now: not on macOS, and not beside threads."""
    return hasattr(os, "sched_getaffinity") and threading.active_count() == 1


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


def fork_lines(work: Callable[[int], Iterator[bytes]], partitions: int, processes: int) -> Generator[bytes, None, None]:
    """Yield the lines that `work(0)` to `work(partitions - 1)` yield, as they come: each in a process of its own, which
    gives its memory back, and `processes` at once.

    Of a partition whose process fails no more lines come. Within `work`, the same may be called again.
    """
    waiting, running = iter(range(partitions)), dict[int, tuple[int, bytes]]()
    with selectors.DefaultSelector() as selector:

        def begin() -> None:
            for partition in waiting:
                with contextlib.suppress(OSError):  # no more processes or open files: this partition is not done
                    reader, process = _fork_told(work, partition)
                    running[reader] = process, b""
                    selector.register(reader, selectors.EVENT_READ)
                    return

        def end(reader: int) -> None:
            selector.unregister(reader)
            process, _ = running.pop(reader)
            os.close(reader)
            os.waitpid(process, 0)

        try:
            for _ in range(processes):
                begin()
            while running:
                for key, _ in selector.select():
                    process, rest = running[key.fd]
                    more = os.read(key.fd, _AT_ONCE)
                    *lines, rest = (rest + more).split(b"\n")
                    running[key.fd] = process, rest
                    yield from lines
                    if not more:
                        end(key.fd)
                        begin()
        finally:
            for reader, (process, _) in list(running.items()):  # an error: their lines are not wanted any more
                os.kill(process, signal.SIGKILL)
                end(reader)


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

    def answer(stream: IO[bytes]) -> None:
        stream.write(work(partition))

    return _forked(answer)


def _fork_told(work: Callable[[int], Iterator[bytes]], partition: int) -> tuple[int, int]:
    """Return (pipe to read the lines from, process id)."""

    def tell(stream: IO[bytes]) -> None:
        for line in work(partition):
            stream.write(line + b"\n")
            stream.flush()

    return _forked(tell)


def _forked(work: Callable[[IO[bytes]], None]) -> tuple[int, int]:
    """Fork a process that writes what `work` writes; return (pipe to read it from, process id)."""
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
        with os.fdopen(writer, "wb") as stream:
            work(stream)
        code = 0
    finally:
        os._exit(code)  # whatever was raised: no exit handler and no buffer of the parent runs twice
