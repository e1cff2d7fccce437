"""A worker breaks a cap, crashes, breaks the protocol or loses its parent: a typed error, and no process is left."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.adapters.executors.worker_process import WorkerProcess
from reconciler.core.spec.environment import Limits
from reconciler.errors import DataError, TrainingError
from reconciler.testing import misbehaving_worker

ROOMY = Limits(seconds=60, memory=2 * 1024**3)


@pytest.fixture
def worker() -> Iterator[WorkerProcess]:
    one = WorkerProcess("reconciler.testing.misbehaving_worker", failure=TrainingError)
    yield one
    one.close()


def pid_of(worker: WorkerProcess) -> int:
    assert worker._process is not None
    return worker._process.pid


def test_one_worker_serves_several_requests_and_goes_on_after_a_refusal(worker: WorkerProcess) -> None:
    assert worker.call("echo", "é", str, ROOMY) == "é"
    first = pid_of(worker)
    with pytest.raises(DataError) as refused:
        worker.call("refuse", "no such table", str, ROOMY)
    assert str(refused.value) == "t.csv:2: E401 no such table"
    assert refused.value.hint == "try another"
    assert worker.call("echo", "again", str, ROOMY) == "again"
    assert pid_of(worker) == first


def test_an_interrupt_of_the_terminal_reaches_only_us(worker: WorkerProcess) -> None:
    worker.start()
    assert os.getpgid(pid_of(worker)) == pid_of(worker) != os.getpgid(0)


def test_a_request_larger_than_any_pipe_arrives(worker: WorkerProcess) -> None:
    text = "x" * 5_000_000
    assert worker.call("echo", text, str, ROOMY) == text


def test_no_credential_and_no_folder_of_the_caller_reaches_the_worker(
    worker: WorkerProcess, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "reconciler").mkdir()
    (tmp_path / "reconciler" / "__init__.py").write_text("raise SystemExit('shadowed')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CLOUD_SECRET_KEY", "canary7731")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    *names, path = worker.call("environment", "", tuple[str, ...], ROOMY)
    assert "CLOUD_SECRET_KEY" not in names
    assert "PYTHONPATH" not in names
    assert path not in ("path: ", f"path: {tmp_path}")


def test_the_time_cap_ends_the_worker_and_says_so(worker: WorkerProcess) -> None:
    worker.call("echo", "", str, ROOMY)
    ended = os.pidfd_open(pid_of(worker))
    with pytest.raises(
        TrainingError, match=r"^the misbehaving_worker worker process ran out of time \(limit 1 s\)$"
    ) as refused:
        worker.call("hang", "", str, Limits(seconds=1, memory=ROOMY.memory))
    assert "limits.time" in (refused.value.hint or "")
    assert select.select([ended], [], [], 10)[0], "the worker is still there"
    os.close(ended)
    assert worker.call("echo", "next", str, ROOMY) == "next"


def test_the_memory_cap_ends_the_worker_and_says_so(worker: WorkerProcess) -> None:
    with pytest.raises(TrainingError, match=r"used [\d,]+ MiB of memory \(limit 150 MiB\)") as refused:
        worker.call("hoard", "", str, Limits(seconds=60, memory=150 * 1024**2))
    assert "limits.memory" in (refused.value.hint or "")


@pytest.mark.parametrize("name", ["SIGSEGV", "SIGABRT", "SIGKILL"])
def test_a_worker_that_is_killed_is_told_by_its_signal(worker: WorkerProcess, name: str) -> None:
    with pytest.raises(TrainingError, match=f"was ended by {name}"):
        worker.call("die", str(int(signal.Signals[name])), str, ROOMY)


def test_a_worker_that_the_kernel_ended_or_that_got_no_memory_says_what_to_do(worker: WorkerProcess) -> None:
    for operation, given, said in (
        ("die", str(int(signal.SIGKILL)), "ended by SIGKILL"),
        ("grab", "", "out of memory"),
    ):
        with pytest.raises(TrainingError, match=said) as told:
            worker.call(operation, given, str, ROOMY)
        assert "too little free memory" in (told.value.hint or "")
        assert "--jobs 1" in (told.value.hint or "")
        assert "report" not in (told.value.hint or "")


def test_a_worker_that_just_leaves_is_our_bug(worker: WorkerProcess) -> None:
    with pytest.raises(TrainingError, match="ended with exit code 3"):
        worker.call("leave", "3", str, ROOMY)


def test_a_bug_in_the_worker_crosses_without_its_text(worker: WorkerProcess) -> None:
    with pytest.raises(TrainingError) as refused:
        worker.call("break", "canary7731", str, ROOMY)
    assert "ZeroDivisionError" in str(refused.value)
    assert "canary7731" not in str(refused.value)


@pytest.mark.parametrize(
    "line",
    [
        *("nonsense\n", "[]\n", "7\n", "{}\n", "[" * 100_000 + "\n"),
        *('{"ok": {"a": 1}}\n', '{"ok": "a"}\n{"ok": "b"}\n'),
        *('{"error": 7}\n', '{"error": {}}\n', '{"error": {"kind": "DataError"}}\n'),
        *('{"error": {"kind": "InvalidManifestsError", "message": "x"}}\n', '{"error": {"kind": "Exception"}}\n'),
    ],
    ids=range(12),
)
def test_an_answer_that_is_none_is_a_typed_error(worker: WorkerProcess, line: str) -> None:
    with pytest.raises((TrainingError, DataError)):
        worker.call("say", line, str, ROOMY)


def test_what_a_library_prints_is_never_taken_for_an_answer_nor_shown(worker: WorkerProcess) -> None:
    assert worker.call("chatter", "canary7731", str, ROOMY) == "canary7731"
    with pytest.raises(TrainingError) as refused:
        worker.call("die", str(int(signal.SIGABRT)), str, ROOMY)
    assert "canary7731" not in str(refused.value)
    assert len(worker.error_tail) <= 4096


def test_a_worker_of_a_module_that_does_not_exist_is_a_typed_error() -> None:
    with pytest.raises(TrainingError, match="ended with exit code 1"):
        WorkerProcess("reconciler.testing.no_such_module", failure=TrainingError).call("echo", "", str, ROOMY)


PARENT = """
from reconciler.adapters.executors.worker_process import WorkerProcess
from reconciler.core.spec.environment import Limits
from reconciler.errors import TrainingError
worker = WorkerProcess("reconciler.testing.misbehaving_worker", failure=TrainingError)
limits = Limits(seconds=600, memory=2 * 1024**3)
worker.call("echo", "", str, limits)
try:
    print(worker._process.pid, flush=True)
    worker.call("hang", "", str, limits)
finally:
    print("cleaned up", flush=True)
"""


@pytest.mark.parametrize("name", ["SIGKILL", "SIGINT"])
def test_the_worker_dies_with_its_parent(name: str) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-P", "-c", textwrap.dedent(PARENT)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert parent.stdout is not None
    worker = os.pidfd_open(int(parent.stdout.readline()))
    parent.send_signal(signal.Signals[name])
    assert select.select([worker], [], [], 30)[0], "the worker outlives its parent"
    rest, _ = parent.communicate(timeout=30)
    assert (b"cleaned up" in rest) == (name == "SIGINT")
    os.close(worker)


def test_the_misbehaving_worker_hoards_more_than_the_cap_of_these_tests() -> None:
    assert misbehaving_worker.HOARD > 150 * 1024**2
