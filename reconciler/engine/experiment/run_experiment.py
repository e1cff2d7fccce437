"""Run an experiment to its end, or find the run that came to the same end; and look at runs."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.evaluation.units import unit_of_figures
from reconciler.core.experiment.automatic import automatic_experiment
from reconciler.core.experiment.describe import changes_of, notes_of
from reconciler.core.experiment.results import (
    ExperimentList,
    ExperimentOrigin,
    ExperimentTable,
    ListedExperiment,
    shared_line,
    table_of,
)
from reconciler.core.experiment.standings import ScoredTrial, best
from reconciler.core.experiment.trial import ArmRun, ExperimentRun
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.experiment.declared_experiment import AUTOMATIC, METRICS, Experiment, Sampler
from reconciler.core.spec.recipe import Recipe
from reconciler.core.spec.runtime import differences, remedy, runtime_for
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.experiment import records
from reconciler.engine.experiment.judge_winner import judge_winner, train_as_it_is
from reconciler.engine.experiment.prepared import PreparedExperiment, prepare
from reconciler.engine.experiment.run_trials import ArmTrials, TrialSeries, result_of
from reconciler.engine.experiment.side_by_side import side_by_side
from reconciler.engine.find_environment import nearest
from reconciler.errors import DataError, TrainingError, UsageError
from reconciler.ports import Store, TrialRunner


def run_experiment(
    deps: Dependencies, desired: DesiredState, experiment: Experiment, runner: TrialRunner
) -> ExperimentTable:
    """Run what is not recorded yet, judge the winner on the holdout and record the run; or return the recorded run.

    Raises UsageError, TrainingError, GateRefusedError, DataError; an interruption loses no trial that is over.
    """
    prepared = prepare(deps, desired, experiment, runner)
    store, name = deps.stores[prepared.environment.name], prepared.environment.name
    if (known := _run_of(store, prepared)) is not None:
        return table_of_run(store, known, new=0)
    _check_machine(deps, prepared)
    deps.progress.start(experiment.name, "train the model as it is")
    train_as_it_is(deps, desired, prepared)
    series = TrialSeries(deps, prepared, runner)
    deps.progress.expect(1)
    arms = _every_arm(prepared, series)
    shared = side_by_side(deps, prepared, series, arms, runner)
    won = best(arms[0].trials, experiment.metric)
    better = won if won is not None and won.number != 0 else None
    figure = judge_winner(deps, desired, prepared, better.recipe) if better is not None else None
    if (known := _run_of(store, prepared)) is not None:  # another process came to the same end meanwhile
        return table_of_run(store, known, new=series.new)
    run = ExperimentRun(
        identity=prepared.identity,
        inputs=prepared.inputs,
        experiment=experiment.name,
        model=experiment.model,
        environment=name,
        snapshot=prepared.snapshot.n,
        arms=tuple(ArmRun(label=arm.label, trials=arm.fingerprints) for arm in arms),
        winner=better.number if better is not None else None,
        holdout=figure,
        when=deps.clock(),
        who=deps.actor(),
        commit=desired.revision,
        shared=shared,
    )
    records.record_run(store, run)
    deps.progress.leave(experiment.name)
    return table_of_run(store, run, new=series.new)


def _check_machine(deps: Dependencies, prepared: PreparedExperiment) -> None:
    """Raise TrainingError where this machine has not the libraries that trials use, before the first of them runs."""
    declared = prepared.environment.runtime
    if deps.compute is not None or deps.machine is None or declared is None:
        return
    used = {prepared.model.recipe.estimator.uses, *(each.uses for each in prepared.space.estimators)}
    wanted, here = runtime_for(declared, used), deps.machine()
    if mismatches := differences(wanted, here):
        raise TrainingError(
            f"this machine cannot run all trials: declared {'; '.join(mismatches)}",
            hint=remedy(wanted, here, prepared.environment.lock),
        )


def _every_arm(prepared: PreparedExperiment, series: TrialSeries) -> list[ArmTrials]:
    """Return all arms with their trials. A DataError names its rows and classes, where there are several."""
    done: list[ArmTrials] = []
    try:
        for arm in series.run():
            done.append(arm)  # noqa: PERF402  (how many there are tells which one failed)
    except DataError as error:
        if len(prepared.arms) > 1:
            error.message = f"of {prepared.arms[len(done)].label}: {error.message}"
            error.hint = f"leave it out of the experiment's space; or {error.hint}" if error.hint else error.hint
        raise
    return done


def _run_of(store: Store, prepared: PreparedExperiment) -> ExperimentRun | None:
    """Return the run of this very experiment that came to its end by itself."""
    every = records.runs(store, prepared.environment.name, prepared.experiment.name)
    return next((run for run in every if run.identity == prepared.identity and not run.chosen), None)


def look_at(
    deps: Dependencies, desired: DesiredState, name: str, runner: TrialRunner
) -> tuple[ExperimentTable, ExperimentRun, PreparedExperiment]:
    """Return the newest run of an experiment, with why another would find something else now, where it would.

    Raises UsageError E801 where it never came to an end.
    """
    experiment = experiment_of(deps, desired, name)
    store = deps.stores[experiment.environment]
    run = _newest(store, experiment)
    if run is None:
        again = f"improve {experiment.model}" if experiment.name.startswith(AUTOMATIC) else f"experiment run {name}"
        hint = f"`reconciler {again}` runs it, or goes on where it was interrupted"
        raise UsageError(f"experiment {name} has not come to an end yet", hint=hint, code="E801")
    prepared = prepare(deps, desired, experiment, runner)
    outdated = None
    if prepared.identity != run.identity:
        now, then = prepared.inputs, run.inputs
        changed = {
            "the model's recipe": now.recipe != then.recipe,
            "the data": (now.tables, now.as_of, now.masks) != (then.tables, then.as_of, then.masks),
            "the runtime": now.runtime != then.runtime,
            "the library of the search": now.library != then.library,
        }
        reasons = [reason for reason, is_so in changed.items() if is_so] or ["the experiment"]
        outdated = f"{' and '.join(reasons)} changed since this run"
    return table_of_run(store, run, outdated=outdated), run, prepared


def experiment_of(deps: Dependencies, desired: DesiredState, name: str) -> Experiment:
    """Return a declared experiment, or that of `improve` for a model. Raises UsageError E801 where there is neither."""
    declared = desired.experiment(name)
    if declared is not None:
        return declared
    model = name.removeprefix(AUTOMATIC)
    for environment in desired.environments if name.startswith(AUTOMATIC) else ():
        of_model = desired.model(environment.name, model)
        if environment.trains and of_model is not None:
            run = next(records.runs(deps.stores[environment.name], environment.name, name), None)
            if run is not None:
                return automatic_experiment(
                    of_model,
                    trials=run.inputs.trials,
                    metric=run.inputs.metric,
                    sampler=run.inputs.search.sampler,
                    seed=run.inputs.search.seed,
                )
            return automatic_experiment(of_model, trials=None, metric=None, sampler=Sampler.RANDOM)
    known = [each.name for each in desired.experiments]
    hint = f"declared: {', '.join(known)}" if known else "write experiments/NAME.yaml, or `reconciler improve MODEL`"
    trained = {each.name for place in desired.environments if place.trains for each in desired.models_of(place.name)}
    if name in trained:
        hint = f"{name} is a model: `reconciler improve {name}`"
    elif near := nearest(name, (*known, *(f"{AUTOMATIC}{each}" for each in trained))):
        hint = f"{near} {hint}" if known else near
    raise UsageError(f"there is no experiment {name}", hint=hint, code="E801")


def list_experiments(deps: Dependencies, desired: DesiredState) -> ExperimentList:
    """Return the experiments that git declares, and those of `improve` that have runs."""
    listed = [_listed(deps.stores[each.environment], each) for each in desired.experiments]
    for environment in desired.environments:
        if environment.trains:
            store = deps.stores[environment.name]
            for name in records.names(store, environment.name):
                model = desired.model(environment.name, name.removeprefix(AUTOMATIC))
                if name.startswith(AUTOMATIC) and model is not None:
                    listed.append(_listed(store, experiment_of(deps, desired, name), declared=False))
    return ExperimentList(experiments=tuple(sorted(listed, key=lambda each: each.experiment)))


def _listed(store: Store, experiment: Experiment, *, declared: bool = True) -> ListedExperiment:
    every = list(records.runs(store, experiment.environment, experiment.name))
    run = _newest(store, experiment)
    figure = run.holdout if run is not None else None
    return ListedExperiment(
        experiment=experiment.name,
        model=experiment.model,
        environment=experiment.environment,
        metric=experiment.metric,
        trials=experiment.trials,
        runs=sum(not each.chosen for each in every),
        declared=declared,
        winner=run.winner if run is not None else None,
        value=figure.value if figure is not None else None,
        low=figure.low if figure is not None else None,
        high=figure.high if figure is not None else None,
    )


def _newest(store: Store, experiment: Experiment) -> ExperimentRun | None:
    """Return the newest run that came to its end by itself."""
    every = records.runs(store, experiment.environment, experiment.name)
    return next((run for run in every if not run.chosen), None)


def trials_of(store: Store, run: ExperimentRun) -> Iterator[tuple[ArmRun, tuple[ScoredTrial, ...]]]:
    """Yield each arm of a run with its trials, read from their records. Raises IntegrityError where one is gone."""
    number = 0
    for place, arm in enumerate(run.arms):
        trials = []
        for rounds in arm.trials:
            found = [records.of_run(store, run, fingerprint) for fingerprint in rounds]
            trials.append(result_of(found, number=number, arm=place, folds=run.inputs.folds))
            number += 1
        yield arm, tuple(trials)


def _unit(recipe: Recipe) -> Iterator[str]:
    """Say in what the figures of trials are, where that is not the unit that models are judged in."""
    if (unit := unit_of_figures(recipe)) is not None:
        yield f"figures of trials are in {unit}, which the model predicts"


def table_of_run(
    store: Store, run: ExperimentRun, *, new: int | None = None, outdated: str | None = None
) -> ExperimentTable:
    """Return a run as people are told of it."""
    arms = list(trials_of(store, run))
    metric = run.inputs.metric
    every = [trial for _, trials in arms for trial in trials]
    base, searched = every[0], [trial for _, trials in arms for trial in trials[1:]]
    won = next((trial for trial in every if trial.number == run.winner), None)
    return ExperimentTable(
        experiment=run.experiment,
        model=run.model,
        environment=run.environment,
        metric=metric,
        higher_is_better=METRICS[metric],
        folds=run.inputs.folds,
        in_time=base.recipe.holdout.by is not None,
        snapshot=run.snapshot,
        tried=len({trial.recipe for trial in searched}),
        failed=sum(trial.failed is not None for trial in searched),
        stopped=sum(trial.failed is None and not trial.whole for trial in searched),
        arms=tuple(table_of(arm.label, trials, metric) for arm, trials in arms),
        winner=run.winner,
        changes=changes_of(won.recipe, base.recipe) if won is not None else (),
        holdout=run.holdout,
        origin=ExperimentOrigin(
            trials=run.inputs.trials,
            search=run.inputs.search,
            library=run.inputs.library,
            identity=run.identity,
            when=run.when,
            who=run.who,
            commit=run.commit,
            seconds=sum(trial.seconds for trial in every),
        ),
        shared=tuple(shared_line(run.arms[each.arm].label, each, metric) for each in run.shared or ()),
        notes=(*notes_of(run.inputs, base.recipe), *_unit(base.recipe)),
        new=new,
        outdated=outdated,
    )
