"""Experiments from Python find what the command line finds, and their results have all that its table has."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import reconciler
from reconciler import errors
from tests.integration.api.test_project import _trained
from tests.support.once import copy, once
from tests.support.project import Project
from tests.support.warm_start import warm_workers

EXPERIMENT = """\
apiVersion: reconciler/v1
kind: Experiment
metadata: {name: depths}
spec:
  model: lateness
  environment: sandbox
  metric: f1_macro
  folds: {count: 2}
  trials: 3
  search: {uses: grid, batch: 3}
  space:
    estimator: [{uses: sklearn, class: DecisionTreeClassifier, params: {max_depth: [1, 2, 3]}}]
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A trained sandbox that declares an experiment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")
        patch.setattr(sys, "executable", warm_workers())
        root = tmp_path_factory.mktemp("experiments") / "project"
        found = Project(copy(once(tmp_path_factory, "api-trained", _trained), root))
        found.write("experiments/depths.yaml", EXPERIMENT)
        found.commit("Three depths")
        yield found


def test_a_run_prints_shows_and_becomes_a_frame_with_all_that_the_table_has(project: Project, tmp_path: Path) -> None:
    api = reconciler.Project.open(project.root)
    with pytest.raises(errors.UsageError, match="has not come to an end yet"):
        api.experiment("depths", run=False)
    found = api.experiment("depths", jobs=1)
    assert found.value.new
    assert replace(found.value, new=None) == api.experiment("depths", run=False).value
    shown = project.run("experiment", "show", "depths", "-o", "json").json
    frame = found.to_frame()
    lines = shown["arms"][0]["lines"]
    assert list(frame["trial"]) == [line["number"] for line in lines]
    assert list(frame["f1_macro"]) == [line["figure"]["mean"] for line in lines]
    assert list(frame["low"]) == [line["figure"]["low"] for line in lines]
    assert set(frame.columns) >= {"arm", "changes", "better", "better_low", "certain", "seconds", "size", "ended"}
    assert found.winner == shown.get("winner")
    assert (found.holdout is None) is (found.winner is None)
    assert "3 recipes tried of lateness" in str(found)
    assert "<table" in found._repr_html_()
    assert repr(found).startswith("<experiment depths of lateness: 3 recipes tried, ")
    page = found.write_html(tmp_path / "depths.html")
    assert page.read_text().startswith("<!doctype html>")
    written = project.run("experiment", "report", "depths", "--html", str(tmp_path / "same.html"))
    assert "sandbox/depths: the report is in" in written.out
    assert (tmp_path / "same.html").read_bytes() == page.read_bytes()
    listed = api.experiments()
    assert list(listed) == ["depths"]
    assert list(listed.to_frame()["runs"]) == [1]


@pytest.mark.soak(only=True)
def test_improve_from_python_is_improve_of_the_command_line(project: Project) -> None:
    api = reconciler.Project.open(project.root)
    found = api.improve("lateness", trials=1, metric="accuracy")
    again = project.run("improve", "lateness", "--trials", "1", "--metric", "accuracy", "-o", "json").json
    assert again["new"] == 0, "its trial is found again"
    assert again["origin"]["identity"] == found.value.origin.identity


def test_a_mistake_is_told_with_the_remedy_of_the_command_line(project: Project) -> None:
    api = reconciler.Project.open(project.root)
    with pytest.raises(errors.UsageError, match="mae is not defined for lateness") as told:
        api.improve("lateness", metric="mae")
    assert any("--metric" in note for note in told.value.__notes__)
    with pytest.raises(errors.UsageError, match="there is no experiment nothing"):
        api.experiment("nothing")
