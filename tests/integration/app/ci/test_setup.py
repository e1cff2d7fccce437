"""Which CI `init` writes: by the remote, by what is asked for, and never over what is there."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from reconciler.app.ci.setup import CISetup, choose
from reconciler.core.forge.detection import ForgeKind
from reconciler.errors import UsageError
from tests.support.project import Project

GLOBAL = ("stages", "default", "variables", "workflow")  # of a pipeline, equal in every file of ours
GITHUB, GITLAB = ".github/workflows/reconciler.yml", ".gitlab-ci.yml"
DEPENDABOT = ".github/dependabot.yml"


def chosen(root: Path, wanted: ForgeKind | None = None, branch: str = "main") -> CISetup:
    return choose(root, branch=branch, python="3.11", wanted=wanted)


def repository(folder: Path, remote: str | None = None) -> Path:
    made = Project(folder)
    made.git("init", "-q", "-b", "main")
    if remote is not None:
        made.git("remote", "add", "origin", remote)
    return folder


@pytest.mark.parametrize(
    ("remote", "file"),
    [
        (None, GITHUB),
        ("git@github.com:town/models.git", GITHUB),
        ("https://github.example.org/town/models", GITHUB),
        ("https://gitlab.com/town/models.git", GITLAB),
        ("git@gitlab.example.org:town/models.git", GITLAB),
        ("https://code.example.org/town/gitlab-like.git", None),
        ("../beside.git", None),
    ],
)
def test_the_remote_says_which(tmp_path: Path, remote: str | None, file: str | None) -> None:
    made = chosen(repository(tmp_path, remote))
    assert list(made.texts) == {GITHUB: [GITHUB, DEPENDABOT], GITLAB: [GITLAB], None: []}[file]


def test_without_a_repository_it_is_github_and_what_is_asked_for_wins(tmp_path: Path) -> None:
    assert list(chosen(tmp_path).texts) == [GITHUB, DEPENDABOT]
    assert list(chosen(tmp_path, ForgeKind.GITLAB).texts) == [GITLAB]
    assert chosen(tmp_path, ForgeKind.NONE).texts == {}


def test_what_is_there_is_left_alone_and_refused_only_where_it_was_asked_for(tmp_path: Path) -> None:
    (tmp_path / GITHUB).parent.mkdir(parents=True)
    (tmp_path / GITHUB).write_text("mine\n")
    made = chosen(tmp_path)
    assert (made.host, made.texts) == (ForgeKind.NONE, {})
    assert "is there already" in made.choices[0].why
    with pytest.raises(UsageError, match="is there already"):
        chosen(tmp_path, ForgeKind.GITHUB)


def test_a_branch_that_no_workflow_can_name_safely_writes_none(tmp_path: Path) -> None:
    assert chosen(tmp_path, branch="a'b").texts == {}
    with pytest.raises(UsageError, match="cannot hold"):
        chosen(tmp_path, ForgeKind.GITHUB, branch="a'b")


def test_a_project_below_the_root_has_its_workflow_at_the_root_and_its_folder_in_it(tmp_path: Path) -> None:
    repository(tmp_path)
    ran = Project(tmp_path).run("init", "teams/credit", "-o", "json")
    assert "../../.github/workflows/reconciler-teams.credit.yml" in ran.json["files"]
    workflow = yaml.safe_load((tmp_path / ".github/workflows/reconciler-teams.credit.yml").read_text())
    applies = " ".join(workflow["jobs"]["deploy"]["steps"][-1]["run"].replace("\\\n", " ").split())
    assert 'reconciler -C "$GITHUB_WORKSPACE/teams/credit" apply "$ENVIRONMENT" --on-merge' in applies
    assert workflow[True]["push"] == {"branches": ["main"]}
    lock = (tmp_path / "teams/credit/requirements.lock").read_text()
    assert "model-reconciler[github]==" in lock
    project = Project(tmp_path / "teams/credit")
    project.git("config", "user.name", "Ada")
    project.git("config", "user.email", "ada@example.org")
    project.commit("A first model")
    project.run("validate", "--revision", "HEAD")
    project.run("plan", "sandbox")


def test_a_second_project_at_gitlab_has_a_file_of_its_own_that_the_first_ones_is_to_include(tmp_path: Path) -> None:
    remote = "git@gitlab.com:town/models.git"
    repository(tmp_path, remote)
    first = chosen(tmp_path / "teams/a")
    assert list(first.texts) == [GITLAB]
    (tmp_path / GITLAB).write_text(first.texts[GITLAB])
    second = chosen(tmp_path / "teams/b")
    assert list(second.texts) == [".gitlab/reconciler-teams.b.yml"]
    assert "include: [{local: /.gitlab/reconciler-teams.b.yml}]" in second.choices[0].why
    documents = [yaml.safe_load(text) for text in (*first.texts.values(), *second.texts.values())]
    jobs = [{name for name in document if name not in GLOBAL} for document in documents]
    assert not jobs[0] & jobs[1]
    assert len(jobs[0]) == len(jobs[1]) == 9


@pytest.mark.parametrize("name", ["dependabot.yml", "dependabot.yaml"])
def test_a_repository_that_has_a_dependabot_file_keeps_it(tmp_path: Path, name: str) -> None:
    (tmp_path / ".github").mkdir()
    (tmp_path / ".github" / name).write_text("version: 2\n")
    assert list(chosen(tmp_path).texts) == [GITHUB]


def test_without_ci_nothing_of_it_is_written(tmp_path: Path) -> None:
    Project(tmp_path).run("init", "shop", "--ci", "none")
    assert not (tmp_path / "shop/.github").exists()
    assert "model-reconciler" not in (tmp_path / "shop/requirements.lock").read_text()


def test_sites_that_no_workflow_would_publish_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--pages: no workflow is written"):
        choose(tmp_path, branch="main", python="3.11", wanted=ForgeKind.NONE, pages=True)
