"""Which request a merged change is taken from: the one into the protected branch, whatever else the forge knows."""

from __future__ import annotations

from dataclasses import replace

from reconciler.engine.promotion.apply_on_merge import MergedChange, pending_changes
from tests.simulation.scenario import Scenario


def pending(scenario: Scenario) -> MergedChange:
    environment = scenario.desired.environment("production")
    assert environment is not None
    (change,) = pending_changes(
        scenario.deps(), scenario.desired, environment, scenario.plan("production"), scenario.forge
    )
    return change


def test_a_request_of_the_same_commit_into_another_branch_says_nothing_of_it(scenario: Scenario) -> None:
    scenario.deployed(10)
    scenario.commit(seed=20, pin=scenario.serves, pinned_seed=10)
    scenario.apply("sandbox")
    scenario.commit(seed=20, pin=scenario.candidate)
    ours, other = scenario.requested(), scenario.requested()
    scenario.forge.pulls[other.number] = replace(scenario.forge.pulls[other.number], base="scratch")
    approved = pending(scenario).approved
    assert approved is not None
    assert approved.request.number == ours.number
    scenario.forge.pulls[ours.number] = replace(scenario.forge.pulls[ours.number], base="scratch")
    assert pending(scenario).approved is None
