"""What an artifact says of its training rows: groups of rows and no single one, checked before it is used."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler import codec
from reconciler.core.artifact.oci_artifact import REFERENCE_FILE, ColumnType, Schema, SchemaColumn
from reconciler.core.quality.reference import FEWEST_ROWS, FeatureReference, OutcomeReference, TrainingReference
from reconciler.core.quality.unknown_values import UnknownColumn, UnknownKind
from reconciler.errors import IntegrityError, ScoringError
from reconciler.model_file.loaded_model import LoadedModel
from reconciler.model_file.quality.check_reference import check_reference, read_reference
from reconciler.model_file.quality.count_rows import count_rows
from reconciler.model_file.quality.record_reference import record_features, record_reference, roundest
from tests.support.effort import examples

SCHEMA = Schema(
    task="classification",
    columns=(
        SchemaColumn(name="amount", type=ColumnType.NUMERIC),
        SchemaColumn(name="country", type=ColumnType.CATEGORICAL, categories=("DE", "FR", "NO")),
        SchemaColumn(name="paid", type=ColumnType.BOOLEAN),
    ),
    classes=("late", "on time"),
    key="id",
    tables=(),
)


def rows(count: int, seed: int = 1) -> Any:
    chance = np.random.default_rng(seed)
    return np.column_stack(
        [chance.lognormal(4, 1, count), chance.integers(0, 4, count), chance.integers(0, 2, count)]
    ).astype(float)


def reference_of(matrix: Any, schema: Schema = SCHEMA) -> TrainingReference:
    outputs = np.tile([0.3, 0.7], (len(matrix), 1))
    return record_reference(record_features(matrix, schema), len(matrix), outputs, schema)


def model_with(reference: TrainingReference | None) -> LoadedModel:
    return LoadedModel(estimator=None, schema=SCHEMA, reference=reference)


# --- what is recorded ---


@settings(max_examples=examples(30), deadline=None)
@given(st.lists(st.floats(-1e9, 1e9) | st.sampled_from([0.0, 1.0, 7.5]), min_size=1, max_size=120))
def test_every_bin_holds_five_rows_and_the_bins_hold_all_of_them(values: list[float]) -> None:
    schema = dataclasses.replace(SCHEMA, columns=SCHEMA.columns[:1])
    reference = reference_of(np.array(values)[:, None], schema)
    (feature,) = reference.features
    check_reference(reference, schema)
    if len(values) < 2 * FEWEST_ROWS:
        assert (feature.edges, feature.counts) == ((), ())
        return
    assert min(feature.counts) >= FEWEST_ROWS
    assert sum(feature.counts) == len(values)
    within = sorted(values)[FEWEST_ROWS - 1 : -FEWEST_ROWS + 1]
    assert feature.edges[0] <= within[0]
    assert within[-1] <= feature.edges[-1]
    backwards = reference_of(np.array(values[::-1])[:, None], schema)
    assert codec.encode(backwards) == codec.encode(reference)


def test_no_edge_tells_the_value_of_a_single_row_and_least_of_all_an_extreme_one() -> None:
    matrix = rows(2000)
    matrix[:4, 0] = [-777.77, 4_000_001.5, 5_000_000.25, 6_000_000.125]
    (amount, *_) = reference_of(matrix).features
    assert not set(amount.edges) & set(matrix[:, 0])
    assert amount.edges[-1] < 4_000_001
    assert amount.edges[0] >= 0 > -777.77


def test_fewer_than_five_rows_are_told_as_five_and_none_as_none() -> None:
    matrix = rows(400)
    matrix[:, 1] = np.where(np.arange(400) < 2, 3.0, matrix[:, 1] % 3)
    matrix[:1, 0] = math.nan
    matrix[:, 2] = 1.0
    amount, country, paid = reference_of(matrix).features
    assert amount.missing == 5
    assert country.counts[-1] == 5
    assert country.missing == 0
    assert paid.counts == (0, 400)


@pytest.mark.parametrize(
    ("low", "high", "number"),
    [
        (21.3, 22.9, 22.0),
        (0.00123, 0.00129, 0.00125),
        (-8.7, -8.2, -8.5),
        (-5, 3, 0.0),
        (3.0, 3.0, 3.0),
        (0.1, 0.1, 0.1),
        (1e300, 1.1e300, 1e300),
        (1e-310, 2e-310, 2e-310),
        (5e-324, 1e-323, 1e-323),
    ],
)
def test_an_edge_is_the_roundest_number_there_is(low: float, high: float, number: float) -> None:
    assert roundest(low, high) == number


@settings(max_examples=examples(50), deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False, allow_infinity=False))
def test_the_roundest_number_lies_where_it_was_looked_for(a: float, b: float) -> None:
    low, high = min(a, b), max(a, b)
    assert low <= roundest(low, high) <= high


def test_two_thousand_columns_take_less_than_a_megabyte() -> None:
    chance = np.random.default_rng(3)
    names = [f"a_rather_long_name_of_a_feature_{index}" for index in range(2000)]
    categories = tuple(f"category {index}" for index in range(200))
    schema = dataclasses.replace(
        SCHEMA,
        columns=tuple(
            SchemaColumn(name=name, type=ColumnType.CATEGORICAL, categories=categories)
            if index % 2
            else SchemaColumn(name=name, type=ColumnType.NUMERIC)
            for index, name in enumerate(names)
        ),
    )
    matrix = chance.normal(size=(1500, 2000)) * 1234.5678
    matrix[:, 1::2] = chance.integers(0, 201, size=(1500, 1000))
    body = codec.encode(reference_of(matrix, schema))
    assert len(body) < 1_000_000
    check_reference(codec.decode(TrainingReference, body, what="it"), schema)


# --- what is refused ---


def _feature(index: int, **changes: Any) -> Callable[[TrainingReference], TrainingReference]:
    def change(reference: TrainingReference) -> TrainingReference:
        features = list(reference.features)
        features[index] = dataclasses.replace(features[index], **changes)
        return dataclasses.replace(reference, features=tuple(features))

    return change


def _whole(**changes: Any) -> Callable[[TrainingReference], TrainingReference]:
    return lambda reference: dataclasses.replace(reference, **changes)


@pytest.mark.parametrize(
    "change",
    [
        _whole(format=2),
        _whole(rows=0),
        _whole(rows=10**12),
        _whole(rows=10),
        _whole(features=()),
        _whole(outcome=OutcomeReference(counts=(400,))),
        _whole(outcome=OutcomeReference(counts=(-400, 800))),
        _whole(outcome=OutcomeReference(counts=(100, 300), edges=(0.0, 1.0, 2.0))),
        _feature(0, name="other"),
        _feature(0, edges=(0.0, math.inf), counts=(400,)),
        _feature(0, edges=(0.0, math.nan), counts=(400,)),
        _feature(0, edges=(5.0, 1.0), counts=(400,)),
        _feature(0, edges=(0.0, 1.0, 1.0, 2.0), counts=(100, 100, 200)),
        _feature(0, edges=tuple(map(float, range(42))), counts=(10,) * 41),
        _feature(0, codes=(1,)),
        _feature(0, counts=(3, 397)),
        _feature(0, missing=10**9),
        _feature(1, codes=(0, 1, 3)),
        _feature(1, codes=(1, 0, 2)),
        _feature(1, codes=(0, 1)),
        _feature(1, codes=(-1, 1, 2)),
        _feature(1, edges=(0.0, 1.0)),
        _feature(2, counts=(400,)),
        _feature(2, counts=(10**15, 0)),
    ],
)
def test_a_reference_that_nobody_records_is_refused(change: Callable[..., TrainingReference]) -> None:
    reference = reference_of(rows(400))
    check_reference(reference, SCHEMA)
    with pytest.raises(ScoringError) as caught:
        check_reference(change(reference), SCHEMA)
    assert caught.value.code == "E507"


def test_a_file_that_is_no_reference_is_damaged_and_one_too_large_is_not_read(tmp_path: Path) -> None:
    assert read_reference(tmp_path, SCHEMA) is None
    path = tmp_path / REFERENCE_FILE
    path.write_bytes(codec.encode(reference_of(rows(400))))
    assert read_reference(tmp_path, SCHEMA) == reference_of(rows(400))
    path.write_bytes(path.read_bytes().replace(b'"rows":400', b'"rows":NaN'))
    with pytest.raises(IntegrityError, match="E508"):
        read_reference(tmp_path, SCHEMA)
    with path.open("wb") as stream:
        stream.truncate(9 * 1024**2)
    with pytest.raises(ScoringError, match="E507"):
        read_reference(tmp_path, SCHEMA)


# --- what is unknown ---


def test_categories_never_trained_numbers_outside_and_new_missing_values_are_counted_and_named() -> None:
    trained = rows(400)
    trained[:, 1] %= 3
    today = np.array([[50.0, 0, 1], [1e7, 3, 0], [math.nan, 1, 1], [50.0, 3, math.nan], [50.0, math.nan, 1]])
    counted = count_rows(model_with(reference_of(trained)), today, np.tile([0.9, 0.1], (5, 1)))
    assert counted.unknown.rows == 4
    assert [(each.column, each.kind, each.rows) for each in counted.unknown.columns] == [
        ("country", UnknownKind.CATEGORY, 2),
        ("amount", UnknownKind.MISSING, 1),
        ("amount", UnknownKind.RANGE, 1),
        ("country", UnknownKind.MISSING, 1),
        ("paid", UnknownKind.MISSING, 1),
    ]
    assert [counted.names(row) for row in range(5)] == ["", "amount; country", "amount", "country; paid", "country"]


def test_values_as_in_training_are_known() -> None:
    trained = rows(400)
    trained[:40, 0] = math.nan
    counted = count_rows(model_with(reference_of(trained)), trained, np.tile([0.9, 0.1], (400, 1)))
    outside = {each.column: each.rows for each in counted.unknown.columns if each.kind is UnknownKind.RANGE}
    assert outside.get("amount", 0) <= 2 * (FEWEST_ROWS - 1)
    assert not [each for each in counted.unknown.columns if each.kind is UnknownKind.MISSING]
    country = next(each for each in counted.unknown.columns if each.column == "country")
    assert country.trained == pytest.approx((trained[:, 1] == 3).mean())


def test_without_a_reference_unknown_categories_are_still_told() -> None:
    counted = count_rows(model_with(None), np.array([[1e9, 3.0, math.nan]]), np.array([[0.5, 0.5]]))
    assert counted.drift is None
    assert not counted.unknown.referenced
    assert counted.unknown.columns == (UnknownColumn(column="country", kind=UnknownKind.CATEGORY, rows=1),)


def test_no_rows_are_no_trouble() -> None:
    counted = count_rows(model_with(reference_of(rows(400))), np.empty((0, 3)), np.empty((0, 2)))
    assert counted.unknown.rows == 0
    assert counted.drift is not None
    assert counted.drift.rows == 0


def test_a_feature_of_which_nothing_is_told_has_no_range() -> None:
    few = FeatureReference(name="amount", missing=395)
    assert (few.lowest, few.highest) == (None, None)
