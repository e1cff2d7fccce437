"""Slices: the one that is worse is first and told apart; none of noise is; few rows make none."""

from __future__ import annotations

import math

import numpy as np

from reconciler.core.artifact.oci_artifact import ColumnType, Schema, SchemaColumn
from reconciler.core.evaluation.grading import judge_classes
from reconciler.core.evaluation.ordered import distances_of, in_order
from reconciler.evaluation.detailed.costs import report_of
from reconciler.evaluation.detailed.slices import RowFigure, SliceValues, slices_of

CHANNELS = SchemaColumn(name="channel", type=ColumnType.CATEGORICAL, categories=("shop", "web", "phone", "fax"))
COLUMNS = (CHANNELS, SchemaColumn(name="known", type=ColumnType.BOOLEAN), SchemaColumn(name="n", type="numeric"))
SCHEMA = Schema(task="", columns=COLUMNS, classes=(), key="id", tables=())


def test_the_worst_slice_comes_first_by_its_code_and_says_by_how_much() -> None:
    random = np.random.default_rng(1)
    channel = random.choice([0, 1, 2, 3, 4, math.nan], 5_000, p=[0.5, 0.3, 0.1, 0.004, 0.05, 0.046])
    right = random.random(5_000) < np.where(channel == 2, 0.5, 0.8)
    matrix = np.column_stack([channel, random.integers(0, 2, 5_000), random.random(5_000)])
    figures = (RowFigure(name="accuracy", values=right.astype(float), proportion=True),)
    slices, left_out = slices_of(matrix, SCHEMA, figures)
    assert (slices[0].column, slices[0].value, slices[0].code) == ("channel", "", 2)
    assert slices[0].distinct
    assert slices[0].gap.holds(0.3)
    assert slices[0].rows == int((channel == 2).sum())
    assert not any(each.distinct and (each.gap.value or 0) > 0 for each in slices[1:])
    assert left_out == 1  # fax, with about 20 rows
    assert {(each.column, each.value) for each in slices if each.code is None} == {
        ("channel", "no value"),
        ("known", "false"),
        ("known", "true"),
    }


def test_slices_that_are_alike_are_not_told_apart() -> None:
    told = 0
    for seed in range(20):
        random = np.random.default_rng(seed)
        matrix = np.column_stack([random.integers(0, 4, 2_000), random.integers(0, 2, 2_000), np.zeros(2_000)])
        losses = random.exponential(size=2_000)
        slices, _ = slices_of(matrix, SCHEMA, (RowFigure(name="mae", values=losses, loss=True),))
        assert len(slices) == 6
        told += any(each.distinct for each in slices)
    assert told <= 4  # of 20 tables 1 is expected


def test_a_value_that_almost_every_row_has_is_no_slice() -> None:
    matrix = np.zeros((300, 3))
    matrix[:3, 0] = 1
    slices, left_out = slices_of(matrix, SCHEMA, (RowFigure(name="mae", values=np.ones(300), loss=True),))
    assert (slices, left_out) == ((), 1)


def test_a_declared_slice_is_by_its_values_and_a_number_of_many_values_by_its_quarters() -> None:
    random = np.random.default_rng(3)
    matrix = np.zeros((4_000, 3))
    amount = random.exponential(size=4_000) * 1_000
    sex = np.array([None, *random.choice(["f", "m"], 3_999)], dtype=object)
    right = (random.random(4_000) < np.where(sex == "f", 0.6, 0.9)).astype(float)
    figures = (RowFigure(name="accuracy", values=right, proportion=True),)
    declared = (SliceValues(name="sex", values=sex), SliceValues(name="amount", values=amount))
    slices, left_out = slices_of(matrix, SCHEMA, figures, declared)
    assert (slices[0].name, slices[0].distinct, slices[0].code) == ("sex = f", True, None)
    assert slices[0].gap.holds(0.3)
    assert left_out == 1  # the row without a value
    quarters = [each for each in slices if each.column == "amount"]
    assert sum(each.rows for each in quarters) == 4_000
    assert len(quarters) == 4
    assert not any(each.distinct for each in quarters)
    assert all(value not in {f"{each:g}" for each in amount} for each in quarters for value in each.value.split())


def test_a_declared_slice_that_is_a_feature_is_the_features_own() -> None:
    matrix = np.column_stack([np.arange(1_000) % 2, np.arange(1_000) % 2, np.zeros(1_000)])
    figures = (RowFigure(name="mae", values=np.arange(1_000) % 7.0, loss=True),)
    values = np.array(["shop"] * 1_000, dtype=object)
    plain, _ = slices_of(matrix, SCHEMA, figures)
    declared, _ = slices_of(matrix, SCHEMA, figures, (SliceValues(name="channel", values=values),))
    assert declared == plain


def test_the_cost_of_mistakes_is_that_of_each_record_and_deciding_by_cost_is_paired() -> None:
    actual = np.array([0] * 900 + [1] * 100)
    probabilities = np.where(actual[:, None] == 1, [[0.7, 0.3]], [[0.95, 0.05]])
    report, cost = report_of(((0.0, 1.0), (10.0, 0.0)), probabilities, actual, guessed=0)
    assert (report.expected.value, report.naive.value, report.least.value) == (1.0, 1.0, 0.0)
    assert (report.saved.value, report.saved.holds(1.0)) == (1.0, True)
    assert cost.tolist() == [0.0] * 900 + [10.0] * 100
    few, _ = report_of(((0.0, 1.0), (10.0, 0.0)), probabilities[-150:], actual[-150:], guessed=0)
    assert (few.expected.interval, few.expected.why is None) == (None, False)


def test_the_distance_of_ordered_classes_is_by_the_declared_order() -> None:
    confusion = ((50, 0, 50), (0, 100, 0), (0, 0, 100))
    assert [each.rows for each in distances_of(in_order(confusion, ()))] == [250, 0, 50]
    assert [each.rows for each in distances_of(in_order(confusion, (0, 2, 1)))] == [250, 50, 0]
    assert "as declared" in judge_classes(confusion, ("a", "b", "c"), (0, 2, 1)).reason
    assert "ordered" not in judge_classes(confusion, ("a", "b", "c")).reason
