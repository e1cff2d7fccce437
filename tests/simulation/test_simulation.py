"""Hostile schedules, three reconcilers each, no violation; and every mutant is told from a sound port.

`make test` tries some hundreds of schedules, `make soak` ten thousand.
"""

from __future__ import annotations

import pytest

from tests.simulation.mutants import MUTANTS
from tests.simulation.simulation import simulate
from tests.support.effort import COUNTS, count

SEEDS = count("SEEDS")
QUICK, _ = COUNTS["SEEDS"]
PARTS = 40
# Mutants that few schedules show: where the search begins. A stale number costs time only: all others are tried, too.
BEGIN = {"approvals-ignored": 30, "empty-as-none": 55, "lower-n": 42, "retry-without-id": 190}


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


@pytest.mark.parametrize("mutant", sorted(set(MUTANTS) - {"none"}))
def test_a_broken_port_is_caught(mutant: str) -> None:
    """Within the seeds that `make test` tries: the first that shows it is enough."""
    begin = BEGIN.get(mutant, 0)
    for seed in (*range(begin, QUICK), *range(begin)):
        if simulate(seed, mutant).violations:
            return
    pytest.fail(f"{QUICK} schedules did not tell {mutant} from a sound port")


def test_a_seed_is_always_the_same_run() -> None:
    assert simulate(42).trace == simulate(42).trace
