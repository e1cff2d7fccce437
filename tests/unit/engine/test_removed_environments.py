"""Environments that git declares no more: found in its history, told while something is left of them, and retired."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.core.plan.retirement import consent_in_git
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.core.status_codes import ResultStatus
from reconciler.engine.apply import apply
from reconciler.engine.inspect import status
from reconciler.engine.inspect.audit import audit
from reconciler.engine.plan import make_plan
from reconciler.engine.removed_environments import declared_beside, leftovers, with_removed
from reconciler.errors import UsageError
from tests.simulation.scenario import Scenario


def without(scenario: Scenario, name: str) -> DesiredState:
    """Commit what was declared without one environment, and return it with what git's history knows."""
    desired = scenario.desired
    kept = replace(
        desired,
        environments=tuple(each for each in desired.environments if each.name != name),
        models=tuple(each for each in desired.models if each.environment != name),
    )
    return with_removed(scenario.project.source, scenario.merge(kept), None)


def only_removed(desired: DesiredState) -> Environment:
    (environment,) = (each for each in desired.environments if each.removed is not None)
    return environment


def test_what_is_served_though_git_declares_no_environment_is_told_and_retired_by_consent(scenario: Scenario) -> None:
    scenario.deployed(10)
    desired, deps = without(scenario, "production"), scenario.deps()
    (left,) = leftovers(deps, desired)
    assert "environments/production.yaml is in git no more, and production still serves payments" in left.problem
    assert "reconciler plan production --out FILE" in left.remedy
    told = {each.environment: each for each in status.status(deps, desired, ()).environments}
    assert str(left) in told["production"].notes
    audited = audit(deps, desired, ())
    assert (audited.findings, [note.problem for note in audited.notes]) == ((), [left.problem])
    production = only_removed(desired)
    plan = make_plan.make_plan(deps, desired, production)
    assert [step.action.value for part in plan.models for step in part.steps] == ["retire"]
    (denied,) = apply.apply(deps, desired, production, plan).results
    assert denied.status is ResultStatus.DENIED
    assert "bring environments/production.yaml back" in (denied.remedy or "")
    assert apply.apply(deps, desired, production, plan, confirmed=True).status is ResultStatus.CLEAN
    assert scenario.serves is None
    assert leftovers(deps, desired) == ()
    assert [each.environment for each in status.status(deps, desired, ()).environments] == ["sandbox"]
    assert audit(deps, desired, ()).notes == ()


def test_what_git_declares_is_neither_looked_for_nor_verified_for_what_it_declares_no_more(scenario: Scenario) -> None:
    scenario.deployed(10)
    assert with_removed(scenario.project.source, scenario.desired, ("production",)) is scenario.desired
    assert with_removed(scenario.project.source, scenario.desired, None) == scenario.desired
    desired = without(scenario, "production")
    sandbox = desired.environment("sandbox")
    assert sandbox is not None
    assert [each.name for each in desired.downstream("sandbox")] == ["production"]
    assert declared_beside(desired, sandbox).downstream("sandbox") == ()
    assert declared_beside(desired, only_removed(desired)) == desired


def test_a_place_that_a_declared_environment_uses_by_now_is_no_leftover(scenario: Scenario) -> None:
    scenario.deployed(10)
    production = scenario.desired.environment("production")
    assert production is not None
    renamed = replace(production, name="live")
    kept = tuple(renamed if each.name == "production" else each for each in scenario.desired.environments)
    scenario.merge(replace(scenario.desired, environments=kept, models=()))
    desired = with_removed(scenario.project.source, scenario.desired, None)
    assert [each.name for each in desired.environments] == [each.name for each in scenario.desired.environments]


def test_a_sandbox_that_git_declares_no_more_tells_its_store_and_is_not_applied(scenario: Scenario) -> None:
    scenario.deployed(10)
    declared, deps = scenario.desired.environment("sandbox"), scenario.deps()
    assert declared is not None
    sandbox = replace(declared, removed="environments/sandbox.yaml")
    desired = replace(scenario.desired, environments=(sandbox,), models=())
    (left,) = leftovers(deps, desired)
    assert "its store" in left.problem
    with pytest.raises(UsageError, match="nothing is served from a sandbox"):
        apply.may_apply(deps, desired, sandbox)


def test_an_older_environment_that_cannot_be_read_hides_no_other(scenario: Scenario) -> None:
    scenario.deployed(10)
    source = scenario.project.source
    source.trees[source.line[0]] = {**source.trees[source.line[0]], "environments/odd.yaml": b"kind: Odd\n"}
    assert only_removed(without(scenario, "production")).name == "production"


def test_consent_in_git_names_the_file_that_has_to_come_back(scenario: Scenario) -> None:
    scenario.commit()
    production = scenario.desired.environment("production")
    assert production is not None
    assert consent_in_git(production, "m").startswith("add `retire: [{model: m")
    gone = replace(production, removed="environments/production.yml")
    assert consent_in_git(gone, "m").startswith("bring environments/production.yml back and add")
