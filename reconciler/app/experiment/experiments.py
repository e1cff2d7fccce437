"""Run, look at and adopt experiments of an open project, with workers that keep the rows of an arm."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reconciler.adapters.executors.trial_workers import TrialWorkers
from reconciler.app.proposing import Proposing
from reconciler.app.wiring import OpenProject
from reconciler.core.experiment.automatic import automatic_experiment, expected_seconds, metrics_for
from reconciler.core.experiment.results import ExperimentPage, ExperimentTable
from reconciler.core.experiment.stages import most_past_trials
from reconciler.core.promotion.proposal import ProposalResult
from reconciler.core.spec.experiment.declared_experiment import Experiment, Sampler
from reconciler.core.spec.model import Model
from reconciler.engine.experiment import adopt_trial
from reconciler.engine.experiment.run_experiment import experiment_of, look_at, run_experiment
from reconciler.engine.find_environment import unknown_model
from reconciler.engine.storage import data_snapshots
from reconciler.errors import UsageError
from reconciler.ports import TrialRunner


@contextmanager
def trial_workers(project: OpenProject) -> Iterator[TrialRunner]:
    """Give the workers of trials; all of them end with the block."""
    workers = TrialWorkers(halt=project.halt)
    try:
        yield workers
    finally:
        workers.close()


def declared(project: OpenProject, name: str) -> Experiment:
    """Return the experiment of this name, also of `improve`. Raises UsageError E801."""
    return experiment_of(project.deps, project.desired, name)


def automatic(
    project: OpenProject,
    environment: str,
    model: str,
    *,
    trials: int | None = None,
    metric: str | None = None,
    seed: int = 1,
) -> Experiment:
    """Return the experiment of `improve MODEL`: by optuna where it is installed, else by points drawn at random.

    Raises UsageError E801 for a metric that the model has not.
    """
    declared_model = project.desired.model(environment, model)
    if declared_model is None:
        raise unknown_model(project.desired, environment, model)
    fitting = metrics_for(declared_model.recipe)
    if metric is not None and metric not in fitting:
        message = f"{metric} is not defined for {model}, a {declared_model.recipe.task.value}"
        raise UsageError(message, hint=f"write --metric {' or '.join(fitting)}", code="E801")
    sampler = Sampler.TPE if _has_optuna() else Sampler.RANDOM
    return automatic_experiment(declared_model, trials=trials, metric=metric, sampler=sampler, seed=seed)


def _has_optuna() -> bool:
    from importlib.util import find_spec

    return find_spec("optuna") is not None


def sandbox_of(project: OpenProject, model: str) -> str:
    """Return the only sandbox that declares a model. Raises UsageError E801 where there are none or several."""
    names = [
        each.name
        for each in project.desired.environments
        if each.trains and project.desired.model(each.name, model) is not None
    ]
    if len(names) == 1:
        return names[0]
    if not names:
        raise unknown_model(project.desired, None, model)
    hint = "; ".join(f"reconciler improve {model} --in {name}" for name in names)
    raise UsageError(f"{len(names)} sandboxes declare {model}", hint=hint, code="E801")


def expectation(project: OpenProject, experiment: Experiment, jobs: int | None) -> str:
    """Return what is going to be done, and about how long it takes, as one sentence."""
    from reconciler.core.duration import in_words

    environment = project.environment(experiment.environment)
    model: Model | None = project.desired.model(experiment.environment, experiment.model)
    snapshot = data_snapshots.newest(project.deps.stores[experiment.environment])
    chosen = {Sampler.TPE: "chosen by optuna", Sampler.RANDOM: "drawn at random", Sampler.GRID: "all combinations"}
    folds = f"{experiment.folds} folds of the training rows, judged by {experiment.metric}"
    text = f"{experiment.trials:,} trials on {folds}, {chosen[experiment.search.sampler]}"
    if model is None or snapshot is None:
        return text
    if experiment.space is None and (most := most_past_trials(model.recipe, experiment.trials)):
        text += f"; up to {most} of them try features from earlier rows that the model does not declare"
    if environment.compute is not None:
        return f"{text}; on a cluster, whose workers decide how long it takes"
    at_once = project.training_only_in(environment, jobs=jobs).concurrency.count
    table = snapshot.table(model.recipe.data.table)
    rows = table.rows if table is not None else 0
    seconds = expected_seconds(experiment, model.recipe, rows) / at_once
    return f"{text}; at most about {in_words(max(60, seconds))} with {at_once} at once"


def run(project: OpenProject, experiment: Experiment, *, jobs: int | None = None) -> ExperimentTable:
    """Run an experiment to its end; `jobs` trials at once, by default as many as there are processors."""
    environment = project.environment(experiment.environment)
    with trial_workers(project) as workers:
        deps = project.training_only_in(environment, jobs=jobs)
        return run_experiment(deps, project.desired, experiment, workers)


def look(project: OpenProject, name: str) -> ExperimentTable:
    """Return the newest run of an experiment. Runs and writes nothing."""
    with trial_workers(project) as workers:
        return look_at(project.deps, project.desired, name, workers)[0]


def write_page(table: ExperimentTable, file: Path) -> ExperimentPage:
    """Write the page of a run. Raises UsageError E801 without matplotlib, E803 where it cannot be written."""
    from reconciler.adapters.filesystem.site_folder import write_file
    from reconciler.report.experiment.experiment_page import page

    body = page(table).encode()
    write_file(file, body)
    return ExperimentPage(experiment=table.experiment, environment=table.environment, file=str(file), bytes=len(body))


def adopt(way: Proposing, name: str, *, trial: int | None, evidence: adopt_trial.Evidence) -> ProposalResult:
    """Propose that git declares what a trial has otherwise."""
    asked = adopt_trial.AdoptRequest(experiment=name, trial=trial)
    with trial_workers(way.project) as workers:
        return adopt_trial.adopt_trial(
            way.project.training_only_in(way.environment),
            way.project.checkout,
            way.proposer,
            asked,
            workers,
            evidence=evidence,
            route=way.route(),
        )
