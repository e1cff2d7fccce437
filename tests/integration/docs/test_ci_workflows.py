"""The workflows that `init` writes, this repository's own, and its action: linted, and held to what they promise."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.core.forge.detection import ForgeKind
from reconciler.core.forge.project_place import at_place
from reconciler.manifest.scaffold import ci_templates
from reconciler.manifest.scaffold.ci_templates import CIPlacement
from tests.conftest import ACTIONLINT, REPOSITORY
from tests.support.ci_steps import outputs_in
from tests.support.effort import FULL
from tests.support.project import Project

GOLDEN = Path(__file__).parents[2] / "golden/workflows"
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
    for name, text in ci_templates.files(ForgeKind.GITHUB, replace(WHERES[1], pages=True, folder="sites")).items():
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
    """In one run, which takes seconds: one file is a workflow with a mistake."""
    path = written / ".github/workflows/reconciler.yml"
    wrong = path.with_name("mistaken.yml")
    wrong.write_text(path.read_text().replace("matrix.environment", "matrix.enviroment", 2))
    ran = lint(written)
    assert ran.returncode != 0
    assert set(re.findall(r"([\w.-]+\.ya?ml):\d+:\d+", ran.stdout)) == {wrong.name}, ran.stdout + ran.stderr


@pytest.mark.needs("zizmor")
def test_zizmor_finds_nothing_and_finds_what_is_wrong(written: Path) -> None:
    assert zizmor(written) == []
    path = written / ".github/workflows/reconciler.yml"
    path.write_text(path.read_text().replace('"$environment" --comment', '"${{ github.head_ref }}" --comment'))
    assert {one["ident"] for one in zizmor(written)} == {"template-injection"}


def check_schema(name: str, *files: Path) -> subprocess.CompletedProcess[str]:
    """Against the schema that the forge publishes; GitLab's `!reference` is understood."""
    program = Path(sys.executable).with_name("check-jsonschema")
    transform = ["--data-transform", "gitlab-ci"] if name == "gitlab-ci" else []
    return subprocess.run(
        [program, "--builtin-schema", f"vendor.{name}", *transform, *files], capture_output=True, text=True, check=False
    )


@pytest.mark.soak(only=True)
@pytest.mark.needs("check-jsonschema")
def test_the_linter_of_gitlab_finds_nothing_and_finds_what_is_wrong(tmp_path: Path) -> None:
    for where in WHERES:
        path = tmp_path / f"{where.place or 'root'}.yml"
        path.write_text(made(ForgeKind.GITLAB, where))
    (tmp_path / "sites.yml").write_text(made(ForgeKind.GITLAB, replace(WHERES[0], pages=True)))
    ran = check_schema("gitlab-ci", *tmp_path.iterdir())
    assert ran.returncode == 0, ran.stdout + ran.stderr
    path.write_text(path.read_text().replace("expire_in: 30 days", "expire_in: [30]", 1))
    assert check_schema("gitlab-ci", path).returncode != 0


@pytest.mark.needs("check-jsonschema")
def test_the_dependabot_files_and_the_action_are_as_github_wants_them(tmp_path: Path) -> None:
    (text,) = ci_templates.once(ForgeKind.GITHUB).values()
    written = tmp_path / "dependabot.yml"
    written.write_text(text)
    ran = check_schema("dependabot", written, REPOSITORY / ".github/dependabot.yml")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    written.write_text(text.replace("weekly", "hourly"))
    assert check_schema("dependabot", written).returncode != 0
    assert check_schema("github-actions", ACTION).returncode == 0


# --- what they promise ---------------------------------------------------------------------------------------------


def jobs(where: CIPlacement = WHERES[0]) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(made(ForgeKind.GITHUB, where))["jobs"]
    return found


def steps(job: dict[str, Any], uses: str) -> Iterator[dict[str, Any]]:
    return (step for step in job["steps"] if step.get("uses", "").startswith(uses))


PAGES = [replace(where, pages=True) for where in WHERES]


