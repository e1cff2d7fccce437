"""The written workflows, job by job as a runner does it, against a forge: with this program from a wheel built here."""

from __future__ import annotations

import json
import os
import re
import shutil
import site
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.forge.clients import WRITES
from tests.forge.fake.server import Server
from tests.support import ci_steps
from tests.support.ci_steps import GitHubJobs
from tests.support.project import REPOSITORY, Project
from tests.support.team import Reviewed

pytestmark = [pytest.mark.soak(only=True)]  # some minutes of installing

LIBRARIES = ("duckdb", "numpy", "scikit-learn", "scipy", "skops")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This program as its build backend packs it."""
    source, into = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("dist")
    for name in ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE"):
        shutil.copy(REPOSITORY / name, source)
    shutil.copytree(REPOSITORY / "reconciler", source / "reconciler", ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(into)],
        cwd=source,
        check=True,
        capture_output=True,
    )
    (found,) = into.glob("*.whl")
    return found


def placed(project: Project, wheel: Path, forge: str, tmp: Path) -> None:
    """Commit a lock that can be installed here, and the workflow that `ci` writes for the wheel."""
    lock = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", (REPOSITORY / "requirements.lock").read_text(), re.MULTILINE))
    libraries = [*site.getsitepackages(), *(path for path in sys.path if path.endswith("site-packages"))]
    for name in LIBRARIES:
        ci_steps.write_wheel(tmp / "wheels", name, lock[name], paths=libraries if name == "numpy" else ())
    project.write("requirements.lock", "".join(f"{name}=={lock[name]}\n" for name in LIBRARIES))
    project.run("ci", "--forge", forge, "--install", str(wheel))
    project.commit("CI")


def machine(team: Reviewed, tmp: Path) -> dict[str, str]:
    """The environment of a runner: packages from a folder alone, nothing of these tests on the module path."""
    python = ci_steps.fake_python(tmp / "python", kept=tmp / "environment")
    (tmp / "temporary").mkdir()
    return {
        **team.project.environment,
        "PATH": f"{python}:{os.environ['PATH']}",
        "HOME": str(tmp),
        "TMPDIR": str(tmp / "temporary"),
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(tmp / "wheels"),
        "PIP_NO_DEPS": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }


def request(team: Reviewed, tmp: Path) -> tuple[int, Path, str]:
    """A promotion that is proposed: its number, and its head checked out elsewhere."""
    opened = team.open()
    number, branch = opened["opening"]["number"], opened["branch"]
    workspace = tmp / "request"
    subprocess.run(["git", "clone", "-q", "--branch", branch, str(team.project.root), str(workspace)], check=True)
    team.project.git("switch", "-q", "main")
    return number, workspace, str(team.server.place.tip(branch))


def test_github_from_a_request_to_production(trained: Project, wheel: Path, server: Server, tmp_path: Path) -> None:
    placed(trained, wheel, "github", tmp_path)
    team = Reviewed(trained, server, "github")
    workflow: Any = yaml.safe_load((trained.root / ".github/workflows/reconciler.yml").read_text())
    number, workspace, head = request(team, tmp_path)
    base = trained.git("rev-parse", "main")
    environment = machine(team, tmp_path) | {
        "GITHUB_ACTIONS": "true",
        "GITHUB_REPOSITORY": "town/models",
        "GITHUB_API_URL": f"{server.root}/api/v3",
        "GITHUB_SERVER_URL": server.root,
    }
    environment.pop("GITHUB_TOKEN")
    event = tmp_path / "event.json"
    event.write_text(
        json.dumps({"pull_request": {"number": number, "head": {"sha": head, "repo": {"full_name": "town/models"}}}})
    )
    jobs = GitHubJobs(
        workflow=workflow,
        environment=environment | {"GITHUB_EVENT_PATH": str(event)},
        temporary=tmp_path / "temporary",
        values={"github.event.pull_request.base.sha": base},
        token=WRITES,
    )
    jobs.run("plan", workspace)
    (folder,) = (tmp_path / "temporary").glob("plan-*")
    assert {path.stem for path in (folder / "plans").iterdir()} == {"production", "sandbox"}
    installed = folder / "reconciler/bin/python"
    where = [str(installed), "-I", "-c", "import reconciler; print(reconciler.__file__)"]
    found = subprocess.run(where, check=True, capture_output=True, text=True).stdout
    assert found.startswith(str(folder)), "the wheel's, not that of these tests"
    ci_steps.keep_installed(folder / "reconciler", tmp_path / "environment")
    assert team.bodies(number) == []
    jobs.run("comment", workspace)
    assert len(team.bodies(number)) == 2
    assert set(team.statuses(head)) == {"reconciler/plan/production", "reconciler/plan/sandbox"}

    team.merge(number)
    tables = tmp_path / "tables"
    tables.mkdir()
    (trained.root / "data").rename(tables / "data")
    merged = GitHubJobs(
        workflow=workflow,
        environment=environment,
        temporary=tmp_path / "temporary",
        values={"github.sha": trained.git("rev-parse", "HEAD"), "vars.RECONCILER_DATA_ROOT": str(tables)},
        token=WRITES,
    )
    names = json.loads(merged.run("environments", trained.root)["list.names"])
    assert (names["apply"], names["onMerge"]) == (["sandbox"], ["production"])
    merged.run("train", trained.root, matrix_environment="sandbox")
    merged.run("deploy", trained.root, matrix_environment="production")
    assert trained.model_status("production")["health"] == "HEALTHY"
    assert "Applied" in "".join(team.bodies(number))
    merged.run("propose", trained.root, matrix_environment="production")  # nothing new was trained
    merged.run("monitor", trained.root, matrix_environment="production")
    merged.run("drift", trained.root)
    assert set(server.place.pulls) == {number}


def test_gitlab_from_a_request_to_production(trained: Project, wheel: Path, server: Server, tmp_path: Path) -> None:
    placed(trained, wheel, "gitlab", tmp_path)
    team = Reviewed(trained, server, "gitlab")
    document: Any = yaml.safe_load((trained.root / ".gitlab-ci.yml").read_text())
    number, workspace, head = request(team, tmp_path)
    environment = machine(team, tmp_path) | {
        "GITLAB_CI": "true",
        "CI_PROJECT_PATH": "town/models",
        "CI_PROJECT_ID": "1",
        "CI_API_V4_URL": f"{server.root}/api/v4",
        "CI_REPOSITORY_URL": f"file://{trained.root}",
    }
    asked = {
        "CI_MERGE_REQUEST_IID": str(number),
        "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "1",
        "CI_COMMIT_SHA": head,
    }

    def job(name: str, folder: Path, **more: str) -> None:
        ran = ci_steps.run_script(
            ci_steps.gitlab_script(document, name),
            folder=folder,
            environment={**environment, "CI_PROJECT_DIR": str(folder), **more},
        )
        assert ran.returncode == 0, f"{name}: {ran.stdout}{ran.stderr}"
        beside = folder.with_name(f"{folder.name}.tmp")
        assert list(beside.iterdir()) == []

    job("plan", workspace, **asked)
    assert {path.stem for path in (workspace / "reconciler-plans").iterdir()} == {"production", "sandbox"}
    job("comment", workspace, **asked)
    assert len(team.bodies(number)) == 2

    team.merge(number)
    tables = tmp_path / "tables"
    tables.mkdir()
    (trained.root / "data").rename(tables / "data")
    pushed = {"CI_COMMIT_SHA": trained.git("rev-parse", "HEAD"), "RECONCILER_DATA_ROOT": str(tables)}
    for name in ("train", "deploy", "propose", "monitor", "drift"):
        job(name, trained.root, **pushed)
    assert trained.model_status("production")["health"] == "HEALTHY"
    assert "Applied" in "".join(team.bodies(number))
