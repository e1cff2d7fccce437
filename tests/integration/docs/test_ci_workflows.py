"""The workflows that `init` writes, this repository's own, and its action: linted, and held to what they promise."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.core.forge.detection import ForgeKind
from reconciler.core.forge.project_place import at_place
from reconciler.manifest.scaffold import ci_templates
from reconciler.manifest.scaffold.ci_templates import CIPlacement
from tests.conftest import ACTIONLINT, REPOSITORY

OWN = sorted((REPOSITORY / ".github/workflows").glob("*.yml"))
ACTION = REPOSITORY / "action.yml"
WHERES = [
    CIPlacement(branch="main", folder="", python="3.11"),
    CIPlacement(branch="release/1.x", folder="teams/credit", python="3.12"),
]


def made(host: ForgeKind, where: CIPlacement) -> str:
    (text,) = ci_templates.files(host, where).values()
    return text


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A repository with every workflow that we ship or write, and the action."""
    folder = tmp_path / "repository/.github/workflows"
    folder.mkdir(parents=True)
    for path in OWN:
        shutil.copy(path, folder)
    for where in WHERES:
        for name, text in ci_templates.files(ForgeKind.GITHUB, where).items():
            (folder.parents[1] / name).write_text(text)
    shutil.copy(ACTION, folder.parents[1])
    return folder.parents[1]


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(ACTIONLINT), f"{folder}/.github/workflows/*.yml"], capture_output=True, text=True, check=False
    )


def zizmor(folder: Path) -> list[dict[str, Any]]:
    program = Path(sys.executable).with_name("zizmor")
    ran = subprocess.run(
        [program, "--offline", "--persona", "pedantic", "--format", "json", folder],
        capture_output=True,
        text=True,
        check=False,
    )
    found: list[dict[str, Any]] = json.loads(ran.stdout)
    return found


@pytest.mark.needs("actionlint")
def test_actionlint_finds_nothing_and_finds_what_is_wrong(written: Path) -> None:
    ran = lint(written)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    path = written / ".github/workflows/reconciler.yml"
    path.write_text(path.read_text().replace("matrix.environment", "matrix.enviroment", 1))
    assert lint(written).returncode != 0


@pytest.mark.needs("zizmor")
def test_zizmor_finds_nothing_and_finds_what_is_wrong(written: Path) -> None:
    assert zizmor(written) == []
    path = written / ".github/workflows/reconciler.yml"
    path.write_text(path.read_text().replace('"$ENVIRONMENT" --comment', '"${{ github.head_ref }}" --comment'))
    assert {one["ident"] for one in zizmor(written)} == {"template-injection"}


# --- what they promise ---------------------------------------------------------------------------------------------


def jobs(where: CIPlacement = WHERES[0]) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(made(ForgeKind.GITHUB, where))["jobs"]
    return found


def steps(job: dict[str, Any], uses: str) -> Iterator[dict[str, Any]]:
    return (step for step in job["steps"] if step.get("uses", "").startswith(uses))


def test_a_request_is_planned_without_a_right_a_secret_or_its_own_code() -> None:
    text = made(ForgeKind.GITHUB, WHERES[0])
    for no in ("pull_request_target", "workflow_run", "id-token", "secrets."):
        assert no not in text
    assert yaml.safe_load(text)["permissions"] == {}
    plan = jobs()["plan"]
    assert plan["permissions"] == {"contents": "read"}
    assert plan["runs-on"] == "ubuntu-latest"
    assert "token" not in json.dumps(plan).lower()
    for name in ("plan", "comment"):
        install = next(step for step in jobs()[name]["steps"] if step["name"] == "Install")
        assert 'cat-file blob "$BASE:requirements.lock"' in install["run"]
        assert install["env"]["BASE"] == "${{ github.event.pull_request.base.sha }}"