@pytest.mark.parametrize("where", PAGES, ids=lambda one: one.folder or "root")
def test_sites_are_published_only_where_somebody_asked_and_by_a_job_that_runs_nothing_of_ours(
    where: CIPlacement,
) -> None:
    assert {"pages", "publish"} & set(jobs()) == set()
    made_by, publish = jobs(where)["pages"], jobs(where)["publish"]
    assert made_by["permissions"] == {"contents": "read"}
    assert "pull_request" in made_by["if"]
    assert made_by["runs-on"] == jobs(where)["deploy"]["runs-on"]
    assert publish["permissions"] == {"pages": "write", "id-token": "write"}
    assert [step for step in publish["steps"] if "run" in step] == []
    assert 'report "$name" --html' in made_by["steps"][-2]["run"]
    assert "${{" not in made_by["steps"][-2]["run"]
    gitlab = yaml.safe_load(made(ForgeKind.GITLAB, where))
    job = gitlab[at_place("pages", where.place)]
    assert gitlab["stages"][-1] == job["stage"] == "pages"
    assert job["artifacts"]["paths"] == ["public"]
    assert {rule["if"] for rule in job["rules"]} == {
        '$CI_PIPELINE_SOURCE == "schedule"',
        '$CI_PIPELINE_SOURCE == "push"',
    }


def test_a_workflow_that_publishes_sites_is_known_as_one() -> None:
    for host in (ForgeKind.GITHUB, ForgeKind.GITLAB):
        for where in PAGES:
            assert ci_templates.has_pages(made(host, where))
            assert not ci_templates.has_pages(made(host, replace(where, pages=False)))


def test_a_request_is_planned_without_a_right_a_secret_or_its_own_code() -> None:
    text = made(ForgeKind.GITHUB, WHERES[0])
    for no in ("pull_request_target", "workflow_run", "id-token"):
        assert no not in text
    assert yaml.safe_load(text)["permissions"] == {}
    plan = jobs()["plan"]
    assert plan["permissions"] == {"contents": "read"}
    assert plan["runs-on"] == "ubuntu-latest"
    assert "token" not in json.dumps(plan).lower()
    for name in ("plan", "comment"):
        lock = next(step for step in jobs()[name]["steps"] if step.get("id") == "lock")
        assert 'cat-file blob "$REVISION:requirements.lock"' in lock["run"]
        assert 'ls-tree -z --name-only "$REVISION" -- "wheels/"' in lock["run"]
        assert lock["env"] == {"REVISION": "${{ github.event.pull_request.base.sha }}"}


@pytest.mark.parametrize("where", WHERES, ids=lambda one: one.folder or "root")
def test_each_private_key_reaches_the_one_step_that_signs_with_it(where: CIPlacement) -> None:
    """Secrets of the job's own environment, on no command line, in a file that is gone at the end."""
    keys = {"train": "RECONCILER_TRAINER_KEY", "deploy": "RECONCILER_PROMOTER_KEY"}
    assert made(ForgeKind.GITHUB, where).count("secrets.") == len(keys)
    for name, key in keys.items():
        job = jobs(where)[name]
        assert job["environment"].startswith("${{ matrix.environment }}")
        (step,) = (each for each in job["steps"] if "secrets." in json.dumps(each))
        assert step["env"]["PRIVATE_KEY"] == f"${{{{ secrets.{key} }}}}"
        assert "${{" not in step["run"]
        before, _, program = step["run"].partition("unset PRIVATE_KEY\n")
        assert "umask 077" in before
        assert "trap 'rm -f" in before
        assert "reconciler/bin/python" not in before
        assert " apply " in program
    gitlab = yaml.safe_load(made(ForgeKind.GITLAB, where))
    for name, key in keys.items():
        job = gitlab[at_place(name, where.place)]
        assert job["environment"]["action"] == "access"
        assert made(ForgeKind.GITLAB, where).count(f'"${key}"') == 1
        assert f'cat -- "${key}" > "$work/signing.pem"' in json.dumps(job["script"]).replace('\\"', '"')


