"""An apply that was just told that there is nothing to do does not look again, unless anything can differ by now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from reconciler.core.artifact import store_layout
from reconciler.core.plan.apply_result import ApplyResult
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.status_codes import ResultStatus
from reconciler.engine.apply import apply
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.find_environment import environment_of
from reconciler.engine.inspect.status import status
from reconciler.engine.plan import make_plan
from reconciler.ports import Store
from tests.simulation.sample_project import MODEL
from tests.simulation.scenario import Scenario


class Counting:
    """A store that counts how often the newest entry of the model's journal is looked for."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.looks = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def keys(self, prefix: str) -> Iterator[str]:
        self.looks += prefix == f"{store_layout.journal('production', MODEL)}/"
        return self._store.keys(prefix)


@pytest.fixture
def counting(scenario: Scenario) -> Counting:
    """The store of production, in which the model is deployed."""
    scenario.deployed()
    return Counting(scenario.project.stores["production"])


def process(scenario: Scenario, counting: Counting) -> Dependencies:
    return scenario.deps(trains=False, stores={**scenario.project.stores, "production": counting})


def planned_and_applied(
    scenario: Scenario, counting: Counting, *, told: bool, then: DesiredState | None = None
) -> ApplyResult:
    """Plan production and apply that, with the journals that the plan was made from if `told`; `then`: the commit that
    is applied, instead of the planned one."""
    deps, planned = process(scenario, counting), scenario.desired
    plan, journals = make_plan.with_journals(deps, planned, environment_of(planned, "production"))
    wanted = then or planned
    where = environment_of(wanted, "production")
    return apply.apply(deps, wanted, where, plan, journals=journals if told else None)


def test_with_nothing_to_do_each_journal_is_read_once(scenario: Scenario, counting: Counting) -> None:
    again = planned_and_applied(scenario, counting, told=False)
    before, counting.looks = counting.looks, 0
    assert planned_and_applied(scenario, counting, told=True) == again
    assert counting.looks == before // 2 == 1


def test_what_a_new_control_refuses_is_looked_at_again(scenario: Scenario, counting: Counting) -> None:
    planned_and_applied(scenario, counting, told=True)
    where = environment_of(scenario.desired, "production")
    stricter = replace(where, policy=replace(where.policy, max_retire=0))
    others = tuple(each for each in scenario.desired.environments if each.name != where.name)
    counting.looks = 0
    planned = scenario.desired
    planned_and_applied(
        scenario, counting, told=True, then=scenario.merge(replace(planned, environments=(*others, stricter)))
    )
    assert counting.looks == 2


def test_what_has_something_to_do_is_looked_at_again(scenario: Scenario, counting: Counting) -> None:
    looks = []
    for told in (False, True):
        del scenario.project.target.current[MODEL]
        counting.looks = 0
        (result,) = planned_and_applied(scenario, counting, told=told).results
        assert result.status is ResultStatus.CLEAN
        assert scenario.serves == scenario.candidate
        looks.append(counting.looks)
    assert looks[0] == looks[1]


def test_status_shows_what_its_plan_read(scenario: Scenario, counting: Counting) -> None:
    counting.looks = 0
    (environment,) = status(process(scenario, counting), scenario.desired, ("production",)).environments
    assert counting.looks == 1
    (model,) = environment.models
    head = scenario.head("production")
    assert head is not None
    assert (model.artifact, model.entry, model.since) == (head.state.artifact, head.entry.n, head.entry.when)
    assert model.grade is not None
    assert model.headline is not None
