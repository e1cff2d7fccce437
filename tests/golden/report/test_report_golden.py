"""Every report against its golden file, at two widths and in four forms. UPDATE_GOLDEN=1 rewrites the files."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.core.digest import Digest
from reconciler.core.inspect.drift import first_seen_by_key
from reconciler.report.evaluation import judged_model
from reconciler.report.experiment import experiment_table
from reconciler.report.help import add_result, ci_workflows, error_code, field_docs, init_result, problems, word_docs
from reconciler.report.inspect import (
    audit,
    drift,
    explain_status,
    health_check,
    history,
    journal_checkpoint,
    predict,
    reproduce,
    status,
)
from reconciler.report.layout import json_output
from reconciler.report.layout.blocks import Block, Detail
from reconciler.report.layout.render_html import to_html
from reconciler.report.layout.render_markdown import to_markdown
from reconciler.report.layout.render_text import to_text
from reconciler.report.layout.text_layout import UNICODE, TextStyle
from reconciler.report.monitoring import monitoring, retrain_request
from reconciler.report.plan import apply_result, merge_result, plan_report, pull_request_comment
from reconciler.report.promotion import (
    config_diff,
    model_card,
    promotion_summary,
    proposal,
    proposal_set,
    pull_request_body,
)
from reconciler.report.quality import data_drift
from tests.golden.report import (
    values,
    values_checks,
    values_controls,
    values_drift,
    values_experiment,
    values_help,
    values_inspect,
    values_monitoring,
    values_quality,
    values_review,
)
from tests.golden.report.rendering import as_page, on_screen
from tests.support import evaluations

FOLDER = Path(__file__).parent / "expected"
VALID = problems.ValidationResult(
    project="receivables", revision=values.REVISION, environments=("sandbox", "x"), models=12
)

TEXT: dict[str, Callable[[TextStyle], str]] = {
    "plan-first": lambda look: on_screen(plan_report, values.first_plan(), look),
    "plan-production": lambda look: on_screen(plan_report, values.production_plan(), look),
    "plan-hostile": lambda look: on_screen(plan_report, values.hostile_plan(), look),
    "plan-controls": lambda look: on_screen(plan_report, values_controls.controlled_plan(), look),
    "history-controls": lambda look: on_screen(history, values_controls.history(), look),
    "rolled-back": lambda look: on_screen(proposal, values_controls.rolled_back(), look),
    "plan-empty": lambda look: on_screen(plan_report, values.plan("production", "production", ()), look),
    "applied": lambda look: on_screen(apply_result, values.applied(), look),
    "applied-checks": lambda look: on_screen(apply_result, values_checks.applied(), look),
    "why-checks": lambda look: on_screen(explain_status, values_checks.explained(), look),
    "status": lambda look: on_screen(status, values.status(), look),
    "history": lambda look: on_screen(history, values.history(), look),
    "audit": lambda look: on_screen(audit, values.audit(), look),
    "predictions": lambda look: on_screen(predict, values.predictions(), look),
    "predictions-unknown": lambda look: on_screen(predict, values_quality.predictions_of_unknown(), look),
    "predictions-explained": lambda look: on_screen(predict, values_quality.predictions_explained(), look),
    "data-drift": lambda look: on_screen(data_drift, values_quality.drifted(), look),
    "data-drift-unknown": lambda look: on_screen(data_drift, values_quality.without_reference(), look),
    "shown": lambda look: on_screen(judged_model, values_review.shown(), look),
    "shown-days": lambda look: on_screen(judged_model, evaluations.judged(evaluations.days()), look),
    "shown-twelve-classes": lambda look: on_screen(
        judged_model, evaluations.judged(evaluations.twelve_classes()), look
    ),
    "shown-roughly": lambda look: on_screen(
        judged_model, evaluations.judged(unknown="the rows that it was judged on are not kept any more"), look
    ),
    "reproduced": lambda look: on_screen(reproduce, values.reproduced(equal=True), look),
    "not-reproduced": lambda look: on_screen(reproduce, values.reproduced(equal=False), look),
    "proposed": lambda look: on_screen(proposal, values.proposed(), look),
    "opened": lambda look: on_screen(proposal, values.opened(), look),
    "by-hand": lambda look: on_screen(proposal, values.by_hand(), look),
    "several": lambda look: on_screen(proposal_set, values_review.several(), look),
    "several-opened": lambda look: on_screen(proposal_set, values_review.opened_set(), look),
    "added": lambda look: on_screen(add_result, values_help.added(), look),
    "why": lambda look: on_screen(explain_status, values_inspect.why(), look),
    "why-undeclared": lambda look: on_screen(explain_status, values_inspect.why_undeclared(), look),
    "on-merge": lambda look: on_screen(merge_result, values_review.on_merge(), look),
    "drift": lambda look: on_screen(drift, values_drift.drifted(), look),
    "monitored": lambda look: on_screen(monitoring, values_monitoring.monitored(), look),
    "monitored-asked": lambda look: on_screen(monitoring, values_monitoring.asked(), look),
    "monitored-by-hand": lambda look: on_screen(monitoring, values_monitoring.asked_by_hand(), look),
    "experiment": lambda look: on_screen(experiment_table, values_experiment.searched(), look),
    "experiment-unimproved": lambda look: on_screen(experiment_table, values_experiment.unimproved(), look),
    "anchored": lambda look: on_screen(journal_checkpoint, values_drift.anchored(), look),
    "anchored-before": lambda look: on_screen(
        journal_checkpoint, values_drift.anchored(signed=True, fresh=False), look
    ),
    "adopted": lambda look: on_screen(proposal, values_drift.adopted(), look),
    "diff": lambda look: on_screen(config_diff, values_inspect.compared(), look),
    "doctor": lambda look: on_screen(health_check, values_inspect.checkup(), look),
    "doctor-well": lambda look: on_screen(health_check, values_inspect.well(), look),
    "ci": lambda look: on_screen(ci_workflows, values_help.ci(written=True), look),
    "ci-check": lambda look: on_screen(ci_workflows, values_help.ci(written=False), look),
    "init": lambda look: on_screen(init_result, values_help.started(), look),
    "explain-field": lambda look: on_screen(field_docs, values_help.field(), look),
    "explain-code": lambda look: on_screen(error_code, values_help.code(), look),
    "explain-word": lambda look: on_screen(word_docs, values_help.word(), look),
    "valid": lambda look: on_screen(problems, VALID, look),
    "invalid": lambda look: to_text(problems.error_blocks(values.invalid(), Detail.SCREEN), look),
    "failure": lambda look: to_text(problems.error_blocks(values.failure(), Detail.SCREEN), look),
    "conflict": lambda look: to_text(problems.error_blocks(values.conflict(), Detail.SCREEN), look),
}
MARKDOWN: dict[str, Callable[[], str]] = {
    "plan-first": lambda: as_page(plan_report, values.first_plan()),
    "plan-production": lambda: as_page(plan_report, values.production_plan()),
    "plan-hostile": lambda: as_page(plan_report, values.hostile_plan()),
    "plan-controls": lambda: as_page(plan_report, values_controls.controlled_plan()),
    "history-controls": lambda: as_page(history, values_controls.history()),
    "rolled-back": lambda: as_page(proposal, values_controls.rolled_back()),
    "on-merge": lambda: as_page(merge_result, values_review.on_merge()),
    "on-merge-request": lambda: to_markdown(
        merge_result.request_blocks("production", values_review.on_merge().merged[0])
    ),
    "comment": lambda: to_markdown(pull_request_comment.blocks(values_review.request())),
    "comment-alike": lambda: to_markdown(pull_request_comment.blocks(values_review.many(12))),
    "comment-hostile": lambda: to_markdown(pull_request_comment.blocks(values_review.hostile())),
    "comment-nothing": lambda: to_markdown(pull_request_comment.blocks(values_review.nothing())),
    "comment-unseen": lambda: to_markdown(pull_request_comment.blocks(values_review.unseen())),
    "promotion": lambda: to_markdown(promotion_summary.blocks(values_review.promotion())),
    "promotion-first": lambda: to_markdown(promotion_summary.blocks(values_review.first_promotion())),
    "promotion-hostile": lambda: to_markdown(
        promotion_summary.blocks(values_review.hostile_promotion(values.HOSTILE[0]))
    ),
    "promotion-vetted": lambda: to_markdown(promotion_summary.blocks(values_review.vetted_promotion())),
    "promotion-checks": lambda: to_markdown(promotion_summary.blocks(values_checks.promotion())),
    "applied": lambda: as_page(apply_result, values.applied()),
    "applied-checks": lambda: as_page(apply_result, values_checks.applied()),
    "status": lambda: as_page(status, values.status()),
    "history": lambda: as_page(history, values.history()),
    "audit": lambda: as_page(audit, values.audit()),
    "predictions": lambda: as_page(predict, values.predictions()),
    "monitored": lambda: as_page(monitoring, values_monitoring.asked()),
    "request-experiment": lambda: experiment_table.evidence(values_experiment.searched()),
    "request-retrain": lambda: retrain_request.body("production", values_monitoring.monitored().models[1:2]),
    "predictions-explained": lambda: as_page(predict, values_quality.predictions_explained()),
    "data-drift": lambda: as_page(data_drift, values_quality.drifted()),
    "shown": lambda: as_page(judged_model, values_review.shown()),
    "reproduced": lambda: as_page(reproduce, values.reproduced(equal=True)),
    "not-reproduced": lambda: as_page(reproduce, values.reproduced(equal=False)),
    "proposed": lambda: as_page(proposal, values.proposed()),
    "opened": lambda: as_page(proposal, values.opened()),
    "by-hand": lambda: as_page(proposal, values.by_hand()),
    "several-opened": lambda: as_page(proposal_set, values_review.opened_set()),
    "request-several": lambda: pull_request_body.markdown(values_review.several()),
    "request": lambda: pull_request_body.markdown(values_review.proposed()),
    "request-rollback": lambda: pull_request_body.markdown(values.proposed()),
    "why": lambda: as_page(explain_status, values_inspect.why()),
    "drift": lambda: as_page(drift, values_drift.drifted()),
    "anchored": lambda: as_page(journal_checkpoint, values_drift.anchored()),
    "drift-issue": lambda: drift.issue(values_drift.in_production(), {}, values_drift.SEEN),
    "drift-last-word": lambda: drift.issue(
        values_drift.well_again(), first_seen_by_key(values_drift.in_production().findings), values_drift.SEEN
    ),
    "diff": lambda: as_page(config_diff, values_inspect.compared()),
    "doctor": lambda: as_page(health_check, values_inspect.checkup()),
    "ci": lambda: as_page(ci_workflows, values_help.ci(written=True)),
    "ci-check": lambda: as_page(ci_workflows, values_help.ci(written=False)),
    "ci-environments": lambda: as_page(ci_workflows, values_help.environments()),
    "init": lambda: as_page(init_result, values_help.started()),
    "explain-field": lambda: as_page(field_docs, values_help.field()),
    "explain-code": lambda: as_page(error_code, values_help.code()),
    "explain-word": lambda: as_page(word_docs, values_help.word()),
    "valid": lambda: as_page(problems, VALID),
    "invalid": lambda: to_markdown(problems.error_blocks(values.invalid(), Detail.PAGE)),
    "card": lambda: model_card.markdown(values.card()),
    "card-first": lambda: model_card.markdown(values.card(first=True)),
    "card-vetted": lambda: model_card.markdown(values.card(vetted=True)),
    # Cards of this form are in people's repositories, and are compared byte by byte: these files never change.
    "card-blend": lambda: model_card.markdown(values.blended_card()),
    "card-checks": lambda: model_card.markdown(replace(values.card(), checks=values_checks.facts())),
    "card-format-6": lambda: model_card.markdown(replace(values.card(template=6), checks=values_checks.facts())),
    "card-format-6-full": lambda: model_card.markdown(
        replace(values.card(template=6), detailed=evaluations.named(), evaluated=Digest("sha256:" + "e" * 64))
    ),
    "card-apart": lambda: model_card.markdown(
        replace(values.card(), apart='late is "days > 30", and "days > 60" of the other')
    ),
    "card-format-5": lambda: model_card.markdown(replace(values.card(template=5), checks=values_checks.facts())),
    "card-format-4": lambda: model_card.markdown(replace(values.card(template=4), checks=values_checks.facts())),
    "card-full": lambda: model_card.markdown(
        replace(values.card(), detailed=evaluations.named(), evaluated=Digest("sha256:" + "e" * 64))
    ),
    "card-format-5-full": lambda: model_card.markdown(
        replace(values.card(template=5), detailed=evaluations.named(), evaluated=Digest("sha256:" + "e" * 64))
    ),
    "card-format-3": lambda: model_card.markdown(replace(values.card(template=3), checks=values_checks.facts())),
    "card-format-2": lambda: model_card.markdown(replace(values.card(template=2), checks=values_checks.facts())),
    "card-format-1": lambda: model_card.markdown(values.card(template=1)),
    "card-format-1-first": lambda: model_card.markdown(values.card(first=True, template=1)),
    "card-format-1-vetted": lambda: model_card.markdown(values.card(vetted=True, template=1)),
}
JSON: dict[str, Callable[[], str]] = {
    "plan-production": lambda: json_output.document(values.production_plan(), {"exit": 6}),
    "plan-controls": lambda: json_output.document(values_controls.controlled_plan(), {"exit": 5}),
    "history-controls": lambda: json_output.document(values_controls.history(), {"exit": 0}),
    "applied": lambda: json_output.document(values.applied(), {"exit": 130}),
    "status": lambda: json_output.document(values.status(), {"exit": 0}),
    "drift": lambda: json_output.document(values_drift.drifted(), {"exit": 6}),
    "predictions": lambda: json_output.document(values.predictions()),
    "predictions-explained": lambda: json_output.document(values_quality.predictions_explained()),
    "data-drift": lambda: json_output.document(values_quality.drifted()),
    "shown": lambda: json_output.document(values_review.shown(), {"exit": 0}),
    "monitored": lambda: json_output.document(values_monitoring.asked(), {"exit": 6}),
    "valid": lambda: json_output.document(VALID),
}
HTML: dict[str, Callable[[], Iterable[Block]]] = {
    "plan-production": lambda: plan_report.blocks(values.production_plan(), Detail.PAGE),
    "status": lambda: status.blocks(values.status(), Detail.PAGE),
    "history-controls": lambda: history.blocks(values_controls.history(), Detail.PAGE),
    "promotion-hostile": lambda: promotion_summary.blocks(values_review.hostile_promotion(values.HOSTILE[0])),
}
LOOKS = {"100": TextStyle(width=100), "60": TextStyle(width=60), "80-unicode": TextStyle(width=80, glyphs=UNICODE)}


def held_against(name: str, found: str) -> None:
    path = FOLDER / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(found.encode())
    assert path.exists(), f"{name} is missing: run with UPDATE_GOLDEN=1 and look at it"
    assert found.encode() == path.read_bytes()


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("name", TEXT)
def test_the_text_is_the_golden_text(name: str, look: str) -> None:
    held_against(f"{name}.{look}.txt", TEXT[name](LOOKS[look]))


@pytest.mark.parametrize("name", MARKDOWN)
def test_the_markdown_is_the_golden_markdown(name: str) -> None:
    held_against(f"{name}.md", MARKDOWN[name]())


@pytest.mark.parametrize("name", JSON)
def test_the_json_is_the_golden_json(name: str) -> None:
    held_against(f"{name}.json", JSON[name]())


@pytest.mark.parametrize("name", HTML)
def test_the_html_is_the_golden_html(name: str) -> None:
    held_against(f"{name}.html", to_html(HTML[name]()))


def test_no_golden_file_is_left_over() -> None:
    expected = {f"{name}.{look}.txt" for name in TEXT for look in LOOKS}
    expected |= {f"{name}.md" for name in MARKDOWN} | {f"{name}.json" for name in JSON}
    expected |= {f"{name}.html" for name in HTML}
    assert {path.name for path in FOLDER.iterdir()} == expected


def test_what_the_winner_reached_on_folds_stands_in_its_row_alone_and_never_as_what_to_expect() -> None:
    run = values_experiment.searched()
    assert values_experiment.ON_FOLDS not in experiment_table.evidence(run)
    text = on_screen(experiment_table, run, TextStyle(width=100))
    rows = [line for line in text.splitlines() if values_experiment.ON_FOLDS in line]
    assert len(rows) == 1
    assert rows[0].split()[0] == "20"
    assert "its figure on folds is not what to expect" in " ".join(text.split())