def test_who_may_comment_plans_itself_and_takes_nothing_of_another_job() -> None:
    comment = jobs()["comment"]
    assert comment["permissions"] == {"contents": "read", "pull-requests": "write", "statuses": "write"}
    assert "github.event.pull_request.head.repo.full_name == github.repository" in comment["if"]
    assert "needs" not in comment
    assert "download-artifact" not in made(ForgeKind.GITHUB, WHERES[0])
    assert [step["name"] for step in comment["steps"] if "GITHUB_TOKEN" in step.get("env", {})] == ["Plan and comment"]
    for host in (ForgeKind.GITHUB, ForgeKind.GITLAB):
        assert "--read" not in made(host, WHERES[0])


@pytest.mark.parametrize("where", [*WHERES, *PAGES], ids=lambda one: f"{one.folder or 'root'}{'+pages' * one.pages}")
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
        assert script[:6] == [
            'mkdir -p "$CI_PROJECT_DIR.tmp"',
            'work="$(mktemp -d "$CI_PROJECT_DIR.tmp/reconciler.XXXXXXXX")"',
            "trap 'rm -rf -- \"$work\"' EXIT",
            'cd "$work"',
            "mkdir tmp wheels",
            'export TMPDIR="$work/tmp"',
        ]


def test_what_deploys_is_never_cancelled_never_cleans_and_has_one_run_per_environment() -> None:
    acts = {
        "train": 'apply "$ENVIRONMENT" --yes',
        "deploy": 'apply "$ENVIRONMENT" --on-merge',
        "propose": 'promote --all --better --to "$ENVIRONMENT" --open',
        "monitor": 'monitor "$ENVIRONMENT" --open',
    }
    for name, command in acts.items():
        job = jobs()[name]
        assert job["env"]["ENVIRONMENT"] == "${{ matrix.environment }}"
        assert "${{ matrix.environment }}" in job["concurrency"]["group"]
        assert job["concurrency"]["cancel-in-progress"] is False
        assert command in job["steps"][-1]["run"]
        (checkout,) = steps(job, "actions/checkout")
        assert checkout["with"]["clean"] is False
    groups = [job["concurrency"]["group"] for job in jobs().values() if "concurrency" in job]
    assert set(groups) == {
        *(f"reconciler-{verb}-${{{{ matrix.environment }}}}" for verb in ("apply", "propose", "monitor")),
        "reconciler-drift",
    }


def test_no_workflow_holds_the_name_of_an_environment() -> None:
    for host in (ForgeKind.GITHUB, ForgeKind.GITLAB):
        text = made(host, WHERES[0]).replace("resource_group: reconciler-production", "")
        commands = re.sub(r"^ *#.*$|resource_group: .*", "", text, flags=re.MULTILINE)
        assert not re.search(r"sandbox|production|staging", commands.replace("self-hosted", ""))
    needs = {name: job["needs"] for name, job in jobs().items() if "needs" in job}
    after = "environments"
    assert needs == {"train": after, "deploy": after, "propose": [after, "train"], "monitor": after}
    runs = {
        "train": ("apply", "github.event_name != 'pull_request' && "),
        "deploy": ("onMerge", "github.event_name == 'push' && "),
        "monitor": ("onMerge", "github.event_name == 'schedule' && "),
        "propose": (
            "onMerge",
            "!cancelled() && github.event_name == 'schedule' && needs.environments.result == 'success' && ",
        ),
    }
    for name, (key, when) in runs.items():
        job = jobs()[name]
        names = f"fromJSON(needs.environments.outputs.names).{key}"
        assert job["strategy"]["matrix"] == {"environment": "${{ " + names + " }}"}
        assert " ".join(job["if"].split()) == f"{when}{names}[0] != null", "no matrix of nothing"


