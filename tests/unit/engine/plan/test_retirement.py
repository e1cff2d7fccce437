"""Whether a model that git no longer declares is retired: by a line of the policy, by a person, or not."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest

from reconciler.core.plan.retirement import needs_confirmation
from reconciler.core.spec.environment import Policy, PrunePolicy
from reconciler.core.spec.policy import Freeze, Retirement
from reconciler.core.status_codes import ResultStatus
from tests.simulation.sample_project import MODEL, OTHER, PRODUCTION
from tests.simulation.scenario import Scenario

LINE = (Retirement(model=MODEL, reason="credit stopped using it"),)
LAST = pytest.mark.parametrize("others", [False, True], ids=["the last one", "one of two"])


def test_consent_in_git_needs_no_person_and_a_suddenly_emptied_folder_always_does() -> None:
    for prune, empty in itertools.product(PrunePolicy, (False, True)):
        policy, asked = Policy(prune=prune), empty or prune is not PrunePolicy.AUTO
        assert needs_confirmation(policy, MODEL, suddenly_empty=empty) == asked
        assert needs_confirmation(replace(policy, retire=LINE), OTHER, suddenly_empty=empty) == asked
        assert not needs_confirmation(replace(policy, retire=LINE), MODEL, suddenly_empty=empty)


def pruning(scenario: Scenario, prune: PrunePolicy, *, others: bool = False, **more: Any) -> ResultStatus:
    """Declare no model but `others`, and this policy; apply without a person, and return what became of the model."""
    policy = replace(PRODUCTION.policy, prune=prune, **more)
    scenario.commit(production=replace(PRODUCTION, policy=policy), others=others)
    results = scenario.apply("production", confirmed=False).results
    return next(result for result in results if result.model == MODEL).status


def test_automatic_pruning_that_is_declared_once_the_folder_is_empty_is_consent(scenario: Scenario) -> None:
    scenario.deployed(10)
    assert pruning(scenario, PrunePolicy.CONFIRM) is ResultStatus.DENIED
    assert pruning(scenario, PrunePolicy.AUTO) is ResultStatus.CLEAN
    assert scenario.serves is None


def test_automatic_pruning_that_came_with_the_emptied_folder_or_before_is_none(scenario: Scenario) -> None:
    scenario.deployed(10)
    assert pruning(scenario, PrunePolicy.AUTO) is ResultStatus.DENIED
    assert pruning(scenario, PrunePolicy.AUTO, max_retire=2) is ResultStatus.DENIED
    assert scenario.serves is not None


def test_automatic_pruning_that_was_declared_while_the_folder_was_empty_once_is_none_later(scenario: Scenario) -> None:
    artifact = scenario.deployed(10)
    assert pruning(scenario, PrunePolicy.CONFIRM) is ResultStatus.DENIED
    automatic = replace(PRODUCTION, policy=replace(PRODUCTION.policy, prune=PrunePolicy.AUTO))
    scenario.commit(pin=artifact, production=automatic)
    scenario.apply("production", confirmed=False)
    assert pruning(scenario, PrunePolicy.AUTO) is ResultStatus.DENIED
    assert scenario.serves is not None


def test_automatic_pruning_that_is_not_let_in_retires_nothing(scenario: Scenario) -> None:
    """Also while other models are declared: what is in force asks a person."""
    policy = replace(PRODUCTION.policy, prune=PrunePolicy.CONFIRM, owners=("olga",))
    scenario.deployed(10, production=replace(PRODUCTION, policy=policy))
    assert pruning(scenario, PrunePolicy.AUTO, owners=("olga",), others=True) is ResultStatus.DENIED
    assert pruning(scenario, PrunePolicy.AUTO, owners=("olga",)) is ResultStatus.DENIED
    assert scenario.serves is not None


@LAST
@pytest.mark.parametrize("prune", PrunePolicy)
def test_a_line_in_git_retires_the_model_at_the_next_unattended_apply(
    scenario: Scenario, prune: PrunePolicy, others: bool
) -> None:
    deployed = scenario.deployed(10)
    policy = replace(PRODUCTION.policy, prune=prune, retire=LINE, max_retire=0)
    scenario.commit(production=replace(PRODUCTION, policy=policy), others=others)
    result = next(one for one in scenario.apply("production", confirmed=False).results if one.model == MODEL)
    assert result.done == ("retired: no artifact is served any more",)
    head = scenario.head("production")
    assert head is not None
    assert scenario.serves is None
    assert head.state.vetted == (deployed,)
    assert head.entry.reason.endswith("named in policy.retire: credit stopped using it")
    assert "that line can be removed" in scenario.part("production").detail.notes[0]


@LAST
@pytest.mark.parametrize("prune", PrunePolicy)
def test_without_it_a_person_confirms_and_until_then_it_is_denied_and_not_to_be_run_again(
    scenario: Scenario, prune: PrunePolicy, others: bool
) -> None:
    scenario.deployed(10)
    scenario.commit(production=replace(PRODUCTION, policy=replace(PRODUCTION.policy, prune=prune)), others=others)
    result = next(one for one in scenario.apply("production", confirmed=False).results if one.model == MODEL)
    if prune is PrunePolicy.NEVER:
        assert (result.status, scenario.serves is None) == (ResultStatus.CLEAN, False)
        return
    alone = prune is PrunePolicy.AUTO and others
    assert (result.status is ResultStatus.CLEAN) == (scenario.serves is None) == alone
    if alone:
        return
    assert result.status is ResultStatus.DENIED
    assert result.remedy is not None
    assert "retire: [{model: payments, reason: ...}]" in result.remedy
    assert "needs consent" in scenario.part("production").detail.notes[0]
    scenario.apply("production", confirmed=True)
    assert scenario.serves is None


def test_a_freeze_holds_it_up_and_it_goes_on_serving(scenario: Scenario) -> None:
    scenario.deployed(10)
    always = Freeze(cron="0 0 * * *", duration=3600 * 23, time_zone="UTC", reason="closing")
    policy = replace(PRODUCTION.policy, retire=LINE, freeze=(always,))
    scenario.commit(production=replace(PRODUCTION, policy=policy))
    assert scenario.one("production", confirmed=False).status is ResultStatus.CONFLICT
    assert scenario.serves is not None


def test_a_name_that_was_never_deployed_is_told(scenario: Scenario) -> None:
    deployed = scenario.deployed(10)
    policy = replace(PRODUCTION.policy, retire=(Retirement(model="paymetns", reason="a slip"),))
    scenario.commit(pin=deployed, production=replace(PRODUCTION, policy=policy))
    assert "nothing of that name was ever deployed" in scenario.part("production", "paymetns").reason


def test_it_can_be_published_again_and_history_is_continued(scenario: Scenario) -> None:
    deployed = scenario.deployed(10)
    scenario.commit(production=replace(PRODUCTION, policy=replace(PRODUCTION.policy, retire=LINE)))
    scenario.apply("production", confirmed=False)
    scenario.commit(pin=deployed)
    assert scenario.part("production").reason.endswith("was deployed here before; nothing is deployed here now")
    scenario.apply("production", confirmed=False)
    head = scenario.head("production")
    assert head is not None
    assert (scenario.serves, head.entry.n) == (deployed, 2)
