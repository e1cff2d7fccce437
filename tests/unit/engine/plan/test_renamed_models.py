"""A model renamed with `renamedFrom`: the old name serves until the new one is deployed, and is retired then."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.core.spec.environment import Environment, PrunePolicy
from reconciler.core.spec.policy import Retirement
from reconciler.core.status_codes import HealthStatus, ResultStatus, SyncStatus
from tests.simulation.sample_project import MODEL
from tests.simulation.scenario import Scenario

NEW = "payers"


@pytest.fixture
def merged(scenario: Scenario) -> Scenario:
    """The rename is merged, in both environments, and the sandbox has the new name."""
    scenario.deployed(10)
    models = tuple(
        replace(model, name=NEW, renamed_from=MODEL, file=f"manifests/{model.environment}/{NEW}.yaml")
        for model in scenario.desired.models
    )
    scenario.merge(replace(scenario.desired, models=models))
    scenario.apply("sandbox")
    return scenario


def by_policy(scenario: Scenario, prune: PrunePolicy, *retire: str) -> None:
    """Merge production with this rule about models that git does not declare."""

    def ruled(environment: Environment) -> Environment:
        named = tuple(Retirement(model=name, reason="renamed") for name in retire)
        return replace(environment, policy=replace(environment.policy, prune=prune, retire=named))

    environments = scenario.desired.environments
    changed = tuple(ruled(each) if each.name == "production" else each for each in environments)
    scenario.merge(replace(scenario.desired, environments=changed))


def served(scenario: Scenario) -> dict[str, str | None]:
    return {name: current.artifact for name, current in scenario.project.target.current.items()}


def test_until_the_new_name_is_deployed_the_old_one_is_kept_and_says_so(merged: Scenario) -> None:
    old = merged.part("production")
    assert (old.steps, old.sync, old.health) == ((), SyncStatus.IN_SYNC, HealthStatus.HEALTHY)
    assert old.reason == f"renamed to {NEW}: left in place until that is deployed"


def test_then_it_is_retired_by_consent_and_the_new_name_serves_on(merged: Scenario) -> None:
    artifact = served(merged)[MODEL]
    by_policy(merged, PrunePolicy.CONFIRM)
    merged.apply("production")
    old = merged.part("production")
    assert [step.action.value for step in old.steps] == ["retire"]
    assert f"renamed to {NEW}" in old.reason
    denied = merged.apply("production", confirmed=False)
    assert {result.model: result.status for result in denied.results}[MODEL] is ResultStatus.DENIED
    assert served(merged) == {MODEL: artifact, NEW: artifact}
    merged.apply("production")
    assert served(merged) == {MODEL: None, NEW: artifact}
    assert merged.part("production").steps == ()


def test_where_nothing_is_pruned_it_is_told_out_of_sync_and_a_line_of_git_retires_it(merged: Scenario) -> None:
    by_policy(merged, PrunePolicy.NEVER)
    merged.apply("production")
    old = merged.part("production")
    assert (old.steps, old.sync) == ((), SyncStatus.OUT_OF_SYNC)
    assert f"renamed to {NEW}, which is deployed; this environment never prunes: add `retire:" in old.reason
    by_policy(merged, PrunePolicy.NEVER, MODEL)
    merged.apply("production", confirmed=False)
    assert served(merged)[MODEL] is None


def test_a_new_name_whose_journal_cannot_be_read_retires_nothing(merged: Scenario) -> None:
    by_policy(merged, PrunePolicy.AUTO)
    merged.apply("production")
    objects = merged.project.stores["production"].objects
    (entry,) = (key for key in objects if key.startswith(f"journal/production/{NEW}/"))
    objects[entry] = objects[entry].replace(b"{", b"[", 1)
    assert merged.part("production").steps == ()