def test_what_writes_stores_runs_in_githubs_environment_and_where_tables_lie_is_a_variable() -> None:
    assert {name for name, job in jobs().items() if "environment" in job} == {"train", "deploy"}
    assert jobs()["deploy"]["environment"] == "${{ matrix.environment }}"
    assert jobs(WHERES[1])["deploy"]["environment"] == "${{ matrix.environment }}@teams.credit"
    for name in ("train", "deploy", "drift"):
        assert jobs()[name]["env"]["RECONCILER_DATA_ROOT"] == "${{ vars.RECONCILER_DATA_ROOT }}"
    for name in ("plan", "comment", "environments"):
        assert "env" not in jobs()[name], "a job of requests reads no table"


def test_pip_is_cached_on_hosted_machines_by_what_the_base_installs_and_never_in_a_checkout() -> None:
    for name, job in jobs().items():
        caches = [*steps(job, "actions/cache/restore@"), *steps(job, "actions/cache/save@")]
        assert len(caches) == {"plan": 1, "comment": 1, "environments": 2}.get(name, 0), "requests keep nothing"
        for cached in caches:
            assert cached["with"]["path"] == "${{ runner.temp }}/pip"
        assert all(cached["with"]["key"].endswith("${{ steps.lock.outputs.digest }}") for cached in caches[:1])
    document = yaml.safe_load(made(ForgeKind.GITLAB, WHERES[0]))
    assert "cache" not in document[".requests"]
    assert document[".deploys"]["cache"]["paths"] == [".reconciler-pip/"]


def test_a_cache_of_gitlab_is_not_used_where_git_has_something_of_its_name(tmp_path: Path) -> None:
    document = yaml.safe_load(made(ForgeKind.GITLAB, WHERES[0]))
    (line,) = (line for line in document[".deploys"]["before_script"] if "PIP_CACHE_DIR" in line)
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    for name, used in (("other", True), (".Reconciler-PIP", False)):
        (tmp_path / name).write_text("x\n")
        subprocess.run(["git", "-C", str(tmp_path), "add", "-A"], check=True)
        author = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
        subprocess.run(["git", "-C", str(tmp_path), *author, "commit", "-q", "-m", name], check=True)
        script = f'set -eo pipefail\n{line}\necho "<$PIP_CACHE_DIR>"'
        environment = {"PATH": os.environ["PATH"], "CI_PROJECT_DIR": str(tmp_path)}
        ran = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True, env=environment)
        assert ran.stdout == (f"<{tmp_path}/.reconciler-pip>\n" if used else "<>\n")


@pytest.mark.parametrize("where", WHERES, ids=lambda one: one.folder or "root")
@pytest.mark.parametrize("host", [ForgeKind.GITHUB, ForgeKind.GITLAB])
def test_what_is_written_is_what_was_looked_at(host: ForgeKind, where: CIPlacement) -> None:
    """UPDATE_GOLDEN=1 rewrites the files."""
    path = GOLDEN / f"{host.value}{'-' + where.place if where.place else ''}.yml"
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(made(host, where))
    assert path.read_text() == made(host, where)


def test_actions_have_the_majors_that_run_on_node_24() -> None:
    majors = {"checkout": 7, "setup-python": 7, "cache": 6, "upload-artifact": 7, "attest": 4}
    own = [*OWN, ACTION, REPOSITORY / "docs/how-to/ci.md"]
    for text in (made(ForgeKind.GITHUB, WHERES[0]), *(path.read_text() for path in own)):
        for name, major in re.findall(
            r"uses: actions/([a-z-]+)(?:/[a-z]+)?@[0-9a-f]{40}  # v([0-9]+)\.[0-9]+\.[0-9]+$", text, re.MULTILINE
        ):
            assert int(major) >= majors[name], name
        assert len(re.findall("uses: actions/", text)) == len(re.findall(r"uses: actions/\S+@[0-9a-f]{40}  # v", text))


def test_only_the_drift_check_may_write_issues_and_it_runs_at_night() -> None:
    assert "schedule" in yaml.safe_load(made(ForgeKind.GITHUB, WHERES[0]))[True]
    assert [name for name, job in jobs().items() if "issues" in job["permissions"]] == ["drift"]
    assert "drift --issue" in jobs()["drift"]["steps"][-1]["run"]


