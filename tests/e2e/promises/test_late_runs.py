"""A run that is stopped between its commit point and the swap, and a target that is wiped a month later."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess

import pytest

from tests.support.project import Project
from tests.support.warm_start import warm_workers

# A real process with the real adapters, but a target that stops its own process before it places anything.
STOPPED = """
import dataclasses, os, signal, sys
sys.executable = sys.argv[1]
from reconciler.app import locations, wiring
from reconciler.app.project_options import ProjectOptions
from reconciler.cli.exit_codes import exit_code
from reconciler.engine.apply import apply
from reconciler.engine.plan.make_plan import make_plan

class Stopping:
    def __init__(self, target):
        self.observe, self.release, self._place = target.observe, target.release, target.place
    def place(self, current, files):
        os.kill(os.getpid(), signal.SIGSTOP)
        self._place(current, files)

os.chdir(sys.argv[2])
with wiring.open_project(ProjectOptions(root=locations.project(), revision=sys.argv[3])) as opened:
    where = opened.environment("production")
    deps = dataclasses.replace(opened.deps, targets={"production": Stopping(opened.deps.targets["production"])})
    plan = make_plan(deps, opened.desired, where)
    done = apply.apply(deps, opened.desired, where, plan, confirmed=True)
    print([one.problem for one in done.results])
    sys.exit(exit_code(done.status))
"""

LATER = """
import dataclasses, os, sys
sys.executable = sys.argv[1]
from datetime import datetime, timedelta, UTC
from reconciler.app import locations, wiring
from reconciler.app.project_options import ProjectOptions
from reconciler.cli.exit_codes import exit_code
from reconciler.engine.apply import apply
from reconciler.engine.plan.make_plan import make_plan

os.chdir(sys.argv[2])
with wiring.open_project(ProjectOptions(root=locations.project())) as opened:
    where = opened.environment("production")
    later = datetime.now(UTC).replace(microsecond=0) + timedelta(days=31)
    deps = dataclasses.replace(opened.deps, clock=lambda: later)
    plan = make_plan(deps, opened.desired, where)
    done = apply.apply(deps, opened.desired, where, plan, confirmed=True)
    print([step.action.value for part in plan.models for step in part.steps])
    sys.exit(exit_code(done.status))
"""


def test_a_run_stopped_between_journal_and_swap_cannot_undo_the_newer_one(newer: Project) -> None:
    second = newer.promote()
    older = newer.git("rev-parse", "HEAD")
    stopped = subprocess.Popen(
        [newer.python, "-P", "-c", STOPPED, warm_workers(), str(newer.root), older],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=newer.environment,
    )
    assert os.WIFSTOPPED(os.waitpid(stopped.pid, os.WUNTRACED)[1])
    written = newer.run("history", "--env", "production", "-o", "json").json["events"]
    assert [event["n"] for event in written] == [1, 0]
    assert written[0]["artifact"] == second

    newer.recipe("max_depth: 5", "max_depth: 6")
    newer.run("apply", "sandbox", "--yes")
    third = newer.promote()
    newer.run("apply", "production", "--yes")
    assert newer.served()["artifact"] == third

    os.kill(stopped.pid, signal.SIGCONT)
    out, err = stopped.communicate(timeout=120)
    assert stopped.returncode == 5, (out, err)
    assert newer.served()["artifact"] == third
    newer.run("audit", "production")
    events = newer.run("history", "--env", "production", "-o", "json").json["events"]
    assert [event["n"] for event in events] == list(range(len(events)))[::-1]


@pytest.mark.soak(only=True)
def test_a_target_wiped_a_month_later_is_restored_though_the_data_is_old_by_then(deployed: Project) -> None:
    before = deployed.served()["artifact"]
    shutil.rmtree(deployed.root / "serving")
    ran = subprocess.run(
        [deployed.python, "-P", "-c", LATER, warm_workers(), str(deployed.root)],
        capture_output=True,
        text=True,
        env=deployed.environment,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert "restore" in ran.stdout
    assert deployed.served()["artifact"] == before
