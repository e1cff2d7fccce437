"""Models of LightGBM and XGBoost go the whole way; a host without the library is told which extra it lacks."""

from __future__ import annotations

import csv
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.support.ci_steps import libraries
from tests.support.effort import FULL
from tests.support.project import REPOSITORY, Project

pytestmark = pytest.mark.needs("lightgbm")

# What a host sees on which neither is installed.
NOT_INSTALLED = """
import importlib.metadata, sys

for name in ("lightgbm", "xgboost"):
    sys.modules[name] = None
found = importlib.metadata.Distribution.from_name.__func__

def from_name(kind, name):
    if name in ("lightgbm", "xgboost", "xgboost-cpu"):
        raise importlib.metadata.PackageNotFoundError(name)
    return found(kind, name)

importlib.metadata.Distribution.from_name = classmethod(from_name)
"""
TREE = "{uses: sklearn, class: DecisionTreeClassifier, params: {max_depth: 3}}"
FEW = "params: {n_estimators: 20, learning_rate: 0.2}, monotonic: {prior_late: increasing}"
PINS = {"lightgbm": ("LGBMClassifier", "lightgbm"), "xgboost": ("XGBClassifier", "xgboost-cpu")}


def without_libraries(folder: Path) -> str:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    packages = folder / "lib" / f"python3.{sys.version_info.minor}" / "site-packages"
    (packages / "not_installed_here.py").write_text(NOT_INSTALLED)
    (packages / "others.pth").write_text("\n".join([str(REPOSITORY), *libraries()]) + "\nimport not_installed_here\n")
    return str(folder / "bin/python")


def pinned(project: Project, uses: str) -> None:
    """Declare a model of the library, and pin it, as `validate` asks for."""
    name, distribution = PINS[uses]
    lock = project.root / "requirements.lock"
    project.recipe(TREE, f"{{uses: {uses}, class: {name}, {FEW}}}")
    refused = project.run("validate", code=2)
    assert f"requirements.lock does not pin {distribution}" in refused.out
    lock.write_text(f"{lock.read_text()}{distribution}=={version(distribution)}\n")
    project.commit("The library is pinned")


@pytest.mark.soak(every=2)
@pytest.mark.parametrize("uses", sorted(PINS))
def test_it_is_trained_reproduced_promoted_predicted_and_explained(uses: str, trained: Project, tmp_path: Path) -> None:
    before = trained.model_status("sandbox")["artifact"]
    pinned(trained, uses)
    trained.run("apply", "sandbox", "--yes")
    digest = trained.promote()
    assert digest != before
    trained.run("apply", "production", "--yes")
    assert trained.served()["artifact"] == digest
    files = {path.name for path in trained.release().iterdir()}
    assert {file.split(".")[1] for file in files if file.startswith("model.")} == {uses}
    out = tmp_path / "open.csv"
    trained.run("predict", "lateness", "--in", "production", "--top", "2", "--out", str(out))
    rows = list(csv.DictReader(out.read_text().splitlines()))
    assert len(rows) > 10
    assert all(row["factor_1"] for row in rows)
    assert "reproduced" in trained.run("reproduce", digest).out.lower()


@pytest.mark.soak
def test_a_host_without_the_library_is_told_the_extra_at_every_door(trained: Project, tmp_path: Path) -> None:
    pinned(trained, "lightgbm")
    trained.run("apply", "sandbox", "--yes")
    trained.promote()
    trained.run("apply", "production", "--yes")

    trained.python = without_libraries(tmp_path / "venv")
    command = "pip install 'model-reconciler[lightgbm]'"
    lacking = trained.run("predict", "lateness", "--in", "production", "--out", str(tmp_path / "o.csv"), code=1).err
    assert "E610" in lacking
    assert command in lacking
    validated = trained.run("validate")
    assert validated.err.count(command) + validated.out.count(command) == 2  # the sandbox's trainings, and production
    if not FULL:
        return
    trained.recipe("seed: 7", "seed: 8")
    plan = trained.run("plan", "sandbox")
    assert command in plan.out + plan.err
    applied = trained.run("apply", "sandbox", "--yes", code=1)
    assert command in applied.out + applied.err
