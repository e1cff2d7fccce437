"""A blend goes the whole way as an estimator does: checked, reproduced, promoted, predicted, explained, tried."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.support.project import Project

TREE = "{uses: sklearn, class: DecisionTreeClassifier, params: {max_depth: 3}}"
BLEND = """
      uses: blend
      folds: 3
      members:
        tree: {uses: sklearn, class: DecisionTreeClassifier, params: {max_depth: 3}}
        forest: {uses: sklearn, class: ExtraTreesClassifier, params: {n_estimators: 5, min_samples_leaf: 3}}
        bayes: {uses: sklearn, class: GaussianNB}  # the odd one
    calibrate: {uses: sigmoid, folds: 3}
    decide: {maximise: f1_macro, folds: 3}"""
EXPERIMENT = """\
apiVersion: reconciler/v1
kind: Experiment
metadata: {name: blends}
spec:
  model: lateness
  environment: sandbox
  metric: log_loss
  folds: {count: 2}
  trials: 2
  search: {uses: grid, batch: 2}
  space:
    estimator:
      - {uses: sklearn, class: GaussianNB}
      - uses: blend
        folds: 2
        members:
          tree: {uses: sklearn, class: DecisionTreeClassifier, params: {max_depth: 2}}
          bayes: {uses: sklearn, class: GaussianNB}
"""


@pytest.mark.soak(only=True)
def test_it_is_trained_reproduced_promoted_predicted_and_explained(trained: Project, tmp_path: Path) -> None:
    before = trained.model_status("sandbox")["artifact"]
    trained.recipe(TREE, BLEND)
    trained.run("validate")
    trained.run("apply", "sandbox", "--yes")
    digest = trained.promote()
    assert digest != before
    card = (trained.root / "manifests/production/lateness.md").read_text()
    assert "| weights of the blend | fitted out of fold on " in card
    assert "# the odd one" in (trained.root / "manifests/production/lateness.yaml").read_text()
    trained.run("apply", "production", "--yes")
    assert trained.served()["artifact"] == digest
    shown = json.loads(trained.run("show", "lateness", "--in", "production", "--output", "json").out)
    assert '"shares": {"bayes": ' in json.dumps(shown)
    out = tmp_path / "open.csv"
    trained.run("predict", "lateness", "--in", "production", "--top", "2", "--out", str(out))
    rows = list(csv.DictReader(out.read_text().splitlines()))
    assert len(rows) > 10
    assert all(row["factor_1"] for row in rows)
    assert "reproduced" in trained.run("reproduce", digest).out.lower()
    assert "nothing" in trained.run("plan", "sandbox").out.lower()


@pytest.mark.soak(only=True)
def test_it_is_tried_beside_others_found_again_and_adopted(trained: Project) -> None:
    (trained.root / "experiments").mkdir(exist_ok=True)
    (trained.root / "experiments/blends.yaml").write_text(EXPERIMENT)
    trained.commit("Blends are tried")
    first = trained.run("experiment", "run", "blends").out
    assert "blend of bayes: GaussianNB, tree: DecisionTreeClassifier max_depth 2" in first
    assert "Nothing was run: the same experiment on the same data" in trained.run("experiment", "run", "blends").out
    adopted = trained.run("experiment", "adopt", "blends", "--trial", "2").out
    (branch,) = {word for word in adopted.split() if word.startswith("experiment/sandbox/lateness/")}
    assert "uses: blend" in trained.git("show", f"{branch}:manifests/sandbox/lateness.yaml")
