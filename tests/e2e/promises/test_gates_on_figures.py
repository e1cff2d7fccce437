"""Gates on any figure: judged where the rows are, by intervals and per slice, and told at every door."""

from __future__ import annotations

import pytest

from tests.e2e.promises.test_gates_for import ACCURACY, flat, policy
from tests.support.project import Project, write_ledger

AUC = "      - {uses: threshold, metric: roc_auc, atLeast: 0.3, rule: strict}\n"
CALIBRATED = "      - {uses: calibration, atMost: 0.5}\n"
COVERED = "      - {uses: coverage, tolerance: 0.02}\n"
PER_SIZE = "      - {uses: threshold, metric: f1_macro, atLeast: 0.2, per: size, minSupport: 60}\n"
PER_COUNTRY = '      - {uses: threshold, metric: "recall:on_time", atLeast: 0.93, per: country}\n'
SLICES = '  evaluation:\n    slices: [country, {name: size, expression: "amount > 500"}]\n  gates:\n'


def test_a_figure_is_told_with_its_interval_and_bound_at_every_door(project: Project) -> None:
    write_ledger(project.root / "data/invoices.csv", rows=1_600)
    project.recipe("  gates:\n", SLICES)
    policy(project, ACCURACY + AUC + CALIBRATED + COVERED + PER_SIZE)
    assert "coverage is a figure of a model that predicts a quantile" in flat(project.run("plan", "sandbox").out)
    applied = flat(project.run("apply", "sandbox", "--yes").out)
    assert "passed 5 gates for production; 1 does not apply" in applied
    shown = flat(project.run("show", "lateness", "--in", "sandbox").out)
    project.run("promote", "lateness", "--to", "production")
    project.merge(project.git("branch", "--list", "promote/*", "--format", "%(refname:short)"))
    planned = flat(project.run("plan", "production").out)
    for text in (shown, planned, flat((project.root / "manifests/production/lateness.md").read_text())):
        assert "roc_auc 0.8916 (95% interval 0.8562 to 0.916) is shown to be at least 0.3" in text
        assert "expected_calibration_error 0.04417 (95% interval" in text
        assert "coverage is a figure of a model that predicts a quantile" in text
        assert "worst: f1_macro" in text
        assert "in size = " in text
    project.run("apply", "production", "--yes")
    assert "slices" in (project.root / "manifests/production/lateness.yaml").read_text()
    assert "Nothing to do" in flat(project.run("plan", "production").out)


@pytest.mark.soak(only=True)
def test_the_slice_and_the_figure_that_refuse_are_named_at_every_door(project: Project) -> None:
    write_ledger(project.root / "data/invoices.csv", rows=1_600)
    project.recipe("  gates:\n", SLICES)
    policy(project, ACCURACY + PER_COUNTRY)
    reason = (
        "recall:on_time 0.5962 (98.33% interval 0.4308 to 0.7423) in country = SE (116 rows) is shown to be below 0.93"
    )
    for door, code in (
        (("apply", "sandbox", "--yes"), 4),
        (("plan", "sandbox"), 0),
        (("why", "lateness", "--in", "sandbox"), 0),
        (("status", "sandbox", "-v"), 0),
        (("show", "lateness", "--in", "sandbox"), 0),
        (("promote", "lateness", "--to", "production"), 4),
    ):
        ran = project.run(*door, code=code)
        assert reason in flat(ran.out + ran.err), door


def test_a_slice_that_the_model_does_not_declare_refuses_and_says_how_to_declare_it(project: Project) -> None:
    policy(project, ACCURACY + PER_SIZE)
    reason = "f1_macro per size is not known: the model declares no such slice"
    assert "the model declares no slice size" in flat(project.run("plan", "sandbox").out)
    applied = flat(project.run("apply", "sandbox", "--yes", code=4).out)
    assert reason in applied
    assert "`evaluation: {slices: [size]}`" in applied
    assert "E212" in project.run("promote", "lateness", "--to", "production", code=2).err


def test_models_are_compared_by_any_figure_and_per_slice_and_every_door_says_the_same(project: Project) -> None:
    """A stump ranks worse than what is deployed, on every part of the slice, and its Brier score is higher."""
    write_ledger(project.root / "data/invoices.csv", rows=1_600)
    project.recipe("  gates:\n", SLICES)
    project.run("apply", "sandbox", "--yes")
    project.promote()
    project.run("apply", "production", "--yes")
    per_size = "metric: roc_auc, tolerance: 0.01, minRows: 20, minSupport: 20, per: size"
    compared = "      - {uses: no-worse-than-incumbent, "
    policy(project, f"{ACCURACY}{compared}{per_size}}}\n{compared}metric: brier, minRows: 20}}\n")
    project.recipe("max_depth: 3", "max_depth: 1")
    applied = flat(project.run("apply", "sandbox", "--yes", code=4).out)
    ranked = "(97.5% interval -0.1527 to -0.0525) in size = true (171 rows), evidence rule, tolerance 0.01"
    lost = "worse than the incumbent: brier +0.0260 against the incumbent (95% interval +0.0131 to +0.0393) on 380 rows"
    planned, why = (
        flat(project.run(*each).out) for each in (("plan", "sandbox"), ("why", "lateness", "--in", "sandbox"))
    )
    for door in (applied, planned, why):
        assert f"worse than the incumbent: roc_auc -0.1026 against the incumbent {ranked}" in door
        assert "so it is in size = false; 2 of 2 slices compared" in door
        assert lost in door
    (model,) = project.run("plan", "sandbox", "-o", "json").json["models"]
    (verification,) = model["detail"]["verifications"]
    per, whole = (each for each in verification["results"] if each["gate"]["uses"].startswith("no-worse"))
    assert [part["name"] for part in per["comparison"]["per"]["parts"]] == ["size = true", "size = false"]
    assert whole["comparison"]["candidate"] > whole["comparison"]["incumbent"], "a higher Brier score is a worse one"
