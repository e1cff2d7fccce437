"""`doctor` prints what an audit finds, and says what it did not look at."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.core.inspect.health_check import Check, HealthReport, Level
from reconciler.core.status_codes import ResultStatus
from reconciler.engine.inspect.audit import audit
from reconciler.engine.inspect.health_check import HASHED, MOST, environment_checks
from reconciler.engine.storage import blobs
from tests.simulation import sample_project
from tests.simulation.scenario import Scenario


@pytest.fixture
def scenario(tmp_path: Path) -> Scenario:
    scenario = Scenario(tmp_path)
    scenario.deployed(10)
    return scenario


def stored(scenario: Scenario) -> list[Check]:
    """Return what is said of production, but for its tables, which this sample does not have."""
    (production,) = (each for each in scenario.desired.environments if each.name == "production")
    checks = environment_checks(scenario.deps(), scenario.desired, production, sample_project.SANDBOX.runtime)
    return [check for check in checks if check.name != "tables"]


def status(checks: list[Check]) -> ResultStatus:
    return HealthReport(checks=tuple(checks)).status


def test_a_changed_byte_of_a_large_blob_is_left_to_the_audit_and_that_is_said(scenario: Scenario) -> None:
    store = scenario.project.stores["production"]
    small, large = blobs.put(store, b"x" * HASHED), blobs.put(store, b"x" * (HASHED + 1))
    keys = [f"blobs/sha256/{digest.removeprefix('sha256:')}" for digest in (small, large)]
    store.objects[keys[1]] = b"y" * (HASHED + 1)
    (told,) = (check for check in stored(scenario) if check.name == "stored")
    assert "the bytes of 1 larger blob were not looked at: `reconciler audit production`" in told.found
    assert status(stored(scenario)) is ResultStatus.CLEAN
    store.objects[keys[0]] = b"y" * HASHED
    assert status(stored(scenario)) is ResultStatus.DAMAGED
    del store.objects[keys[0]]
    (finding,) = audit(scenario.deps(), scenario.desired, ("production",)).findings
    assert finding.where == keys[1]


def test_many_findings_are_counted_and_keep_their_exit_code(scenario: Scenario) -> None:
    store = scenario.project.stores["production"]
    lost = [key for key in store.objects if key.startswith("blobs/")]
    for n in range(MOST):
        store.objects[f"a-note-{n}"] = b"x"  # sorts before the blobs
    del store.objects[lost[0]]
    checks = stored(scenario)
    (left,) = (check for check in checks if "more findings" in check.found)
    assert left.remedy == "run `reconciler audit production`: it lists all"
    assert sum(check.level is Level.BAD for check in checks) == MOST + 1
    assert status(checks) is left.status is ResultStatus.DAMAGED
