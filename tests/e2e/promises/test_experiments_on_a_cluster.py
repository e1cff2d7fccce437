"""The same experiment and the same boosters on four Dask workers as here: table, winner, proposal, digests."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import pytest

from tests.e2e.promises.test_experiments import EXPERIMENT, RUN, elsewhere, without_times
from tests.support.dask_cluster import loopback_cluster
from tests.support.project import Project

pytestmark = [pytest.mark.soak(only=True), pytest.mark.needs("lightgbm")]
WORKERS = ("alice", "bob", "carol", "dan")
COMPUTE = "  compute: {uses: dask, scheduler: env:DASK_SCHEDULER}\n"
TREE = "{uses: sklearn, class: DecisionTreeClassifier, params: {max_depth: 3}}"
FEW = "params: {n_estimators: 20, learning_rate: 0.2}"
BOOSTERS = {"lightgbm": "LGBMClassifier", "xgboost": "XGBClassifier"}


def with_boosters(project: Project) -> None:
    text = (project.root / "manifests/sandbox/lateness.yaml").read_text()
    lock = project.root / "requirements.lock"
    for uses, name in BOOSTERS.items():
        own = text.replace("name: lateness", f"name: with-{uses}").replace(
            TREE, f"{{uses: {uses}, class: {name}, {FEW}}}"
        )
        assert name in own
        project.write(f"manifests/sandbox/with-{uses}.yaml", own)
    lock.write_text(f"{lock.read_text()}lightgbm=={version('lightgbm')}\nxgboost-cpu=={version('xgboost-cpu')}\n")
    project.write("experiments/search.yaml", EXPERIMENT)
    project.commit("Boosters, and a search")


def found(project: Project, **more: str) -> tuple[object, object, object]:
    """Return the artifacts by model, the table of the experiment and what its winner's proposal changes."""
    project.environment |= more
    applied = project.run_cold(("apply", "sandbox", "--yes", "-o", "json"))
    assert applied.code == 0, applied.err
    (environment,) = project.run("status", "sandbox", "-o", "json", code=None).json["environments"]
    artifacts = {model["model"]: model["artifact"] for model in environment["models"]}
    ran = project.run_cold(RUN)
    assert ran.code == 0, ran.err
    proposed = project.run("experiment", "adopt", "search", "-o", "json").json
    manifest = project.git("show", f"{proposed['branch']}:manifests/sandbox/lateness.yaml")
    return artifacts, without_times(ran.json), (proposed["artifact"], manifest)


def test_four_workers_find_what_is_found_here(trained: Project, tmp_path: Path) -> None:
    with_boosters(trained)
    other = elsewhere(trained, tmp_path / "elsewhere")
    sandbox = other.root / "environments/sandbox.yaml"
    sandbox.write_text(sandbox.read_text() + COMPUTE)
    other.commit("On a cluster")
    here = found(trained)
    with loopback_cluster(tmp_path / "cluster", *WORKERS) as cluster:
        there = found(other, DASK_SCHEDULER=cluster.address)
        assert sum("Begins" in cluster.log(name) for name in WORKERS) >= 2, "more than one of them worked"
    assert there == here
