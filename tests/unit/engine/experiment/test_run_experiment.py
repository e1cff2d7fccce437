"""An experiment comes to the same end however it was run: by how many workers, in which order, after which kills."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reconciler import codec
from reconciler.core.artifact import store_layout
from reconciler.core.experiment.past_space import ColumnFacts, TableFacts
from reconciler.core.experiment.results import ExperimentTable
from reconciler.core.experiment.trial import SharedRows
from reconciler.core.quality.findings import Finding, Severity
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.experiment.declared_experiment import (
    EstimatorSpace,
    Experiment,
    ModelSpace,
    ParamAxis,
    Sampler,
    Search,
)
from reconciler.core.spec.model import Model
from reconciler.core.spec.recipe import Features, Holdout
from reconciler.engine.experiment import records
from reconciler.engine.experiment.run_experiment import list_experiments, look_at, run_experiment, trials_of
from reconciler.engine.storage import data_snapshots
from reconciler.errors import DataError, GateRefusedError, IntegrityError, UsageError
from reconciler.ports import SelectionKind, SelectRequest, SelectResult, TrialRequest, TrialResult
from reconciler.testing.fake_compute import FakeData
from reconciler.testing.fake_trials import FakeTrialRunner
from tests.simulation import sample_project
from tests.simulation.sample_project import SampleProject

SPACE = ModelSpace(
    estimators=(
        EstimatorSpace(
            uses="sklearn",
            class_name="RandomForestClassifier",
            tried=(ParamAxis(name="min_samples_leaf", low=1, high=50, whole=True),),
        ),
    ),
    add=Features(numeric=("more", "most")),
)
EXPERIMENT = Experiment(
    name="search",
    model=sample_project.MODEL,
    environment="sandbox",
    metric="f1_macro",
    folds=3,
    trials=20,
    search=Search(sampler=Sampler.TPE, batch=4, seed=1),
    space=SPACE,
)
PRUNED = replace(EXPERIMENT, search=replace(EXPERIMENT.search, prune=True))
AUTOMATIC = replace(PRUNED, space=None, trials=30)
ARMS = replace(EXPERIMENT, space=replace(SPACE, where=(None, "amount > 10")), search=Search(sampler=Sampler.RANDOM))


class Backwards:
    """As if the last to begin were always the first to end."""

    count = 4

    def run(self, works: Sequence[Callable[[], None]]) -> None:
        for work in reversed(works):
            work()


@dataclass(slots=True)
class Bench:
    """A sandbox with one snapshot."""

    project: SampleProject
    desired: DesiredState

    def run(
        self, experiment: Experiment, runner: FakeTrialRunner | None = None, *, backwards: bool = False
    ) -> ExperimentTable:
        deps = self.project.deps()
        deps = replace(deps, concurrency=Backwards()) if backwards else deps
        return run_experiment(deps, self.desired, experiment, runner or FakeTrialRunner())

    def keys(self) -> set[str]:
        return set(self.project.stores["sandbox"].keys(""))


class CountedRows(FakeData):
    """The same three rows are held out of every build."""

    def select(self, request: SelectRequest) -> SelectResult:
        return replace(super().select(request), checks=(), holdout=("0000000001", "0000000002", "0000000003"))


class RareClass(FakeData):
    """A check of the rows finds an error."""

    def select(self, request: SelectRequest) -> SelectResult:
        rare = Finding(
            check="too-few-rows", subject="rare", severity=Severity.ERROR, message="3 rows", remedy="join it"
        )
        return replace(super().select(request), checks=(rare,))


def bench_in(folder: Path) -> Bench:
    desired = sample_project.desired("c", seed=7)
    bench = Bench(sample_project.found(folder), desired)
    bench.project.data = CountedRows()
    data_snapshots.take(bench.project.deps(), desired, desired.environments[1])
    return bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return bench_in(tmp_path / "first")


def without_times(table: ExperimentTable) -> object:
    """Return a table without what two machines may differ in: seconds, who ran it when, and what was run now."""
    arms = tuple(replace(arm, lines=tuple(replace(line, seconds=0.0) for line in arm.lines)) for arm in table.arms)
    origin = replace(table.origin, when=datetime(2026, 1, 1, tzinfo=UTC), seconds=0.0)
    return replace(table, arms=arms, origin=origin, new=None)


@pytest.mark.parametrize(
    "experiment", [EXPERIMENT, PRUNED, ARMS, AUTOMATIC], ids=["whole", "pruned", "arms", "automatic"]
)
def test_the_table_is_the_same_in_any_order_after_any_kill_and_in_another_folder(
    experiment: Experiment, bench: Bench, tmp_path: Path
) -> None:
    expected = bench.run(experiment)
    other = bench_in(tmp_path / "other")
    other.project.clock.pass_time(days=40)
    runs = 0
    while True:
        runs += 1
        try:
            table = other.run(experiment, FakeTrialRunner(most=3), backwards=True)
            break
        except KeyboardInterrupt:
            assert runs < 100
    assert runs > 5
    assert without_times(table) == without_times(expected)
    assert expected.holdout is not None
    assert table.holdout == expected.holdout


def test_nothing_that_was_found_is_run_again(bench: Bench) -> None:
    runner = FakeTrialRunner()
    first = bench.run(EXPERIMENT, runner)
    assert first.new == len(runner.asked) == len(set(runner.asked)) > 15
    again = FakeTrialRunner()
    second = bench.run(EXPERIMENT, again)
    assert (again.asked, second.new) == ([], 0)
    assert second.holdout == first.holdout
    more = replace(EXPERIMENT, trials=24)
    third = FakeTrialRunner()
    bench.run(more, third)
    assert len(third.asked) <= 4, "the first 20 are those of the shorter experiment"


def test_a_run_writes_trials_builds_and_its_record_and_touches_nothing_that_was_there(bench: Bench) -> None:
    before = bench.keys()
    bench.run(EXPERIMENT)
    assert before <= bench.keys()
    new = {key.partition("/")[0] for key in bench.keys() - before}
    assert new <= {"trials", "experiments", "builds", "recipes", "blobs", "evaluations", "checks", "looks"}
    assert list(bench.project.stores["production"].keys("")) == []


def test_a_batch_is_chosen_by_all_results_before_it_and_told_them_in_their_order(bench: Bench) -> None:
    runner = FakeTrialRunner()
    bench.run(EXPERIMENT, runner)
    asked = [request for request in runner.proposed if request.count]
    assert [len(request.told) for request in asked] == [0, 4, 8, 12, 16]
    assert all(later.told[: len(earlier.told)] == earlier.told for earlier, later in itertools.pairwise(asked))


def test_of_each_batch_the_better_half_goes_on_to_the_next_fold(bench: Bench) -> None:
    table = bench.run(PRUNED)
    folds = [line.folds for line in table.arms[0].lines if line.changes]
    assert sorted(folds) == [1] * 10 + [2] * 5 + [3] * 5
    assert table.stopped == 15


def test_looks_are_those_at_the_rows_by_any_candidate_and_the_winner_is_judged_once(bench: Bench) -> None:
    """The model as it is and the winner are two; a winner that is found again is no further look."""
    first, again, other = (
        bench.run(replace(EXPERIMENT, search=replace(EXPERIMENT.search, seed=seed))).holdout for seed in (1, 2, 3)
    )
    assert first is not None
    assert again is not None
    assert other is not None
    assert first.artifact == again.artifact != other.artifact
    assert (first.looks, again.looks, other.looks) == (2, 2, 3)
    assert bench.run(EXPERIMENT).holdout == first


def test_where_the_model_as_it_is_does_best_the_holdout_is_not_looked_at(bench: Bench) -> None:
    """Of so few trials that none is better by chance: the figures follow from the digests of the recipes."""
    for seed in range(40):
        table = bench.run(replace(EXPERIMENT, trials=1, search=Search(sampler=Sampler.RANDOM, seed=seed)))
        if table.winner is None:
            assert table.holdout is None
            return
    raise AssertionError("of 40 single trials none was worse")


def test_other_data_another_recipe_or_another_library_are_another_experiment(bench: Bench) -> None:
    bench.run(EXPERIMENT)
    deps = bench.project.deps()
    declared = replace(bench.desired, experiments=(EXPERIMENT,))
    table, _, _ = look_at(deps, declared, "search", FakeTrialRunner())
    assert table.outdated is None
    other = sample_project.desired("d", seed=8)
    table, _, _ = look_at(deps, replace(other, experiments=(EXPERIMENT,)), "search", FakeTrialRunner())
    assert table.outdated == "the model's recipe changed since this run"
    bench.project.data.day += 1
    data_snapshots.take(deps, bench.desired, bench.desired.environments[1])
    table, _, _ = look_at(deps, declared, "search", FakeTrialRunner())
    assert table.outdated == "the data changed since this run"
    runner = FakeTrialRunner()
    assert bench.run(EXPERIMENT, runner).new == len(runner.asked) > 15


def test_the_list_tells_what_the_last_run_found(bench: Bench) -> None:
    declared = replace(bench.desired, experiments=(EXPERIMENT,))
    (before,) = list_experiments(bench.project.deps(), declared).experiments
    table = bench.run(EXPERIMENT)
    (after,) = list_experiments(bench.project.deps(), declared).experiments
    assert (before.runs, after.runs, after.winner) == (0, 1, table.winner)


def test_a_sandbox_without_data_and_an_unknown_experiment_are_told_with_what_to_type(tmp_path: Path) -> None:
    desired = sample_project.desired("c", seed=7)
    project = sample_project.found(tmp_path)
    with pytest.raises(UsageError, match="no data yet"):
        run_experiment(project.deps(), desired, EXPERIMENT, FakeTrialRunner())
    with pytest.raises(UsageError, match="there is no experiment"):
        look_at(project.deps(), desired, "other", FakeTrialRunner())


def test_a_trial_whose_record_was_changed_is_damaged_and_one_that_is_gone_is_told(bench: Bench) -> None:
    bench.run(EXPERIMENT)
    store = bench.project.stores["sandbox"]
    run = next(records.runs(store, "sandbox", "search"))
    key = store_layout.trial(run.arms[0].trials[3][0])
    body = store.read(key)
    assert body is not None
    codec.decode(records.TrialRecord, body, what=key)
    for changed in (body.replace(b'"judged":20', b'"judged":21', 1), body[:-9]):
        with pytest.raises(IntegrityError):
            codec.decode(records.TrialRecord, changed, what=key)


def test_records_that_contradict_themselves_are_refused_though_their_checksum_is_right(bench: Bench) -> None:
    bench.run(EXPERIMENT)
    store = bench.project.stores["sandbox"]
    run = next(records.runs(store, "sandbox", "search"))
    first, second = (records.of_run(store, run, run.arms[0].trials[n][0]) for n in (0, 1))
    inputs = replace(run.inputs, metric="other")
    key = store_layout.trial(first.fingerprint)
    for trial in (
        replace(second, fingerprint=first.fingerprint),
        replace(first, recipe=second.recipe),
        replace(first, folds=first.folds[:1]),
        replace(first, failed="it says so"),
        replace(first, folds=tuple(replace(fold, trained=0) for fold in first.folds)),
        replace(first, seconds=-1.0),
    ):
        with pytest.raises(IntegrityError, match=key):
            records.decoded_trial(key, codec.encode(trial))
    member = store_layout.member(store_layout.experiment("sandbox", "search"), 0)
    for forged in (
        replace(run, identity=first.fingerprint),
        replace(run, inputs=inputs, identity=codec.digest_of(inputs)),
        replace(run, winner=99),
        replace(run, winner=-1),
        replace(run, arms=()),
        replace(run, arms=(replace(run.arms[0], trials=((),)),)),
        replace(run, winner=1, holdout=None),
        replace(run, shared=(SharedRows(arm=1, trial=1, other=0, rows=9),)),
        replace(run, shared=(SharedRows(arm=0, trial=1, other=0, rows=9, failed="it says so"),)),
    ):
        with pytest.raises(IntegrityError, match=member):
            records.decoded_run(member, codec.encode(forged))
    for inputs in (replace(run.inputs, folds=9), replace(run.inputs, metric="mae")):
        with pytest.raises(IntegrityError, match="is named by a run of search"):
            records.of_run(store, replace(run, inputs=inputs), first.fingerprint)


def test_the_best_of_each_arm_stands_beside_the_best_of_the_first_on_the_rows_of_both(bench: Bench) -> None:
    table = bench.run(ARMS)
    first, second = table.arms
    (shared,) = table.shared
    assert (shared.label, shared.trial, shared.other) == (second.label, second.best, first.best)
    assert shared.rows == 60
    assert shared.figure is not None
    assert shared.other_figure is not None
    assert shared.better is not None
    assert shared.better.mean == pytest.approx(shared.figure.mean - shared.other_figure.mean)
    assert shared.figure not in {line.figure for line in second.lines}, "it is judged again, on the shared rows"
    assert bench.run(ARMS) == replace(table, new=0), "a run that is found again tells the same"
    assert bench.run(EXPERIMENT).shared == ()


def test_rows_that_begin_after_the_data_were_taken_are_refused_before_any_trial(bench: Bench) -> None:
    late = replace(SPACE, since=(None, "2099-01-01"))
    runner = FakeTrialRunner()
    with pytest.raises(UsageError, match="no row of the data is from 2099-01-01 on"):
        bench.run(replace(ARMS, space=late), runner)
    assert runner.asked == []


class WhileAnother(FakeTrialRunner):
    """Another process comes to the end of the same experiment while this one runs its last batch."""

    def __init__(self, bench: Bench) -> None:
        super().__init__()
        self._bench: Bench | None = bench

    def run(self, request: TrialRequest) -> TrialResult:
        bench, self._bench = self._bench, None
        if bench is not None:
            bench.run(EXPERIMENT)
        return super().run(request)


def test_two_that_run_the_same_experiment_at_once_tell_of_one_run_and_of_the_same_looks(bench: Bench) -> None:
    table = bench.run(EXPERIMENT, WhileAnother(bench))
    store = bench.project.stores["sandbox"]
    (run,) = records.runs(store, "sandbox", "search")
    assert table.holdout == run.holdout
    assert without_times(table) == without_times(bench.run(EXPERIMENT))


def test_what_stops_the_training_of_the_model_as_it_is_stops_before_any_trial(bench: Bench) -> None:
    bench.project.data = RareClass()
    runner = FakeTrialRunner()
    with pytest.raises(GateRefusedError, match="3 rows"):
        bench.run(EXPERIMENT, runner)
    assert runner.asked == []


FACTS = TableFacts(
    rows=100,
    columns=(
        ColumnFacts(name="x", type="DOUBLE"),
        ColumnFacts(name="y", type="VARCHAR"),
        ColumnFacts(name="day", type="DATE", filled=100, distinct=90, latest="2020-01-01"),
        ColumnFacts(name="customer", type="VARCHAR", filled=100, distinct=10),
    ),
    past=(),
    reads=(),
    as_of="2026-01-01",
)


class ToldRows(CountedRows):
    """Rows of customers, in time."""

    def select(self, request: SelectRequest) -> SelectResult:
        return replace(super().select(request), facts=FACTS if request.want is SelectionKind.FACTS else None)


def in_time(folder: Path) -> Bench:
    bench = bench_in(folder)
    bench.project.data = ToldRows()

    def ordered(model: Model) -> Model:
        matured = replace(model.recipe.outcome, matured="day")
        recipe = replace(model.recipe, holdout=Holdout(last=0.2, by="day"), outcome=matured)
        return replace(model, recipe=recipe, recipe_digest=codec.digest_of(recipe))

    models = tuple(ordered(each) if each.environment == "sandbox" else each for each in bench.desired.models)
    bench.desired = replace(bench.desired, models=models)
    return bench


def test_new_features_from_earlier_rows_go_on_while_they_are_better_and_the_end_is_the_same_after_any_kill(
    tmp_path: Path,
) -> None:
    bench, other = in_time(tmp_path / "first"), in_time(tmp_path / "other")
    experiment = replace(AUTOMATIC, trials=40)
    expected = bench.run(experiment)
    runs = 0
    while True:
        runs += 1
        try:
            table = other.run(experiment, FakeTrialRunner(most=7), backwards=True)
            break
        except KeyboardInterrupt:
            assert runs < 100
    assert without_times(table) == without_times(expected)
    assert any("customer tell something is a guess" in note for note in expected.notes)
    store = bench.project.stores["sandbox"]
    run = next(records.runs(store, "sandbox", "search"))
    ((_, trials),) = trials_of(store, run)
    new = [trial for trial in trials if trial.recipe.data.past is not None]
    number = new[0].number  # of the first of its stage, which has 8 trials at most
    (base,) = {
        each.recipe: each
        for each in trials[:number]
        if each.whole and each.recipe.estimator == new[0].recipe.estimator and each.recipe.features.columns == ("x",)
    }.values()
    losses = [fold.metric("log_loss") or 0.0 for fold in base.folds]
    tried = [trial for trial in new if trial.number < number + 8]
    assert len(tried) >= 5
    for trial in tried:
        for fold, before in zip(trial.folds[: trial.rounds - 1], losses, strict=False):
            assert (fold.metric("log_loss") or 0.0) < before, "it went on"
    assert any(trial.rounds == 1 for trial in tried)


def test_rows_that_cannot_be_tried_are_named_where_there_are_several(bench: Bench) -> None:
    class Failing(FakeTrialRunner):
        def run(self, request: TrialRequest) -> TrialResult:
            if request.recipe.data.where == "amount > 10":
                raise DataError("too few rows with an outcome, 0", code="E410", hint="widen data.train")
            return super().run(request)

    with pytest.raises(DataError, match=r"^E410 of where amount > 10: too few rows with an outcome, 0") as told:
        bench.run(ARMS, Failing())
    assert told.value.hint == "leave it out of the experiment's space; or widen data.train"
