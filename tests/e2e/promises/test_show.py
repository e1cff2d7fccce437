"""`show` and `evaluate`: the evaluation in full is computed when it is asked for, kept, and never believed blindly."""

from __future__ import annotations

import json
from dataclasses import replace

from reconciler import codec
from reconciler.core.evaluation.detailed import DetailedEvaluation
from tests.support.project import Project, write_ledger

MODEL = ("lateness", "--in")


def test_it_is_computed_when_it_is_first_asked_for_and_the_same_is_read_from_then_on(deployed: Project) -> None:
    assert not list(deployed.root.rglob("evaluations"))  # not by training, gates, promotion and deployment
    first = deployed.run("show", *MODEL, "production", "--output", "json")
    (record,) = deployed.root.rglob("evaluations/*/*.json")
    written = record.read_bytes()
    again = deployed.run("show", *MODEL, "production", "--output", "json")
    assert (record.read_bytes(), again.out) == (written, first.out)
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
