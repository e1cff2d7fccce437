"""Where a due refresh fails, what trains nothing goes on with the last snapshot, and the apply still fails."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.core.artifact.journal import Action
from reconciler.core.spec.gates import Threshold
from reconciler.engine.storage import data_snapshots
from reconciler.errors import DataError
from reconciler.ports import CopyRequest, TableFile
from reconciler.testing.fake_compute import FakeData
from tests.simulation.sample_project import PRODUCTION
from tests.simulation.scenario import Scenario


class Unreachable(FakeData):
    """A source that goes away half-way: it has written something by then."""

    def copy(self, request: CopyRequest) -> tuple[TableFile, ...]:
        super().copy(request)
        raise DataError("table invoices: the connection was lost", code="E431")


def test_a_candidate_is_verified_although_the_source_is_gone_and_nothing_is_trained(scenario: Scenario) -> None:
    scenario.commit(seed=10)
    scenario.apply("sandbox")
    gates = (*PRODUCTION.policy.gates, Threshold(metric="f1_macro", at_least=0.1))
    stricter = replace(PRODUCTION, policy=replace(PRODUCTION.policy, gates=gates))
    scenario.commit(seed=10, production=stricter)
    scenario.project.clock.pass_time(days=3)
    plan = scenario.plan("sandbox")
    assert plan.refresh is not None
    assert [step.action for step in plan.models[0].steps] == [Action.VERIFY]
    before, trained = scenario.head("sandbox"), list(scenario.project.trainer.trained)
    scenario.project.data = Unreachable()
    with pytest.raises(DataError, match="the connection was lost"):
        scenario.apply("sandbox")
    after = scenario.head("sandbox")
    assert before is not None
    assert after is not None
    assert (after.entry.n, after.entry.action) == (before.entry.n + 1, Action.VERIFY)
    assert scenario.project.trainer.trained == trained
    newest = data_snapshots.newest(scenario.project.stores["sandbox"])
    assert newest is not None
    assert newest.n == 0
    assert scenario.plan("sandbox").refresh is not None, "it is still due, and status says why"


def test_nothing_is_trained_on_data_that_are_too_old(scenario: Scenario) -> None:
    scenario.commit(seed=10)
    scenario.apply("sandbox")
    scenario.commit(seed=20)
    scenario.project.clock.pass_time(days=3)
    trained = list(scenario.project.trainer.trained)
    scenario.project.data = Unreachable()
    with pytest.raises(DataError, match="the connection was lost"):
        scenario.apply("sandbox")
    assert scenario.project.trainer.trained == trained
    scenario.project.data = FakeData()
    assert scenario.apply("sandbox").refreshed == 1
    assert len(scenario.project.trainer.trained) == len(trained) + 1
