"""A real process is killed by the kernel at its nth fsync, link or rename: the next run converges in one pass.

Real store, real target, real files; training and scoring are fakes, so that a run takes a fraction of a second.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.effort import spread

RUN = """
import json, sys
from pathlib import Path
from reconciler import codec
from reconciler.adapters.filesystem.store import FilesStore
from reconciler.adapters.filesystem.target import DirectoryTarget
from reconciler.engine.apply import apply
from reconciler.engine.inspect import audit
from reconciler.engine.find_environment import environment_of
from reconciler.engine.plan.make_plan import make_plan
from reconciler.engine.dependencies import Dependencies
from reconciler.adapters.system import host
from tests.simulation import sample_project
from reconciler.testing.fake_compute import FakeData, FakeScorer, FakeTrainer, Silent
from reconciler.testing.memory_git import MemorySource

folder, environment, commits, seed, pin, pinned = Path(sys.argv[1]), *sys.argv[2:7]
source = MemorySource()
source.line = commits.split(",")
pinned_seed = int(pinned) if pinned else None
desired = sample_project.desired(source.line[-1], seed=int(seed), pin=pin or None, pinned_seed=pinned_seed)
scratch = folder / "scratch" / host.new_id()
scratch.mkdir(parents=True)
trainer = FakeTrainer()
deps = Dependencies(
    source=source,
    stores={name: FilesStore(folder / name) for name in ("sandbox", "production")},
    targets={"production": DirectoryTarget(folder / "serving", project="sample", environment="production")},
    data=FakeData(), trainer=trainer, scorer=FakeScorer(), clock=host.now, new_id=host.new_id,
    progress=Silent(), actor=lambda: "test", scratch=scratch, data_root=folder,
)
where = environment_of(desired, environment)
plan = make_plan(deps, desired, where)
done = apply.apply(deps, desired, where, plan, confirmed=True)
left = make_plan(deps, desired, where)
findings = audit.audit(deps, desired, ("sandbox", "production")).findings
print(json.dumps({
    "exit": codec.to_json(done.status),
    "problems": [one.problem for one in done.results], "trained": len(trainer.trained),
    "left": [step.action.value for part in left.models for step in part.steps], "findings": [str(f) for f in findings],
    "candidate": left.models[0].detail.candidate if left.models else None,
}))
"""
CALLS = ("fsync", "link,linkat", "rename,renameat,renameat2")


def command(folder: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-P", "-c", RUN, str(folder), *arguments]


def run(folder: Path, *arguments: str) -> dict[str, object]:
    ran = subprocess.run(command(folder, *arguments), capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    found: dict[str, object] = json.loads(ran.stdout)
    return found


def prepared(folder: Path, flow: str) -> tuple[str, ...]:
    """A folder just before a flow, and the arguments of the run that carries it out."""
    folder.mkdir()
    if flow == "first sandbox":
        return "sandbox", "c0", "10", "", ""
    pin = str(run(folder, "sandbox", "c0", "10", "", "")["candidate"])
    if flow == "first production":
        return "production", "c0,c1", "10", pin, "10"
    run(folder, "production", "c0,c1", "10", pin, "10")
    newer = str(run(folder, "sandbox", "c0,c1,c2", "20", pin, "10")["candidate"])
    if flow == "next production":
        return "production", "c0,c1,c2,c3", "20", newer, "20"
    run(folder, "production", "c0,c1,c2,c3", "20", newer, "20")
    assert flow == "rollback"
    return "production", "c0,c1,c2,c3,c4", "20", pin, "10"


def count_of(folder: Path, calls: str, arguments: tuple[str, ...], log: Path) -> int:
    subprocess.run(
        ["strace", "-f", "-qq", "-o", str(log), "-e", f"trace={calls}", *command(folder, *arguments)],
        check=True,
        capture_output=True,
    )
    names = "|".join(calls.split(","))
    return len(re.findall(rf"^\d+ +(?:{names})\(", log.read_text(), re.MULTILINE))


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
def test_a_process_killed_at_any_durable_call_leaves_what_the_next_run_heals(flow: str, tmp_path: Path) -> None:
    start = tmp_path / "start"
    arguments = prepared(start, flow)
    cases = 0
    for calls in CALLS:
        counted = tmp_path / f"counted-{calls}"
        shutil.copytree(start, counted)
        count = count_of(counted, calls, arguments, tmp_path / "log")
        for index in spread(range(1, count + 1), "KILL_STRIDE"):
            here = tmp_path / "here"
            shutil.copytree(start, here)
            inject = f"inject={calls}:signal=SIGKILL:when={index}"
            killed = subprocess.run(
                [
                    *("strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={calls}", "-e", inject),
                    *command(here, *arguments),
                ],
                capture_output=True,
                check=False,
            )
            assert killed.returncode != 0, (flow, calls, index)
            healed = run(here, *arguments)
            assert (healed["exit"], healed["left"], healed["findings"]) == (0, [], []), (flow, calls, index, healed)
            assert healed["trained"] in (0, 1), "at most one training is repeated"
            again = run(here, *arguments)
            assert again["trained"] == 0
            shutil.rmtree(here)
            cases += 1
    assert cases
    print(f"{flow}: {cases} kills")
