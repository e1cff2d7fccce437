"""Partitions computed in forked processes: answers in order, and None for a partition that fails."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.adapters.executors.fork_map import PartitionCounter, fork_lines, fork_map


def test_answers_come_in_the_order_of_the_partitions_and_partition_0_is_computed_here() -> None:
    answers = fork_map(lambda partition: f"{partition} {os.getpid()}".encode(), 4)
    numbers, processes = zip(*(answer.decode().split() for answer in answers if answer is not None), strict=True)
    assert numbers == ("0", "1", "2", "3")
    assert processes[0] == str(os.getpid())
    assert len(set(processes)) == 4


def test_an_answer_may_be_larger_than_a_pipe_holds() -> None:
    assert fork_map(lambda partition: bytes([partition]) * 10**6, 3)[2] == b"\2" * 10**6


def test_a_partition_that_fails_gives_nothing_and_the_others_are_not_harmed() -> None:
    def work(partition: int) -> bytes:
        if partition == 1:
            raise RuntimeError("of this partition")
        if partition == 2:
            os.kill(os.getpid(), 9)
        return b"x"

    assert fork_map(work, 4) == [b"x", None, None, b"x"]


def test_what_is_raised_here_is_raised_and_leaves_no_process_and_no_pipe() -> None:
    before = len(list(Path("/dev/fd").iterdir()))
    (said, saying), (never, writer) = os.pipe(), os.pipe()
    found: list[int] = []

    def work(partition: int) -> bytes:
        if partition == 0:
            found.append(int(os.read(said, 20)))
            raise KeyError("here")
        os.write(saying, str(os.getpid()).encode())
        return os.read(never, 1)  # for ever: only an end from outside ends it

    with pytest.raises(KeyError):
        fork_map(work, 2)
    for one in (said, saying, never, writer):
        os.close(one)
    with pytest.raises(ProcessLookupError):
        os.kill(found[0], 0)
    assert len(list(Path("/dev/fd").iterdir())) == before


def test_where_no_process_can_be_made_the_partitions_are_not_done_and_nothing_stays_open() -> None:
    """No more open files: what a partition needs first is a pipe."""
    before = len(list(Path("/dev/fd").iterdir()))
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = max(int(one.name) for one in Path("/dev/fd").iterdir())
    held = [os.dup(0) for _ in range(highest)]  # so that no lower number is free
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(held) + 1, limits[1]))
        assert fork_map(lambda partition: b"x", 3) == [b"x", None, None]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        for one in held:
            os.close(one)
    assert len(list(Path("/dev/fd").iterdir())) == before


def test_each_number_is_claimed_once() -> None:
    counter = PartitionCounter(200)
    answers = fork_map(lambda partition: bytes(counter), 3)
    counter.close()
    assert sorted(b"".join(one or b"" for one in answers)) == list(range(200))


def test_lines_come_from_processes_of_their_own_also_within_one_and_a_partition_that_fails_tells_no_more() -> None:
    def told(partition: int) -> Iterator[bytes]:
        yield f"{partition} {os.getpid()}".encode()
        if partition == 1:
            raise RuntimeError("of this partition")
        yield b"x" * 10**6

    lines = list(fork_lines(lambda _: fork_lines(told, 5, 2), 1, 1))
    numbers, processes = zip(*(line.decode().split() for line in lines if len(line) < 100), strict=True)
    assert sorted(numbers) == ["0", "1", "2", "3", "4"]
    assert len({*processes, str(os.getpid())}) == 6
    assert [len(line) for line in lines].count(10**6) == 4


def test_who_wants_no_more_lines_leaves_no_process_and_no_pipe() -> None:
    before = len(list(Path("/dev/fd").iterdir()))
    never, writer = os.pipe()

    def told(partition: int) -> Iterator[bytes]:
        yield f"{partition} {os.getpid()}".encode()
        os.read(never, 1)  # for ever: only an end from outside ends it

    lines = fork_lines(told, 3, 2)
    processes = [int(next(lines).split()[1]) for _ in range(2)]
    lines.close()
    os.close(never)
    os.close(writer)
    for process in processes:
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)
    assert len(list(Path("/dev/fd").iterdir())) == before
