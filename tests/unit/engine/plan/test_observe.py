"""What is missing where something must be is an error, and never means that nothing is deployed."""

from __future__ import annotations

import pytest

from reconciler.core.artifact import store_layout
from reconciler.core.status_codes import ResultStatus
from tests.simulation.sample_project import MODEL
from tests.simulation.scenario import Scenario


@pytest.mark.parametrize("kept", [1, 0], ids=["the last entry", "every entry"])
def test_a_journal_behind_its_target_is_damage(scenario: Scenario, kept: int) -> None:
    scenario.deployed(seed=10)
    scenario.deployed(seed=11)
    objects = scenario.project.stores["production"].objects
    entries = sorted(key for key in objects if key.startswith(store_layout.journal("production", MODEL) + "/"))
    assert len(entries) == 2
    for key in entries[kept:]:
        del objects[key]
    planned = scenario.part("production")
    assert planned.status is ResultStatus.DAMAGED
    found = "serves entry 1, but its journal ends at 0" if kept else "every journal is missing from the store of prod"
    assert found in str(planned)
