"""`ci` writes the files again: idempotent, over nobody's edit, with the program from where it is at hand."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import jsonschema
import pytest
import yaml

from reconciler import __version__
from reconciler.app.ci.environments import listed
from reconciler.app.ci.rewrite import CIRequest, run
from reconciler.core.forge.ci_workflows import CIFileState, CIResult
from reconciler.core.forge.detection import ForgeKind
from reconciler.errors import UsageError
from tests.support.project import PRODUCTION, PROJECT, SANDBOX, Project

GITHUB, GITLAB = ".github/workflows/reconciler.yml", ".gitlab-ci.yml"
DEPENDABOT = ".github/dependabot.yml"
LOCK = "duckdb==2.0.0\nnumpy==2.4.6\nscikit-learn==1.9.0\nscipy==1.17.0\nskops==0.16.0\n"
WHEEL = f"model_reconciler-{__version__}-py3-none-any.whl"
COMMIT = "1a2b3c4d5e" * 4


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return written(tmp_path / "shop")


def written(root: Path, *, repository: bool = True) -> Project:
    project = Project(root)
    project.write("reconciler.yaml", PROJECT)
    project.write("environments/sandbox.yaml", SANDBOX.replace("ARCHITECTURE", "x86_64"))
    project.write("environments/production.yaml", PRODUCTION)
    project.write("requirements.lock", LOCK)
    if repository:
        project.git("init", "-q", "-b", "main")
        project.git("config", "user.name", "Ada")
        project.git("config", "user.email", "ada@example.org")
    return project


def states(result: CIResult) -> dict[str, str]:
    return {file.path: file.state.value for file in result.files}


def again(project: Project, **request: object) -> CIResult:
    return run(project.root, CIRequest(**request))  # type: ignore[arg-type]


def test_the_first_run_writes_all_of_it_and_the_second_nothing(project: Project) -> None:
    looked = again(project, check=True)
    assert not (project.root / ".github").exists()
    assert looked.status.name == "PENDING"
    first = again(project)
    assert states(first) == {GITHUB: "created", DEPENDABOT: "created", "requirements.lock": "updated"}
    assert states(first) == states(looked)
    assert (first.forge, first.branch) == (ForgeKind.GITHUB, "main")
    assert (project.root / "requirements.lock").read_text().startswith(LOCK)
    assert f"\nmodel-reconciler[github]=={__version__}\n" in (project.root / "requirements.lock").read_text()
    before = {path: path.read_bytes() for path in project.root.rglob("*") if path.is_file()}
    second = again(project)
    assert states(second) == {GITHUB: "same", DEPENDABOT: "left", "requirements.lock": "same"}
    assert again(project, check=True).status.name == "CLEAN"
    assert before == {path: path.read_bytes() for path in project.root.rglob("*") if path.is_file()}


def test_what_init_writes_is_what_ci_writes(tmp_path: Path) -> None:
    project = Project(tmp_path / "shop")
    Project(tmp_path).run("init", "shop", "--ci", "github")
    assert set(states(again(project)).values()) == {"same", "left"}
    manifests = [path for path in project.root.rglob("*.yaml") if ".github" not in path.parts]
    assert len(manifests) == 4
    for path in manifests:
        first, _, text = path.read_text().partition("\n")
        schema = json.loads((path.parent / first.partition("$schema=")[2]).read_text())
        document = json.loads(json.dumps(yaml.safe_load(text), default=str))
        jsonschema.validate(document, schema)
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(document | {"kind": "Other"}, schema)


def test_an_edited_workflow_is_named_and_replaced_only_when_asked_to(project: Project) -> None:
    again(project)
    path = project.root / GITHUB
    fresh = path.read_text()
    path.write_text(fresh.replace("timeout-minutes: 360", "timeout-minutes: 90"))
    with pytest.raises(UsageError, match=r"\.github/workflows/reconciler\.yml: edited") as caught:
        again(project, install="index")
    assert "--overwrite" in (caught.value.hint or "")
    looked = again(project, check=True)
    assert states(looked)[GITHUB] == "edited"
    assert "-    timeout-minutes: 90" in looked.files[0].diff
    assert "timeout-minutes: 90" in path.read_text()
    again(project, overwrite=True)
    assert path.read_text() == fresh


def test_a_workflow_of_another_version_that_nobody_edited_is_renewed(project: Project) -> None:
    again(project)
    path = project.root / GITHUB
    fresh = path.read_text()
    from reconciler.manifest.scaffold.ci_files import signed

    path.write_text(signed(fresh.partition("\n")[2].replace("timeout-minutes: 360", "timeout-minutes: 90")))
    assert states(again(project))[GITHUB] == "updated"
    assert path.read_text() == fresh


def test_newer_pins_are_no_edit_and_are_kept_and_older_ones_are_renewed(project: Project) -> None:
    again(project)
    path = project.root / GITHUB
    fresh = path.read_text()
    pinned = next(line for line in fresh.splitlines() if "actions/checkout@" in line).strip()
    newer = f"uses: actions/checkout@{'ab' * 20}  # v99.1.0"
    path.write_text(fresh.replace(pinned, newer))
    assert states(again(project))[GITHUB] == "same"
    assert path.read_text().count(newer) == fresh.count(pinned)
    path.write_text(fresh.replace(pinned, f"uses: actions/checkout@{'cd' * 20}  # v4.2.2"))
    assert states(again(project))[GITHUB] == "updated"
    assert path.read_text() == fresh


def test_environments_are_read_when_a_job_runs(project: Project) -> None:
    project.commit("Two environments")
    again(project)
    before = (project.root / GITHUB).read_bytes()
    project.write("environments/staging.yaml", PRODUCTION.replace("name: production", "name: staging"))
    project.write("environments/try-out.yaml", PRODUCTION.replace("protect: {branch: main}", "limits: {}"))
    assert listed(project.root, "HEAD").all == ("production", "sandbox"), "those of the commit"
    project.commit("Two more")
    ran = project.run("ci", "--environments", "all")
    assert ran.out == "production\nsandbox\nstaging\ntry-out\n"
    assert project.run("ci", "--environments", "on-merge").out == "production\nstaging\n"
    assert project.run("ci", "--environments", "apply").out == "sandbox\ntry-out\n"
    document = project.run("ci", "--environments", "all", "-o", "json").json
    assert (document["apply"], document["onMerge"]) == (["sandbox", "try-out"], ["production", "staging"])
    assert states(again(project))[GITHUB] == "same"
    assert (project.root / GITHUB).read_bytes() == before


def test_an_environment_whose_file_is_broken_is_planned_and_applied_by_nobody(project: Project) -> None:
    project.write("environments/production.yaml", "spec: [\n")
    project.write("environments/Not-A-Name.yaml", PRODUCTION)
    project.write("environments/$(id).yaml", PRODUCTION)
    project.write("environments/huge.yaml", "#" * 2_000_000)
    (project.root / "environments/linked.yaml").symlink_to("sandbox.yaml")
    project.commit("Broken")
    found = listed(project.root, "HEAD")
    assert found.all == ("huge", "production", "sandbox")
    assert (found.apply, found.on_merge) == (("sandbox",), ())


def test_a_wheel_is_copied_and_named_by_its_path(project: Project, tmp_path: Path) -> None:
    wheel = tmp_path / WHEEL
    wheel.write_bytes(b"a wheel")
    found = again(project, install=str(wheel), forge=ForgeKind.GITLAB)
    assert states(found)[f"wheels/{WHEEL}"] == "created"
    assert found.installs == f"./wheels/{WHEEL}[gitlab]"
    assert (project.root / "wheels" / WHEEL).read_bytes() == b"a wheel"
    assert found.installs in (project.root / "requirements.lock").read_text().splitlines()
    assert {*states(again(project, install=str(wheel))).values()} == {"same"}
    assert again(project).installs == found.installs, "without --install it stays"


def test_one_line_of_the_lock_says_where_the_program_is_from(project: Project) -> None:
    address = f"git+https://git.example.org/tools/reconciler@{COMMIT}"
    assert again(project, install=address).installs == f"model-reconciler[github] @ {address}"
    assert again(project, install="index").installs == f"model-reconciler[github]=={__version__}"
    lock = (project.root / "requirements.lock").read_text()
    assert lock.count("reconciler[") == 1
    project.write("requirements.lock", lock.replace("[github]==", "[stores]=="))
    assert again(project).installs == f"model-reconciler[github,stores]=={__version__}", "what the forge needs is added"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("git+https://git.example.org/tools/reconciler@main", "names no commit"),
        ("git+https://ada:secret@git.example.org/tools/reconciler@" + COMMIT, "a user and a password"),
        ("git+https://git.example.org/x y@" + COMMIT, "names no commit"),
        ("dist/other-1.0-py3-none-any.whl", "no wheel of model-reconciler"),
        (f"missing/{WHEEL}", "is not there"),
        ("pypi", "no wheel of model-reconciler"),
    ],
)
def test_a_source_that_jobs_could_not_install_is_refused_before_anything_is_written(
    project: Project, source: str, said: str
) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        again(project, install=source)
    assert "secret" not in f"{caught.value} {caught.value.hint}"
    assert not (project.root / ".github").exists()


def test_a_lock_with_hashes_is_left_and_what_to_add_is_said(project: Project) -> None:
    hashed = LOCK.replace("\n", f" --hash=sha256:{'0' * 64}\n")
    project.write("requirements.lock", hashed)
    found = again(project)
    assert (project.root / "requirements.lock").read_text() == hashed
    assert f"add `model-reconciler[github]=={__version__}`" in found.todo[0]
    assert found.installs is None


def test_a_lock_outside_of_the_project_is_neither_read_nor_written(project: Project) -> None:
    """The environments are read without being checked: a request may declare any text."""
    elsewhere = project.root.parent / "notes.txt"
    elsewhere.write_text("mine\n")
    sandbox = project.root / "environments/sandbox.yaml"
    sandbox.write_text(sandbox.read_text().replace("lock: requirements.lock", "lock: ../notes.txt"))
    with pytest.raises(UsageError, match="cannot hold"):
        again(project)
    assert elsewhere.read_text() == "mine\n"


def test_the_branch_is_the_one_that_protects_and_two_are_asked_about(project: Project) -> None:
    staging = PRODUCTION.replace("name: production", "name: staging").replace("branch: main", "branch: release/1.x")
    project.write("environments/production.yaml", PRODUCTION.replace("branch: main", "branch: trunk"))
    assert again(project, check=True).branch == "trunk"
    project.write("environments/staging.yaml", staging)
    with pytest.raises(UsageError, match=r"protected by 2 branches: release/1\.x, trunk"):
        again(project)
    assert again(project, branch="trunk").branch == "trunk"
    with pytest.raises(UsageError, match="cannot hold"):
        again(project, branch="$(id)", overwrite=True)


def test_the_forge_is_that_of_the_workflow_then_of_the_remote(project: Project) -> None:
    project.git("remote", "add", "origin", "git@code.example.org:town/models.git")
    with pytest.raises(UsageError, match="tells the forge"):
        again(project)
    project.git("remote", "set-url", "origin", "git@gitlab.com:town/models.git")
    assert next(iter(states(again(project, check=True)))) == GITLAB
    again(project, forge=ForgeKind.GITHUB)
    assert again(project, check=True).forge is ForgeKind.GITHUB


def test_another_projects_pipeline_is_not_touched_and_is_to_include_ours(tmp_path: Path) -> None:
    Project(tmp_path).git("init", "-q", "-b", "main")
    (tmp_path / GITLAB).write_text("build: {script: [make]}\n")
    project = written(tmp_path / "teams/b", repository=False)
    found = again(project, forge=ForgeKind.GITLAB)
    assert states(found)["../../.gitlab/reconciler-teams.b.yml"] == "created"
    assert found.todo == ("add to .gitlab-ci.yml: include: [{local: /.gitlab/reconciler-teams.b.yml}]",)
    (tmp_path / GITLAB).write_text("include: [{local: /.gitlab/reconciler-teams.b.yml}]\n")
    second = again(project, forge=ForgeKind.GITLAB)
    assert (states(second)["../../.gitlab/reconciler-teams.b.yml"], second.todo) == ("same", ())


def test_a_link_that_leads_out_of_the_repository_is_not_written_through(project: Project, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (project.root / ".github").symlink_to(tmp_path / "outside")
    with pytest.raises(UsageError, match="leads out of the repository"):
        again(project)
    assert list((tmp_path / "outside").rglob("*.yml")) == []


def test_what_was_written_is_committed_by_the_command_that_is_printed(project: Project) -> None:
    project.commit("Begin")
    ran = project.run("ci")
    (line,) = (line.strip() for line in ran.out.splitlines() if line.strip().startswith("git add "))
    subprocess.run(["bash", "-c", line], cwd=project.root, check=True, env=project.environment, capture_output=True)
    assert project.git("status", "--short") == ""
    assert GITHUB in project.git("show", "--name-only", "--format=", "HEAD")
    assert "--revision needs --environments" in project.run("ci", "--revision", "HEAD", code=2).err


def test_states_say_whether_bytes_change() -> None:
    assert {state for state in CIFileState if state.is_change} == {"created", "updated", "edited"}


@pytest.mark.parametrize(("forge", "path"), [(ForgeKind.GITHUB, GITHUB), (ForgeKind.GITLAB, GITLAB)])
def test_sites_are_published_once_that_is_asked_for_and_until_it_is_taken_back(
    project: Project, forge: ForgeKind, path: str
) -> None:
    def publishes() -> bool:
        return "--html" in (project.root / path).read_text()

    again(project, forge=forge)
    assert not publishes()
    again(project, pages=True)
    assert publishes()
    assert states(again(project))[path] == "same"
    assert publishes()
    again(project, pages=False)
    assert not publishes()
