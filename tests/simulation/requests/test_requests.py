"""No request loosens what judges it: random requests, and every broken version of the controls is told from this one.

`make test` tries some hundreds of seeds, `make soak` a hundred thousand.
"""

from __future__ import annotations

import pytest

from tests.simulation.requests.loose_controls import MUTANTS
from tests.simulation.requests.request_simulation import simulate
from tests.support.effort import COUNTS, count

SEEDS = count("REQUEST_SEEDS")
QUICK, _ = COUNTS["REQUEST_SEEDS"]
PARTS = 40
# Broken versions that few seeds show: where the search begins. A stale number costs time only: all are tried.
BEGIN = {"a-judged-by-commit": 147, "b-unprotected-unjudged": 242, "e-moved-is-new": 56, "g-pin-renewed": 150}


@pytest.mark.soak
@pytest.mark.parametrize("part", range(PARTS))
def test_no_artifact_is_deployed_that_controls_in_force_before_its_pin_would_have_refused(part: int) -> None:
    deploys = 0
    for seed in range(part, SEEDS, PARTS):
        ran = simulate(seed)
        assert ran.violations == [], f"{ran.violations}\nreplay: {ran.replay}"
        deploys += ran.deploys
    assert deploys or part >= SEEDS, "something was deployed"


@pytest.mark.parametrize("mutant", sorted(set(MUTANTS) - {"none"}))
def test_a_version_that_lets_a_request_loosen_its_judge_is_caught(mutant: str) -> None:
    """Within the seeds that `make test` tries: the first that shows it is enough."""
    begin = BEGIN.get(mutant, 0)
    for seed in (*range(begin, QUICK), *range(begin)):
        if simulate(seed, mutant).violations:
            return
    pytest.fail(f"{QUICK} seeds did not tell {mutant} from the sound version")


def test_a_seed_is_always_the_same_run() -> None:
    assert simulate(42).trace == simulate(42).trace
