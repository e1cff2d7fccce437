"""A retrain that git asks for (`retrain.requested`): newer data, a training, once, and not before its day."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reconciler.core.artifact.journal import Action
from reconciler.core.spec.model import Retrain
from reconciler.engine.plan import plan_expiry
from reconciler.engine.snapshots.refresh import due
from reconciler.engine.storage import data_snapshots
from reconciler.manifest.yaml.edit import document, retrain_requested
from tests.simulation.sample_project import SANDBOX
from tests.simulation.scenario import Scenario


def actions(scenario: Scenario) -> tuple[bool, list[Action]]:
    plan = scenario.plan("sandbox")
    return plan.refresh is not None, [step.action for step in scenario.part("sandbox").steps]


def asked(scenario: Scenario, days: int = 0) -> Retrain:
    return Retrain(requested=f"{scenario.project.clock() + timedelta(days=days):%Y-%m-%d}")


def test_data_of_before_that_day_are_refreshed_and_the_model_is_trained_once(scenario: Scenario) -> None:
    scenario.deployed()
    scenario.project.clock.pass_time(hours=30)  # the snapshot is within maxAge
    assert actions(scenario) == (False, [])
    scenario.commit(seed=10, pin=scenario.candidate, retrain=asked(scenario))
    plan = scenario.plan("sandbox")
    assert plan.refresh is not None
    assert "a retrain was asked for on 2026-01-02; data snapshot 0 is of 2026-01-01" in plan.refresh.reason
    assert scenario.part("sandbox").reason == "a retrain was asked for on 2026-01-02"
    assert due(scenario.deps(), scenario.desired, SANDBOX) == plan.refresh.reason
    scenario.project.data.day = 1
    before = scenario.candidate
    scenario.apply("sandbox")
    assert scenario.candidate != before
    assert actions(scenario) == (False, [])
    scenario.project.clock.pass_time(hours=24)
    assert actions(scenario) == (False, [])


def test_data_that_did_not_change_train_nothing_again(scenario: Scenario) -> None:
    scenario.deployed()
    scenario.project.clock.pass_time(hours=30)
    scenario.commit(seed=10, pin=scenario.candidate, retrain=asked(scenario))
    before = scenario.candidate
    scenario.apply("sandbox")
    assert scenario.candidate == before
    newest = data_snapshots.newest(scenario.project.stores["sandbox"])
    assert newest is not None
    assert newest.n == 1
    assert actions(scenario) == (False, [])


def test_a_day_to_come_asks_for_nothing_until_it_has_come_and_no_plan_is_remembered_beyond_it(
    scenario: Scenario,
) -> None:
    scenario.deployed()
    scenario.commit(seed=10, pin=scenario.candidate, retrain=asked(scenario, days=1))
    assert actions(scenario) == (False, [])
    plan, now = scenario.plan("sandbox"), scenario.project.clock()
    until = plan_expiry.stays_until(plan, SANDBOX, scenario.desired.models_of("sandbox"), None, now)
    assert now.timestamp() < until["payments"] < (now + timedelta(days=1)).timestamp()
    scenario.project.clock.pass_time(hours=25)
    assert actions(scenario)[0]


FLOW = "spec:\n  recipe: {seed: 1}\n  retrain: {because: [recipe]}  # why\n"
BLOCK = "spec:\n  recipe: {seed: 1}\n  retrain:\n    # on new data\n    because: [recipe, data]\n"
NONE = "spec:\n  recipe: {seed: 1}\n"


@pytest.mark.parametrize("text", [FLOW, BLOCK, NONE])
def test_the_manifest_asks_in_one_place_keeps_its_comments_and_never_asks_for_an_earlier_day(text: str) -> None:
    after = retrain_requested(text, "2026-01-31")
    assert document(after)["spec"]["retrain"]["requested"] == "2026-01-31"
    for comment in ("# why", "# on new data"):
        assert (comment in after) == (comment in text)
    assert retrain_requested(after, "2026-01-31") == after
    assert retrain_requested(after, "2026-01-01") == after
    later = retrain_requested(after, "2026-02-28")
    assert document(later)["spec"]["retrain"] == {**document(after)["spec"]["retrain"], "requested": "2026-02-28"}
