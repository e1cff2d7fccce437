"""Children forked from one process that has imported: each begins as the first did, is capped, and is gone when we are.

Several work at once; what happens to one of them is nothing to the others.
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

from reconciler.adapters.executors import worker_process
from reconciler.adapters.executors.forked_worker import FORKS
from reconciler.adapters.executors.worker_pool import WorkerPool
from reconciler.core.spec.environment import Limits
from reconciler.errors import ReconcilerError, TrainingError

pytestmark = pytest.mark.skipif(not FORKS, reason="children are started cold on this system")

ROOMY = Limits(seconds=120, memory=2 * 1024**3)


@pytest.fixture
def halt() -> threading.Event:
    return threading.Event()


@pytest.fixture
def crew(halt: threading.Event) -> Iterator[WorkerPool]:
    one = WorkerPool("reconciler.testing.misbehaving_worker", failure=TrainingError, halt=halt, forks=True)
    yield one
    one.close()


def remember(crew: WorkerPool, text: str, threads: int = 0) -> tuple[str, ...]:
    found: tuple[str, ...] = crew.call("remember", text, tuple[str, ...], ROOMY, threads=threads)
    return found


def at_once(crew: WorkerPool, *requests: tuple[str, str, Limits]) -> list[Future[str]]:
    """All of them at the same time; their outcomes when all are over."""
    with ThreadPoolExecutor(len(requests)) as pool:
        return [pool.submit(crew.call, operation, given, str, limits) for operation, given, limits in requests]


def test_every_child_begins_as_the_first_did(crew: WorkerPool) -> None:
    first, second = remember(crew, "a"), remember(crew, "b")
    assert len(first) == len(second) == 3, "nothing is remembered from one request to the next"
    assert first[0] != second[0], "two processes"
    assert first[1] == second[1] == f"of {nursery_of(crew)}"


def test_each_has_its_own_share_of_threads(crew: WorkerPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert remember(crew, "a", threads=3)[-1] == "threads 3"
    assert remember(crew, "b")[-1] == "threads all"


def test_one_over_its_memory_one_over_its_time_and_one_that_crashes_leave_the_others_alone(crew: WorkerPool) -> None:
    hoards, hangs, dies, echoes = at_once(
        crew,
        ("hoard", "", Limits(seconds=120, memory=150 * 1024**2)),
        ("hang", "", Limits(seconds=2, memory=ROOMY.memory)),
        ("die", str(int(signal.SIGSEGV)), ROOMY),
        ("echo", "é" * 1_000_000, ROOMY),
    )
    told = [one.exception() for one in (hoards, hangs, dies)]
    assert [str(one).split(" (limit")[0] for one in told[1:]] == [
        "unruly ran out of time",
        "unruly was ended by SIGSEGV",
    ]
    assert "MiB of memory (limit 150 MiB)" in str(told[0])
    hints = [one.hint or "" for one in told if isinstance(one, ReconcilerError)]
    assert "limits.memory" in hints[0]
    assert "limits.time" in hints[1]
    assert echoes.result() == "é" * 1_000_000


def test_memory_counts_with_that_of_all_that_the_child_started(crew: WorkerPool) -> None:
    with pytest.raises(TrainingError, match=r"used [\d,]+ MiB of memory \(limit 150 MiB\)"):
        crew.call("hoard elsewhere", "", str, Limits(seconds=120, memory=150 * 1024**2))


def test_a_bug_in_a_child_and_one_that_leaves_are_told_without_their_texts(crew: WorkerPool) -> None:
    with pytest.raises(TrainingError, match="ended with exit code 3"):
        crew.call("leave", "3", str, ROOMY)
    with pytest.raises(TrainingError, match="ZeroDivisionError") as refused:
        crew.call("break", "canary7731", str, ROOMY)
    assert "canary7731" not in str(refused.value)
    assert crew.call("chatter", "canary7731", str, ROOMY) == "canary7731"


def test_a_nursery_that_was_killed_is_started_again(crew: WorkerPool) -> None:
    before = remember(crew, "a")
    os.kill(nursery_of(crew), signal.SIGKILL)
    after = remember(crew, "b")
    assert before[1] != after[1]


def test_a_module_that_cannot_be_started_is_a_typed_error(halt: threading.Event) -> None:
    one = WorkerPool("reconciler.testing.no_such_module", failure=TrainingError, halt=halt, forks=True)
    with pytest.raises(TrainingError, match="no_such_module failed: it ended with exit code 1"):
        one.call("echo", "", str, ROOMY)
    one.close()


def test_when_nothing_goes_on_those_who_wait_are_interrupted_and_their_children_ended(
    crew: WorkerPool, halt: threading.Event
) -> None:
    remember(crew, "the nursery runs")
    interrupted: list[BaseException] = []

    def wait() -> None:
        try:
            crew.call("hang", "", str, ROOMY)
        except BaseException as error:  # noqa: BLE001
            interrupted.append(error)

    threads = [threading.Thread(target=wait) for _ in range(2)]
    for one in threads:
        one.start()
    children_of = until(lambda: _children(nursery_of(crew)), lambda found: len(found) == 2)
    ends = [os.pidfd_open(one) for one in children_of]
    halt.set()
    for one in threads:
        one.join()
    assert [type(one) for one in interrupted] == [KeyboardInterrupt] * 2
    for end in ends:
        assert select.select([end], [], [], 30)[0], "a child is still there"
        os.close(end)
    with pytest.raises(KeyboardInterrupt):
        crew.call("echo", "", str, ROOMY)


def test_what_a_child_started_ends_with_it(crew: WorkerPool, tmp_path: Path) -> None:
    """Also when the child ends first, as it does when it sees that we are gone."""
    with pytest.raises(TrainingError):
        crew.call("leave somebody", str(tmp_path / "pid"), str, ROOMY)
    started = int((tmp_path / "pid").read_text())
    try:
        end = os.pidfd_open(started)
    except ProcessLookupError:
        return
    assert select.select([end], [], [], 30)[0], "it outlives who started it"
    os.close(end)


def test_no_descriptor_is_left_behind(crew: WorkerPool) -> None:
    remember(crew, "the nursery runs")
    ours, theirs = descriptors(os.getpid()), descriptors(nursery_of(crew))
    at_once(crew, *[("echo", "x", ROOMY)] * 4)
    for _ in range(5):
        with pytest.raises(TrainingError):
            crew.call("die", str(int(signal.SIGKILL)), str, ROOMY)
    until(lambda: descriptors(nursery_of(crew)), lambda found: found <= theirs)
    until(lambda: descriptors(os.getpid()), lambda found: found <= ours)


@pytest.mark.parametrize("module", ["reconciler.training", "reconciler.scoring"])
def test_what_has_imported_has_one_thread_to_fork(module: str, halt: threading.Event) -> None:
    """A thread of a library would be missing in every child, with whatever lock it held."""
    one = WorkerPool(module, failure=TrainingError, halt=halt, forks=True)
    with pytest.raises(TrainingError, match="KeyError"):
        one.call("no such operation", "", str, ROOMY)
    assert len(list(Path(f"/proc/{nursery_of(one)}/task").iterdir())) == 1
    one.close()


PARENT = """
import threading
from reconciler.adapters.executors.worker_pool import WorkerPool
from reconciler.core.spec.environment import Limits
from reconciler.errors import TrainingError
crew = WorkerPool("reconciler.testing.misbehaving_worker", failure=TrainingError, forks=True)
limits = Limits(seconds=600, memory=2 * 1024**3)
crew.call("echo", "", str, limits)
print(crew._nursery._process.pid, flush=True)
try:
    lanes = [
        threading.Thread(target=crew.call, args=(what, "", str, limits), daemon=True)
        for what in ("hang", "hoard elsewhere", "hang")
    ]
    for lane in lanes:
        lane.start()
    for lane in lanes:
        lane.join()
finally:
    print("cleaned up", flush=True)
    crew.close()
"""


@pytest.mark.parametrize("name", ["SIGKILL", "SIGINT"])
def test_nobody_outlives_us(name: str) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-P", "-c", textwrap.dedent(PARENT)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert parent.stdout is not None
    nursery = int(parent.stdout.readline())
    forked = until(lambda: _children(nursery), lambda found: len(found) == 3)
    started = until(lambda: [one for child in forked for one in _children(child)], lambda found: len(found) == 1)
    ends = [os.pidfd_open(one) for one in (nursery, *forked, *started)]
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


def _children(process: int) -> list[int]:
    return worker_process._started_by(process)


def descriptors(process: int) -> list[int]:
    return [len(list(Path(f"/proc/{process}/fd").iterdir()))]


def nursery_of(crew: WorkerPool) -> int:
    assert crew._nursery is not None
    assert crew._nursery._process is not None
    return crew._nursery._process.pid
