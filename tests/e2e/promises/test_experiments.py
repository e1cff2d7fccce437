"""An experiment by commands: the same in another folder, after a kill, with more jobs; the holdout judges once."""

from __future__ import annotations

import copy
import csv
import random
import shutil
import signal
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.effort import count
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
    table = copy.deepcopy(table)
    for arm in table["arms"]:
        for line in arm["lines"]:
            line.pop("seconds")
    for fact in ("when", "commit", "seconds"):
        table["origin"].pop(fact)
    return {name: value for name, value in table.items() if name != "new"}


def stored(project: Project) -> dict[str, bytes]:
    store = project.root / ".reconciler/sandbox"
    return {path.relative_to(store).as_posix(): path.read_bytes() for path in store.rglob("*") if path.is_file()}


def forget(project: Project) -> None:
    """Remove what the experiment found, as if it had never run."""
    for name in ("trials", "experiments"):
        shutil.rmtree(project.root / ".reconciler/sandbox" / name, ignore_errors=True)


PATIENCE = 300.0  # seconds


def killed(project: Project, chance: random.Random, seed: int) -> bool:
    """Kill the experiment at a random moment: some trials after it goes on, or while the next
    one is at work. Return whether it was still at work. One that came to its end before begins anew."""
    trials = project.root / ".reconciler/sandbox/trials"
    if (project.root / ".reconciler/sandbox/experiments").is_dir():
        forget(project)
    before = len(list(trials.iterdir())) if trials.is_dir() else 0
    process = project.start(*RUN, "--jobs", str(chance.choice((1, 2, 4))))
    # The first kill is after a trial, so that something is found again; others may come before any.
    after, polls = chance.randint(1 if seed == 0 else 0, 3), chance.randint(0, 60)
    end = time.monotonic() + PATIENCE
    while process.poll() is None:
        assert time.monotonic() < end, "it neither finds anything nor ends"
        found = len(list(trials.iterdir())) - before if trials.is_dir() else 0
        polls -= found >= after
        if found > after or (found == after and polls <= 0):
            break
        time.sleep(0.01)
    process.kill()
    process.communicate()
    return process.returncode == -signal.SIGKILL


@pytest.mark.soak(only=True)  # unit/engine/experiment
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

    kills = [killed(other, random.Random(seed), seed) for seed in range(count("EXPERIMENT_KILLS"))]
    assert any(kills), "it was still at work"
    again = other.run(*RUN, "--jobs", "2").json
    assert again["new"] < table["new"], "what was over is found again"
    assert without_times(again) == without_times(table)
    assert searching.run(*RUN).json["new"] == 0
    for jobs in (4, 2, 1)[: count("EXPERIMENT_JOBS")]:
        forget(other)
        afresh = other.run(*RUN, "--jobs", str(jobs)).json
        assert afresh["new"] == table["new"]
        assert without_times(afresh) == without_times(table)

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
    looked = "these rows have judged a candidate 2 times on average"
    assert looked in searching.run("why", "lateness", "--in", "sandbox").out
    assert looked in searching.run("status", "sandbox", "-v").out
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
    lock = trained.root / "requirements.lock"
    lock.write_text(lock.read_text() + "xgboost-cpu==0.0.1\n")
    trained.commit("A library that no machine has")
    lacking = trained.run("improve", "lateness", "--trials", "3", "--metric", "accuracy", code=1)
    assert "declared xgboost-cpu 0.0.1, found" in " ".join(lacking.err.split())
    assert "trial 1" not in lacking.err


def faithful_customers(path: Path) -> None:
    """Write a ledger of customers who mostly do what they did before; nothing else tells when they pay."""
    chance, lines = random.Random(5), ["invoice_id,customer_id,issued,due,paid,amount,country"]
    for number in range(600):
        issued, customer = date(2023, 1, 1) + timedelta(days=number), chance.randrange(30)
        days = 25 if (customer < 15) is (chance.random() < 0.9) else -3
        due = issued + timedelta(days=14)
        paid = due + timedelta(days=days)
        lines.append(f"{number:04d},C{customer:02d},{issued},{due},{paid},{chance.randint(10, 900)},NO")
    path.write_text("\n".join(lines) + "\n")


def test_improve_proposes_the_past_that_nobody_declared_as_a_guess_and_what_is_adopted_is_what_was_judged(
    trained: Project,
) -> None:
    manifest = trained.root / "manifests/sandbox/lateness.yaml"
    text = manifest.read_text()
    past = text[text.index("      past:") : text.index("      predict:")]
    manifest.write_text(text.replace(past, "").replace(", prior, prior_late]", "]"))
    faithful_customers(trained.root / "data/invoices.csv")
    trained.commit("A model without history")
    trained.run("apply", "sandbox", "--yes", "--refresh", code=None)
    command = ("improve", "lateness", "--trials", "12", "--metric", "log_loss")
    ran = trained.run(*command)
    assert "up to 2 of them try features from earlier rows" in ran.err
    assert "earlier rows with the same customer_id tell something is a guess" in " ".join(ran.out.split())
    table = trained.run(*command, "-o", "json").json
    assert any("earlier rows of the same customer_id" in change for change in table["changes"]), table["changes"]
    assert table["holdout"]["against"]["lower"] > 0, "its interval leaves out zero"
    assert any(note.startswith("lightgbm and xgboost not tried") for note in table["notes"])
    proposed = trained.run("experiment", "adopt", "improve-lateness", "-o", "json").json
    trained.merge(proposed["branch"])
    adopted = manifest.read_text()
    assert adopted.startswith("# Will it be paid late?\n")
    assert "known: outcome_known_from" in adopted
    assert "reused" in trained.run("apply", "sandbox", "--yes").out, "an apply trains the winner no second time"
    assert trained.model_status("sandbox")["artifact"] == table["holdout"]["artifact"]
