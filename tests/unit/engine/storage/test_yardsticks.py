"""`against: best`: a tolerance is spent once. What was deployed before counts, whatever became of its name since."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.core.digest import Digest
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.core.spec.gates import Against, NoWorseThanIncumbent
from reconciler.core.spec.model import Model
from reconciler.core.spec.policy import Retirement
from reconciler.core.status_codes import ResultStatus
from reconciler.engine.plan import verification
from reconciler.engine.storage.journal import Journals
from reconciler.engine.storage.yardsticks import Yardsticks, yardsticks
from tests.simulation import sample_project
from tests.simulation.sample_project import MODEL, PRODUCTION, PROJECT
from tests.simulation.scenario import Scenario

DAY = 86_400
TOLERANCE = 0.05
BEST = NoWorseThanIncumbent(metric="f1_macro", tolerance=TOLERANCE, against=Against.BEST, within=180 * DAY)
INCUMBENT = replace(BEST, against=None, within=None)


def judged_by(*gates: NoWorseThanIncumbent, **policy: object) -> Environment:
    threshold = PRODUCTION.policy.gates
    return replace(PRODUCTION, policy=replace(PRODUCTION.policy, gates=(*threshold, *gates), **policy))  # type: ignore[arg-type]


def tried(scenario: Scenario, seed: int, production: Environment) -> bool:
    """Train recipe `seed`, and pin it whatever its gates say; tell whether it is served then."""
    scenario.project.clock.pass_time(hours=1)
    pinned = sample_project.recipe(seed).seed
    serves = scenario.serves
    if serves is not None:
        scenario.commit(seed=seed, pin=serves, pinned_seed=_seed_of[serves], production=production)
    else:
        scenario.commit(seed=seed, production=production, others=True)
    scenario.apply("sandbox")
    candidate = scenario.candidate
    _seed_of[candidate] = seed
    scenario.commit(seed=seed, pin=candidate, pinned_seed=pinned, production=production)
    scenario.apply("production")
    return scenario.serves == candidate


_seed_of: dict[Digest, int] = {}


def found(scenario: Scenario, model: Model | None = None, artifact: Digest | None = None) -> Yardsticks:
    journals = Journals(scenario.deps().stores, PROJECT)
    declared = model or replace(sample_project.desired(None, seed=1, pin=sample_project.NOBODYS).models[-1])
    return yardsticks(journals, declared, "production", artifact=artifact, now=scenario.project.clock.now)


def chain(scenario: Scenario, gate: NoWorseThanIncumbent) -> int:
    """Make 20 promotions in a row, each 0.04 of a tolerance of 0.05 worse than the last one deployed; count them."""
    production = judged_by(gate)
    assert tried(scenario, 49, production)  # F1 0.89
    seed, deployed = 49, 0
    for _ in range(20):
        if seed - 4 < 6:
            break
        if not tried(scenario, seed - 4, production):
            break
        seed, deployed = seed - 4, deployed + 1
    return deployed


def test_a_tolerance_is_not_lost_again_and_again(scenario: Scenario) -> None:
    assert chain(scenario, BEST) == 1, "the second of them would lose more than the tolerance against the best"


def test_against_the_incumbent_alone_it_is_lost_every_time(scenario: Scenario) -> None:
    """So that the test above shows what `against: best` does."""
    assert chain(scenario, INCUMBENT) == 10, "as far as the threshold"


def test_it_is_the_best_and_not_the_last(scenario: Scenario) -> None:
    production = judged_by(BEST)
    assert tried(scenario, 30, production)
    assert tried(scenario, 26, production), "0.04 worse"
    assert tried(scenario, 28, production), "0.02 worse than the best"
    assert not tried(scenario, 24, production), "0.04 worse than the last, 0.06 worse than the best"
    assert tried(scenario, 40, production)
    assert not tried(scenario, 34, production)


def test_retired_and_published_again_it_still_counts(scenario: Scenario) -> None:
    production = judged_by(BEST)
    assert tried(scenario, 40, production)
    retired = judged_by(BEST, retire=(Retirement(model=MODEL, reason="to start afresh"),))
    scenario.commit(seed=40, production=retired, others=True)
    scenario.apply("production", confirmed=False)
    assert scenario.serves is None
    assert not tried(scenario, 30, production)
    assert tried(scenario, 36, production)


def test_retired_the_last_one_is_the_incumbent_of_any_gate(scenario: Scenario) -> None:
    production = judged_by(INCUMBENT)
    assert tried(scenario, 40, production)
    scenario.commit(
        seed=40, production=judged_by(INCUMBENT, retire=(Retirement(model=MODEL, reason="x"),)), others=True
    )
    scenario.apply("production", confirmed=False)
    assert not tried(scenario, 30, production)


def renamed(scenario: Scenario, seed: int, production: Environment, old: str, new: str) -> DesiredState:
    """Commit the model under a new name in both environments, and train it there."""
    desired = sample_project.desired(None, seed=seed, production=production, others=True)
    named = tuple(
        replace(model, name=new, renamed_from=old, file=f"manifests/{model.environment}/{new}.yaml")
        if model.name == MODEL
        else model
        for model in desired.models
    )
    scenario.merge(replace(desired, models=named))
    scenario.apply("sandbox")
    return scenario.desired


def test_renamed_it_still_counts_also_twice(scenario: Scenario) -> None:
    """The sandbox judges a candidate under its new name, and under the next, by what the first name deployed."""
    production = judged_by(BEST)
    assert tried(scenario, 40, production)
    best = scenario.serves
    assert best is not None
    renamed(scenario, 30, production, MODEL, "collections")
    head = scenario.head("sandbox", "collections")
    assert head is not None
    assert head.state.judged_for("production") is not None
    assert not head.state.judged[0].passed
    model = replace(scenario.desired.models[0], name="third", renamed_from="collections", environment="production")
    assert found(scenario, model).incumbent is None, "nothing was ever deployed as collections"


def test_a_minute_in_place_takes_nothing_from_the_best(scenario: Scenario) -> None:
    """What was in place at some moment of the window counts, however long ago it was deployed."""
    production = judged_by(BEST)
    assert tried(scenario, 40, production)
    best = scenario.serves
    scenario.project.clock.pass_time(days=400)  # in place all the time
    assert tried(scenario, 37, production)
    scenario.project.clock.pass_time(minutes=1)
    assert not tried(scenario, 33, production)
    assert [deployment.artifact for deployment in found(scenario).before(BEST)] == [best]


def test_what_was_replaced_before_the_window_does_not_count_and_no_clock_moves_the_window(scenario: Scenario) -> None:
    production = judged_by(BEST)
    assert tried(scenario, 40, production)
    first = scenario.serves
    assert tried(scenario, 37, production)
    scenario.project.clock.pass_time(days=500)
    assert [deployment.artifact for deployment in found(scenario).before(BEST)] == [first], "nothing was deployed since"
    assert tried(scenario, 36, production)
    assert first not in [deployment.artifact for deployment in found(scenario).before(BEST)]
    assert tried(scenario, 33, production), "0.04 below the best of the last 180 days, 0.07 below the first"


def test_a_verification_counts_only_for_the_very_artifacts_that_it_was_compared_with(scenario: Scenario) -> None:
    production = judged_by(BEST)
    assert tried(scenario, 40, production)
    assert tried(scenario, 38, production)
    scenario.project.clock.pass_time(hours=1)
    serves = scenario.serves
    scenario.commit(seed=36, pin=serves, pinned_seed=38, production=production)
    scenario.apply("sandbox")
    candidate = scenario.candidate
    compared = found(scenario, artifact=candidate)
    store = scenario.project.stores["sandbox"]
    evaluation = verification.evaluation_of(store, candidate)
    model = scenario.desired.models_of("production")[0]
    gate_set = verification.gate_set_of(model, production, evaluation, compared)
    assert gate_set.deployed_before == ((str(180 * DAY), tuple(one.artifact for one in compared.before(BEST))),)
    assert BEST in verification.results(store, gate_set, candidate, compared)
    fewer = replace(compared)
    vars(fewer)["_entries"] = compared._entries[1:]  # the same incumbent, and another history
    assert fewer.incumbent == compared.incumbent
    assert BEST not in verification.results(store, gate_set, candidate, fewer)
    nobody = replace(compared, head=None)
    other = verification.gate_set_of(model, production, evaluation, nobody)
    assert BEST not in verification.results(store, other, candidate, nobody)
    shorter = replace(BEST, within=DAY)
    narrow = replace(production, policy=replace(production.policy, gates=(shorter,)))
    assert verification.gate_set_of(model, narrow, evaluation, compared) != gate_set


def test_what_was_deployed_before_needs_no_comparison_and_no_walk(scenario: Scenario) -> None:
    production = judged_by(BEST)
    assert tried(scenario, 40, production)
    first = scenario.serves
    assert tried(scenario, 38, production)
    compared = found(scenario, artifact=first)
    assert compared.previously_deployed
    assert compared.before(BEST) == ()
    assert "_entries" not in vars(compared)


def test_the_more_were_deployed_the_wider_is_each_interval_so_that_together_they_refuse_no_more(
    scenario: Scenario,
) -> None:
    production = judged_by(BEST)
    for seed in (40, 39, 38):
        assert tried(scenario, seed, production)
    scenario.commit(seed=37, pin=scenario.serves, pinned_seed=38, production=production)
    scenario.apply("sandbox")
    compared = found(scenario, artifact=scenario.candidate)
    store = scenario.project.stores["sandbox"]
    model = scenario.desired.models_of("production")[0]
    evaluation = verification.evaluation_of(store, scenario.candidate)
    gate_set = verification.gate_set_of(model, production, evaluation, compared)
    result = verification.results(store, gate_set, scenario.candidate, compared)[BEST]
    assert result.earlier is not None
    assert [comparison.confidence for comparison in result.earlier] == [0.975, 0.975]
    assert result.comparison is not None
    assert result.comparison.confidence is None


@pytest.mark.parametrize("status", [ResultStatus.DENIED])
def test_the_refusal_names_the_artifact_and_the_numbers(scenario: Scenario, status: ResultStatus) -> None:
    production = judged_by(BEST)
    assert tried(scenario, 40, production)
    best = scenario.serves
    assert tried(scenario, 36, production)
    scenario.commit(seed=32, pin=scenario.serves, pinned_seed=36, production=production)
    (result,) = scenario.apply("sandbox").results
    assert result.status is status
    assert result.problem is not None
    assert best is not None
    assert f"worse than what was deployed before the incumbent: f1_macro -0.0800 against {best[7:19]}" in result.problem