@pytest.mark.parametrize("where", WHERES, ids=lambda one: one.folder or "root")
def test_every_action_is_pinned_every_job_ends_and_every_checkout_is_whole(where: CIPlacement) -> None:
    for job in [
        *jobs(where).values(),
        *yaml.safe_load((REPOSITORY / ".github/workflows/ci.yml").read_text())["jobs"].values(),
    ]:
        assert job["timeout-minutes"] <= 360
        assert "permissions" in job
        for step in job["steps"]:
            assert "uses" not in step or re.fullmatch(r"actions/[a-z/-]+@[0-9a-f]{40}", step["uses"])
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
    assert any('"refs/heads/release/1.x"' in line for line in document[".requests"]["before_script"])
    assert document["deploy"]["resource_group"] == "reconciler-production/teams.credit"
    assert document["default"]["interruptible"] is False
    assert document[".deploys"]["variables"]["GIT_CLEAN_FLAGS"] == "none"
    assert document["plan"]["script"][0] == "unset GITLAB_TOKEN"
    assert 'plan "$environment" --comment || code=$?' in document["comment"]["script"][1]
    assert document["comment"]["script"][-1] == 'exit "$code"'
    assert document["drift"]["script"][-1].endswith('-C "$CI_PROJECT_DIR/teams/credit" drift --issue --notify')


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
        env={
            **os.environ,
            "RUNNER_TEMP": str(runner),
            "GITHUB_OUTPUT": str(runner / "output"),
            **{name: fill(text) for name, text in step["env"].items()},
        },
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A runner's folder as the step `Install` leaves it, with the Python of these tests."""
    (tmp_path / "work").mkdir()
    program = tmp_path / "reconciler-action/bin/python"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    program.chmod(0o755)
    return tmp_path


@pytest.mark.soak
def test_the_actions_outputs_are_the_exit_code_the_plan_and_the_number_of_its_changes(installed: Path) -> None:
    document = yaml.safe_load(ACTION.read_text())
    run = document["runs"]["steps"][1]
    assert {name: one["value"] for name, one in document["outputs"].items()} == {
        name: f"${{{{ steps.{run['id']}.outputs.{name} }}}}" for name in ("exit-code", "plan-file", "changes")
    }
    defaults = {name: one.get("default", "") for name, one in document["inputs"].items()}

    def outputs(command: str, folder: str = "shop") -> dict[str, str]:
        (installed / "output").unlink(missing_ok=True)
        ran = action_step(run, {**defaults, "folder": folder, "command": command}, installed)
        found = outputs_in(installed / "output")
        assert found["exit-code"] == str(ran.returncode), ran.stderr
        return found

    assert outputs("init shop --ci none", ".") == {"exit-code": "0", "plan-file": "", "changes": ""}
    assert outputs("plan production") == {"exit-code": "2", "plan-file": "", "changes": ""}, "nothing is committed"
    shop = Project(installed / "work/shop")
    shop.git("config", "user.name", "Ada")
    shop.git("config", "user.email", "ada@example.org")
    shop.commit("A first model")
    planned = outputs("plan sandbox --check")
    assert (planned["exit-code"], planned["changes"]) == ("3", "2"), "one model, and the first copy of the data"
    assert json.loads(Path(planned["plan-file"]).read_text())["environment"] == "sandbox"
    if not FULL:
        return
    for command in ("plan sandbox --out ../named.json", "plan sandbox --out=../named.json"):
        named = outputs(command)
        assert (named["exit-code"], named["changes"]) == ("0", "2")
        assert Path(named["plan-file"]).resolve() == (installed / "work/named.json").resolve()
    assert outputs("plan production") | {"plan-file": ""} == {"exit-code": "0", "plan-file": "", "changes": "0"}
    assert outputs("status")["plan-file"] == ""


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
