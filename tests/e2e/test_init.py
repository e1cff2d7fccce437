"""`init` on tables that it has never seen: a configuration that validates, trains and predicts without an edit."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import RECEIVABLES
from tests.support.project import Project, Ran


def scikit_learn(name: str) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        from sklearn import datasets

        frame = getattr(datasets, f"load_{name}")(as_frame=True).frame
        path = folder / f"{name}.csv"
        frame.to_csv(path, index=False)
        return path

    return write


def receivables(folder: Path) -> Path:
    del folder
    return RECEIVABLES


def start(tmp_path: Path, *arguments: str) -> tuple[Project, Ran]:
    """The project that `init` makes in tmp_path/project."""
    made = Project(tmp_path)
    ran = made.run("init", "project", *arguments)
    return Project(tmp_path / "project"), ran


def commit(project: Project) -> None:
    project.git("config", "user.name", "Ada")
    project.git("config", "user.email", "ada@example.org")
    project.commit("A first model")


@pytest.mark.parametrize(
    ("table", "outcome", "classes"),
    [
        pytest.param(scikit_learn("diabetes"), "target", 0, marks=pytest.mark.soak(only=True)),
        pytest.param(scikit_learn("breast_cancer"), "target", 2, marks=pytest.mark.soak(only=True)),
        pytest.param(scikit_learn("digits"), "target", 10, marks=pytest.mark.soak(only=True)),
        pytest.param(receivables, None, 3, marks=[pytest.mark.needs("shared-data"), pytest.mark.soak(only=True)]),
        (None, "returned", 2),
    ],
    ids=["numeric outcome", "two classes", "many classes", "receivables", "no table"],
)
def test_a_table_reaches_production_and_predictions_without_an_edit(
    tmp_path: Path, table: Callable[[Path], Path] | None, outcome: str | None, classes: int
) -> None:
    project, _ = start(tmp_path, *(("--from-table", str(table(tmp_path))) if table is not None else ()))
    commit(project)
    model = next((project.root / "manifests/sandbox").iterdir()).stem
    assert project.git("status", "--short") == ""
    assert not project.git("ls-files", "data"), "data are never committed"
    project.run("validate")
    project.run("apply", "sandbox", "--yes")
    branch = project.run("promote", model, "--to", "production", "-o", "json").json["branch"]
    project.git("merge", "-q", "--no-ff", branch)
    project.run("apply", "production", "--yes")
    project.run("predict", model, "--in", "production", "--out", "predictions.csv")
    with (project.root / "predictions.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) >= 60
    assert len([name for name in rows[0] if name.startswith("p_")]) == classes
    text = (project.root / f"manifests/sandbox/{model}.yaml").read_text()
    assert outcome is None or f"column: {outcome}" in text
    assert project.git("status", "--short") == "", "predictions are not for git, either"


def test_nothing_that_is_there_is_overwritten_and_nothing_is_half_written(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "project/requirements.lock").write_text("mine\n")
    ran = Project(tmp_path).run("init", "project", code=2)
    assert "requirements.lock would be overwritten" in ran.err
    assert [one.name for one in (tmp_path / "project").iterdir()] == ["requirements.lock"]
    assert (tmp_path / "project/requirements.lock").read_text() == "mine\n"


def test_a_project_is_not_begun_twice(tmp_path: Path) -> None:
    project, _ = start(tmp_path)
    before = {one: one.read_bytes() for one in project.root.rglob("*.yaml")}
    ran = Project(tmp_path).run("init", "project", code=2)
    assert "there is a project in project already" in ran.err
    assert {one: one.read_bytes() for one in project.root.rglob("*.yaml")} == before


def test_in_a_repository_the_project_joins_it_and_its_branch_and_keeps_its_gitignore(tmp_path: Path) -> None:
    made = Project(tmp_path)
    made.git("init", "-q", "-b", "trunk")
    (tmp_path / "project").mkdir()
    (tmp_path / "project/.gitignore").write_text("*.log")
    project, ran = start(tmp_path)
    assert "git repository" not in ran.out
    assert not (project.root / ".git").exists()
    assert "protect: {branch: trunk}" in (project.root / "environments/production.yaml").read_text()
    assert (project.root / ".gitignore").read_text().splitlines()[:2] == ["*.log", "/.reconciler/"]


def test_the_one_table_that_lies_there_is_taken_and_kept_out_of_git(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    scikit_learn("iris")(tmp_path / "project")
    project, ran = start(tmp_path)
    assert "iris.csv: 150 rows" in ran.out
    assert 'path: "iris.csv"' in (project.root / "environments/production.yaml").read_text()
    assert project.git("check-ignore", "iris.csv") == "iris.csv"
    assert not (project.root / "data").exists()


def test_of_several_tables_one_is_to_be_named(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    for name in ("a.csv", "b.csv"):
        (tmp_path / "project" / name).write_text("x,y\n1,2\n")
    ran = Project(tmp_path).run("init", "project", code=2)
    assert "there are 2 tables: a.csv, b.csv" in ran.err
    assert "--from-table" in ran.err


def test_an_unreadable_table_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n1\n")
    ran = Project(tmp_path).run("init", "project", "--from-table", "t.csv", code=1)
    assert "t.csv:2" in ran.err
    assert not (tmp_path / "project").exists()
