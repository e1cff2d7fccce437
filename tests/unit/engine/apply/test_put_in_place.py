"""An entry is written for what happened: a head that is not in place is put there, and nothing new is recorded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from reconciler.core.artifact import store_layout
from reconciler.core.artifact.journal import Action
from reconciler.core.inspect.audit import Audit
from reconciler.core.plan.apply_result import ModelResult
from reconciler.core.spec.environment import DriftPolicy
from reconciler.core.spec.policy import Approvals, Rejected
from reconciler.core.status_codes import ResultStatus
from reconciler.engine.inspect import audit
from reconciler.testing.fault_injection import Fault
from tests.simulation.sample_project import MODEL, PRODUCTION
from tests.simulation.scenario import Scenario

APPLIES = 8


def unwritable(effect: str) -> Fault:
    return Fault.ERROR if effect.startswith("target: place") else Fault.NONE


def entries(scenario: Scenario) -> list[str]:
    prefix = store_layout.journal("production", MODEL) + "/"
    return sorted(key for key in scenario.project.stores["production"].objects if key.startswith(prefix))


def audited(scenario: Scenario) -> Audit:
    return audit.audit(scenario.deps(trains=False), scenario.desired, ("production",))


def apply_in_vain(scenario: Scenario) -> list[ModelResult]:
    applied = [scenario.apply("production", script=unwritable).results for _ in range(APPLIES)]
    return [result for results in applied for result in results if result.model == MODEL]


def flip(scenario: Scenario) -> None:
    (release,) = scenario.project.target.releases[MODEL].values()
    release["model.skops"] += b"!"


def swap(scenario: Scenario) -> None:
    current = scenario.project.target.current[MODEL]
    scenario.project.target.current[MODEL] = replace(current, artifact=current.entry)


def empty(scenario: Scenario) -> None:
    current = scenario.project.target.current[MODEL]
    scenario.project.target.current[MODEL] = replace(current, artifact=None)


def test_the_first_deploy_onto_a_target_that_cannot_be_written_is_one_entry(scenario: Scenario) -> None:
    scenario.commit(seed=10)
    scenario.apply("sandbox")
    scenario.commit(seed=10, pin=scenario.candidate)
    assert {result.status for result in apply_in_vain(scenario)} == {ResultStatus.FAILED}
    assert len(entries(scenario)) == 1
    told = audited(scenario)
    (finding,) = told.findings
    assert (told.status, finding.pending) == (ResultStatus.PENDING, True)
    assert "committed, not yet in place" in finding.problem
    assert finding.remedy == "run `reconciler apply production`"
    assert scenario.one("production").status is ResultStatus.CLEAN
    assert (len(entries(scenario)), scenario.serves) == (1, scenario.candidate)
    assert audited(scenario).status is ResultStatus.CLEAN


def test_a_later_deploy_onto_it_is_one_entry_too(scenario: Scenario) -> None:
    first = scenario.deployed(10)
    scenario.commit(seed=20, pin=first, pinned_seed=10)
    scenario.apply("sandbox")
    scenario.commit(seed=20, pin=scenario.candidate)
    apply_in_vain(scenario)
    assert (len(entries(scenario)), scenario.serves) == (2, first)
    assert audited(scenario).status is ResultStatus.PENDING
    result = scenario.one("production")
    assert (result.status, len(entries(scenario)), scenario.serves) == (ResultStatus.CLEAN, 2, scenario.candidate)
    assert "put in place again by entry 1" in result.done[0]


def test_a_target_that_was_emptied_gets_the_head_back_without_an_entry(scenario: Scenario) -> None:
    pin = scenario.deployed(10)
    scenario.project.target.current.clear()
    apply_in_vain(scenario)
    assert audited(scenario).status is ResultStatus.PENDING
    assert scenario.one("production").status is ResultStatus.CLEAN
    assert (len(entries(scenario)), scenario.serves) == (1, pin)


def test_a_retirement_that_the_target_did_not_take_is_one_entry(scenario: Scenario) -> None:
    pin = scenario.deployed(10)
    scenario.commit(seed=10, others=True)
    apply_in_vain(scenario)
    assert (len(entries(scenario)), scenario.serves) == (2, pin)
    assert audited(scenario).status is ResultStatus.PENDING
    scenario.apply("production")
    assert (len(entries(scenario)), scenario.serves) == (2, None)


def test_what_was_changed_by_hand_is_restored_by_the_apply_that_lets_controls_in(scenario: Scenario) -> None:
    """No control judges a restore, so those that the run itself put in force make no other plan of it."""
    pin = scenario.deployed(10)
    scenario.forge.teams["shop/finance"] = ("fay",)
    approved = replace(PRODUCTION.policy, approvals=Approvals(least=1, people=("shop/finance",)))
    for rejected in ((Rejected(artifact=pin, reason="bad rows"),), ()):  # declared, then taken back
        flip(scenario)
        scenario.commit(seed=10, pin=pin, production=replace(PRODUCTION, policy=replace(approved, rejected=rejected)))
        scenario.requested("fay")
        result = scenario.one("production", forge=scenario.forge)
        assert "restored" in "".join(result.done), result


@pytest.mark.parametrize("change", [flip, swap, empty])
def test_a_change_by_hand_is_journaled_once_however_often_the_restore_fails(
    scenario: Scenario, change: Callable[[Scenario], None]
) -> None:
    pin = scenario.deployed(10)
    change(scenario)
    told = audited(scenario)
    assert (told.status, told.damaged) == (ResultStatus.PENDING, ()), "an apply mends it"
    apply_in_vain(scenario)
    assert len(entries(scenario)) == 2
    assert scenario.one("production").status is ResultStatus.CLEAN
    head = scenario.head("production")
    assert head is not None
    assert (head.entry.n, head.entry.action, scenario.serves) == (1, Action.RESTORE, pin)


def test_damage_beside_a_rollout_that_is_not_finished_stays_damage(scenario: Scenario) -> None:
    scenario.deployed(10)
    scenario.project.target.current.clear()
    objects = scenario.project.stores["production"].objects
    blob = next(key for key in sorted(objects) if key.startswith("blobs/"))
    objects[blob] += b"!"
    told = audited(scenario)
    assert (told.status, len(told.findings) > len(told.damaged)) == (ResultStatus.DAMAGED, True)


def test_an_environment_that_only_reports_drift_finishes_what_it_committed(scenario: Scenario) -> None:
    report = replace(PRODUCTION, drift=DriftPolicy.REPORT)
    scenario.commit(seed=10, production=report)
    scenario.apply("sandbox")
    scenario.commit(seed=10, pin=scenario.candidate, production=report)
    apply_in_vain(scenario)
    assert scenario.one("production").status is ResultStatus.CLEAN
    assert (len(entries(scenario)), scenario.serves) == (1, scenario.candidate)
    flip(scenario)
    scenario.apply("production")
    assert len(entries(scenario)) == 1, "a change by hand is left, and reported"
