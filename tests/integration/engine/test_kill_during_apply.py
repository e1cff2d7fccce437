"""A real process is killed by the kernel at its nth fsync, link or rename: the next run converges in one pass.

Real store, real target, real files; training and scoring are fakes, so that a run takes a fraction of a second.
"""

from __future__ import annotations

import re
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.engine.apply_with_fakes import apply_once
from tests.support.effort import spread
from tests.support.traced import Traced

CALLS = ("fsync", "link,linkat", "rename,renameat,renameat2")


def prepared(folder: Path, flow: str) -> tuple[str, ...]:
    """A folder just before a flow, and the arguments of the run that carries it out."""
    folder.mkdir()
    if flow == "first sandbox":
        return "sandbox", "c0", "10", "", ""
    pin = str(apply_once(str(folder), "sandbox", "c0", "10", "", "")["candidate"])
    if flow == "first production":
        return "production", "c0,c1", "10", pin, "10"
    apply_once(str(folder), "production", "c0,c1", "10", pin, "10")
    newer = str(apply_once(str(folder), "sandbox", "c0,c1,c2", "20", pin, "10")["candidate"])
    if flow == "next production":
        return "production", "c0,c1,c2,c3", "20", newer, "20"
    apply_once(str(folder), "production", "c0,c1,c2,c3", "20", newer, "20")
    assert flow == "rollback"
    return "production", "c0,c1,c2,c3,c4", "20", pin, "10"


@pytest.fixture(scope="module")
def traced() -> Iterator[Traced]:
    with Traced("tests.integration.engine.apply_with_fakes") as traced:
        yield traced


def counts_of(traced: Traced, folder: Path, arguments: tuple[str, ...], log: Path) -> dict[str, int]:
    """Return how often a whole run makes each kind of call."""
    options = ("-e", f"trace={','.join(CALLS)}")
    assert traced.run("apply_once", str(folder), *arguments, log=log, options=options)[0] == 0
    text = log.read_text()
    return {calls: len(re.findall(rf"^\d+ +(?:{calls.replace(',', '|')})\(", text, re.MULTILINE)) for calls in CALLS}


@pytest.mark.soak
@pytest.mark.needs("strace")
@pytest.mark.parametrize(
    "flow",
    [
        pytest.param("first sandbox", marks=pytest.mark.soak(only=True)),
        "first production",
        "next production",
        pytest.param("rollback", marks=pytest.mark.soak(only=True)),
    ],
)
def test_a_process_killed_at_any_durable_call_leaves_what_the_next_run_heals(
    flow: str, traced: Traced, tmp_path: Path
) -> None:
    start = tmp_path / "start"
    arguments = prepared(start, flow)
    cases = 0
    shutil.copytree(start, tmp_path / "counted")
    for calls, count in counts_of(traced, tmp_path / "counted", arguments, tmp_path / "log").items():
        for index in spread(range(1, count + 1), "KILL_STRIDE"):
            here = tmp_path / "here"
            shutil.copytree(start, here)
            options = ("-e", f"trace={calls}", "-e", f"inject={calls}:signal=SIGKILL:when={index}")
            code, _ = traced.run("apply_once", str(here), *arguments, log=tmp_path / "log", options=options)
            assert code == -signal.SIGKILL, (flow, calls, index)
            healed = apply_once(str(here), *arguments)
            assert (healed["exit"], healed["left"], healed["findings"]) == (0, [], []), (flow, calls, index, healed)
            assert healed["trained"] in (0, 1), "at most one training is repeated"
            again = apply_once(str(here), *arguments)
            assert again["trained"] == 0
            shutil.rmtree(here)
            cases += 1
    assert cases
    print(f"{flow}: {cases} kills")
