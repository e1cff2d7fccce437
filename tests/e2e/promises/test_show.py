"""`show` and `evaluate`: the evaluation in full is computed when it is asked for, kept, and never believed blindly."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pytest

from reconciler import codec
from reconciler.core.evaluation.detailed import DetailedEvaluation
from tests.support.project import Project, write_ledger

MODEL = ("lateness", "--in")


def test_training_and_gates_compute_none(trained: Project) -> None:
    assert not list(trained.root.rglob("evaluations"))


def test_it_is_computed_when_it_is_proposed_and_the_same_is_read_from_then_on(deployed: Project) -> None:
    record, kept = sorted(deployed.root.rglob("evaluations/*/*.json"))  # a deploy keeps it in its own store
    made = record.read_bytes()
    assert kept.read_bytes() == made
    first = deployed.run("show", *MODEL, "production", "--output", "json")
    written = record.read_bytes()
    again = deployed.run("show", *MODEL, "production", "--output", "json")
    assert (record.read_bytes(), again.out, made) == (written, first.out, written)
    shown = json.loads(first.out)
    assert shown["state"] == "deployed"
    assert shown["detailed"]["grade"]["reason"]
    assert {figure["name"] for figure in shown["detailed"]["figures"]} >= {"accuracy", "roc_auc", "matthews"}
    text = deployed.run("show", *MODEL, "production").out
    for words in ("deployed", "Grade ", "What to do: ", "95% interval", "naive guess", "Worst slices", "Influence"):
        assert words in text
    short = shown["artifact"].removeprefix("sha256:")[:6]
    assert deployed.run("show", *MODEL, "sandbox", "--digest", short, "--output", "json").out
    assert "begins with 000000" in deployed.run("show", *MODEL, "sandbox", "--digest", "000000", code=2).err


def test_a_record_that_was_damaged_or_forged_is_told_and_mended_by_removing_it(trained: Project) -> None:
    good = trained.run("show", *MODEL, "sandbox", "--output", "json").out
    (record,) = trained.root.rglob("evaluations/*/*.json")
    written = record.read_bytes()
    record.chmod(0o644)
    record.write_bytes(written.replace(b'"rows":', b'"rowz":', 1))
    assert "E508" in trained.run("show", *MODEL, "sandbox", code=6).err
    trained.run("audit", "sandbox", code=6)

    detailed = codec.decode(DetailedEvaluation, written, what="the record")
    (first, *others) = detailed.figures
    forged = replace(detailed, figures=(replace(first, value=0.999), *others))
    record.write_bytes(codec.encode(forged))
    told = trained.run("show", *MODEL, "sandbox", code=6)
    assert "E510" in told.err
    assert "and remove evaluations/" in told.err
    record.unlink()
    assert trained.run("show", *MODEL, "sandbox", "--output", "json").out == good
    trained.run("audit", "sandbox")


def test_what_is_known_of_it_stands_wherever_a_decision_is_taken(deployed: Project) -> None:
    told = "of the naive guess's errors, goal 50%"
    assert told in " ".join(deployed.run("status", "production", "-v").out.split())
    assert told not in deployed.run("status", "production").out
    assert told in " ".join(deployed.run("why", "lateness", "--in", "production").out.split())
    deployed.recipe("max_depth: 3", "max_depth: 2")
    deployed.run("apply", "sandbox", "--yes")
    differ = " ".join(deployed.run("diff", "production", "sandbox").out.split())
    assert told in differ
    assert "no intervals of the new one are recorded" in differ
    assert "reconciler show lateness --in sandbox" in differ
    assert "no evaluation in full is recorded" in " ".join(deployed.run("status", "sandbox", "-v").out.split())


def test_other_rows_are_those_that_it_was_not_trained_on(deployed: Project) -> None:
    table = deployed.root / "others.csv"
    write_ledger(table, rows=900, seed=9)
    before = sorted(deployed.root.rglob("evaluations/*/*.json"))
    found = deployed.run("evaluate", *MODEL, "production", "--data", f"invoices={table}", "--output", "json")
    shown = json.loads(found.out)
    assert "without those that it was trained on" in shown["otherRows"]
    assert 0 < shown["detailed"]["rows"] < 900
    assert shown["evaluation"]["evaluationRows"] != shown["detailed"]["evaluationRows"]
    assert sorted(deployed.root.rglob("evaluations/*/*.json")) == before
    assert (
        "reads no table 'nothing'"
        in deployed.run("evaluate", *MODEL, "production", "--data", f"nothing={table}", code=2).err
    )


def test_lost_looks_and_lost_checks_are_told_and_never_taken_for_none(trained: Project) -> None:
    store = trained.root / ".reconciler/sandbox"
    shutil.move(store / "looks", trained.root.parent / "looks")
    shown = json.loads(trained.run("show", *MODEL, "sandbox", "--output", "json").out)["looks"]
    assert "keeps no record of it any more" in shown["unread"]
    (finding,) = trained.run("audit", "sandbox", "--output", "json", code=3).json["findings"]
    assert finding["where"].startswith("looks/sandbox/")
    trained.recipe("max_depth: 3", "max_depth: 2")
    trained.run("apply", "sandbox", "--yes")
    assert "unread" not in json.loads(trained.run("show", *MODEL, "sandbox", "--output", "json").out)["looks"]
    trained.run("audit", "sandbox")


def test_an_entry_that_names_checks_misses_them_when_they_are_gone(deployed: Project) -> None:
    (kept,) = (deployed.root / ".reconciler/production/checks").iterdir()
    kept.unlink()
    (finding,) = deployed.run("audit", "production", "--output", "json", code=6).json["findings"]
    assert f"refers to checks/{kept.name}, which is missing" in finding["problem"]


@pytest.mark.soak(only=True)  # unit/core/evaluation
def test_looks_at_the_holdout_are_counted_across_candidates_and_printed(trained: Project) -> None:
    first = json.loads(trained.run("show", *MODEL, "sandbox", "--output", "json").out)["looks"]
    assert (first["average"], first["most"], first["candidates"]) == (1, 1, 1)
    trained.run("apply", "sandbox", "--yes")  # nothing is trained, so nobody looked
    trained.recipe("max_depth: 3", "max_depth: 2")
    trained.run("apply", "sandbox", "--yes")
    again = json.loads(trained.run("show", *MODEL, "sandbox", "--output", "json").out)["looks"]
    assert (again["average"], again["most"], again["candidates"]) == (2, 2, 2)
    assert "judged a candidate 2 times on average so far" in trained.run("show", *MODEL, "sandbox").out
    trained.run("audit", "sandbox")


@pytest.mark.soak(only=True)
def test_after_gates_were_changed_the_newest_results_are_told_not_those_of_before(trained: Project) -> None:
    environment = trained.root / "environments/production.yaml"
    told = []
    for bound in ("0.41", "0.42", "0.43", "0.44"):  # results of earlier gates stay, under digests of any order
        text = environment.read_text()
        before = text.partition("metric: accuracy, atLeast: ")[2].partition("}")[0]
        environment.write_text(text.replace(f"atLeast: {before}", f"atLeast: {bound}"))
        trained.commit(f"At least {bound}")
        trained.run("apply", "sandbox", "--yes")
        told.append(f"is at least {bound}" in trained.run("show", *MODEL, "sandbox").out)
    assert all(told), told
