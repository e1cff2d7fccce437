"""Slices: the one that is worse is first and told apart; none of noise is; few rows make none."""

from __future__ import annotations

import math

import numpy as np

from reconciler.core.artifact.oci_artifact import ColumnType, Schema, SchemaColumn
from reconciler.evaluation.detailed.slices import RowFigure, slices_of

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
