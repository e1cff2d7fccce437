"""Folds of training rows: each judged by rows that it was not trained on, later ones where time orders them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import pytest

from reconciler.core.onboarding.estimator_options import FOLDS
from reconciler.training.cross_validation import (
    RowFold,
    RowMoments,
    group_k_fold,
    split,
    stratified_k_fold,
    time_series_split,
)

ROWS = 1000
DAY = date(2024, 1, 1)


def time_folds(when: list[date], known: Sequence[date | None]) -> list[RowFold]:
    matured = np.asarray([np.datetime64("NaT") if day is None else np.datetime64(day) for day in known])
    moments = RowMoments(days=np.asarray(when, dtype="datetime64[D]"), matured=matured.astype("datetime64[D]"))
    return time_series_split(moments, folds=FOLDS)


def random_folds(keys: list[str], labels: object | None, *, repeats: int) -> list[RowFold]:
    return [fold for salt in range(repeats) for fold in stratified_k_fold(keys, labels, folds=FOLDS, salt=salt)]


def days(count: int, a_day: int = 1) -> list[date]:
    return [DAY + timedelta(days=row // a_day) for row in range(count)]


def test_random_folds_judge_each_row_once_by_what_was_not_trained_on_it_with_each_class_in_its_share() -> None:
    keys = [f"k{row}" for row in range(ROWS)]
    labels = np.asarray([row % 10 == 0 for row in range(ROWS)], dtype=np.int64)
    folds = random_folds(keys, labels, repeats=1)
    assert len(folds) == FOLDS
    assert sorted(row for fold in folds for row in fold.judged) == list(range(ROWS))
    for fold in folds:
        assert not set(fold.trained) & set(fold.judged)
        assert len(fold.trained) + len(fold.judged) == ROWS
        assert int(labels[fold.judged].sum()) == ROWS // 10 // FOLDS


def test_folds_follow_keys_and_not_the_order_of_the_rows() -> None:
    keys = [f"k{row}" for row in range(ROWS)]
    backwards = random_folds(keys[::-1], None, repeats=1)
    forwards = random_folds(keys, None, repeats=1)
    assert [{ROWS - 1 - row for row in fold.judged} for fold in backwards] == [set(fold.judged) for fold in forwards]


def test_few_rows_are_cut_several_times_and_differently() -> None:
    folds = random_folds([f"k{row}" for row in range(50)], None, repeats=3)
    assert len(folds) == 3 * FOLDS
    assert len({tuple(fold.judged) for fold in folds}) == len(folds)


def test_a_class_of_three_rows_is_judged_in_three_folds() -> None:
    labels = np.asarray([1] * 3 + [0] * 57)
    folds = random_folds([f"k{row}" for row in range(60)], labels, repeats=3)
    assert [sum(int(labels[fold.judged].sum()) for fold in folds[n::FOLDS]) for n in range(FOLDS)].count(0) == 2


def test_folds_in_time_judge_the_later_half_and_train_only_on_days_before() -> None:
    when = days(200, a_day=3)[::-1]  # the order of keys is not that of days
    folds = time_folds(when, [None] * 200)
    assert len(folds) == FOLDS
    for fold in folds:
        assert max(when[row] for row in fold.trained) < min(when[row] for row in fold.judged)
    judged = [row for fold in folds for row in fold.judged]
    assert len(judged) == len(set(judged))
    assert 95 <= len(judged) <= 105
    assert max(when) in {when[row] for row in folds[-1].judged}


def test_a_row_whose_outcome_was_not_known_when_a_fold_began_is_not_trained_on_for_it() -> None:
    when = days(200)
    known = [day + timedelta(days=30) for day in when]
    for fold in time_folds(when, known):
        assert max(known[row] for row in fold.trained) < min(when[row] for row in fold.judged)
    assert list(time_folds(when, known)[0].trained) != list(time_folds(when, [None] * 200)[0].trained)


@pytest.mark.parametrize("when", [[DAY] * 100, days(30)], ids=["one day", "too few rows to train on"])
def test_rows_that_cannot_be_cut_in_time_have_no_folds_that_mean_nothing(when: list[date]) -> None:
    assert all(len(fold.trained) >= 20 and len(fold.judged) >= 5 for fold in time_folds(when, [None] * len(when)))
    assert len(time_folds(when, [None] * len(when))) < FOLDS


def test_no_group_is_shared_between_the_rows_that_a_fold_trains_on_and_those_that_it_judges_by() -> None:
    groups = [f"customer {row % 37}" if row % 3 else "one large customer" for row in range(ROWS)]
    folds = group_k_fold(groups, folds=FOLDS)
    assert sorted(row for fold in folds for row in fold.judged) == list(range(ROWS))
    for fold in folds:
        assert not {groups[row] for row in fold.trained} & {groups[row] for row in fold.judged}
    assert max(len(fold.judged) for fold in folds) == groups.count("one large customer")
    assert len(group_k_fold(["a", "b", "a"], folds=FOLDS)) == 2
    assert group_k_fold(["a", "a"], folds=FOLDS) == []


def test_rows_are_split_in_time_before_by_group_and_by_group_before_by_class() -> None:
    keys, groups, labels = [f"k{row}" for row in range(200)], ["a", "b"] * 100, np.asarray([0, 1, 1, 1] * 50)
    when = np.asarray(days(200), dtype="datetime64[D]")
    moments = RowMoments(days=when, matured=np.full(200, np.datetime64("NaT", "D")))
    in_time = split(keys, labels, folds=4, salt=1, moments=moments, groups=groups)
    assert [list(fold.judged) for fold in in_time] == [list(range(at, at + 25)) for at in range(100, 200, 25)]
    assert len(split(keys, labels, folds=4, salt=1, groups=groups)) == 2
    by_class = split(keys, labels, folds=4, salt=1)
    assert {int(labels[fold.judged].sum()) for fold in by_class} <= {37, 38}
    assert [list(fold.judged) for fold in by_class] != [
        list(fold.judged) for fold in split(keys, labels, folds=4, salt=2)
    ]
