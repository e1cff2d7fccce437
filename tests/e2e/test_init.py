"""`init` on tables that it has never seen: a configuration that validates, trains and predicts without an edit."""

from __future__ import annotations

import csv
import re
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


def test_where_nothing_can_be_committed_no_project_begins(tmp_path: Path) -> None:
    bare = Project(tmp_path / "bare")
    bare.root.mkdir()
    bare.git("init", "-q", "--bare")
    before = sorted(bare.root.iterdir())
    told = bare.run("init", ".", code=2).err
    assert "lies in a repository without a work tree" in told
    assert sorted(bare.root.iterdir()) == before


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
    project, ran = start(tmp_path, "--estimator", "linear")
    assert "iris.csv: 150 rows" in ran.out
    assert "linear was chosen with --estimator" in " ".join(ran.out.split())
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


def spelled(rows: int, cell: Callable[[int], str], header: str) -> str:
    return "\n".join([header, *(cell(row) for row in range(rows))]) + "\n"


def test_what_can_be_read_in_two_ways_is_asked_and_each_option_that_is_named_answers(tmp_path: Path) -> None:
    day = [f"{1 + row % 7:02d}/{1 + row % 11:02d}/2021" for row in range(300)]
    table = spelled(300, lambda row: f"{row},{row * 7 % 31},{day[row]},{'yn'[row % 2]}", "id,x,booked,y")
    (tmp_path / "t.csv").write_text(table)
    refused = Project(tmp_path).run("init", "project", "--from-table", "t.csv", code=2)
    assert "E420 column booked can be read in two ways" in " ".join(refused.err.split())
    assert not (tmp_path / "project").exists()
    options = re.findall(r"--dates (booked=\S+)", refused.err)
    assert len(options) == 2
    for number, option in enumerate(options):
        Project(tmp_path).run(
            "init",
            f"project{number}",
            "--from-table",
            "t.csv",
            "--ci",
            "none",
            "--estimator",
            "default",
            "--dates",
            option,
        )
        Project(tmp_path / f"project{number}").run("validate")


@pytest.mark.soak(only=True)
def test_a_small_table_as_an_office_writes_it_trains_predicts_after_another_export_and_has_a_second_version(
    tmp_path: Path,
) -> None:
    """Words for missing, amounts with thousands, percents and dates with names of months; then the same from pandas."""

    def row(n: int, *, pandas: bool = False) -> str:
        late, amount, share = n * 7 % 10, n * 37 % 5000 + 0.5, n % 20
        text = f"{amount:,.2f}" if not pandas else f"{amount:,.1f}"
        missing, whole = ("-", f"{late}") if not pandas else ("NA", f"{late}.0")
        # One of nine is otherwise: a column that told all of them would be refused as a leak.
        outcome = "" if n % 10 == 0 else "yes" if (late > 4) != (n % 9 == 3) else "no"
        return f'{n},{whole},"{text}",{share or missing}{" %" * bool(share)},{1 + n % 28:02d}-Feb-2024,{outcome}'

    header = "id,late,amount,share,booked,y"
    (tmp_path / "t.csv").write_text(spelled(400, row, header))
    project, _ = start(tmp_path, "--from-table", "t.csv", "--outcome", "y", "--ci", "none")
    manifest = project.root / "manifests/sandbox/t.yaml"
    assert "numeric: [late, amount, share" in manifest.read_text()
    assert "no held-out row was looked at" in " ".join(manifest.read_text().replace("#", " ").split())
    commit(project)
    for seed in (1, 2):
        manifest.write_text(manifest.read_text().replace("seed: 1", f"seed: {seed}"))
        if seed == 2:
            project.commit("Another seed")
        project.run("apply", "sandbox", "--yes")
        branch = project.run("promote", "t", "--to", "production", "-o", "json").json["branch"]
        project.git("merge", "-q", "--no-ff", branch)
        project.run("apply", "production", "--yes")
    project.run("predict", "t", "--in", "production", "--out", "before.csv")
    file = project.root / "environments/production.yaml"
    file.write_text(file.read_text().replace('nulls: ["-"]', 'nulls: ["-", "NA"]'))
    (project.root / "data/t.csv").write_text(spelled(400, lambda n: row(n, pandas=True), header))
    project.run("predict", "t", "--in", "production", "--out", "after.csv", "--working-tree")
    assert (project.root / "after.csv").read_text() == (project.root / "before.csv").read_text()
