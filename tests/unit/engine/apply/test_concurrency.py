"""Several models in one apply: whoever works on them, and in whichever order they end, the result is the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler import codec
from reconciler.core.plan.apply_result import ApplyResult
from reconciler.core.plan.plan import Plan
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.status_codes import ResultStatus
from reconciler.engine.apply import apply
from reconciler.engine.dependencies import SEQUENTIAL, Dependencies
from reconciler.engine.find_environment import environment_of
from reconciler.engine.plan import make_plan
from reconciler.errors import TrainingError
from reconciler.ports import Concurrency, TrainRequest, TrainResult
from reconciler.report.plan.apply_result import summary
from reconciler.testing.fake_compute import FakeTrainer
from tests.simulation import sample_project
from tests.simulation.scenario import Scenario, named

NAMES = ("alpha", "beta", "gamma", "delta")


class Backwards:
    """As if the last to begin were always the first to end."""

    count = 4

    def run(self, works: Sequence[Callable[[], None]]) -> None:
        for work in reversed(works):
            work()


class Interrupted:
    """Ctrl-C after the first `after` works."""

    count = 2

    def __init__(self, after: int) -> None:
        self._after = after

    def run(self, works: Sequence[Callable[[], None]]) -> None:
        for work in works[: self._after]:
            work()
        raise KeyboardInterrupt


class Choosy(FakeTrainer):
    """Does not train recipes with these seeds."""

    def __init__(self, *seeds: int) -> None:
        super().__init__()
        self._refused = seeds
        self.at_once: list[int] = []

    def warm(self, limits: object, at_once: int = 1) -> None:
        del limits
        self.at_once.append(at_once)

    def train(self, request: TrainRequest) -> TrainResult:
        if request.recipe.seed in self._refused:
            raise TrainingError(f"seed {request.recipe.seed} cannot be trained", hint="try another")
        return super().train(request)


def several(scenario: Scenario, *, seeds: Sequence[int], **sandbox: object) -> DesiredState:
    """A commit with one model of each seed in the sandbox, by the names of NAMES."""
    base = sample_project.desired(None, seed=10, sandbox=replace(sample_project.SANDBOX, **sandbox))  # type: ignore[arg-type]
    models = []
    for model, seed in zip(named(base, "sandbox", *NAMES), seeds, strict=False):
        recipe = sample_project.recipe(seed)
        models.append(replace(model, recipe=recipe, recipe_digest=codec.digest_of(recipe)))
    return scenario.merge(replace(base, models=tuple(models)))


def run(
    scenario: Scenario, concurrency: Concurrency, *, plan: Plan | None = None, trainer: FakeTrainer | None = None
) -> ApplyResult:
    where = environment_of(scenario.desired, "sandbox")
    deps: Dependencies = replace(scenario.deps(), concurrency=concurrency)
    if trainer is not None:
        deps = replace(deps, trainer=trainer)
        trainer.trained = scenario.project.trainer.trained
    reviewed = plan or make_plan.make_plan(deps, scenario.desired, where)
    return apply.apply(deps, scenario.desired, where, reviewed, confirmed=True)


def test_results_keep_the_plans_order_whatever_ends_first(tmp_path: Path) -> None:
    found = []
    for number, concurrency in enumerate((Backwards(), SEQUENTIAL)):
        scenario = Scenario(tmp_path / str(number))
        several(scenario, seeds=(10, 11, 12, 13))
        applied = run(scenario, concurrency)
        found.append([(one.model, one.artifact, one.done) for one in applied.results])
        assert applied.trained == 4
        assert scenario.oracle.violations == []
    assert [name for name, _, _ in found[0]] == sorted(NAMES)
    assert found[0] == found[1]


@pytest.mark.parametrize("concurrency", [Backwards(), SEQUENTIAL])
def test_one_that_fails_leaves_the_others_and_is_told_in_its_place(
    scenario: Scenario, concurrency: Concurrency
) -> None:
    several(scenario, seeds=(10, 11, 12, 13))
    applied = run(scenario, concurrency, trainer=Choosy(11))
    assert [(one.model, one.status) for one in applied.results] == [
        ("alpha", ResultStatus.CLEAN),
        ("beta", ResultStatus.FAILED),
        ("delta", ResultStatus.CLEAN),
        ("gamma", ResultStatus.CLEAN),
    ]
    assert applied.status is ResultStatus.FAILED
    assert applied.trained == 3
    again = run(scenario, concurrency)
    assert (again.trained, again.status) == (1, ResultStatus.CLEAN), "only the one that failed is left"


@pytest.mark.parametrize("concurrency", [Backwards(), SEQUENTIAL])
def test_equal_recipes_are_trained_once_whoever_comes_first(scenario: Scenario, concurrency: Concurrency) -> None:
    several(scenario, seeds=(10, 10, 10, 13))
    applied = run(scenario, concurrency)
    assert applied.trained == 2
    told = {one.model: one.done[0].split(" ")[0] for one in applied.results}
    assert told == {"alpha": "trained", "beta": "reused", "gamma": "reused", "delta": "trained"}


def test_an_interruption_tells_what_was_finished_and_what_not_and_the_next_run_does_the_rest(
    scenario: Scenario,
) -> None:
    several(scenario, seeds=(10, 11, 12, 13))
    applied = run(scenario, Interrupted(2))
    assert applied.status is ResultStatus.INTERRUPTED
    assert [(one.model, one.status.value) for one in applied.results] == [
        ("alpha", "clean"),
        ("beta", "clean"),
        ("delta", "interrupted"),
        ("gamma", "interrupted"),
    ]
    assert summary(applied) == "4 models: 2 changed, 2 interrupted; 2 trained"
    assert applied.trained == 2
    assert run(scenario, Backwards()).trained == 2


def test_trainings_share_the_processors_when_there_are_several(scenario: Scenario) -> None:
    several(scenario, seeds=(10, 11))
    trainer = Choosy()
    run(scenario, Backwards(), trainer=trainer)
    assert trainer.at_once == [2], "two trainings on four threads"
    several(scenario, seeds=(20, 21, 22, 23))
    trainer = Choosy()
    run(scenario, Interrupted(4), trainer=trainer)
    assert trainer.at_once == [2], "four trainings on two threads"


def test_never_more_than_max_retire_are_retired_in_whichever_order_they_end(scenario: Scenario) -> None:
    several(scenario, seeds=(10, 11, 12, 13))
    run(scenario, Backwards())
    made = scenario.desired
    pins = {name: scenario.head("sandbox", name) for name in NAMES}
    production = [
        replace(model, environment="production", artifact=head.state.artifact, file="x")
        for model in made.models
        if (head := pins[model.name]) is not None
    ]
    scenario.merge(replace(made, models=(*made.models, *production)))
    where = environment_of(scenario.desired, "production")
    deps = replace(scenario.deps(trains=False), concurrency=Backwards())
    apply.apply(deps, scenario.desired, where, make_plan.make_plan(deps, scenario.desired, where))
    assert all(scenario.head("production", name) is not None for name in NAMES)
    scenario.merge(replace(made, models=(*made.models, production[0])))
    applied = apply.apply(
        deps, scenario.desired, where, make_plan.make_plan(deps, scenario.desired, where), confirmed=True
    )
    retired = {one.model: "; ".join(one.done) or one.problem for one in applied.results if one.model != "alpha"}
    assert [text.split(":")[0] for text in retired.values() if text] == [
        "retired",
        "1 model retired; policy.maxRetire allows 1 per apply",
        "1 model retired; policy.maxRetire allows 1 per apply",
    ]


# --- maxTrain --------------------------------------------------------------------------------------------------------


def waiting(applied: ApplyResult) -> list[str]:
    return [one.model for one in applied.results if one.status is ResultStatus.PENDING]


@pytest.mark.parametrize("concurrency", [Backwards(), SEQUENTIAL])
def test_no_more_are_trained_than_one_apply_may_and_the_others_have_their_turn(
    scenario: Scenario, concurrency: Concurrency
) -> None:
    several(scenario, seeds=(10, 11, 12, 13), max_train=2)
    planned = scenario.plan("sandbox")
    assert [part.model for part in planned.models if part.waits] == ["delta", "gamma"]
    assert all(not part.steps for part in planned.models if part.waits)
    first = run(scenario, concurrency)
    assert (first.trained, waiting(first), first.status) == (2, ["delta", "gamma"], ResultStatus.PENDING)
    assert "maxTrain allows 2" in (first.results[2].problem or "")
    second = run(scenario, concurrency)
    assert (second.trained, waiting(second), second.status) == (2, [], ResultStatus.CLEAN)
    assert scenario.plan("sandbox").empty


def test_who_was_never_trained_comes_first_and_then_whose_data_are_oldest(scenario: Scenario) -> None:
    several(scenario, seeds=(10, 11, 12, 13))
    for name in ("gamma", "alpha", "delta"):
        scenario.project.clock.pass_time(hours=40)  # each on a snapshot of its own
        scenario.apply("sandbox", models=(name,))
    several(scenario, seeds=(20, 21, 22, 23), max_train=2)
    first = run(scenario, Backwards())
    assert sorted(one.model for one in first.results if one.done) == ["beta", "gamma"]
    second = run(scenario, Backwards())
    assert sorted(one.model for one in second.results if one.done) == ["alpha", "delta"]


def test_what_is_taken_up_or_only_judged_does_not_count(scenario: Scenario) -> None:
    several(scenario, seeds=(10, 11, 12, 13))
    run(scenario, Backwards())
    several(scenario, seeds=(20, 21, 12, 13))
    run(scenario, Backwards())
    several(scenario, seeds=(10, 11, 30, 13), max_train=1)
    applied = run(scenario, Backwards())
    assert (applied.trained, waiting(applied)) == (1, [])


def test_a_model_that_is_named_does_not_wait_for_others(scenario: Scenario) -> None:
    several(scenario, seeds=(10, 11, 12, 13), max_train=1)
    (result,) = scenario.apply("sandbox", models=("gamma",)).results
    assert result.status is ResultStatus.CLEAN
    assert result.done


def test_a_reviewed_plan_trains_nobody_who_waited_in_it(scenario: Scenario) -> None:
    several(scenario, seeds=(10, 11, 12, 13), max_train=2)
    reviewed = scenario.plan("sandbox")
    run(scenario, Backwards(), plan=reviewed)
    again = run(scenario, Backwards(), plan=reviewed)
    assert again.trained == 0
    assert [(one.model, one.status) for one in again.results if one.status is not ResultStatus.CLEAN] == [
        ("delta", ResultStatus.CONFLICT),
        ("gamma", ResultStatus.CONFLICT),
    ]
