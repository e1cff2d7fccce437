"""The comment on a pull request: one line for what is alike, always short enough, and a record that nobody can edit."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler import codec
from reconciler.core.digest import digest_of_bytes
from reconciler.core.forge.pull_request import LONGEST_BODY
from reconciler.core.promotion.reviewed_plan import (
    DigestDepth,
    ReviewedPlan,
    changed_fields,
    hidden_record,
    parse_hidden_record,
    reviewed_model,
)
from reconciler.core.spec.gates import GateResult, GateStatus, Threshold, Verification
from reconciler.report.layout.render_markdown import to_markdown
from reconciler.report.plan import pull_request_comment
from reconciler.report.promotion import promotion_summary
from tests.golden.report import values, values_review


@pytest.mark.soak(every=2)
@pytest.mark.parametrize("count", [1, 4, 500, 5_000])
def test_it_is_short_enough_for_every_forge(count: int) -> None:
    body = to_markdown(pull_request_comment.blocks(values_review.many(count)))
    assert len(body) < LONGEST_BODY
    rows = [line for line in body.splitlines() if line.startswith("| 🔵")]
    assert len(rows) == 1, "models that change alike are one line"
    assert ("f1_macro" in rows[0]) == (count > 1)


def test_models_that_change_otherwise_stand_on_lines_of_their_own() -> None:
    many = values_review.many(10)
    assert many.plan is not None
    parts = list(many.plan.models)
    changed = replace(parts[3].detail.changes[0], new="400")
    parts[3] = replace(parts[3], detail=replace(parts[3].detail, changes=(changed,)))
    body = to_markdown(pull_request_comment.blocks(replace(many, plan=replace(many.plan, models=tuple(parts)))))
    assert len([line for line in body.splitlines() if line.startswith("| 🔵")]) == 2


@pytest.mark.parametrize("count", [1, 500])
def test_the_record_comes_back_from_the_comment(count: int) -> None:
    found = values_review.many(count)
    record = parse_hidden_record(to_markdown(pull_request_comment.blocks(found)))
    assert record is not None
    assert codec.decode(ReviewedPlan, record, what="the record") == found.reviewed
    assert codec.digest_of(found.reviewed) in to_markdown(pull_request_comment.blocks(found))


def test_a_record_that_is_too_large_is_left_out_and_that_is_said() -> None:
    body = to_markdown(pull_request_comment.blocks(values_review.many(5_000)))
    assert parse_hidden_record(body) is None
    assert "too many models" in body


@pytest.mark.parametrize("text", ["", "x", "<!-- reconciler-reviewed AAAA -->", "<!-- reconciler-reviewed !! -->"])
def test_what_is_no_record_is_none(text: str) -> None:
    assert parse_hidden_record(text) is None


def test_a_record_that_unpacks_to_much_is_none() -> None:
    assert parse_hidden_record(hidden_record(b"0" * 3 * 1024**2)) is None
    assert parse_hidden_record(hidden_record(b"0" * 1000)) == b"0" * 1000
    whole = hidden_record(b"0" * 1000)
    assert parse_hidden_record(whole.replace(" -->", "AAAA -->")) is None, "nothing may follow it"


def test_what_moved_is_named() -> None:
    before = values.basis("payments")
    for name, value in (("head", values.digest("other")), ("pin", values.digest("other")), ("served", "entry 3")):
        after = replace(before, **{name: value})  # type: ignore[arg-type]
        pair = [reviewed_model(one, DigestDepth.WHOLE) for one in (before, after)]
        assert changed_fields(pair[0], pair[1], DigestDepth.WHOLE) == (name,)
    same = [reviewed_model(one, DigestDepth.DECLARED) for one in (before, replace(before, head=values.digest("other")))]
    assert changed_fields(same[0], same[1], DigestDepth.DECLARED) == (), "git alone does not show what is deployed"
    pins = [reviewed_model(one, DigestDepth.DECLARED) for one in (before, replace(before, pin=values.digest("other")))]
    assert changed_fields(pins[0], pins[1], DigestDepth.DECLARED) == ("pin",)


def test_a_promotion_with_much_to_say_is_short_enough_too() -> None:
    found = values_review.promotion()
    assert found.difference is not None
    classes = tuple(replace(found.candidate.evaluation.classes[0], name=f"class {n}") for n in range(300))
    confusion = tuple(tuple(range(300)) for _ in range(300))
    evaluation = replace(found.candidate.evaluation, classes=classes, confusion=confusion)
    changes = tuple(replace(found.difference.changes[0], path=f"derive.x{n}", new="1 + " * 2_000) for n in range(300))
    candidate = replace(found.candidate, evaluation=evaluation)
    summary = replace(found, candidate=candidate, difference=replace(found.difference, changes=changes))
    body = to_markdown(promotion_summary.blocks(summary))
    assert len(body) < LONGEST_BODY


def test_each_refused_model_of_a_group_keeps_its_figure_and_its_metric() -> None:
    many = values_review.many(3)
    assert many.plan is not None
    gate = Threshold(metric="f1_macro", at_least=0.6)
    parts = []
    for n, model in enumerate(many.plan.models):
        reason = f"f1_macro 0.5{n} is below 0.6"
        result = GateResult(gate=gate, verdict=GateStatus.REFUSED, reason=reason)
        digest = digest_of_bytes(b"gates")
        verification = Verification(
            artifact=digest,
            environment="production",
            gate_set=digest,
            evaluation=digest,
            incumbent=None,
            results=(result,),
        )
        parts.append(replace(model, detail=replace(model.detail, verifications=(verification,), gate_files=())))
    body = to_markdown(pull_request_comment.blocks(replace(many, plan=replace(many.plan, models=tuple(parts)))))
    rows = [line for line in body.splitlines() if line.startswith("| `entity-")]
    assert len(rows) == 3
    for n, row in enumerate(rows):
        assert "`f1_macro`" in row
        assert f"f1\\_macro 0.5{n} is below 0.6" in row or f"f1_macro 0.5{n} is below 0.6" in row
