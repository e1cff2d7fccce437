"""Workers forked by one process that has imported: each begins as the first did, is capped, and is gone when we are.

Several work at once; one that fails does not disturb the others.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from reconciler.adapters.executors.forked_worker import CAN_FORK
from reconciler.adapters.executors.worker_pool import WorkerPool
from reconciler.adapters.system import host
from reconciler.core.spec.environment import Limits
from reconciler.errors import ReconcilerError, TrainingError

pytestmark = pytest.mark.skipif(not CAN_FORK, reason="workers are started cold on this system")

ROOMY = Limits(seconds=120, memory=2 * 1024**3)


@pytest.fixture
def halt() -> threading.Event:
    return threading.Event()


@pytest.fixture
def pool(halt: threading.Event) -> Iterator[WorkerPool]:
    one = WorkerPool("reconciler.testing.misbehaving_worker", failure=TrainingError, halt=halt, forks=True)
    yield one
    one.close()


def remember(pool: WorkerPool, text: str, threads: int = 0) -> tuple[str, ...]:
    found: tuple[str, ...] = pool.call("remember", text, tuple[str, ...], ROOMY, threads=threads)
    return found


def at_once(pool: WorkerPool, *requests: tuple[str, str, Limits]) -> list[Future[str]]:
    """All of them at the same time; their outcomes when all are over."""
    with ThreadPoolExecutor(len(requests)) as threads:
        return [threads.submit(pool.call, operation, given, str, limits) for operation, given, limits in requests]


def test_every_worker_begins_as_the_first_did(pool: WorkerPool) -> None:
    first, second = remember(pool, "a"), remember(pool, "b")
    assert len(first) == len(second) == 3, "nothing is remembered from one request to the next"
    assert first[0] != second[0], "two processes"
    assert first[1] == second[1] == f"of {fork_server_of(pool)}"


def test_each_worker_has_its_own_number_of_threads(pool: WorkerPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert remember(pool, "a", threads=3)[-1] == "threads 3"
    assert remember(pool, "b")[-1] == "threads all"


@pytest.mark.soak(only=True)
def test_one_over_its_memory_one_over_its_time_and_one_that_crashes_leave_the_others_alone(pool: WorkerPool) -> None:
    hoards, hangs, dies, echoes = at_once(
        pool,
        ("hoard", "", Limits(seconds=120, memory=150 * 1024**2)),
        ("hang", "", Limits(seconds=2, memory=ROOMY.memory)),
        ("die", str(int(signal.SIGSEGV)), ROOMY),
        ("echo", "é" * 1_000_000, ROOMY),
    )
    told = [one.exception() for one in (hoards, hangs, dies)]
    assert [str(one).split(" (limit")[0] for one in told[1:]] == [
        "the misbehaving_worker worker process ran out of time",
        "the misbehaving_worker worker process was ended by SIGSEGV",
    ]
    assert "MiB of memory (limit 150 MiB)" in str(told[0])
    hints = [one.hint or "" for one in told if isinstance(one, ReconcilerError)]
    assert "limits.memory" in hints[0]
    assert "limits.time" in hints[1]
    assert echoes.result() == "é" * 1_000_000


def test_memory_counts_with_that_of_all_that_the_worker_started(pool: WorkerPool) -> None:
    with pytest.raises(TrainingError, match=r"used [\d,]+ MiB of memory \(limit 150 MiB\)"):
        pool.call("hoard elsewhere", "", str, Limits(seconds=120, memory=150 * 1024**2))


def test_a_bug_in_a_worker_and_one_that_exits_are_reported_without_their_texts(pool: WorkerPool) -> None:
    with pytest.raises(TrainingError, match="ended with exit code 3"):
        pool.call("leave", "3", str, ROOMY)
    with pytest.raises(TrainingError, match="ZeroDivisionError") as refused:
        pool.call("break", "canary7731", str, ROOMY)
    assert "canary7731" not in str(refused.value)
    assert pool.call("chatter", "canary7731", str, ROOMY) == "canary7731"


def test_a_fork_server_that_was_killed_is_started_again(pool: WorkerPool) -> None:
    before = remember(pool, "a")
    os.kill(fork_server_of(pool), signal.SIGKILL)
    after = remember(pool, "b")
    assert before[1] != after[1]


def test_a_module_that_cannot_be_started_is_a_typed_error(halt: threading.Event) -> None:
    one = WorkerPool("reconciler.testing.no_such_module", failure=TrainingError, halt=halt, forks=True)
    with pytest.raises(TrainingError, match="the no_such_module fork server failed: it ended with exit code 1"):
        one.call("echo", "", str, ROOMY)
    one.close()


def test_after_a_halt_calls_are_interrupted_and_their_workers_ended(pool: WorkerPool, halt: threading.Event) -> None:
    remember(pool, "the fork server runs")
    interrupted: list[BaseException] = []

    def wait() -> None:
        try:
            pool.call("hang", "", str, ROOMY)
        except BaseException as error:  # noqa: BLE001
            interrupted.append(error)

    threads = [threading.Thread(target=wait) for _ in range(2)]
    for one in threads:
        one.start()
    workers = until(lambda: children_of(fork_server_of(pool)), lambda found: len(found) == 2)
    ends = [os.pidfd_open(one) for one in workers]
    halt.set()
    for one in threads:
        one.join()
    assert [type(one) for one in interrupted] == [KeyboardInterrupt] * 2
    for end in ends:
        assert select.select([end], [], [], 30)[0], "a worker is still there"
        os.close(end)
    with pytest.raises(KeyboardInterrupt):
        pool.call("echo", "", str, ROOMY)


def test_what_a_worker_started_ends_with_it(pool: WorkerPool, tmp_path: Path) -> None:
    """Also when the worker ends first, as it does when it sees that we are gone."""
    with pytest.raises(TrainingError):
        pool.call("leave orphan", str(tmp_path / "pid"), str, ROOMY)
    started = int((tmp_path / "pid").read_text())
    try:
        end = os.pidfd_open(started)
    except ProcessLookupError:
        return
    assert select.select([end], [], [], 30)[0], "it outlives who started it"
    os.close(end)


def test_no_descriptor_is_left_behind(pool: WorkerPool) -> None:
    remember(pool, "the fork server runs")
    ours, theirs = descriptors(os.getpid()), descriptors(fork_server_of(pool))
    at_once(pool, *[("echo", "x", ROOMY)] * 4)
    for _ in range(5):
        with pytest.raises(TrainingError):
            pool.call("die", str(int(signal.SIGKILL)), str, ROOMY)
    until(lambda: descriptors(fork_server_of(pool)), lambda found: found <= theirs)
    until(lambda: descriptors(os.getpid()), lambda found: found <= ours)


@pytest.mark.parametrize(
    "module", ["reconciler.training", pytest.param("reconciler.scoring", marks=pytest.mark.soak(only=True))]
)
def test_what_has_imported_has_one_thread_to_fork(module: str, halt: threading.Event) -> None:
    """A thread of a library would be missing in every worker, with whatever lock it held."""
    one = WorkerPool(module, failure=TrainingError, halt=halt, forks=True)
    with pytest.raises(TrainingError, match="KeyError"):
        one.call("no such operation", "", str, ROOMY)
    assert len(list(Path(f"/proc/{fork_server_of(one)}/task").iterdir())) == 1
    one.close()


PARENT = """
import threading
from reconciler.adapters.executors.worker_pool import WorkerPool
from reconciler.core.spec.environment import Limits
from reconciler.errors import TrainingError
pool = WorkerPool("reconciler.testing.misbehaving_worker", failure=TrainingError, forks=True)
limits = Limits(seconds=600, memory=2 * 1024**3)
pool.call("echo", "", str, limits)
print(pool._fork_server._process.pid, flush=True)
try:
    threads = [
        threading.Thread(target=pool.call, args=(what, "", str, limits), daemon=True)
        for what in ("hang", "hoard elsewhere", "hang")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
finally:
    print("cleaned up", flush=True)
    pool.close()
"""


@pytest.mark.parametrize("name", ["SIGKILL", "SIGINT"])
def test_nobody_outlives_us(name: str) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-P", "-c", textwrap.dedent(PARENT)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert parent.stdout is not None
    fork_server = int(parent.stdout.readline())
    forked = until(lambda: children_of(fork_server), lambda found: len(found) == 3)
    started = until(lambda: [one for worker in forked for one in children_of(worker)], lambda found: len(found) == 1)
    ends = [os.pidfd_open(one) for one in (fork_server, *forked, *started)]
    parent.send_signal(signal.Signals[name])
    for end in ends:
        assert select.select([end], [], [], 30)[0], "somebody outlives us"
        os.close(end)
    rest, _ = parent.communicate(timeout=30)
    assert (b"cleaned up" in rest) == (name == "SIGINT")


# --- looking -------------------------------------------------------------------------------------------------------


def until(look: Callable[[], list[int]], enough: Callable[[list[int]], bool]) -> list[int]:
    """What is seen when it is enough."""
    found = look()
    for _ in range(1_000_000):
        if enough(found):
            return found
        found = look()
    raise AssertionError(found)


def children_of(process: int) -> list[int]:
    return host.started_by(process)


def descriptors(process: int) -> list[int]:
    return [len(list(Path(f"/proc/{process}/fd").iterdir()))]


def fork_server_of(pool: WorkerPool) -> int:
    assert pool._fork_server is not None
    assert pool._fork_server._process is not None
    return pool._fork_server._process.pid
