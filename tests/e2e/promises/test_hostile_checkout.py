"""The steps of the written workflows, run for real where the request brings what a careless job would run."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler import __version__
from reconciler.core.forge.detection import ForgeKind
from reconciler.manifest.scaffold import ci_templates
from reconciler.manifest.scaffold.ci_templates import CIPlacement
from tests.forge.fake.server import Server
from tests.support import ci_steps, hostile_checkout
from tests.support.once import copy
from tests.support.project import REPOSITORY, Project
from tests.support.team import Reviewed

PINNED = re.compile(r"^([a-z0-9-]+)==(\S+)", re.MULTILINE)


@dataclass(frozen=True)
class Runner:
    """A machine that runs the jobs of one request. `workspace`: the request's checkout, with what it planted."""

    workspace: Path
    temporary: Path
    canaries: Path
    base: str
    environment: dict[str, str]

    def ran(self) -> list[str]:
        return sorted(path.name for path in self.canaries.iterdir())


def workflow(host: ForgeKind) -> Any:
    (text,) = ci_templates.files(host, CIPlacement(branch="main", folder="", python="3.11")).values()
    return yaml.safe_load(text)


def locked(project: Project, wheels: Path) -> None:
    """Commit a lock that can be installed from `wheels`, where this program is what these tests run."""
    lock = dict(PINNED.findall((REPOSITORY / "requirements.lock").read_text()))
    for name, version in lock.items():
        ci_steps.write_wheel(wheels, name, version)
    here = [str(REPOSITORY), *ci_steps.libraries()]
    ci_steps.write_wheel(wheels, "model-reconciler", __version__, paths=here)
    lines = [f"{name}=={version}" for name, version in lock.items()]
    project.write("requirements.lock", "\n".join([*lines, f"model-reconciler=={__version__}"]) + "\n")
    project.commit("A lock for CI")


