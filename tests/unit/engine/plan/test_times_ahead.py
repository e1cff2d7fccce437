"""A time ahead of now is a finding everywhere, and satisfies no rule about freshness."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from reconciler.core.age import age_of, is_ahead
from reconciler.core.artifact.journal import Action
from reconciler.core.status_codes import ResultStatus
from reconciler.engine.inspect.audit import audit
from reconciler.engine.inspect.status import status
from tests.simulation.sample_project import PRODUCTION
from tests.simulation.scenario import Scenario

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


def test_clocks_may_differ_by_a_minute_and_a_time_beyond_has_no_age() -> None:
    assert age_of(NOW - timedelta(hours=1), NOW) == 3600
    assert (age_of(NOW + timedelta(seconds=59), NOW), is_ahead(NOW + timedelta(seconds=59), NOW)) == (0, False)
    assert (age_of(NOW + timedelta(seconds=61), NOW), is_ahead(NOW + timedelta(seconds=61), NOW)) == (None, True)


def test_a_snapshot_of_2099_is_taken_again_its_model_trained_again_and_nothing_of_it_is_fresh(
    scenario: Scenario,
) -> None:
    fresh = replace(PRODUCTION, policy=replace(PRODUCTION.policy, max_data_age=30 * 86400))
    today = scenario.project.clock.now
    scenario.project.clock.now = datetime(2099, 1, 1, tzinfo=UTC)
    scenario.commit(seed=10, production=fresh)
    scenario.apply("sandbox")
    ahead = scenario.candidate
    scenario.project.clock.now = today
    scenario.commit(seed=10, pin=ahead, production=fresh)
    refused = scenario.one("production")
    assert (refused.status, scenario.serves) == (ResultStatus.DENIED, None)
    assert "2099-01-01 00:00 UTC, ahead of now" in (refused.problem or "")
    plan = scenario.plan("sandbox")
    assert plan.refresh is not None
    assert "data snapshot 0 is dated 2099-01-01" in plan.refresh.reason
    assert [step.action for step in plan.models[0].steps][:1] == [Action.TRAIN]
    (told,) = status(scenario.deps(), scenario.desired, ("sandbox",)).environments
    assert told.snapshot_age is None
    assert any("2099-01-01" in note for note in told.notes)
    audited = audit(scenario.deps(), scenario.desired, ("sandbox",))
    assert {"snapshots/0.json", "journal/sandbox/payments/1.json"} == {finding.where for finding in audited.findings}
    assert "journal/sandbox/payments/0.json" in {note.where for note in audited.notes}, "it decides nothing any more"
    assert audited.status is told.status is plan.trouble is ResultStatus.PENDING
    scenario.apply("sandbox")
    assert scenario.plan("sandbox").empty, "one pass is enough"
    scenario.commit(seed=10, pin=scenario.candidate, production=fresh, proposed=1)
    assert scenario.one("production").status is ResultStatus.CLEAN
