"""On a table whose outcome follows nothing, the best of many trials looks good, and what is told of it does not.

Whole experiments in this process: real rows, trials, trainings and evaluations, on a store in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from reconciler import codec
from reconciler.core.experiment.results import ExperimentTable
from reconciler.core.experiment.trial import FoldFigures
from reconciler.core.spec.experiment.declared_experiment import (
    EstimatorSpace,
    Experiment,
    ModelSpace,
    ParamAxis,
    Search,
)
from reconciler.core.spec.recipe import Features
from reconciler.data.in_process import LocalData
from reconciler.engine.experiment.run_experiment import run_experiment
from reconciler.engine.storage import data_snapshots
from reconciler.evaluation.metrics import confusion_of, rates_of
from reconciler.model_file.feature_matrix import labels_of, matrix_of
from reconciler.ports import SelectionKind, SelectRequest, TrialRequest, TrialResult
from reconciler.scoring.in_process import LocalScorer
from reconciler.training import estimator_pipeline
from reconciler.training.experiment.in_process import LocalTrialRunner
from reconciler.training.fit import fit_rows
from reconciler.training.in_process import LocalTrainer
from reconciler.training.runtime_check import runtime_here
from tests.simulation import sample_project
from tests.support.effort import count

COLUMNS = tuple(f"x{place}" for place in range(6))
ROWS, METRIC = 1_010, "balanced_accuracy"
SPACE = ModelSpace(
    estimators=(
        EstimatorSpace(
            uses="sklearn",
            class_name="DecisionTreeClassifier",
            tried=(
                ParamAxis(name="max_depth", low=1, high=9, whole=True),
                ParamAxis(name="min_samples_leaf", low=1, high=60, whole=True),
                ParamAxis(name="max_features", low=0.2, high=0.95),
            ),
        ),
    ),
    drop=COLUMNS,
)


class Peeks(LocalTrialRunner):
    """As if trials were judged on the holdout: what an experiment must never do."""

    def __init__(self, holdout: Path) -> None:
        self._holdout = holdout

    def run(self, request: TrialRequest) -> TrialResult:
        rows, held = pq.read_table(request.train), pq.read_table(self._holdout)
        model, _, _ = fit_rows(estimator_pipeline.built_recipe(request.recipe), rows, ())
        chosen = model.decided(model.outputs(matrix_of(held, model.schema)))
        rates = rates_of(confusion_of(labels_of(held), chosen, 2).astype(np.float64))
        figures = FoldFigures(metrics=((METRIC, float(rates[METRIC])),), trained=len(rows), judged=len(held))
        return TrialResult(folds=(figures,) * len(request.judged))


def noise(folder: Path, seed: int) -> None:
    chance = np.random.default_rng(seed)
    values = chance.normal(size=(ROWS, len(COLUMNS)))
    lines = (
        f"r{place:04},{','.join(f'{value:.4f}' for value in row)},{'ab'[outcome]}"
        for place, (row, outcome) in enumerate(zip(values, chance.integers(0, 2, ROWS), strict=True))
    )
    (folder / "i.csv").write_text("\n".join((f"id,{','.join(COLUMNS)},y", *lines)) + "\n")


def searched(folder: Path, seed: int, trials: int, *, peeks: bool = False) -> ExperimentTable:
    """Run an experiment on noise of a seed."""
    project = sample_project.found(folder)
    noise(folder, seed)
    stump = replace(sample_project.recipe(seed), features=Features(numeric=COLUMNS))
    sandbox = replace(sample_project.SANDBOX, runtime=runtime_here())
    desired = sample_project.desired("c", seed=seed, sandbox=sandbox)
    model = replace(desired.models[0], recipe=stump, recipe_digest=codec.digest_of(stump))
    desired = replace(desired, models=(model,))
    data = LocalData()
    deps = replace(project.deps(), data=data, trainer=LocalTrainer(), scorer=LocalScorer())
    snapshot = data_snapshots.take(deps, desired, sandbox)
    experiment = Experiment(
        name="noise",
        model=sample_project.MODEL,
        environment="sandbox",
        metric=METRIC,
        folds=3,
        trials=trials,
        search=Search(seed=seed),
        space=SPACE,
    )
    runner: LocalTrialRunner = LocalTrialRunner()
    if peeks:
        whole = SelectRequest(
            recipe=stump,
            tables=data_snapshots.table_files(project.stores["sandbox"], snapshot, stump.tables),
            as_of=snapshot.as_of,
            want=SelectionKind.FIT,
            into=folder / "whole",
            limits=sandbox.limits,
        )
        whole.into.mkdir()
        data.select(whole)
        runner = Peeks(whole.into / "holdout.parquet")
    return run_experiment(deps, desired, experiment, runner)


def is_honest(table: ExperimentTable) -> bool:
    """Tell whether the naive guess lies in the interval of the figure; so it does where nothing better is claimed."""
    figure = table.holdout
    if figure is None:
        return True
    assert figure.naive == 0.5
    assert figure.low is not None
    assert figure.high is not None
    return figure.low <= figure.naive <= figure.high


@pytest.mark.soak
def test_of_pure_noise_the_final_figure_is_within_its_interval_of_the_naive_guess(tmp_path: Path) -> None:
    seeds, trials = count("NOISE_SEEDS"), count("NOISE_TRIALS")
    tables = list(_each(tmp_path, seeds, trials))
    assert sum(map(is_honest, tables)) >= 0.9 * seeds - 1 * (seeds < 20)
    best = [table.arms[0].lines[0].figure for table in tables]
    assert all(figure is not None and figure.mean > 0.5 for figure in best), "on folds the best of many looks good"


def _each(folder: Path, seeds: int, trials: int) -> Iterator[ExperimentTable]:
    for seed in range(seeds):
        yield searched(folder / str(seed), seed, trials)


@pytest.mark.soak(only=True)  # the measure is shown, not the program
def test_a_search_that_saw_the_holdout_is_found_out_by_the_same_measure(tmp_path: Path) -> None:
    seeds, trials = count("NOISE_LEAKS"), max(40, count("NOISE_TRIALS"))
    found = [searched(tmp_path / str(seed), seed, trials, peeks=True) for seed in range(seeds)]
    assert sum(map(is_honest, found)) <= seeds / 2
