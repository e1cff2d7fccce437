"""Every report against its golden file, at two widths and in three forms. UPDATE_GOLDEN=1 rewrites the files."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.core.inspect.drift import seen_in
from reconciler.report.help import problems
from reconciler.report.inspect import audit, drift, history, predict, reproduce, status
from reconciler.report.inspect import explain_status as why
from reconciler.report.inspect import health_check as checkup
from reconciler.report.inspect import journal_checkpoint as anchor
from reconciler.report.layout import json_output as json
from reconciler.report.layout.text_layout import UNICODE, TextStyle
from reconciler.report.plan import apply_result as apply
from reconciler.report.plan import markdown as plan_markdown
from reconciler.report.plan import merge_result as on_merge
from reconciler.report.plan import pull_request_comment as plan_comment
from reconciler.report.plan import text as plan
from reconciler.report.promotion import config_diff as compare
from reconciler.report.promotion import model_card as card
from reconciler.report.promotion import promotion_summary as promotion
from reconciler.report.promotion import proposal
from reconciler.report.promotion import pull_request_body as request
from tests.golden.report import values, values_controls, values_drift, values_review
from tests.golden.report import values_inspect as values_asked

FOLDER = Path(__file__).parent / "expected"
VALID = problems.ValidationResult(
    project="receivables", revision=values.REVISION, environments=("sandbox", "x"), models=12
)

TEXT: dict[str, Callable[[TextStyle], str]] = {
    "plan-first": lambda look: plan.text(values.first_plan(), look),
    "plan-production": lambda look: plan.text(values.production_plan(), look),
    "plan-hostile": lambda look: plan.text(values.hostile_plan(), look),
    "plan-controls": lambda look: plan.text(values_controls.controlled_plan(), look),
    "history-controls": lambda look: history.text(values_controls.history(), look),
    "rolled-back": lambda look: proposal.text(values_controls.rolled_back(), look),
    "plan-empty": lambda look: plan.text(values.plan("production", "production", ()), look),
    "applied": lambda look: apply.text(values.applied(), look),
    "status": lambda look: status.text(values.status(), look),
    "history": lambda look: history.text(values.history(), look),
    "audit": lambda look: audit.text(values.audit(), look),
    "predictions": lambda look: predict.text(values.predictions(), look),
    "reproduced": lambda look: reproduce.text(values.reproduced(equal=True), look),
    "not-reproduced": lambda look: reproduce.text(values.reproduced(equal=False), look),
    "proposed": lambda look: proposal.text(values.proposed(), look),
    "opened": lambda look: proposal.text(values.opened(), look),
    "by-hand": lambda look: proposal.text(values.by_hand(), look),
    "why": lambda look: why.text(values_asked.why(), look),
    "why-undeclared": lambda look: why.text(values_asked.why_undeclared(), look),
    "on-merge": lambda look: on_merge.text(values_review.on_merge(), look),
    "drift": lambda look: drift.text(values_drift.drifted(), look),
    "anchored": lambda look: anchor.text(values_drift.anchored(), look),
    "anchored-before": lambda look: anchor.text(values_drift.anchored(signed=True, fresh=False), look),
    "adopted": lambda look: proposal.text(values_drift.adopted(), look),
    "diff": lambda look: compare.text(values_asked.compared(), look),
    "doctor": lambda look: checkup.text(values_asked.checkup(), look),
    "doctor-well": lambda look: checkup.text(values_asked.well(), look),
    "valid": lambda look: problems.text(VALID, look),
    "invalid": lambda look: problems.error_text(values.invalid(), look),
    "failure": lambda look: problems.error_text(values.failure(), look),
    "conflict": lambda look: problems.error_text(values.conflict(), look),
}
MARKDOWN: dict[str, Callable[[], str]] = {
    "plan-first": lambda: plan_markdown.markdown(values.first_plan()),
    "plan-production": lambda: plan_markdown.markdown(values.production_plan()),
    "plan-hostile": lambda: plan_markdown.markdown(values.hostile_plan()),
    "plan-controls": lambda: plan_markdown.markdown(values_controls.controlled_plan()),
    "history-controls": lambda: history.markdown(values_controls.history()),
    "rolled-back": lambda: proposal.markdown(values_controls.rolled_back()),
    "on-merge": lambda: on_merge.markdown(values_review.on_merge()),
    "on-merge-request": lambda: on_merge.request("production", values_review.on_merge().merged[0]),
    "comment": lambda: plan_comment.markdown(values_review.request()),
    "comment-alike": lambda: plan_comment.markdown(values_review.many(12)),
    "comment-hostile": lambda: plan_comment.markdown(values_review.hostile()),
    "comment-nothing": lambda: plan_comment.markdown(values_review.nothing()),
    "comment-unseen": lambda: plan_comment.markdown(values_review.unseen()),
    "promotion": lambda: promotion.markdown(values_review.promotion()),
    "promotion-first": lambda: promotion.markdown(values_review.first_promotion()),
    "promotion-hostile": lambda: promotion.markdown(values_review.hostile_promotion(values.HOSTILE[0])),
    "promotion-vetted": lambda: promotion.markdown(values_review.vetted_promotion()),
    "applied": lambda: apply.markdown(values.applied()),
    "status": lambda: status.markdown(values.status()),
    "history": lambda: history.markdown(values.history()),
    "audit": lambda: audit.markdown(values.audit()),
    "predictions": lambda: predict.markdown(values.predictions()),
    "reproduced": lambda: reproduce.markdown(values.reproduced(equal=True)),
    "not-reproduced": lambda: reproduce.markdown(values.reproduced(equal=False)),
    "proposed": lambda: proposal.markdown(values.proposed()),
    "opened": lambda: proposal.markdown(values.opened()),
    "by-hand": lambda: proposal.markdown(values.by_hand()),
    "request": lambda: request.markdown(values_review.proposed()),
    "request-rollback": lambda: request.markdown(values.proposed()),
    "why": lambda: why.markdown(values_asked.why()),
    "drift": lambda: drift.markdown(values_drift.drifted()),
    "anchored": lambda: anchor.markdown(values_drift.anchored()),
    "drift-issue": lambda: drift.issue(values_drift.in_production(), {}, values_drift.SEEN),
    "drift-last-word": lambda: drift.issue(
        values_drift.well_again(), seen_in(values_drift.in_production().findings), values_drift.SEEN
    ),
    "diff": lambda: compare.markdown(values_asked.compared()),
    "doctor": lambda: checkup.markdown(values_asked.checkup()),
    "valid": lambda: problems.markdown(VALID),
    "invalid": lambda: problems.error_markdown(values.invalid()),
    "card": lambda: card.markdown(values.card()),
    "card-first": lambda: card.markdown(values.card(first=True)),
    "card-vetted": lambda: card.markdown(values.card(vetted=True)),
}
JSON: dict[str, Callable[[], str]] = {
    "plan-production": lambda: json.document(values.production_plan(), {"exit": 6}),
    "plan-controls": lambda: json.document(values_controls.controlled_plan(), {"exit": 5}),
    "history-controls": lambda: json.document(values_controls.history()),
    "applied": lambda: json.document(values.applied(), {"exit": 130}),
    "status": lambda: json.document(values.status()),
    "drift": lambda: json.document(values_drift.drifted(), {"exit": 6}),
    "predictions": lambda: json.document(values.predictions()),
    "valid": lambda: json.document(VALID),
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


def test_no_golden_file_is_left_over() -> None:
    expected = {f"{name}.{look}.txt" for name in TEXT for look in LOOKS}
    expected |= {f"{name}.md" for name in MARKDOWN} | {f"{name}.json" for name in JSON}
    assert {path.name for path in FOLDER.iterdir()} == expected
