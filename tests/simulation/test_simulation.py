"""Hostile schedules, three reconcilers each, no violation; and every mutant is told from a sound port.

`make test` tries some schedules and those that show a mutant, `make soak` many.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.core.plan.apply_result import ModelResult
from reconciler.core.status_codes import ResultStatus
from reconciler.testing.fault_injection import Fault
from reconciler.testing.memory import MemoryTarget
from tests.simulation.mutants import MUTANTS, LowerWins
from tests.simulation.scenario import Scenario
from tests.simulation.simulation import Aim, simulate
from tests.support.effort import FULL, count

SEEDS = count("SEEDS")
PARTS = 20 if FULL else 4
SEARCHED = 600
# A schedule that shows the mutant, tried first. A stale number costs time only: the search goes on and prints it.
SHOWN_BY = {
    "approvals-ignored": 10,
    "empty-as-none": 34,
    "hold-ignored": 7,
    "no-commit-order": 2,
    "plain-put": 1,
    "retry-without-id": 1,
}
# What the schedules have more of that are to show a mutant which few random ones do.
AIMS = {
    "approvals-ignored": Aim(events=("promote", "older", "approve", "withdraw"), share=0.03),
    "empty-as-none": Aim(events=("lose", "promote")),
    "retry-without-id": Aim(faults=(Fault.UNANSWERED,), share=0.3),
}


@pytest.mark.soak
@pytest.mark.parametrize("part", range(PARTS))
def test_no_schedule_breaks_an_invariant(part: int) -> None:
    applies = faults = 0
    for seed in range(part, SEEDS, PARTS):
        ran = simulate(seed)
        assert ran.violations == [], f"{ran.violations}\nreplay: {ran.replay}"
        applies += ran.applies
        faults += ran.faults
    if part < SEEDS:
        assert applies, "the schedules did something"
        assert faults or SEEDS < 100 * PARTS, "and something went wrong in them"


@pytest.mark.parametrize("mutant", sorted(set(MUTANTS) - {"none", "lower-n"}))
def test_a_broken_port_is_caught(mutant: str) -> None:
    """One schedule that shows it is enough; in the same one, a sound port breaks nothing."""
    aim = AIMS.get(mutant)
    for seed in (SHOWN_BY.get(mutant, 0), *range(SEARCHED)):
        if simulate(seed, mutant, aim=aim).violations:
            print(f"{mutant} is shown by {seed}")
            assert simulate(seed, aim=aim).violations == []
            return
    pytest.fail(f"{SEARCHED} schedules did not tell {mutant} from a sound port")


@pytest.mark.parametrize(("target", "caught"), [(MemoryTarget, False), (LowerWins, True)])
def test_a_target_that_goes_back_to_a_lower_number_is_caught(
    tmp_path: Path, target: type[MemoryTarget], caught: bool
) -> None:
    """The first random schedule that shows it is 738: what is put in place again has the head's own number."""
    scenario = Scenario(tmp_path)
    scenario.project.target = scenario.oracle.target = target(tmp_path / "served", scenario.oracle.placed)
    assert late_writer(scenario).status is ResultStatus.CONFLICT
    assert any(violation.startswith("I2") for violation in scenario.oracle.violations) is caught


def test_a_target_that_was_emptied_meanwhile_serves_no_older_entry_unsaid(tmp_path: Path) -> None:
    """It cannot know that the writer is late; the journal does."""
    scenario = Scenario(tmp_path)
    target = MemoryTarget(tmp_path / "served")
    scenario.project.target = scenario.oracle.target = target
    assert late_writer(scenario, target.current.clear).status is ResultStatus.CONFLICT


def late_writer(scenario: Scenario, meanwhile: Callable[[], None] = lambda: None) -> ModelResult:
    """Let a process deploy that sleeps before it places, while others deploy two newer entries; return its result."""
    first = scenario.deployed(10)
    scenario.commit(seed=20, pin=first, pinned_seed=10)
    scenario.apply("sandbox")
    scenario.commit(seed=20, pin=scenario.candidate)
    others_went_first: list[str] = []

    def sleeps_before_it_places(effect: str) -> Fault:
        if effect.startswith("target: place") and not others_went_first:
            others_went_first.append(effect)
            scenario.apply("production")
            scenario.commit(seed=20, pin=first, pinned_seed=10)
            scenario.apply("production")
            meanwhile()
        return Fault.NONE

    late = scenario.one("production", script=sleeps_before_it_places)
    assert others_went_first
    return late


def test_a_seed_is_always_the_same_run() -> None:
    assert simulate(42).trace == simulate(42).trace