def requested(project: Project, branch: str, tmp: Path) -> Runner:
    """Plant everything in a request on `branch`, and check it out as a runner does."""
    canaries = tmp / "canaries"
    base = project.git("rev-parse", "main")
    project.git("switch", "-q", branch)
    hostile_checkout.plant(project.root, canaries)
    project.git("add", "-A")
    project.git("commit", "-q", "-m", "Nothing to see here")
    workspace = copy(project.root, tmp / "workspace" / "project")
    project.git("switch", "-q", "main")
    for name, value in hostile_checkout.settings_of_git(canaries).items():
        subprocess.run(["git", "config", name, value], cwd=workspace, check=True)
    (tmp / "temporary").mkdir()
    (tmp / "home").mkdir()
    python = ci_steps.fake_python(tmp / "python", kept=tmp.parent / "environment")
    environment = {
        **project.environment,
        # An empty part of a search path means the current folder; PYTHONPATH as a job's file of variables could set it.
        "PATH": f":{python}:{os.environ['PATH']}",
        "PYTHONPATH": ".",
        "HOME": str(tmp / "home"),
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(tmp / "wheels"),
        "PIP_NO_DEPS": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    return Runner(
        workspace=workspace, temporary=tmp / "temporary", canaries=canaries, base=base, environment=environment
    )


@pytest.fixture
def team(trained: Project, server: Server, tmp_path: Path) -> Reviewed:
    locked(trained, tmp_path / "wheels")
    return Reviewed(trained, server, "github")


def test_what_is_planted_is_run_by_a_job_that_is_not_isolated(trained: Project, tmp_path: Path) -> None:
    """Otherwise the tests below would show nothing."""
    trained.git("branch", "request")
    runner = requested(trained, "request", tmp_path)
    careless = f"""set +e
        python --version
        for module in "pip --version" "venv x" "reconciler validate"; do {sys.executable} -m $module; done
        {sys.executable} -c "import sysconfig, numpy"
        make; git status; ps
        true"""
    ci_steps.run_script(careless, folder=runner.workspace, environment=runner.environment)
    ran = runner.ran()
    for expected in ("module pip", "module venv", "module reconciler", "module numpy", "file sysconfig", "Makefile"):
        assert expected in ran
    assert {"file sitecustomize", "program git", "program ps", "program python"} <= set(ran)


@pytest.mark.soak(only=True)  # those of the action are run in `make test`
@pytest.mark.parametrize("job", ["plan", "comment"])
def test_no_step_of_github_runs_anything_that_the_request_brings(
    team: Reviewed, server: Server, tmp_path: Path, job: str
) -> None:
    found = team.open()
    number, branch = found["opening"]["number"], found["branch"]
    runner = requested(team.project, branch, tmp_path)
    team.project.git("-c", team.header, "push", "-q", "origin", branch)
    head = server.place.tip(branch)
    event = tmp_path / "event.json"
    place = {"sha": head, "repo": {"full_name": "town/models"}}
    event.write_text(json.dumps({"pull_request": {"number": number, "head": place}}))
    environment = runner.environment | {
        "GITHUB_ACTIONS": "true",
        "GITHUB_REPOSITORY": "town/models",
        "GITHUB_API_URL": f"{server.root}/api/v3",
        "GITHUB_SERVER_URL": server.root,
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_WORKSPACE": str(runner.workspace),
        "GITHUB_SHA": str(head),
        "GITHUB_OUTPUT": str(tmp_path / "outputs"),
        "RUNNER_TEMP": str(runner.temporary),
    }
    token = environment.pop("GITHUB_TOKEN")
    values = {"runner.temp": str(runner.temporary), "github.event.pull_request.base.sha": runner.base}
    values["github.token"] = token
    # The plan of a job without rights says what its author wants; nobody takes it.
    forged = runner.temporary / "plans/production.json"
    forged.parent.mkdir()
    forged.write_text('{"forged": true}')
    for step in workflow(ForgeKind.GITHUB)["jobs"][job]["steps"]:
        if "run" in step:
            ran = ci_steps.run_github_step(step, workspace=runner.workspace, values=values, environment=environment)
            assert ran.returncode == 0, f"{step['name']}: {ran.stdout}{ran.stderr}"
    assert runner.ran() == []
    bodies = team.bodies(number)
    if job == "plan":
        assert bodies == []
        assert json.loads(forged.read_text())["reviewed"]["commit"] == head
    else:
        assert len(bodies) == 2
        assert "deploy" in "".join(bodies)
        assert set(team.statuses(str(head))) == {"reconciler/plan/production", "reconciler/plan/sandbox"}


@pytest.mark.soak(only=True)
@pytest.mark.parametrize("job", ["plan", "comment"])
def test_no_step_of_gitlab_runs_anything_that_the_request_brings(trained: Project, tmp_path: Path, job: str) -> None:
    locked(trained, tmp_path / "wheels")
    branch = trained.run("promote", "lateness", "--to", "production", "-o", "json").json["branch"]
    runner = requested(trained, branch, tmp_path)
    outside = tmp_path / "outside"
    outside.mkdir()
    planned = runner.workspace / "reconciler-plans"
    planned.symlink_to(outside)
    environment = runner.environment | {
        "RECONCILER_FORGE": "none",
        "CI_PROJECT_DIR": str(runner.workspace),
        "CI_REPOSITORY_URL": f"file://{trained.root}",
        "TMPDIR": str(runner.temporary),
    }
    ran = ci_steps.run_script(
        ci_steps.gitlab_script(workflow(ForgeKind.GITLAB), job), folder=runner.workspace, environment=environment
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert runner.ran() == []
    assert list(outside.iterdir()) == [], "nothing is written through a link that a request brought"
    beside = runner.workspace.with_name(f"{runner.workspace.name}.tmp")
    assert list(beside.iterdir()) == list(runner.temporary.iterdir()) == [], "nothing is left, or lay where jobs share"
    if job == "plan":
        assert json.loads((planned / "production.json").read_text())["environment"] == "production"
        assert json.loads((planned / "sandbox.json").read_text())["environment"] == "sandbox"


def test_the_action_runs_nothing_that_the_request_brings(trained: Project, tmp_path: Path) -> None:
    trained.git("branch", "request")
    runner = requested(trained, "request", tmp_path)
    wheels, source = tmp_path / "wheels", tmp_path / "action"
    source.mkdir()
    here = [str(REPOSITORY), *ci_steps.libraries()]
    ci_steps.write_wheel(wheels, "everything", "1", paths=here)
    digest = (
        subprocess.run(
            [sys.executable, "-m", "pip", "hash", *map(str, wheels.iterdir())],
            check=True,
            capture_output=True,
            text=True,
        )
        .stdout.split("--hash=")[1]
        .strip()
    )
    (source / "requirements-action.lock").write_text(f"everything==1 --hash={digest}\n")
    (source / "reconciler").symlink_to(REPOSITORY / "reconciler")
    environment = runner.environment | {"RUNNER_TEMP": str(runner.temporary), "GITHUB_OUTPUT": str(tmp_path / "out")}
    values = {"github.action_path": str(source), "inputs.command": "validate --revision HEAD"}
    values |= {"inputs.folder": ".", "inputs.token": ""}
    for step in yaml.safe_load((REPOSITORY / "action.yml").read_text())["runs"]["steps"]:
        ran = ci_steps.run_github_step(step, workspace=runner.workspace, values=values, environment=environment)
        assert ran.returncode == 0, f"{step['name']}: {ran.stdout}{ran.stderr}"
    assert runner.ran() == []
