"""A deployed model is held to what it promised: which predictions count, and what keeps it from being judged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reconciler import codec
from reconciler.core.artifact import store_layout
from reconciler.core.artifact.prediction_log import PredictionLog
from reconciler.core.digest import Digest, digest_of_bytes
from reconciler.core.erasure.erased_objects import RewrittenLog
from reconciler.core.evaluation.figures import Figure
from reconciler.core.monitoring.outcomes import DayOutcomes, KnownOutcomes
from reconciler.core.monitoring.promise import LossKind, Promise
from reconciler.core.monitoring.record import LiveVerdict, MonitoringRecord, RetrainRequest
from reconciler.engine.monitoring import monitor, monitoring_log
from reconciler.engine.storage import numbered_log
from reconciler.engine.storage.erasures.erased import Erased
from reconciler.engine.storage.evaluations import records
from reconciler.errors import IntegrityError, UsageError
from reconciler.testing.memory import MemoryStore
from tests.simulation.sample_project import MODEL, PRODUCTION
from tests.simulation.scenario import Scenario
from tests.support import evaluations
from tests.unit.core.monitoring.test_judge import evaluation

NOW = datetime(2026, 1, 31, tzinfo=UTC)
ARTIFACT, OTHER = digest_of_bytes(b"a"), digest_of_bytes(b"b")
PROMISE = Promise(figure="accuracy", value=0.8, rows=100, kind=LossKind.WRONG)


@pytest.fixture
def log(tmp_path: Path) -> Callable[..., MemoryStore]:
    store = MemoryStore(tmp_path)

    def logged(artifact: Digest = ARTIFACT, *, when: datetime = NOW, model: str = "pay") -> MemoryStore:
        record = PredictionLog(
            environment="production",
            model=model,
            artifact=artifact,
            as_of="2026-01-31",
            when=when,
            who="ada",
            rows=digest_of_bytes(b"rows"),
            count=3,
        )
        numbered_log.append_next(store, store_layout.predictions("production", "pay"), codec.encode(record))
        return store

    return logged


def test_only_runs_of_the_deployed_artifact_count(log: Callable[..., MemoryStore]) -> None:
    log()
    log(OTHER)
    store = log()
    assert [run.n for run in monitor._runs(store, "production", "pay", ARTIFACT)] == [0, 2]
    assert list(monitor._runs(store, "production", "pay", digest_of_bytes(b"c"))) == []


def test_a_log_with_a_gap_and_one_of_another_model_are_damage(log: Callable[..., MemoryStore]) -> None:
    store = log(model="churn")
    with pytest.raises(IntegrityError) as caught:
        list(monitor._runs(store, "production", "pay", ARTIFACT))
    assert caught.value.code == "E509"


def test_rows_that_were_written_again_without_an_entity_are_those_that_count_and_erased_ones_are_told() -> None:
    key, after = "predictions/production/pay/0.json", digest_of_bytes(b"fewer rows")
    record = PredictionLog(
        environment="production",
        model="pay",
        artifact=ARTIFACT,
        as_of="2026-01-31",
        when=NOW,
        who="ada",
        rows=digest_of_bytes(b"rows"),
        count=3,
    )

    def erased(into: Digest | None) -> Erased:
        return Erased(logs={key: RewrittenLog(key=key, before=record.rows, after=into)})

    assert monitor._rows(key, record, Erased()) == record.rows
    assert monitor._rows(key, record, erased(after)) == after
    assert monitor._rows(key, record, erased(None)) is None
    runs = (monitor.LoggedRun(n=0, log=record, rows=None),)
    assert list(monitor._notes(runs, PROMISE, None, NOW)) == ["the rows of 1 of its 1 predictions were erased"]


def test_a_prediction_that_is_dated_ahead_is_told(log: Callable[..., MemoryStore]) -> None:
    store = log(when=NOW + timedelta(days=400))
    [note] = monitor._notes(tuple(monitor._runs(store, "production", "pay", ARTIFACT)), PROMISE, None, NOW)
    assert "prediction 0 is dated 2027-03-07" in note
    assert "ahead of now" in note


def test_a_quantile_without_a_promised_pinball_loss_is_told(log: Callable[..., MemoryStore]) -> None:
    runs = tuple(monitor._runs(log(), "production", "pay", ARTIFACT))
    absolute = replace(PROMISE, figure="mae", kind=LossKind.ABSOLUTE)
    assert any("held to its mean absolute error" in note for note in monitor._notes(runs, absolute, 0.9, NOW))


def test_another_artifact_starts_anew_and_a_request_is_remembered_while_the_same_one_is_degraded(
    scenario: Scenario,
) -> None:
    def found(artifact: Digest, *wrong: int, promise: Promise = PROMISE) -> MonitoringRecord:
        days = tuple(
            DayOutcomes(day=f"2026-01-{n + 1:02d}", rows=50, loss=each, error=each) for n, each in enumerate(wrong)
        )
        known = KnownOutcomes(days=days, predicted=50 * len(days), waiting=0, gone=0)
        return monitor._record(scenario.deps(), PRODUCTION, "pay", artifact, promise, known)[0]

    store = scenario.project.stores["production"]
    bad = (10, 10, 25, 25, 25, 25)
    first = found(ARTIFACT, *bad)
    assert first.verdict is LiveVerdict.DEGRADED
    asked = RetrainRequest(branch="retrain/production/pay/1", number=1)
    monitoring_log.append(store, replace(first, asked=asked))
    assert found(ARTIFACT, *bad, 10).asked == asked
    assert found(ARTIFACT, *bad, 10, promise=replace(PROMISE, rows=101)).asked == asked
    other = found(OTHER, 10, 10)
    assert (other.verdict, other.asked, other.found) == (LiveVerdict.KEPT, None, None)
    again = found(OTHER, *bad)
    assert (again.verdict, again.asked) == (LiveVerdict.DEGRADED, None)
    newest = monitoring_log.last(store, "production", "pay")
    assert newest is not None
    assert newest[0] == 5


def test_the_pinball_loss_of_a_quantile_is_that_of_its_evaluation_in_full_in_what_the_model_predicts(
    scenario: Scenario,
) -> None:
    scenario.commit()
    own = evaluation(mae=2.0, rmse=3.0)

    def known() -> float | None:
        return monitor._pinball(scenario.deps(), scenario.desired, PRODUCTION, ARTIFACT, own)

    assert known() is None
    detailed = replace(
        evaluations.days(),
        artifact=ARTIFACT,
        evaluation_rows=own.evaluation_rows,
        figures=(Figure(name="pinball", value=9.0),),
        as_predicted=(),
        quantile=0.9,
    )
    records.record(scenario.project.stores["sandbox"], detailed)
    assert known() == 9.0, "where it was promoted from, too"
    records.record(
        scenario.project.stores["production"], replace(detailed, as_predicted=(Figure(name="pinball", value=0.4),))
    )
    assert known() == 0.4


def test_what_cannot_be_judged_is_told_and_stops_nothing(scenario: Scenario) -> None:
    scenario.deployed()
    found = monitor.monitor(scenario.deps(), scenario.desired, PRODUCTION)
    [model] = [each for each in found.models if each.model == MODEL]
    assert "there is no promise to hold it to: its evaluation says no accuracy" in (model.problem or "")
    with pytest.raises(UsageError, match="no model 'nobody'"):
        monitor.monitor(scenario.deps(), scenario.desired, PRODUCTION, ("nobody",))
