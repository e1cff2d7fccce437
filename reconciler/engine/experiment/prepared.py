"""What a run of an experiment starts from: the model, the rows of the newest snapshot, the arms, and its identity."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler import codec
from reconciler.core.artifact.data_snapshot import Snapshot
from reconciler.core.digest import Digest
from reconciler.core.experiment.candidates import Arm, arms_of, search_space, trials_of_arms, widest
from reconciler.core.experiment.past_space import TableFacts
from reconciler.core.experiment.search_space import SearchSpace
from reconciler.core.experiment.stages import AUTOMATIC_FORMAT
from reconciler.core.experiment.trial import ExperimentIdentity, TrialInputs
from reconciler.core.experiment.tried_space import space_of
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.core.spec.experiment.declared_experiment import SEARCH_FORMAT, Experiment, ModelSpace, Sampler
from reconciler.core.spec.model import Model
from reconciler.core.spec.recipe import Recipe
from reconciler.core.spec.runtime import OF_ESTIMATORS
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.find_environment import environment_of, unknown_model
from reconciler.engine.storage import builds, data_snapshots
from reconciler.errors import UsageError
from reconciler.ports import ProposeRequest, SelectionKind, SelectRequest, TrialRunner

OWN_SAMPLERS = "model-reconciler"  # the library of samplers that need none


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedExperiment:
    """An experiment and all that its trials follow from. `trials`: of each arm, without the model as it is."""

    experiment: Experiment
    environment: Environment
    model: Model
    snapshot: Snapshot
    space: ModelSpace
    axes: SearchSpace
    arms: tuple[Arm, ...]
    trials: tuple[int, ...]
    inputs: ExperimentIdentity

    @property
    def identity(self) -> Digest:
        """Return the digest that names what is found."""
        return codec.digest_of(self.inputs)

    def trial_inputs(self, recipe: Recipe, judged: tuple[int, ...]) -> TrialInputs:
        """Return the inputs of a trial, which its fingerprint is the digest of."""
        return TrialInputs(
            recipe=codec.digest_of(recipe),
            tables=data_snapshots.materials(self.snapshot, recipe),
            runtime=codec.digest_of(builds.runtime_of(self.environment, recipe)),
            folds=self.experiment.folds,
            judged=judged,
            as_of=self.snapshot.as_of if builds.uses_as_of(recipe) else None,
            masks=data_snapshots.masks_read(self.snapshot, recipe),
        )


def prepare(
    deps: Dependencies, desired: DesiredState, experiment: Experiment, runner: TrialRunner
) -> PreparedExperiment:
    """Return what a run starts from. Raises UsageError E801 where the sandbox has no data yet, TrainingError E610."""
    environment = environment_of(desired, experiment.environment)
    model = desired.model(environment.name, experiment.model)
    if model is None:
        raise unknown_model(desired, environment.name, experiment.model)
    if not environment.trains:
        raise UsageError(f"only a sandbox trains, and {environment.name} is none", code="E801")
    snapshot = data_snapshots.newest(deps.stores[environment.name])
    if snapshot is None:
        raise UsageError(
            f"{environment.name} has no data yet",
            hint=f"`reconciler apply {environment.name}` takes a snapshot and trains the models as they are",
            code="E801",
        )
    builds.runtime_of(environment, model.recipe)  # raises where none is declared
    declared = dict(environment.runtime.versions) if environment.runtime is not None else {}
    space = space_of(
        experiment,
        model.recipe,
        libraries=[uses for uses, name in OF_ESTIMATORS.items() if name in declared],
        facts=_facts(deps, environment, model, snapshot) if experiment.space is None else None,
    )
    arms = arms_of(space, model.recipe)
    _check_windows(arms, snapshot)
    wide = widest(space, model.recipe)
    inputs = ExperimentIdentity(
        recipe=model.recipe_digest,
        tables=data_snapshots.materials(snapshot, wide),
        runtime=codec.digest_of(environment.runtime),
        as_of=snapshot.as_of if builds.uses_as_of(wide) else None,
        metric=experiment.metric,
        folds=experiment.folds,
        trials=experiment.trials,
        search=experiment.search,
        space=space,
        library=_library(experiment, environment, runner),
        masks=data_snapshots.masks_read(snapshot, wide),
        format=SEARCH_FORMAT if experiment.space is not None else AUTOMATIC_FORMAT,
    )
    return PreparedExperiment(
        experiment=experiment,
        environment=environment,
        model=model,
        snapshot=snapshot,
        space=space,
        axes=search_space(space),
        arms=arms,
        trials=trials_of_arms(experiment.trials, len(arms)),
        inputs=inputs,
    )


def _facts(deps: Dependencies, environment: Environment, model: Model, snapshot: Snapshot) -> TableFacts | None:
    """Return what the rows of the snapshot tell of their columns, which an automatic space follows from."""
    store, recipe = deps.stores[environment.name], model.recipe
    into = deps.scratch / f"facts-{deps.new_id()}"
    into.mkdir(parents=True)
    request = SelectRequest(
        recipe=recipe,
        tables=data_snapshots.table_files(store, snapshot, recipe.tables),
        as_of=snapshot.as_of,
        want=SelectionKind.FACTS,
        into=into,
        limits=environment.limits,
    )
    return deps.data.select(request).facts


def _check_windows(arms: tuple[Arm, ...], snapshot: Snapshot) -> None:
    """Raise UsageError E801 where the rows of an arm begin after the data were taken: it has none."""
    taken = snapshot.taken.date().isoformat()
    for arm in arms:
        window = arm.recipe.data.train
        if window is not None and window.since is not None and window.since > taken:
            message = f"no row of the data is from {window.since} on: snapshot {snapshot.n} was taken on {taken}"
            raise UsageError(message, hint="write an earlier day into `space.train.since`", code="E801")


def _library(experiment: Experiment, environment: Environment, runner: TrialRunner) -> str:
    """Return the library that chooses points, with its version: another one may choose others."""
    if experiment.search.sampler is not Sampler.TPE:
        return OWN_SAMPLERS
    asked = ProposeRequest(space=SearchSpace(axes=()), seed=0, batch=0, count=0, told=(), limits=environment.limits)
    return runner.propose(asked).library
