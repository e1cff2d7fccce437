"""What production serves is what the sandbox trained and the gates let through: by digest, without a trainer."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.ci_steps import libraries
from tests.support.project import REPOSITORY, Project

FIT_RAISES = """
import importlib.abc, importlib.util, sys

class Raising(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name != "sklearn.base":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        run = spec.loader.exec_module
        def exec_module(module):
            run(module)
            def no_fit(self, *args, **kwargs):
                raise RuntimeError("fit was called in production")
            def init_subclass(cls, **kwargs):
                for word in ("fit", "partial_fit", "fit_transform", "fit_predict"):
                    if word in vars(cls):
                        setattr(cls, word, no_fit)
            module.BaseEstimator.__init_subclass__ = classmethod(init_subclass)
        spec.loader.exec_module = exec_module
        return spec

sys.meta_path.insert(0, Raising())
"""


def without_trainer(folder: Path) -> str:
    """An interpreter whose `reconciler` has no `training` package and whose scikit-learn cannot fit."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    packages = folder / "lib" / f"python3.{sys.version_info.minor}" / "site-packages"
    shutil.copytree(REPOSITORY / "reconciler", packages / "reconciler", ignore=shutil.ignore_patterns("training"))
    # Not as sitecustomize: distributions have one of their own, which comes first.
    (packages / "no_fit_here.py").write_text(FIT_RAISES)
    (packages / "others.pth").write_text("\n".join(libraries()) + "\nimport no_fit_here\n")
    return str(folder / "bin/python")


@pytest.mark.soak(only=True)
def test_in_that_interpreter_scikit_learn_cannot_fit(tmp_path: Path) -> None:
    """Otherwise the test below would show less."""
    fit = "import sklearn.tree as t; t.DecisionTreeClassifier().fit([[1]], [1])"
    python = without_trainer(tmp_path / "venv")
    probe = subprocess.run([python, "-P", "-c", fit], capture_output=True, text=True, check=False)
    assert "fit was called in production" in probe.stderr


def test_production_deploys_and_predicts_without_a_trainer_and_serves_the_digest_of_the_sandbox(
    trained: Project, tmp_path: Path
) -> None:
    digest = trained.model_status("sandbox")["artifact"]
    assert trained.promote() == digest
    trained.python = without_trainer(tmp_path / "venv")
    training = [trained.python, "-P", "-c", "import reconciler.training"]
    assert subprocess.run(training, capture_output=True, check=False).returncode != 0

    trained.run("apply", "production", "--yes")

    assert trained.served()["artifact"] == digest
    trained.run("predict", "lateness", "--in", "production", "--out", str(tmp_path / "open.csv"))
    assert (tmp_path / "open.csv").read_text().count("\n") > 10


def test_with_the_sandbox_store_gone_production_serves_predicts_audits_and_restores(
    deployed: Project, tmp_path: Path
) -> None:
    shutil.rmtree(deployed.root / ".reconciler/sandbox")
    deployed.run("predict", "lateness", "--in", "production", "--out", str(tmp_path / "open.csv"))
    deployed.run("audit", "production")
    (deployed.release() / "model.skops").unlink()
    deployed.run("apply", "production", "--yes")
    deployed.run("audit", "production")
    deployed.run("plan", "production", "--check")


def test_a_refused_candidate_never_reaches_production_and_is_not_trained_again(project: Project) -> None:
    policy = project.root / "environments/production.yaml"
    policy.write_text(policy.read_text().replace("atLeast: 0.4", "atLeast: 0.999"))
    project.commit("A gate that nothing passes")
    first = project.run("apply", "sandbox", "--yes", "-o", "json", code=4).json
    assert first["trained"] == 1
    assert "0.999" in first["results"][0]["problem"]
    again = project.run("apply", "sandbox", "--yes", "-o", "json", code=4).json
    assert again["trained"] == 0
    assert again["results"][0]["problem"] == first["results"][0]["problem"]
    project.run("plan", "sandbox", "--check", code=4)
    project.run("promote", "lateness", "--to", "production", code=4)

    # Nor when somebody pins it by hand.
    digest = project.model_status("sandbox")["artifact"]
    text = (project.root / "manifests/sandbox/lateness.yaml").read_text()
    project.write("manifests/production/lateness.yaml", text.replace("spec:\n", f'spec:\n  artifact: "{digest}"\n'))
    project.commit("Pinned by hand")
    project.run("apply", "production", "--yes", code=4)
    assert not (project.root / "serving/lateness").exists()


def test_versions_move_forward_and_back_by_command_and_by_git_revert_without_training(deployed: Project) -> None:
    first = deployed.served()["artifact"]
    deployed.recipe("max_depth: 3", "max_depth: 5")
    assert deployed.run("apply", "sandbox", "--yes", "-o", "json").json["trained"] == 1
    second = deployed.promote()
    assert second != first
    deployed.run("apply", "production", "--yes")
    assert deployed.served()["artifact"] == second

    back = deployed.run("rollback", "lateness", "--in", "production", "-o", "json").json
    assert back["artifact"] == first
    deployed.merge(back["branch"])
    deployed.run("apply", "production", "--yes")
    assert deployed.served()["artifact"] == first

    deployed.git("revert", "--no-edit", "-m", "1", "HEAD")
    deployed.run("apply", "production", "--yes")
    assert deployed.served()["artifact"] == second

    # Reverting the recipe in the sandbox takes the old bytes up again.
    deployed.recipe("max_depth: 5", "max_depth: 3")
    taken_up = deployed.run("apply", "sandbox", "--yes", "-o", "json").json
    assert taken_up["trained"] == 0
    assert deployed.model_status("sandbox")["artifact"] == first
    deployed.run("audit")


def test_where_one_environment_promotes_it_need_not_be_named_and_of_two_both_are_told(trained: Project) -> None:
    assert trained.run("promote", "lateness", "-o", "json").json["branch"].startswith("promote/production/lateness/")
    text = (trained.root / "environments/production.yaml").read_text()
    text = text.replace("name: production", "name: staging").replace("role: production", "role: staging")
    trained.write("environments/staging.yaml", text.replace("root: serving", "root: serving-staging"))
    trained.commit("Staging")
    assert "environments to promote to: production, staging" in trained.run("promote", "lateness", code=2).err
