"""An experiment by commands: the same in another folder, after a kill, with more jobs; the holdout judges once."""

from __future__ import annotations

import csv
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tests.support.project import Project

EXPERIMENT = """\
apiVersion: reconciler/v1
kind: Experiment
metadata: {name: search}
spec:
  model: lateness
  environment: sandbox
  metric: log_loss
  folds: {count: 2}
  trials: 8
  search: {uses: random, batch: 4, seed: 2}
  space:
    estimator:
      - {uses: sklearn, class: DecisionTreeClassifier, params: {max_depth: {int: [1, 6]}, min_samples_leaf: 20}}
      - {uses: sklearn, class: LogisticRegression, params: {C: {log: [0.01, 10]}, max_iter: 500}}
    features: {drop: each}
"""
RUN = ("experiment", "run", "search", "-o", "json")


@pytest.fixture
def searching(trained: Project) -> Project:
    """A trained sandbox that declares an experiment."""
    trained.write("experiments/search.yaml", EXPERIMENT)
    trained.commit("Search for a better model")
    return trained


def elsewhere(project: Project, folder: Path) -> Project:
    shutil.copytree(project.root, folder, symlinks=True)
    return Project(folder)


def without_times(table: dict[str, Any]) -> dict[str, Any]:
    """Return a table without what two machines may differ in."""
    for arm in table["arms"]:
        for line in arm["lines"]:
            line.pop("seconds")
    for fact in ("when", "commit", "seconds"):
        table["origin"].pop(fact)
    return {name: value for name, value in table.items() if name != "new"}


def stored(project: Project) -> dict[str, bytes]:
    store = project.root / ".reconciler/sandbox"
    return {path.relative_to(store).as_posix(): path.read_bytes() for path in store.rglob("*") if path.is_file()}


def test_a_killed_experiment_goes_on_and_finds_the_same_and_its_winner_is_adopted_and_reused(
    searching: Project, tmp_path: Path
) -> None:
    other = elsewhere(searching, tmp_path / "elsewhere")
    before = stored(searching)
    table = searching.run(*RUN, "--jobs", "1").json
    assert table["new"] > 0
    after = stored(searching)
    assert before.items() <= after.items(), "nothing that was there is touched"
    assert {name.partition("/")[0] for name in after.keys() - before.keys()} <= {
        *("trials", "experiments", "builds", "recipes", "blobs", "evaluations", "checks", "looks"),
    }

    process, trials = other.start(*RUN, "--jobs", "2"), other.root / ".reconciler/sandbox/trials"
    while process.poll() is None and not (trials.is_dir() and list(trials.iterdir())):
        time.sleep(0.01)  # until the first trial is recorded
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL, "it was still at work"
    again = other.run(*RUN, "--jobs", "3").json
    assert again["new"] < table["new"], "what was over is found again"
    assert without_times(again) == without_times(table)
    assert searching.run(*RUN).json["new"] == 0

    winner = table["winner"]
    assert winner is not None
    figure = table["holdout"]
    assert (figure["looks"], figure["against"]["state"]) == (2, "compared")
    proposed = searching.run("experiment", "adopt", "search", "-o", "json").json
    assert (proposed["artifact"], proposed["files"]) == (figure["artifact"], ["manifests/sandbox/lateness.yaml"])
    searching.merge(proposed["branch"])
    manifest = (searching.root / "manifests/sandbox/lateness.yaml").read_text()
    assert manifest.startswith("# Will it be paid late?\n")
    searching.run("validate")
    assert "reused" in searching.run("apply", "sandbox", "--yes").out, "an apply trains the winner no second time"
    assert searching.model_status("sandbox")["artifact"] == figure["artifact"]
    assert "run of an experiment" in searching.run("audit", "sandbox").out
    searching.run("experiment", "adopt", "search", code=2)  # the model is another one by now
    (listed,) = searching.run("experiment", "list", "-o", "json").json["experiments"]
    assert (listed["winner"], listed["runs"]) == (winner, 1)


def test_no_figure_of_a_trial_depends_on_a_row_of_the_holdout(searching: Project, tmp_path: Path) -> None:
    """The holdout's outcomes and amounts are turned round in another project: all that trials find stays what it is."""
    other = elsewhere(searching, tmp_path / "elsewhere")
    ledger = other.root / "data/invoices.csv"
    with ledger.open(newline="") as stream:
        header, *rows = list(csv.reader(stream))
    for row in rows[int(len(rows) * 0.76) :]:
        row[header.index("amount")] = str(1000 - float(row[header.index("amount")]))
    with ledger.open("w", newline="") as stream:
        csv.writer(stream).writerows([header, *rows])
    other.run("apply", "sandbox", "--yes", "--refresh")
    one, two = searching.run(*RUN).json, other.run(*RUN).json
    assert one["snapshot"] != two["snapshot"]
    assert one["holdout"]["evaluationRows"] != two["holdout"]["evaluationRows"]
    assert without_times(one)["arms"] == without_times(two)["arms"]
    assert one["winner"] == two["winner"]


def test_improve_says_what_it_will_do_and_runs_as_many_trials_as_it_is_told(trained: Project) -> None:
    ran = trained.run("improve", "lateness", "--trials", "3", "--metric", "accuracy")
    assert "3 trials on 3 folds" in ran.err
    assert "Ctrl-C keeps" in ran.err
    assert "3 recipes tried of lateness" in ran.out
    assert "not what to expect" in ran.out
    shown = trained.run("experiment", "show", "improve-lateness", "-o", "json").json
    assert (shown["tried"], shown["metric"]) == (3, "accuracy")
    refused = trained.run("improve", "lateness", "--metric", "mae", code=2)
    assert "mae is not defined for lateness" in refused.err
