"""No request loosens what judges it: random requests, and every broken version of the controls is told from this one.

`make test` tries some seeds and those that show a broken version, `make soak` many.
"""

from __future__ import annotations

import pytest

from tests.simulation.requests.loose_controls import MUTANTS
from tests.simulation.requests.request_simulation import simulate
from tests.support.effort import FULL, count

SEEDS = count("REQUEST_SEEDS")
PARTS = 20 if FULL else 4
SEARCHED = 400
# What the requests change most that are to show a broken version; without a line, each seed chooses.
AIMED_AT = {
    "a-judged-by-commit": ("promotesFrom", "pin"),
    "b-unprotected-unjudged": ("protect", "add"),
    "e-moved-is-new": ("store and target", "add"),
    "g-pin-renewed": ("promotesFrom", "add", "gates", "pin"),
    "own-gates-forgotten": ("own gate", "pin"),
}
# A seed that shows the broken version, tried first. A stale number costs time only: the search goes on, and prints it.
SHOWN_BY = {
    "a-judged-by-commit": 3,
    "b-unprotected-unjudged": 19,
    "c-sources-unjudged": 10,
    "e-moved-is-new": 2,
    "f-let-in-unasked": 22,
    "g-pin-renewed": 10,
    "h-work-tree-applied": 9,
}

# Seeds that showed a hole once: a hold of a name that no apply had seen; a store that was left and come back to; a name
# that was left and given to another model; an override that came and went between two entries; a hold of a name that
# was left before anybody accepted the controls of a new place.
HOLES = (3282, 10762, 6168, 36354, 99464)


@pytest.mark.parametrize("seed", HOLES)
def test_a_seed_that_showed_a_hole_shows_none_any_more(seed: int) -> None:
    ran = simulate(seed)
    assert ran.violations == [], f"{ran.violations}\nreplay: {ran.replay}"


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
    """One seed that shows it is enough; with the same one, the sound version lets nothing through."""
    often = AIMED_AT.get(mutant, ())
    for seed in (SHOWN_BY.get(mutant, 0), *range(SEARCHED)):
        if simulate(seed, mutant, often=often).violations:
            print(f"{mutant} is shown by {seed}")
            assert simulate(seed, often=often).violations == []
            return
    pytest.fail(f"{SEARCHED} seeds did not tell {mutant} from the sound version")


def test_a_seed_is_always_the_same_run() -> None:
    assert simulate(42).trace == simulate(42).trace
