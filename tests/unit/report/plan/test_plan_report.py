"""What a plan's report puts first, and what it leaves out when there is much of it."""

from __future__ import annotations

from dataclasses import replace

from reconciler.core.artifact.journal import Action
from reconciler.core.field_diff import FieldChange
from reconciler.core.plan.apply_result import ModelResult
from reconciler.core.plan.plan import Blocked, Plan, PlanDetail, Step
from reconciler.core.status_codes import ResultStatus, SyncStatus
from reconciler.report.plan import apply_result, plan_report
from tests.golden.report import values
from tests.golden.report.rendering import as_page, on_screen

DEPLOY = (Step(action=Action.DEPLOY, reason="passed its gates"),)


def many(unchanged: int, *, changed: int = 0) -> Plan:
    parts = [
        values.part(f"quiet-{at}", sync=SyncStatus.IN_SYNC, reason="deployed as declared") for at in range(unchanged)
    ]
    parts += [
        values.part(f"loud-{at}", reason="passed its gates", steps=DEPLOY, detail=values.DETAIL)
        for at in range(changed)
    ]
    return values.plan("production", "production", tuple(parts))


def test_what_needs_a_person_comes_first_and_what_stays_comes_last() -> None:
    statuses = [
        ResultStatus.DENIED,
        ResultStatus.CONFLICT,
        ResultStatus.DAMAGED,
        ResultStatus.FAILED,
        ResultStatus.INVALID,
    ]
    parts = [
        values.part(f"blocked-{status}", reason="r", blocked=Blocked(status=status, reasons=("r",), remedy="x"))
        for status in statuses
    ]
    parts.append(values.part("a-quiet", sync=SyncStatus.IN_SYNC, reason="deployed as declared"))
    parts.append(values.part("change", reason="r", steps=DEPLOY))
    parts.append(values.part("z-noted", sync=SyncStatus.IN_SYNC, reason="r", detail=PlanDetail(notes=("n",))))
    shown = on_screen(plan_report, values.plan("production", "production", tuple(parts)))
    names = [line.split()[1] for line in shown.splitlines() if line[:2] in ("! ", "> ", "= ")]
    assert names == [
        "blocked-damaged",
        "blocked-failed",
        "blocked-invalid",
        "blocked-conflict",
        "blocked-denied",
        "change",
        "z-noted",
        "a-quiet",
    ]


def test_few_unchanged_models_are_listed_and_many_are_counted() -> None:
    assert on_screen(plan_report, many(20)).count("deployed as declared") == 20
    shown = on_screen(plan_report, many(1000, changed=1))
    assert "deployed as declared" not in shown
    assert "= 1,000 more models in sync" in shown
    assert "loud-0" in shown
    results = tuple(ModelResult(model=f"m-{at}") for at in range(1000))
    assert "= 1,000 more models unchanged" in on_screen(apply_result, replace(values.applied(), results=results))


def test_a_plan_of_thousands_of_changes_still_fits_one_comment_and_counts_what_it_left_out() -> None:
    shown = as_page(plan_report, many(10, changed=2000))
    assert len(shown) < 65_536
    assert "2000 to change, 0 blocked, 10 unchanged" in shown
    assert "and 1,900 more models" in shown
    assert "are left out: see `--output json`" in shown
    long = values.part("long", reason="why " * 50_000, steps=DEPLOY)
    assert len(as_page(plan_report, values.plan("production", "production", (long,)))) < 65_536


def test_a_repair_says_what_is_wrong_and_not_how_good_the_model_is() -> None:
    restore = (Step(action=Action.RESTORE, reason="tampered: model.skops"),)
    part = values.part("model", reason="tampered: model.skops", steps=restore, detail=values.DETAIL)
    found = values.plan("production", "production", (part,))
    for shown in (on_screen(plan_report, found), as_page(plan_report, found)):
        assert "tampered: model.skops" in shown
        assert "accuracy" not in shown
        assert "gates" not in shown


def test_a_blocked_model_says_why_and_what_to_do_and_what_is_still_repaired() -> None:
    part = values.part(
        "model",
        reason="r",
        steps=(Step(action=Action.RESTORE, reason="tampered"),),
        blocked=Blocked(
            status=ResultStatus.DENIED, reasons=("f1_macro 0.4 is below 0.5", "grade D"), remedy="change the recipe"
        ),
    )
    shown = on_screen(plan_report, values.plan("production", "production", (part,)))
    assert "refused: f1_macro 0.4 is below 0.5; grade D; meanwhile restore: tampered" in shown
    assert "what to do  change the recipe" in shown


def test_the_command_that_applies_a_plan_of_uncommitted_manifests_is_one_that_applies_it() -> None:
    sandbox = replace(values.plan("sandbox", "sandbox", many(0, changed=1).models), revision=None)
    assert "To apply it:\n  reconciler apply sandbox --working-tree\n" in on_screen(plan_report, sandbox)
    production = replace(many(0, changed=1), revision=None)
    assert on_screen(plan_report, production).endswith(
        "To apply it, commit and merge it first:\n  reconciler apply production\n"
    )


def test_a_feature_that_a_recipe_gained_or_lost_is_added_or_removed() -> None:
    gained, lost = (
        FieldChange(path="features.numeric.a", old=None, new="yes"),
        FieldChange(path="b", old="yes", new=None),
    )
    detail = replace(values.DETAIL, changes=(gained, lost))
    part = values.part("m", reason="passed its gates", steps=DEPLOY, detail=detail)
    shown = on_screen(plan_report, values.plan("production", "production", (part,)))
    assert "      features.numeric.a: added\n      b: removed\n" in shown
