"""The table of trials: its order, its intervals, and what is not certain."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.core.experiment.standings import ScoredTrial, best, figure_of, goes_on, interval_of, standings, told
from reconciler.core.experiment.trial import FoldFigures
from tests.unit.core.experiment.test_candidates import RECIPE


def trial(number: int, *losses: float, failed: str | None = None, whole: bool = True) -> ScoredTrial:
    folds = tuple(FoldFigures(metrics=(("log_loss", loss),), trained=60, judged=20) for loss in losses)
    return ScoredTrial(
        number=number,
        arm=0,
        recipe=replace(RECIPE, seed=number),
        point=(("drop", float(number)),) if number else (),
        folds=folds,
        failed=failed,
        rounds=len(folds),
        whole=whole,
    )


BASE = trial(0, 0.5, 0.6, 0.7)


def test_best_is_least_log_loss_then_those_that_were_left_out_then_those_that_failed() -> None:
    trials = [BASE, trial(1, 0.4, 0.5, 0.6), trial(2, failed="no"), trial(3, 0.1, whole=False), trial(4, 0.4, 0.5, 0.6)]
    table = standings(trials, "log_loss")
    assert [line.trial.number for line in table] == [1, 4, 0, 3, 2]
    assert best(trials, "log_loss") is trials[1], "of equals the first"


def test_a_difference_is_paired_by_folds_and_certain_only_where_its_interval_leaves_out_zero() -> None:
    steady, unsteady = trial(1, 0.401, 0.5, 0.599), trial(2, 0.1, 0.9, 0.4)
    lines = {line.trial.number: line for line in standings([BASE, steady, unsteady], "log_loss")}
    assert lines[1].certain
    assert lines[1].better is not None
    assert lines[1].better.mean == pytest.approx(0.1)
    assert not lines[2].certain
    assert lines[0].better is None


def test_a_trial_that_was_left_out_is_compared_on_the_folds_that_judged_it() -> None:
    line = standings([BASE, trial(1, 0.4, whole=False)], "log_loss")[-1]
    assert line.better is not None
    assert line.better.mean == pytest.approx(0.1)
    assert (line.better.low, line.certain) == (None, False)


def test_the_interval_counts_that_folds_share_training_rows() -> None:
    """By hand: t of 2 degrees of freedom is 4.303, the variance 0.01, and 1/3 + 20/60 the corrected share."""
    interval = interval_of((0.5, 0.6, 0.7), BASE.folds)
    assert interval.high is not None
    assert interval.high - interval.mean == pytest.approx(4.303 * (0.01 * (1 / 3 + 1 / 3)) ** 0.5)


@pytest.mark.parametrize(
    ("metric", "values", "ends"),
    [("f1_macro", (0.8, 0.9, 0.99), (None, 1.0)), ("mae", (1, 2, 9), (0.0, None)), ("r2", (0.9, 0.1, 1), (None, 1.0))],
)
def test_the_interval_of_a_metric_ends_where_the_metric_does(
    metric: str, values: tuple[float, ...], ends: tuple[float | None, float | None]
) -> None:
    found, free = figure_of(values, BASE.folds, metric), interval_of(values, BASE.folds)
    assert (found.low, found.high) == (
        free.low if ends[0] is None else ends[0],
        free.high if ends[1] is None else ends[1],
    )
    assert found != free


def test_the_better_half_of_a_batch_goes_on_and_what_failed_does_not() -> None:
    batch = [trial(1, 0.9), trial(2, 0.2), trial(3, failed="no"), trial(4, 0.3), trial(5, 0.8)]
    assert goes_on(batch, "log_loss") == {2, 4, 5}


def test_a_search_is_told_all_but_the_model_as_it_is_with_more_being_better() -> None:
    said = told([BASE, trial(1, 0.4, 0.6), trial(2, failed="no"), trial(3, 0.2, whole=False)], "log_loss")
    assert [(each.value, each.rounds) for each in said] == [(-0.5, None), (None, None), (-0.2, 1)]