def test_who_may_comment_plans_itself_and_takes_nothing_of_another_job() -> None:
    comment = jobs()["comment"]
    assert comment["permissions"] == {"contents": "read", "pull-requests": "write", "statuses": "write"}
    assert "github.event.pull_request.head.repo.full_name == github.repository" in comment["if"]
    assert "needs" not in comment
    assert "download-artifact" not in made(ForgeKind.GITHUB, WHERES[0])
    assert [step["name"] for step in comment["steps"] if "GITHUB_TOKEN" in step.get("env", {})] == ["Plan and comment"]
    for host in (ForgeKind.GITHUB, ForgeKind.GITLAB):
        assert "--read" not in made(host, WHERES[0])


@pytest.mark.parametrize("where", WHERES, ids=lambda one: one.folder or "root")
def test_python_never_starts_in_a_checkout_and_is_always_isolated(where: CIPlacement) -> None:
    """What such a start would run is shown in tests/e2e/promises/test_hostile_checkout.py."""
    for job in jobs(where).values():
        for step in job["steps"]:
            assert not step.get("uses", "").startswith("./"), "an action of the checkout"
            if "run" in step:
                assert step["working-directory"] == "${{ runner.temp }}"
    scripts = [step["run"] for step in yaml.safe_load(ACTION.read_text())["runs"]["steps"]]
    assert len(re.findall(r"python3?\"? ", "\n".join(scripts))) >= 5
    for script in (made(ForgeKind.GITHUB, where), made(ForgeKind.GITLAB, where), *scripts):
        for options in re.findall(r"(?:(?<![\w/-])|/bin/)python3?\"? +(\S+)", script):
            assert options == "-I"
        assert not re.search(r"^ *(-|run:)? *(pip|reconciler) ", script, re.MULTILINE)
    for name in (".requests", ".deploys"):
        script = yaml.safe_load(made(ForgeKind.GITLAB, where))[at_place(name, where.place)]["before_script"]
        assert script[:3] == ['work="$(mktemp -d)"', "trap 'rm -rf -- \"$work\"' EXIT", 'cd "$work"']


def test_what_deploys_is_never_cancelled_never_cleans_and_has_one_run_per_environment() -> None:
    for name, command in (("train", "apply sandbox --yes"), ("deploy", "apply production --on-merge")):
        job = jobs()[name]
        assert job["concurrency"]["cancel-in-progress"] is False
        assert command in job["steps"][-1]["run"]
        (checkout,) = steps(job, "actions/checkout")
        assert checkout["with"]["clean"] is False
    groups = [job["concurrency"]["group"] for job in jobs().values() if "concurrency" in job]
    assert len(groups) == len(set(groups)) == 3


def test_only_the_drift_check_may_write_issues_and_it_runs_at_night() -> None:
    assert "schedule" in yaml.safe_load(made(ForgeKind.GITHUB, WHERES[0]))[True]
    assert [name for name, job in jobs().items() if "issues" in job["permissions"]] == ["drift"]
    assert "drift --issue" in jobs()["drift"]["steps"][-1]["run"]


@pytest.mark.parametrize("where", WHERES, ids=lambda one: one.folder or "root")
def test_every_action_is_pinned_every_job_ends_and_every_checkout_is_whole(where: CIPlacement) -> None:
    for job in [*jobs(where).values(), *yaml.safe_load(OWN[0].read_text())["jobs"].values()]:
        assert job["timeout-minutes"] <= 360
        assert "permissions" in job
        for step in job["steps"]:
            assert "uses" not in step or re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", step["uses"])
        for checkout in steps(job, "actions/checkout"):
            assert checkout["with"]["fetch-depth"] == 0
            assert checkout["with"]["persist-credentials"] is False


def test_a_push_that_deploys_is_never_cancelled_by_the_next() -> None:
    """The workflow's own group would be shared by all pushes without the run's number."""
    group = yaml.safe_load(made(ForgeKind.GITHUB, WHERES[0]))["concurrency"]["group"]
    assert "github.run_id" in group


@pytest.mark.parametrize("where", WHERES, ids=lambda one: one.folder or "root")
@pytest.mark.parametrize("host", [ForgeKind.GITHUB, ForgeKind.GITLAB])
def test_every_script_is_whole_bash(host: ForgeKind, where: CIPlacement) -> None:
    document = yaml.safe_load(made(host, where))
    if host is ForgeKind.GITHUB:
        scripts = [step["run"] for job in document["jobs"].values() for step in job["steps"] if "run" in step]
    else:
        parts = [one for one in document.values() if isinstance(one, dict)]
        scripts = ["\n".join(one[name]) for one in parts for name in ("script", "before_script") if name in one]
    assert len(scripts) >= 6
    for script in scripts:
        assert "@" not in script.replace("$@", "")
        ran = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr


def test_gitlab_deploys_one_at_a_time_and_plans_requests_by_the_protected_branch() -> None:
    document = yaml.safe_load(made(ForgeKind.GITLAB, WHERES[1]))
    document = {name.removesuffix("@teams.credit"): part for name, part in document.items()}
    assert document["comment"]["needs"] == []
    into = '$CI_MERGE_REQUEST_TARGET_BRANCH_NAME == "release/1.x"'
    assert document["workflow"]["rules"][0]["if"].endswith(into), "a request into another branch has another lock"
    assert '"refs/heads/release/1.x"' in document[".requests"]["before_script"][3]
    assert document["deploy"]["resource_group"] == "reconciler-production/teams.credit"
    assert document["default"]["interruptible"] is False
    assert document[".deploys"]["variables"]["GIT_CLEAN_FLAGS"] == "none"
    assert document["plan"]["script"][0] == "unset GITLAB_TOKEN"
    assert document["comment"]["script"][-1].endswith('plan "$ENVIRONMENT" --comment')
    assert document["drift"]["script"][-1].endswith('-C "$CI_PROJECT_DIR/teams/credit" drift --issue')


def test_a_branch_or_folder_that_could_break_out_is_not_written() -> None:
    for odd in ("a b", 'a"b', "$(x)", "a`b", "-x", "ä", "a\nb", "${{ x }}"):
        assert not ci_templates.possible(CIPlacement(branch=odd, folder="", python="3.11"))
        assert not ci_templates.possible(CIPlacement(branch="main", folder=odd, python="3.11"))


# --- the action ----------------------------------------------------------------------------------------------------


def action_step(step: dict[str, Any], inputs: dict[str, str], runner: Path) -> subprocess.CompletedProcess[str]:
    """As a runner does it: expressions filled in, then bash with these options on a file."""
    values = {"github.action_path": str(REPOSITORY)} | {f"inputs.{name}": text for name, text in inputs.items()}

    def fill(text: str) -> str:
        return re.sub(r"\$\{\{ *([a-z._]+) *\}\}", lambda found: values[found[1]], text)

    script = runner / "step.sh"
    script.write_text(step["run"])
    assert "${{" not in step["run"], "an expression in a script could be anybody's text"
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(script)],
        cwd=runner / "work",
        env={**os.environ, "RUNNER_TEMP": str(runner), **{name: fill(text) for name, text in step["env"].items()}},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.soak(only=True)
@pytest.mark.needs("registry")
def test_the_actions_steps_run_as_they_stand(tmp_path: Path) -> None:
    document = yaml.safe_load(ACTION.read_text())
    defaults = {name: one.get("default", "") for name, one in document["inputs"].items()}
    install, run = document["runs"]["steps"]
    (tmp_path / "work").mkdir()
    ran = action_step(install, defaults, tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert action_step(install, defaults, tmp_path).returncode == 0, "a second use in the same job"
    extras = {"run": 'exec "$RUNNER_TEMP/reconciler-action/bin/python" -c "import github, obstore"', "env": {}}
    assert action_step(extras, defaults, tmp_path).returncode == 0, "it talks to the forge, and reaches buckets"

    made = action_step(run, {**defaults, "command": "init shop --ci none"}, tmp_path)
    assert made.returncode == 0, made.stderr
    there = {**defaults, "folder": "shop"}
    assert action_step(run, {**there, "command": "validate"}, tmp_path).returncode == 0
    hostile = action_step(run, {**there, "command": "validate; touch owned $(touch owned)"}, tmp_path)
    assert hostile.returncode == 2
    assert not list(tmp_path.rglob("owned"))
    leaked = action_step(run, {**there, "command": "validate", "token": "canary-token"}, tmp_path)
    assert "canary-token" not in leaked.stdout + leaked.stderr
