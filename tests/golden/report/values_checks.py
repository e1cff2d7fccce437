"""What checks found in the rows of a training: each severity, a hostile name, and what is switched off."""

from __future__ import annotations

from dataclasses import replace

from reconciler.core.artifact.journal import Action
from reconciler.core.inspect.explanation import Explanation
from reconciler.core.plan.apply_result import ApplyResult
from reconciler.core.promotion.promotion_summary import PromotionSummary
from reconciler.core.quality.checks import CHECKS, CheckOff
from reconciler.core.quality.figures import ClassFigures, Estimate, FeatureFigures, RowFigures
from reconciler.core.quality.findings import CheckFacts
from reconciler.core.quality.rules import judge
from tests.golden.report import values, values_inspect, values_review

HOSTILE = values.HOSTILE[0][:40]
SURE = Estimate(value=1.0, least=0.99)


def facts(*, allowed: tuple[str, ...] = tuple(CHECKS)) -> CheckFacts:
    features = (
        FeatureFigures(name="days_to_settle", filled=900, open_filled=50, distinct=40, copies=("days_late", SURE)),
        FeatureFigures(name=HOSTILE, filled=900, open_filled=50, distinct=40, alone=Estimate(value=0.93, least=0.88)),
        FeatureFigures(name="disputed", filled=900, open_filled=50, distinct=2, known_later="disputed"),
        FeatureFigures(name="terms_days", filled=900, open_filled=50, distinct=1, constant=True),
        FeatureFigures(name="country", filled=5, open_filled=1, distinct=3, category=True, moved=0.41),
        FeatureFigures(name="issued_day", filled=900, open_filled=50, distinct=800, outside=1.0),
    )
    classes = (
        ClassFigures(name="on_time", trained=600, held_out=200),
        ClassFigures(name="late", trained=100, held_out=0),
    )
    found = judge(
        RowFigures(trained=700, held_out=200, open=50, features=features, classes=classes, duplicates=60, in_time=True)
    )
    off = (
        CheckOff(check="leak-suspect", subject="days_to_settle", reason="settled by agreement before it is written"),
        CheckOff(check="leak-suspect", subject="disputed", reason="known when we predict " + HOSTILE),
    )
    return CheckFacts(findings=found, off=off, allowed=allowed)


def applied() -> ApplyResult:
    done = values.applied()
    told = facts().told
    results = (
        replace(done.results[1], done=("trained 1a2b3c4d5e6f: grade C",), action=Action.TRAIN, checks=told[:2]),
        replace(done.results[4], checks=told),
    )
    return replace(done, results=results, interrupted=False)


def explained() -> Explanation:
    return replace(values_inspect.why(), part=None, checks=facts())


def promotion() -> PromotionSummary:
    """A candidate with an error that its environment does not let be off."""
    return replace(values_review.promotion(), checks=facts(allowed=()))
