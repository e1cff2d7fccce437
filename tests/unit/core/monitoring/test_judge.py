"""What is found of a model by its promise and what is known: when it is degraded, and when no longer."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from reconciler.core.artifact.evaluation import Evaluation
from reconciler.core.digest import digest_of_bytes
from reconciler.core.monitoring.judge import Judgement, judge
from reconciler.core.monitoring.outcomes import DayOutcomes
from reconciler.core.monitoring.promise import LossKind, Promise, promise_of
from reconciler.core.monitoring.record import LiveVerdict, MonitoringRecord
from reconciler.core.spec.grade import Grade
from reconciler.core.spec.recipe import Estimator, Features, Holdout, Outcome, Recipe, Selection, Task

PROMISE = Promise(figure="accuracy", value=0.8, rows=500, kind=LossKind.WRONG)


def days(*wrong: int, rows: int = 50, first: int = 1) -> list[DayOutcomes]:
    return [
        DayOutcomes(day=f"2026-01-{first + n:02d}", rows=rows, loss=each, error=each) for n, each in enumerate(wrong)
    ]


def record(found: Judgement) -> MonitoringRecord:
    return MonitoringRecord(
        environment="production",
        model="pay",
        artifact=digest_of_bytes(b"a"),
        when=datetime(2026, 1, 31, tzinfo=UTC),
        who="ada",
        verdict=found.verdict,
        promise=PROMISE,
        waiting=0,
        gone=0,
        known=found.known,
        recent=found.recent,
        evidence=found.evidence,
        found=found.found,
        through=found.through,
    )


def test_nothing_known_too_few_and_as_promised_are_told_apart() -> None:
    assert judge(PROMISE, [], "2026-01-31", None).verdict is LiveVerdict.NOTHING
    assert judge(PROMISE, days(1, rows=10), "2026-01-31", None).verdict is LiveVerdict.TOO_FEW
    kept = judge(PROMISE, days(10, 9, 11), "2026-01-31", None)
    assert kept.verdict is LiveVerdict.KEPT
    assert kept.known is not None
    assert (kept.known.value, kept.known.rows) == (0.8, 150)
    assert (kept.known.first, kept.known.last) == ("2026-01-01", "2026-01-03")


def test_what_was_found_degraded_stays_so_after_better_days_and_goes_when_the_outcomes_are_corrected() -> None:
    bad = days(10, 10, 25, 25, 25, 25)
    found = judge(PROMISE, bad, "2026-01-07", None)
    assert found.verdict is LiveVerdict.DEGRADED
    assert found.recent is not None
    assert (found.recent.first, found.recent.value) == ("2026-01-03", 0.5)
    assert (found.found, found.through) == ("2026-01-07", "2026-01-06")

    better = judge(PROMISE, [*bad, *days(*[6] * 20, first=7)], "2026-01-27", record(found))
    assert better.verdict is LiveVerdict.DEGRADED
    assert (better.found, better.through) == ("2026-01-07", "2026-01-06")

    corrected = judge(PROMISE, [*days(*[10] * 6), *days(*[9] * 20, first=7)], "2026-01-27", record(found))
    assert corrected.verdict is LiveVerdict.KEPT
    assert corrected.found is None


def test_a_return_from_better_than_promised_to_what_was_promised_is_not_degraded() -> None:
    course = days(*[2] * 15, *[10] * 12)
    assert judge(PROMISE, course, "2026-01-31", None).verdict is LiveVerdict.KEPT


def regression(**params: float | str) -> Recipe:
    return Recipe(
        task=Task.REGRESSION,
        data=Selection(table="t", key="id"),
        outcome=Outcome(column="y"),
        features=Features(numeric=("x",)),
        estimator=Estimator(uses="sklearn", class_name="GradientBoostingRegressor", params=tuple(params.items())),
        holdout=Holdout(random=0.2),
        seed=1,
    )


def evaluation(rows: int = 100, **metrics: float) -> Evaluation:
    return Evaluation(
        task="regression",
        rows=rows,
        training_rows=400,
        classes=(),
        confusion=(),
        metrics=tuple(metrics.items()),
        naive=1.0,
        errors_removed=0.5,
        grade=Grade.B,
        influences=(),
        evaluation_rows=digest_of_bytes(b"rows"),
    )


def test_a_number_is_held_to_its_mean_absolute_error_and_a_quantile_to_its_pinball_loss() -> None:
    promise = promise_of(evaluation(mae=2.0, rmse=3.0, r2=0.4), regression())
    assert isinstance(promise, Promise)
    assert (promise.figure, promise.value, promise.cap) == ("mae", 2.0, 6.0)
    assert promise.loss == pytest.approx(1 / 3)
    assert not promise.higher_is_better
    quantile = regression(alpha=0.9, loss="quantile")
    promise = promise_of(evaluation(mae=2.0, rmse=3.0, pinball=0.4), quantile)
    assert isinstance(promise, Promise)
    assert (promise.kind, promise.quantile, promise.value) == (LossKind.PINBALL, 0.9, 0.4)
    promise = promise_of(evaluation(mae=2.0, rmse=3.0), quantile)
    assert isinstance(promise, Promise)
    assert promise.kind is LossKind.ABSOLUTE


def test_without_a_promise_it_says_why() -> None:
    assert promise_of(evaluation(rows=0, mae=1.0), regression()) == "its holdout has no rows"
    assert promise_of(evaluation(r2=0.4), regression()) == "its evaluation says no mean absolute error"
    perfect = promise_of(evaluation(mae=0.0, rmse=0.0), regression())
    assert isinstance(perfect, Promise)
    assert perfect.loss == 0.0
