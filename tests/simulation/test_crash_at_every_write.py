"""A crash, or a lost answer, at every effect of each flow, by index: the next run converges in one pass.

`make test` tries some of these and of the pairs, `make soak` all.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from reconciler.core.digest import hex_of
from reconciler.errors import ReconcilerError
from reconciler.testing.fault_injection import Crash, Fault, Script, at
from tests.simulation import sample_project
from tests.simulation.scenario import Scenario
from tests.support.effort import spread

FAULTS = [fault for fault in Fault if fault is not Fault.NONE]
FLOWS = ["first sandbox", "first production", "next sandbox", "next production", "repair", "retire", "rollback"]


def prepared(folder: Path, flow: str) -> tuple[Scenario, str]:
    """Return a scenario just before a flow, and the environment to apply."""
    scenario = Scenario(folder)
    scenario.commit(seed=10)
    if flow == "first sandbox":
        return scenario, "sandbox"
    scenario.apply("sandbox")
    first = scenario.candidate
    scenario.commit(seed=10, pin=first)
    if flow == "first production":
        return scenario, "production"
    scenario.apply("production")
    scenario.commit(seed=20, pin=first, pinned_seed=10)
    if flow == "next sandbox":
        return scenario, "sandbox"
    scenario.apply("sandbox")
    newer = scenario.candidate
    scenario.commit(seed=20, pin=newer)
    if flow == "next production":
        return scenario, "production"
    scenario.apply("production")
    assert scenario.serves == newer
    match flow:
        case "repair":
            scenario.project.target.releases[sample_project.MODEL][hex_of(newer)]["model.skops"] += b"!"
        case "retire":
            scenario.commit(seed=20, others=True)
        case "rollback":
            scenario.commit(seed=20, pin=first, pinned_seed=10)
    return scenario, "production"


def effects_of(scenario: Scenario, environment: str, folder: Path) -> int:
    return len(scenario.copied(folder).writes(environment))


def attempt(scenario: Scenario, environment: str, script: Script) -> None:
    with contextlib.suppress(Crash, ReconcilerError):
        scenario.apply(environment, script=script)


def assert_converges(scenario: Scenario, environment: str) -> None:
    clean = scenario.apply(environment)
    assert [result.problem for result in clean.results if result.model == sample_project.MODEL and result.problem] == []
    again = scenario.plan(environment)
    assert again.empty, again.models
    assert scenario.writes(environment) == []
    if environment == "production":
        declared = scenario.desired.model("production", sample_project.MODEL)
        assert scenario.serves == (declared.artifact if declared is not None else None)
    assert scenario.oracle.violations == []


@pytest.mark.soak
@pytest.mark.parametrize("flow", FLOWS)
def test_a_fault_at_any_effect_is_healed_by_the_next_run(tmp_path: Path, flow: str) -> None:
    before, environment = prepared(tmp_path / "before", flow)
    count = effects_of(before, environment, tmp_path / "count")
    assert count >= 2
    cases = [(index, fault) for index in range(count) for fault in FAULTS]
    chosen = spread(range(len(cases)), "EFFECT_STRIDE")
    for index, fault in map(cases.__getitem__, chosen):
        scenario = before.copied(tmp_path / f"{index}-{fault}")
        trained_before = len(scenario.project.trainer.trained)
        attempt(scenario, environment, at(index, fault))
        assert scenario.oracle.violations == [], (flow, index, fault)
        assert_converges(scenario, environment)
        assert len(scenario.project.trainer.trained) - trained_before <= 2, "at most one training is repeated"
    print(f"{flow}: {len(chosen)} of {len(cases)} cases")


@pytest.mark.soak
def test_a_crash_during_recovery_is_healed_too(tmp_path: Path) -> None:
    """All pairs: a crash at effect j of the deploy, then one at effect k of the run that recovers."""
    before, environment = prepared(tmp_path / "before", "next production")
    count = effects_of(before, environment, tmp_path / "count")
    crashes = (Fault.BEFORE, Fault.AFTER)
    for first in spread(range(count), "CRASH_STRIDE"):
        for second in spread(range(count), "CRASH_STRIDE"):
            for fault in crashes:
                scenario = before.copied(tmp_path / f"{first}-{second}-{fault}")
                attempt(scenario, environment, at(first, Fault.AFTER))
                attempt(scenario, environment, at(second, fault))
                assert_converges(scenario, environment)
