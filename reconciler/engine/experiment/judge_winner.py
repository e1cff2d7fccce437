"""Judge the winner of an experiment on the holdout, once: it and the model as it is are trained as an apply does it.

What is trained are builds like any other, keyed by their inputs: an apply of the same recipe reuses them. Nothing is
verified, journaled, declared or deployed.
"""

from __future__ import annotations

from dataclasses import replace

from reconciler import codec
from reconciler.core.artifact.build import Build
from reconciler.core.evaluation.detailed import DetailedEvaluation
from reconciler.core.evaluation.units import unit_of_figures
from reconciler.core.experiment.results import naive_of
from reconciler.core.experiment.trial import HoldoutFigure
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.gates import NoWorseThanIncumbent
from reconciler.core.spec.model import Model
from reconciler.core.spec.recipe import FEWEST_HELD_OUT, Recipe
from reconciler.engine.apply import train
from reconciler.engine.apply.run_gates import compare_builds
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.evaluation.in_full import in_full
from reconciler.engine.evaluation.looks import looks_so_far
from reconciler.engine.experiment.prepared import PreparedExperiment
from reconciler.engine.plan import verification
from reconciler.engine.plan.observe_training import training_observer
from reconciler.engine.storage import builds
from reconciler.engine.storage.yardsticks import Deployment


def train_as_it_is(deps: Dependencies, desired: DesiredState, prepared: PreparedExperiment) -> Build:
    """Return the build of the model as it is, trained now where an apply has not yet.

    Asked before any trial: what stops this training stops the end of the experiment, too. Raises GateRefusedError E708.
    """
    return _build_of(deps, desired, prepared, prepared.model)


def judge_winner(
    deps: Dependencies, desired: DesiredState, prepared: PreparedExperiment, recipe: Recipe
) -> HoldoutFigure:
    """Return what a recipe reaches on the holdout, with its interval, and beside the model as it is.

    Raises GateRefusedError E708 where a check of the rows stops the training.
    """
    store, environment = deps.stores[prepared.environment.name], prepared.environment
    deps.progress.start(prepared.experiment.name, "judge the winner on the holdout")
    metric = prepared.experiment.metric
    base = train_as_it_is(deps, desired, prepared)
    winner = replace(prepared.model, recipe=recipe, recipe_digest=codec.digest_of(recipe))
    build = _build_of(deps, desired, prepared, winner)
    own = verification.evaluation_of(store, build.artifact)
    runtime = builds.runtime_of(environment, recipe)
    detailed = in_full(deps, store, build.artifact, environment.limits, runtime=runtime)
    full = detailed if not isinstance(detailed, str) else None
    figures = full.figures if full is not None else ()
    figure = next((each for each in figures if each.name == metric), None)
    against = compare_builds(
        deps,
        winner,
        environment,
        build,
        Deployment(artifact=base.artifact, build=base, until=None),
        NoWorseThanIncumbent(metric=metric, min_rows=FEWEST_HELD_OUT),
    )
    in_another_unit = unit_of_figures(recipe) is not None  # what the artifact says of itself is in what it predicts
    counted = looks_so_far(deps.stores, build)
    return HoldoutFigure(
        artifact=build.artifact,
        base=base.artifact,
        evaluation_rows=build.evaluation_rows,
        rows=own.rows,
        value=own.metric(metric) if not in_another_unit else figure.value if figure is not None else None,
        low=figure.low if figure is not None else None,
        high=figure.high if figure is not None else None,
        naive=naive_of(own, metric) if not in_another_unit else _naive(full, metric),
        looks=round(counted.average) if counted is not None else 0,
        against=against,
        why=figure.why if figure is not None else detailed if isinstance(detailed, str) else None,
    )


def _naive(full: DetailedEvaluation | None, metric: str) -> float | None:
    """Return what the naive guess reaches by a metric, in the unit of the evaluation in full."""
    return full.naive.value if full is not None and full.naive.figure == metric else None


def _build_of(deps: Dependencies, desired: DesiredState, prepared: PreparedExperiment, model: Model) -> Build:
    environment, snapshot = prepared.environment, prepared.snapshot
    observer = training_observer(deps, desired, environment, snapshot=snapshot, now=deps.clock())
    return train.train(
        deps,
        project=desired.project,
        commit=desired.revision,
        environment=environment,
        model=model,
        snapshot=snapshot,
        may_be_off=observer.may_be_off,
    ).build
