"""`doctor` finds what a command would stumble on later, says the remedy, and leaves nothing behind."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.project import Project


def findings(project: Project, *, code: int) -> dict[tuple[str, str], dict[str, str]]:
    document = project.run("doctor", "-o", "json", code=code).json
    return {(one["area"], one["name"]): one for one in document["checks"]}


def everything(root: Path) -> set[Path]:
    return {path for path in root.rglob("*") if ".git" not in path.parts}


def test_a_project_that_works_is_well_and_nothing_is_left_behind(deployed: Project) -> None:
    before = everything(deployed.root)
    said = deployed.run("doctor").out
    assert "1 trained with scikit-learn" in said
    assert "objects read and hashed" in said
    assert said.endswith("All is well: 20 checks\n") or "but the network:" in said
    assert everything(deployed.root) == before


def test_all_is_never_well_while_the_history_lost_something(redeployed: Project) -> None:
    """What serves is whole, so the others need not know."""
    store, now = redeployed.root / ".reconciler/production", redeployed.served()["artifact"]
    (older,) = (path for path in (store / "verifications").iterdir() if path.name != now.removeprefix("sha256:"))
    shutil.rmtree(older)
    found = redeployed.run("doctor", code=6).out
    assert f"verifications/{older.name}" in "".join(found.split())
    assert "restore it from a backup of the store" in " ".join(found.split())
    redeployed.run("audit", code=6)
    for command in (("status",), ("plan", "production", "--check")):
        assert "intact" not in redeployed.run(*command).out


def test_a_new_project_is_well_before_anything_was_made(project: Project) -> None:
    found = findings(project, code=0)
    assert "will be created" in found["production", "store"]["found"]
    assert found["production", "models"]["found"] == "nothing is deployed yet"
    assert not (project.root / ".reconciler").exists()


def test_every_bad_thing_of_a_project_is_told_at_once_with_its_remedy(deployed: Project) -> None:
    (deployed.root / "data/invoices.csv").unlink()
    deployed.git("checkout", "-q", "--detach")
    deployed.git("branch", "-q", "-D", "main")
    lock = (deployed.root / "requirements.lock").read_text()
    deployed.write("requirements.lock", lock.replace("scikit-learn==", "scikit-learn==0."))
    deployed.git("config", "--unset-all", "user.email")
    deployed.environment |= {"GIT_AUTHOR_NAME": "x", "GIT_AUTHOR_EMAIL": "x@example.org"}
    deployed.environment |= {"GIT_COMMITTER_NAME": "x", "GIT_COMMITTER_EMAIL": "x@example.org"}
    deployed.commit("Another runtime")
    for name in ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL"):
        del deployed.environment[name]
    found = findings(deployed, code=1)
    wrong = {place: one for place, one in found.items() if one["level"] != "good"}
    assert set(wrong) == {
        ("the project", "identity"),
        ("production", "branch"),
        ("production", "tables"),
        ("sandbox", "runtime"),
    }
    assert all(one["remedy"] for one in wrong.values())
    assert "data/invoices.csv" in wrong["production", "tables"]["found"]
    assert "scikit-learn 0." in wrong["sandbox", "runtime"]["found"]


def test_a_store_that_cannot_be_one_is_told(project: Project) -> None:
    (project.root / ".reconciler").write_text("a file where the folder should be")
    found = findings(project, code=1)
    assert found["sandbox", "store"]["level"] == "bad"
    assert found["production", "target"]["level"] == "good"


def test_manifests_that_are_not_valid_send_to_validate(project: Project) -> None:
    project.recipe("seed: 7", "seed: many")
    (wrong,) = [one for one in findings(project, code=1).values() if one["level"] == "bad"]
    assert "reconciler validate" in wrong["remedy"]


def test_a_cut_history_is_a_warning(project: Project, tmp_path: Path) -> None:
    project.commit("Another") if project.git("status", "--porcelain") else None
    subprocess.run(["git", "commit", "-q", "--allow-empty", "-m", "More"], cwd=project.root, check=True)
    subprocess.run(["git", "clone", "-q", "--depth=1", f"file://{project.root}", tmp_path / "cut"], check=True)
    cut = Project(tmp_path / "cut")
    found = findings(cut, code=1)  # and its data are not there
    assert found["the project", "history"]["remedy"].startswith("git fetch --unshallow")


@pytest.mark.parametrize("place", ["nowhere", "no git"])
def test_where_there_is_no_project_or_no_git_the_machine_is_still_looked_at(
    project: Project, tmp_path: Path, place: str
) -> None:
    if place == "nowhere":
        folder = tmp_path / "empty"
        folder.mkdir()
        said = project.run("-C", str(folder), "doctor", code=1).out
        assert "no reconciler.yaml" in said
    else:
        project.environment["PATH"] = os.devnull
        said = project.run("doctor", code=1).out
        assert "install git 2.30 or newer" in said
    assert "ok    python" in said
