"""The drift of features: it is found, does not swing with the number of rows, and is seldom told by chance."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

from reconciler.core.artifact.oci_artifact import ColumnType, Schema, SchemaColumn
from reconciler.core.quality.drift import DriftVerdict, RowDrift, summary_of
from reconciler.core.quality.feature_drift import FALSE_ALARM
from reconciler.model_file.loaded_model import LoadedModel
from reconciler.model_file.quality.count_rows import count_rows
from reconciler.model_file.quality.record_reference import record_features, record_reference
from tests.support.effort import count

CATEGORIES = tuple("abcdefgh")
SCHEMA = Schema(
    task="regression",
    columns=(
        *(SchemaColumn(name=name, type=ColumnType.NUMERIC) for name in ("normal", "skewed", "whole", "zeros")),
        *(SchemaColumn(name=name, type=ColumnType.CATEGORICAL, categories=CATEGORIES) for name in ("even", "steep")),
        SchemaColumn(name="flag", type=ColumnType.BOOLEAN),
    ),
    classes=(),
    key="id",
    tables=(),
)


def rows(number: int, seed: int) -> Any:
    chance = np.random.default_rng(seed)
    columns = [
        chance.normal(size=number),
        chance.lognormal(size=number),
        chance.integers(0, 6, number),
        np.where(chance.random(number) < 0.6, 0, chance.exponential(size=number)),
        chance.integers(0, 8, number),
        np.minimum(chance.geometric(0.5, number) - 1, 7),
        chance.random(number) < 0.3,
    ]
    matrix = np.column_stack([np.asarray(column, dtype=float) for column in columns])
    matrix[chance.random(matrix.shape) < 0.05] = np.nan
    return matrix


def drift_between(before: Any, after: Any) -> RowDrift:
    features = record_features(before, SCHEMA)
    reference = record_reference(features, len(before), np.nan_to_num(before[:, :1]), SCHEMA)
    model = LoadedModel(estimator=None, schema=SCHEMA, reference=reference)
    drift = count_rows(model, after, np.nan_to_num(after[:, :1])).drift
    assert drift is not None
    return drift


def verdicts(drift: RowDrift) -> dict[str, DriftVerdict]:
    return {each.feature: each.verdict for each in (drift.outcome, *drift.features)}


@pytest.mark.soak
def test_two_random_halves_raise_alarms_no_more_often_than_stated() -> None:
    told: Counter[DriftVerdict] = Counter()
    for trial in range(count("DRIFT_TRIALS")):
        size = (200, 1000, 4000)[trial % 3]
        all_rows = rows(2 * size, seed=trial)
        halves = np.random.default_rng(trial).permutation(all_rows)
        told.update(verdicts(drift_between(halves[:size], halves[size:])).values())
    alarms = told[DriftVerdict.SOME] + told[DriftVerdict.STRONG]
    assert alarms <= FALSE_ALARM * told.total()
    assert told[DriftVerdict.NONE] > told.total() / 2


CHANGES = {
    "normal": lambda column: column + 1.0,
    "skewed": lambda column: column * 3.0,
    "whole": lambda column: np.minimum(column + 2, 5),
    "zeros": lambda column: np.where(column == 0, 0.7, column),
    "even": lambda column: np.where(column < 4, 0, column),
    "steep": lambda column: np.where(column == 0, 8, column),
    "flag": lambda column: np.where(np.arange(len(column)) % 2, 1.0, column),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_feature_that_changed_is_found_and_no_other(name: str) -> None:
    before, after = rows(3000, seed=1), rows(2000, seed=2)
    place = [column.name for column in SCHEMA.columns].index(name)
    after[:, place] = CHANGES[name](after[:, place])
    drift = drift_between(before, after)
    assert drift.features[0].feature == name
    expected = {name} | ({"predicted outcome"} if name == "normal" else set())
    assert {each for each, verdict in verdicts(drift).items() if verdict is DriftVerdict.STRONG} == expected
    assert {each for each, verdict in verdicts(drift).items() if verdict is not DriftVerdict.NONE} == expected


def test_values_that_went_missing_are_drift() -> None:
    before, after = rows(3000, seed=1), rows(3000, seed=2)
    after[::3, 1] = np.nan
    (first, *_) = drift_between(before, after).features
    assert (first.feature, first.verdict) == ("skewed", DriftVerdict.STRONG)
    assert first.missing > 0.3
    assert first.missing_trained < 0.1


@pytest.mark.parametrize("shift", [0.0, 0.45, 1.0])
def test_the_verdict_is_the_same_for_two_thousand_rows_and_for_two_hundred_thousand(shift: float) -> None:
    def told(number: int) -> dict[str, DriftVerdict]:
        before, after = rows(number, seed=3), rows(number, seed=4)
        after[:, 0] += shift
        return verdicts(drift_between(before, after))

    few = told(2000)
    assert few["normal"] == {0.0: "none", 0.45: "some", 1.0: "strong"}[shift]
    assert few == told(200_000)


def test_few_rows_are_too_few_to_tell_unless_nothing_is_as_it_was() -> None:
    before = rows(2000, seed=1)
    assert set(verdicts(drift_between(before, rows(30, seed=2))).values()) == {DriftVerdict.TOO_FEW}
    gone = rows(30, seed=2)
    gone[:, 0] = 50.0
    assert verdicts(drift_between(before, gone))["normal"] is DriftVerdict.STRONG
    assert drift_between(before, before[:0]).worst is DriftVerdict.TOO_FEW


def test_the_interval_covers_what_many_rows_say() -> None:
    before, many = rows(4000, seed=1), rows(200_000, seed=2)
    many[:, 0] += 0.4
    truth = drift_between(before, many)
    (wanted,) = [each.effect for each in truth.features if each.feature == "normal"]
    inside = 0
    for seed in range(40):
        some = np.random.default_rng(seed).choice(many, 1000)
        (found,) = [each for each in drift_between(before, some).features if each.feature == "normal"]
        inside += found.lower <= wanted <= found.upper
    assert inside >= 36


def test_a_summary_names_strong_drift_before_larger_effects_of_the_other_measure() -> None:
    before, after = rows(4000, seed=1), rows(4000, seed=2)
    after[:, 0] += 0.6
    after[:, 6] = np.where(np.arange(4000) % 10 < 3, 1.0, after[:, 6])
    summary = summary_of(drift_between(before, after))
    ranks = [each.verdict.rank for each in summary.worst]
    assert ranks == sorted(ranks, reverse=True)
    assert (summary.features, summary.rows) == (7, 4000)


def test_as_many_rows_as_are_said_to_be_needed_are_enough() -> None:
    """A twentieth fewer may be, too; half of them are not."""
    trained, few = rows(4_000, 1), drift_between(rows(4_000, 1), rows(60, 2))
    assert DriftVerdict.TOO_FEW in verdicts(few).values()
    assert few.needed is not None
    assert few.needed % 10 == 0
    enough, half = (
        drift_between(trained, np.tile(rows(60, 2), (100, 1))[:number]) for number in (few.needed, few.needed // 2)
    )
    assert DriftVerdict.TOO_FEW not in verdicts(enough).values()
    assert enough.needed is None
    assert DriftVerdict.TOO_FEW in verdicts(half).values()
    assert summary_of(few).needed == few.needed


def test_where_no_number_of_rows_is_enough_none_is_said() -> None:
    assert drift_between(rows(60, 1), rows(60, 2)).needed is None
