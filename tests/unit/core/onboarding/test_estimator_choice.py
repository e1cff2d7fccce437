"""Of estimators tried on the same folds, the best is taken, or the simplest that is as good as far as one can see."""

from __future__ import annotations

import pytest

from reconciler.core.onboarding.estimator_choice import EstimatorChoice, Trial, TriedEstimator, choose, noise
from reconciler.core.onboarding.estimator_options import NAMES, default_for, named, options_for
from reconciler.core.spec.recipe import Task
from reconciler.errors import UsageError
from reconciler.manifest.schema.estimators import problems

CLASSES, NUMBERS = Task.CLASSIFICATION, Task.REGRESSION


def tried(name: str, *scores: float, failed: str | None = None) -> TriedEstimator:
    return TriedEstimator(option=named(name, CLASSES), scores=scores, failed=failed)


def chosen(*entries: TriedEstimator, guess: float = 0.4, rows: int = 100, in_time: bool = False) -> EstimatorChoice:
    count = max(len(entry.scores) for entry in entries)
    trial = Trial(tried=entries, metric="f1_macro", guess=(guess,) * count, rows=rows, all_rows=1000, in_time=in_time)
    choice = choose(trial)
    assert choice is not None
    return choice


def test_the_best_is_taken_where_it_is_better_fold_by_fold() -> None:
    choice = chosen(tried("linear", 0.60, 0.70, 0.80), tried("boosting", 0.62, 0.72, 0.83))
    assert choice.taken.name == "boosting"
    assert "boosting, the best of 2" in choice.why


def test_within_the_noise_the_simplest_is_taken_and_that_is_said() -> None:
    choice = chosen(
        tried("linear", 0.60, 0.70, 0.80), tried("boosting", 0.70, 0.60, 0.82), tried("forest", 0.5, 0.5, 0.5)
    )
    assert choice.taken.name == "linear"
    assert (
        "linear, the simplest within the noise, and a point, of the best of 3 (boosting, by 0.007 +/- 0.058)"
        in choice.why
    )


def test_within_the_noise_no_more_than_a_point_is_given_up_for_the_simplest() -> None:
    assert chosen(tried("linear", 0.60, 0.70, 0.80), tried("boosting", 0.75, 0.60, 0.83)).taken.name == "boosting"


def test_the_noise_is_that_of_the_differences_and_not_of_the_folds() -> None:
    assert noise((0.1, 0.9, 0.5), (0.0, 0.8, 0.4)) == pytest.approx(0.0)


def test_all_that_were_tried_are_told_with_their_spread_and_that_it_is_a_first_choice() -> None:
    choice = chosen(tried("linear", 0.5, 0.7), tried("boosting", 0.6, 0.8), tried("forest", failed="it broke"))
    told = " ".join((choice.why, *choice.sentences))
    assert "f1_macro on 2 folds within 100 training rows (a sample of 1,000)" in told
    assert "boosting 0.700 (spread 0.141), linear 0.600 (spread 0.141)" in told
    assert "a first choice" in choice.why
    assert choice.sentences[0].startswith("A first choice")
    assert [entry.score for entry in choice.tried][2] == "it broke"


def test_folds_in_time_are_called_so() -> None:
    assert "2 folds in time within" in chosen(tried("linear", 0.5, 0.7), in_time=True).why


def test_probabilities_that_lean_are_told() -> None:
    entries = (tried("linear", 0.5, 0.5), tried("linear-balanced", 0.7, 0.7))
    assert "probabilities lean" in " ".join(chosen(*entries).sentences)
    assert "probabilities lean" not in " ".join(chosen(*entries[:1]).sentences)


def test_a_table_that_tells_nothing_is_told() -> None:
    assert "none is surely better than a blind guess (0.400)" in chosen(tried("linear", 0.39, 0.42)).why
    assert "blind" not in chosen(tried("linear", 0.59, 0.62)).why


def test_where_nothing_could_be_trained_nothing_is_chosen() -> None:
    entries = (tried("linear", failed="it broke"),)
    assert choose(Trial(tried=entries, metric="r2", guess=(0.0,), rows=9, all_rows=9, in_time=False)) is None


# --- which are tried ---


def names(task: Task, *, rows: int = 1000, columns: int = 9, classes: tuple[int, ...] = ()) -> list[str]:
    return [option.name for option in options_for(task, rows=rows, columns=columns, classes=classes)]


def test_weights_are_tried_only_where_classes_are_uneven() -> None:
    assert names(CLASSES, classes=(500, 480)) == ["linear", "boosting", "forest"]
    assert names(CLASSES, classes=(900, 80))[3:] == ["linear-balanced", "boosting-balanced", "forest-balanced"]
    assert names(NUMBERS) == ["linear", "boosting", "forest"]


def test_a_forest_is_not_tried_on_many_rows() -> None:
    assert names(CLASSES, rows=50_000) == ["linear", "boosting"]
    assert default_for(CLASSES, 50_000, 9)[0].name == "boosting"


def test_what_takes_too_long_is_not_tried_and_nothing_is_where_that_is_the_default() -> None:
    many = tuple([100] * 20)
    assert names(CLASSES, rows=2000, columns=60, classes=many) == ["linear", "forest"]
    assert names(CLASSES, rows=50_000, columns=60, classes=many) == []
    assert names(CLASSES, rows=300, columns=2000) == []


@pytest.mark.parametrize("task", Task)
@pytest.mark.parametrize("name", NAMES)
def test_each_name_is_an_estimator_that_a_manifest_may_have(name: str, task: Task) -> None:
    if name.endswith("balanced") and task is NUMBERS:
        with pytest.raises(UsageError, match="weighs classes"):
            named(name, task)
    else:
        assert not list(problems(named(name, task).estimator, task))
