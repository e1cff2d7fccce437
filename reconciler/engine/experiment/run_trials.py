"""Run the trials of an experiment, batch after batch: what is recorded is found again, what is missing is run.

A batch follows from the results of the batches before it, in the order of the trials, so that nothing depends on how
many workers there are, or on what was interrupted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from reconciler import codec
from reconciler.core.digest import Digest
from reconciler.core.duration import in_words
from reconciler.core.experiment.candidates import recipe_at, widest
from reconciler.core.experiment.samplers import grid_points, random_points, seed_of
from reconciler.core.experiment.search_space import Point, SearchSpace, ToldResult
from reconciler.core.experiment.stages import (
    Stage,
    StageKind,
    around,
    axes_around,
    best_before,
    families_around,
    learnt_from,
    points_of,
    stages_of,
)
from reconciler.core.experiment.standings import ScoredTrial, ahead_of, goes_on, told
from reconciler.core.experiment.trial import TrialInputs, TrialRecord
from reconciler.core.spec.experiment.declared_experiment import Sampler
from reconciler.core.spec.recipe import Recipe
from reconciler.engine.compute.request import part_of, teller
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.experiment import records
from reconciler.engine.experiment.prepared import PreparedExperiment
from reconciler.engine.storage import builds, data_snapshots
from reconciler.ports import (
    ArmTrialRequest,
    ProposeRequest,
    SelectionKind,
    SelectRequest,
    Store,
    TrialRequest,
    TrialResult,
    TrialRunner,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmTrials:
    """The trials of an arm, in order, and the fingerprints of the rounds of each."""

    label: str
    trials: tuple[ScoredTrial, ...]
    fingerprints: tuple[tuple[Digest, ...], ...]


@dataclass(slots=True, kw_only=True)
class _Pending:
    """A trial that is being run: what its rounds found so far."""

    number: int
    point: Point
    recipe: Recipe
    found: list[TrialRecord] = field(default_factory=list)
    over: bool = False


class TrialSeries:
    """Runs the trials of one experiment. `new`: how many were run now, and were not found again."""

    def __init__(self, deps: Dependencies, prepared: PreparedExperiment, runner: TrialRunner) -> None:
        self._deps = deps
        self._prepared = prepared
        self._runner = runner
        self._store: Store = deps.stores[prepared.environment.name]
        self._rows: dict[int, Path] = {}
        self._expected = sum(prepared.trials) + len(prepared.arms)
        self._over = 0
        self._began = deps.clock()
        self.new = 0

    def run(self) -> Iterator[ArmTrials]:
        """Yield each arm with all of its trials. An interruption loses no trial that is over."""
        first = 0
        for arm in range(len(self._prepared.arms)):
            done = self._arm(arm, first)
            first += len(done.trials)
            yield done

    # --- inside ----------------------------------------------------------------------------------------------------

    def _arm(self, arm: int, first: int) -> ArmTrials:
        prepared, search = self._prepared, self._prepared.experiment.search
        chosen, share = prepared.arms[arm], prepared.trials[arm]
        pending = [_Pending(number=first, point=(), recipe=chosen.recipe)]
        self._round(arm, pending, tuple(range(prepared.experiment.folds)))
        self._over += 1
        for stage in stages_of(prepared.experiment, prepared.space, share):
            done = 0
            while done < stage.trials:
                count = min(search.batch, stage.trials - done)
                before = tuple(map(partial(self._result, arm), pending))
                points = self._points(arm, stage, done, count, before)
                if not points:
                    break  # the end of the grid, or of what a stage can try
                fresh = [
                    _Pending(number=first + len(pending) + place, point=point, recipe=self._recipe(arm, point))
                    for place, point in enumerate(points)
                ]
                base = best_before(before, done, stage.metric) if stage.kind is StageKind.PAST else None
                self._batch(arm, fresh, stage.metric, base)
                self._over += len(fresh)
                pending += fresh
                done += len(fresh)
        return ArmTrials(
            label=chosen.label,
            trials=tuple(self._result(arm, each) for each in pending),
            fingerprints=tuple(tuple(trial.fingerprint for trial in each.found) for each in pending),
        )

    def _recipe(self, arm: int, point: Point) -> Recipe:
        return recipe_at(point, self._prepared.space, self._prepared.arms[arm].recipe)

    def _points(
        self, arm: int, stage: Stage, done: int, count: int, before: tuple[ScoredTrial, ...]
    ) -> tuple[Point, ...]:
        """Return the points of a batch: a pure function of the space, the seed and the results before it."""
        prepared, search = self._prepared, self._prepared.experiment.search
        if stage.kind is StageKind.ALL:
            return self._searched(prepared.axes, arm, done // search.batch, count, told(before, stage.metric))
        if stage.kind is StageKind.AROUND:
            families = families_around(prepared.space, before, stage.metric)
            known = told(learnt_from(before, families), stage.metric)
            axes = axes_around(prepared.space, families)
            points = self._searched(axes, arm, done // search.batch, count, known)
            return around(prepared.space, points, families, before, stage.metric)
        return points_of(stage, done, count, prepared.space, before, search.seed)

    def _searched(
        self, axes: SearchSpace, arm: int, batch: int, count: int, known: tuple[ToldResult, ...]
    ) -> tuple[Point, ...]:
        """Return the points of a batch of the declared search."""
        prepared, search = self._prepared, self._prepared.experiment.search
        seed = seed_of(search.seed, arm)
        if search.sampler is Sampler.RANDOM:
            return random_points(axes, seed=seed, batch=batch, count=count)
        if search.sampler is Sampler.GRID:
            return grid_points(axes, batch=batch, count=search.batch)[:count]
        request = ProposeRequest(
            space=axes,
            seed=seed,
            batch=batch,
            count=count,
            told=known,
            limits=prepared.environment.limits,
        )
        return self._runner.propose(request).points

    def _batch(self, arm: int, batch: list[_Pending], metric: str, base: ScoredTrial | None) -> None:
        """Run a batch: on all folds, or fold by fold: the better half goes on, where it is better than a `base`."""
        experiment = self._prepared.experiment
        if not experiment.search.prune:
            self._round(arm, batch, tuple(range(experiment.folds)))
            return
        for fold in range(experiment.folds):
            running = [each for each in batch if not each.over]
            self._round(arm, running, (fold,))
            if fold + 1 < experiment.folds:
                found = [self._result(arm, each) for each in running]
                better = ahead_of(base, found, metric) if base is not None else None
                on = goes_on(found, metric) if better is None else goes_on(found, metric) & better
                for each in running:
                    each.over = each.number not in on

    def _round(self, arm: int, batch: list[_Pending], judged: tuple[int, ...]) -> None:
        """Judge some trials on some folds: those that nobody judged so are run, equal ones once."""
        missing: dict[Digest, tuple[TrialInputs, Recipe]] = {}
        known: dict[Digest, TrialRecord] = {}
        wanted: list[tuple[_Pending, Digest]] = []
        for each in batch:
            inputs = self._prepared.trial_inputs(each.recipe, judged)
            fingerprint = codec.digest_of(inputs)
            wanted.append((each, fingerprint))
            if fingerprint in known or fingerprint in missing:
                continue
            if (found := records.trial(self._store, fingerprint)) is not None:
                known[fingerprint] = found
            else:
                missing[fingerprint] = (inputs, each.recipe)
        if missing:
            if self._deps.compute is None:
                self.rows_of(arm)
            self._deps.concurrency.run(
                [
                    partial(self._run, arm, known, fingerprint, inputs, recipe, place)
                    for place, (fingerprint, (inputs, recipe)) in enumerate(missing.items())
                ]
            )
        for each, fingerprint in wanted:
            each.found.append(known[fingerprint])

    def _run(
        self,
        arm: int,
        known: dict[Digest, TrialRecord],
        fingerprint: Digest,
        inputs: TrialInputs,
        recipe: Recipe,
        place: int,
    ) -> None:
        """Run one trial and record it at once, so that no interruption loses it."""
        told = self._tell(place, inputs.judged)
        found = self._judged(arm, recipe, inputs, told)
        known[fingerprint] = records.record_trial(
            self._store,
            TrialRecord(
                fingerprint=fingerprint,
                inputs=inputs,
                recipe=recipe,
                folds=found.folds,
                failed=found.failed,
                size=found.size,
                seconds=found.seconds,
            ),
        )
        self.new += 1

    def _judged(self, arm: int, recipe: Recipe, inputs: TrialInputs, told: str) -> TrialResult:
        """Judge a recipe: by workers here, which share the rows of an arm, or on a cluster, where they are selected."""
        prepared = self._prepared
        wide = widest(prepared.space, prepared.arms[arm].recipe)
        runtime, limits = builds.runtime_of(prepared.environment, recipe), prepared.environment.limits
        if self._deps.compute is None:
            rows = self.rows_of(arm)
            return self._runner.run(
                TrialRequest(
                    recipe=recipe,
                    features=wide.features,
                    train=rows / "train.parquet",
                    days=rows / "days.parquet",
                    folds=inputs.folds,
                    judged=inputs.judged,
                    runtime=runtime,
                    limits=limits,
                )
            )
        return self._deps.compute.trial(
            ArmTrialRequest(
                experiment=prepared.experiment.name,
                recipe=recipe,
                arm=wide,
                snapshot=part_of(prepared.snapshot, wide),
                folds=inputs.folds,
                judged=inputs.judged,
                runtime=runtime,
                limits=limits,
            ),
            teller(self._deps.progress, prepared.experiment.name, told),
        )

    def rows_of(self, arm: int) -> Path:
        """Return the folder of the training rows of an arm, selected once; nothing of the holdout is in it."""
        if (known := self._rows.get(arm)) is not None:
            return known
        prepared, deps = self._prepared, self._deps
        into = deps.scratch / f"trials-{deps.new_id()}"
        into.mkdir(parents=True)
        deps.progress.start(prepared.experiment.name, "select the training rows")
        recipe = widest(prepared.space, prepared.arms[arm].recipe)
        deps.data.select(
            SelectRequest(
                recipe=recipe,
                tables=data_snapshots.table_files(self._store, prepared.snapshot, recipe.tables),
                as_of=prepared.snapshot.as_of,
                want=SelectionKind.FOLDS,
                into=into,
                limits=prepared.environment.limits,
            )
        )
        self._rows[arm] = into
        return into

    def _tell(self, place: int, judged: tuple[int, ...]) -> str:
        """Show how far the experiment is, and about how long the rest takes; return what was shown."""
        text = f"trial {self._over + place + 1:,} of {self._expected:,}"
        if len(judged) == 1:
            text += f", fold {judged[0] + 1}"
        seconds = (self._deps.clock() - self._began).total_seconds()
        if self._over > self._prepared.experiment.search.batch and self.new and seconds >= 1:
            left = round(seconds / self._over * (self._expected - self._over))
            text += f", about {in_words(max(1, left))} left"
        self._deps.progress.start(self._prepared.experiment.name, text)
        return text

    def _result(self, arm: int, pending: _Pending) -> ScoredTrial:
        """Return what all rounds of a trial found together."""
        folds = self._prepared.experiment.folds
        return result_of(pending.found, number=pending.number, arm=arm, folds=folds, point=pending.point)


def result_of(found: list[TrialRecord], *, number: int, arm: int, folds: int, point: Point = ()) -> ScoredTrial:
    """Return what the rounds of a trial, of which there is one at least, found together."""
    figures = tuple(fold for trial in found for fold in trial.folds)
    return ScoredTrial(
        number=number,
        arm=arm,
        recipe=found[0].recipe,
        point=point,
        folds=figures,
        failed=next((trial.failed for trial in found if trial.failed is not None), None),
        rounds=len(figures),
        whole=len(figures) == folds,
        size=max(trial.size for trial in found),
        seconds=sum(trial.seconds for trial in found),
    )
