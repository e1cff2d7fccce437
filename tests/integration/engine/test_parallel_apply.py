"""Eight models in four threads on a real store and a real target: nothing is torn, lost, forked or told out of order.

Training and scoring are fakes, so that threads meet each other in our own code as often as can be.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler import codec
from reconciler.adapters.executors.model_threads import ModelThreads
from reconciler.core.plan.apply_result import ApplyResult
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.status_codes import ResultStatus
from reconciler.engine.apply import apply
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.find_environment import environment_of
from reconciler.engine.inspect import audit
from reconciler.engine.plan import make_plan
from reconciler.engine.storage import data_snapshots, journal
from reconciler.testing.memory_git import MemorySource
from tests.integration.engine.apply_with_fakes import on_disk
from tests.simulation import sample_project
from tests.simulation.scenario import named
from tests.support.effort import count

NAMES = tuple(f"model-{number}" for number in range(8))
ROUNDS = count("PARALLEL_ROUNDS")


def world_in(folder: Path, source: MemorySource, concurrency: int) -> Dependencies:
    return replace(on_disk(folder, source), concurrency=ModelThreads(concurrency, threading.Event()))


def declared(seeds: Sequence[int], commit: str) -> DesiredState:
    base = sample_project.desired(commit, seed=10)
    models = []
    for model, seed in zip(named(base, "sandbox", *NAMES), seeds, strict=True):
        recipe = sample_project.recipe(seed)
        models.append(replace(model, recipe=recipe, recipe_digest=codec.digest_of(recipe)))
    return replace(base, models=tuple(models))


def carried_out(deps: Dependencies, desired: DesiredState, environment: str) -> ApplyResult:
    where = environment_of(desired, environment)
    return apply.apply(deps, desired, where, make_plan.make_plan(deps, desired, where), confirmed=True)


def promoted(deps: Dependencies, desired: DesiredState, commit: str) -> DesiredState:
    """Production pins what the sandbox made last."""
    pinned = []
    for model in desired.models:
        head = journal.head(
            deps.stores["sandbox"], project=sample_project.PROJECT, environment="sandbox", model=model.name
        )
        assert head is not None
        pinned.append(replace(model, environment="production", artifact=head.state.artifact))
    return replace(desired, revision=commit, models=(*desired.models, *pinned))


@pytest.mark.soak
@pytest.mark.parametrize("concurrency", [1, 4])
def test_every_round_is_whole_and_the_next_has_nothing_to_do(tmp_path: Path, concurrency: int) -> None:
    source = MemorySource()
    for turn in range(ROUNDS):
        source.line += [f"made-{turn}", f"promoted-{turn}"]
        # Two pairs have the same recipe, and every other round brings back recipes that were trained before.
        seeds = [10 + (turn % 2) * 20 + number // 2 * (number > 3) + number * (number <= 3) for number in range(8)]
        deps = world_in(tmp_path, source, concurrency)
        desired = declared(seeds, f"made-{turn}")
        made = carried_out(deps, desired, "sandbox")
        assert [one.model for one in made.results] == list(NAMES)
        assert made.status is ResultStatus.CLEAN, made.results
        assert made.trained == (len(set(seeds)) if turn < 2 else 0)
        desired = promoted(deps, desired, f"promoted-{turn}")
        deployed = carried_out(deps, desired, "production")
        assert [one.model for one in deployed.results] == list(NAMES)
        assert deployed.status is ResultStatus.CLEAN, deployed.results
        for environment in ("sandbox", "production"):
            where = environment_of(desired, environment)
            assert make_plan.make_plan(deps, desired, where).empty
    assert audit.audit(deps, desired, ("sandbox", "production")).findings == ()
    assert not list(tmp_path.rglob(".tmp-*"))


def test_two_processes_with_lanes_of_their_own_leave_one_history(tmp_path: Path) -> None:
    """Two worlds at once, as two processes would be: each model's entry is one of theirs, and nobody's is lost."""
    source = MemorySource()
    source.line.append("c0")
    desired = declared(range(10, 18), "c0")
    worlds = [world_in(tmp_path, source, 3) for _ in range(2)]
    where = environment_of(desired, "sandbox")
    apply.claim(worlds[0], desired, where)
    data_snapshots.take(worlds[0], desired, where)  # else one of them may stop there: somebody else took one
    applied: list[ApplyResult] = []

    def process(deps: Dependencies) -> None:
        applied.append(carried_out(deps, desired, "sandbox"))

    threads = [threading.Thread(target=process, args=(deps,)) for deps in worlds]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert {one.status for result in applied for one in result.results} <= {ResultStatus.CLEAN, ResultStatus.CONFLICT}
    deps = world_in(tmp_path, source, 3)
    assert carried_out(deps, desired, "sandbox").status is ResultStatus.CLEAN
    assert make_plan.make_plan(deps, desired, where).empty
    assert audit.audit(deps, desired, ("sandbox",)).findings == ()
    assert len(list((tmp_path / "sandbox/builds").iterdir())) == len(NAMES)
