"""A category as what happened to it: smoothed, of enough rows, and in training never by a row's own outcome."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from reconciler import codec
from reconciler.core.artifact.oci_artifact import SCHEMA_FILE, Schema
from reconciler.core.quality.unknown_values import UnknownKind
from reconciler.core.spec.recipe import Estimator, Features, Holdout, Outcome, OutcomeClass, Recipe, Selection, Task
from reconciler.errors import ScoringError
from reconciler.model_file.encoding.check_columns import check_columns
from reconciler.model_file.encoding.outcomes import FEWEST, SMOOTHING, outcome_columns
from reconciler.model_file.feature_matrix import encode_rows, matrix_of, read_rows
from reconciler.model_file.load import load
from reconciler.model_file.quality.count_rows import count_rows
from reconciler.scoring.predict import outputs_of
from reconciler.training.cross_validation import RowMoments, stratified_k_fold
from reconciler.training.encode_out_of_fold import FOLDS, PARTS, encode_out_of_fold
from tests.support.each import hold_for_each
from tests.support.first_model import trained
from tests.support.invoice_tables import write_table

TYPES = {"id": "BIGINT", "x": "DOUBLE", "branch": "VARCHAR", "y": "VARCHAR", "amount": "DOUBLE"}
CLASSES = ("on time", "late", "never")
SHARES = {"north": 0.1, "south": 0.5, "west": 0.85, None: 0.3, "tiny": 1.0}
FEATURES = Features(numeric=("x",), target_encoded=("branch",))


def rows_of(count: int = 500, classes: int = 2) -> list[tuple[Any, ...]]:
    chance = random.Random(4)
    rows = []
    for n in range(count):
        branch = "tiny" if n % 50 == 7 else chance.choice(["north", "south", "west", None])
        bad = chance.random() < SHARES[branch]
        label = CLASSES[(1 + (classes > 2 and n % 3 == 0)) if bad else 0]
        rows.append((n, chance.gauss(0, 1), branch, label, chance.gauss(10 * bad, 1)))
    return rows


def recipe_of(classes: int, estimator: str | None = None) -> Recipe:
    return Recipe(
        task=Task.CLASSIFICATION if classes else Task.REGRESSION,
        data=Selection(table="t", key="id", predict="true"),
        outcome=Outcome(
            column="y" if classes else "amount", classes=tuple(OutcomeClass(name=name) for name in CLASSES[:classes])
        ),
        features=FEATURES,
        estimator=Estimator(uses="sklearn", class_name=estimator or ("LogisticRegression" if classes else "Ridge")),
        holdout=Holdout(random=0.2),
        seed=1,
    )


def by_hand(values: list[Any], outcomes: list[float], known: list[Any], prior: float) -> dict[Any, float]:
    return {
        value: (sum(y for v, y in zip(values, outcomes, strict=True) if v == value) + SMOOTHING * prior)
        / (values.count(value) + SMOOTHING)
        for value in known
    }


@pytest.mark.soak(every=3)
@pytest.mark.parametrize("classes", [0, 2, 3])
def test_a_prediction_reads_the_encoding_of_all_training_rows(tmp_path: Path, classes: int) -> None:
    table = write_table(tmp_path, "t", TYPES, rows_of(classes=classes))
    made = trained(recipe_of(classes), (table,), tmp_path / "a")
    model, rows = load(made.folder / "artifact"), read_rows(made.folder / "train.parquet")
    values, outcomes = rows.column("branch").to_pylist(), rows.column("outcome").to_pylist()
    names = {0: ["branch"], 2: ["branch"], 3: [f"branch: {name}" for name in CLASSES]}[classes]
    assert [column.name for column in model.schema.columns] == ["x", *names]
    assert model.schema.columns[1].categories == ("north", "south", "west"), "of a value of few rows nothing is told"
    asked = ["north", "south", "west", None, "tiny", "nobody"]
    wanted = pa.table({"x": [0.0] * 6, "branch": asked})
    matrix = matrix_of(wanted, model.schema)[:, 1:]
    for place in range(matrix.shape[1]):
        counted = {0: outcomes, 2: outcomes, 3: [float(each == place) for each in outcomes]}[classes]
        prior = sum(counted) / len(counted)
        expected = by_hand(values, counted, ["north", "south", "west", None], prior)
        np.testing.assert_allclose(matrix[:, place], [*expected.values(), prior, prior], rtol=1e-12)
    assert {influence.feature for influence in made.evaluation.influences} == {"x", "branch"}


def test_a_training_row_never_sees_its_own_outcome(tmp_path: Path) -> None:
    """Turn one outcome round: the row's own encodings stay, to the last bit, and so do those of its fold."""
    made = trained(recipe_of(2), (write_table(tmp_path, "t", TYPES, rows_of()),), tmp_path / "a")
    model, rows = load(made.folder / "artifact"), read_rows(made.folder / "train.parquet")
    matrix, targets = encode_rows(rows, model.schema)
    full = matrix.copy()
    before = encode_out_of_fold(matrix, rows, model.schema, targets, None)
    np.testing.assert_array_equal(before[1], full[:, 1])
    assert (matrix[:, 1] != full[:, 1]).mean() > 0.9
    folds = stratified_k_fold(rows.column("key").to_pylist(), targets, folds=FOLDS, salt=0)
    values, outcomes = rows.column("branch").to_pylist(), targets.tolist()
    for fold in folds:
        others = [values[row] for row in fold.trained], [float(outcomes[row]) for row in fold.trained]
        prior = sum(others[1]) / len(others[1])
        table = by_hand(*others, ["north", "south", "west", None], prior) | {"tiny": prior}
        np.testing.assert_allclose(matrix[fold.judged, 1], [table[values[row]] for row in fold.judged], rtol=1e-12)


def test_in_time_no_outcome_counts_before_it_is_known(tmp_path: Path) -> None:
    made = trained(recipe_of(2), (write_table(tmp_path, "t", TYPES, rows_of()),), tmp_path / "a")
    model, rows = load(made.folder / "artifact"), read_rows(made.folder / "train.parquet")
    matrix, targets = encode_rows(rows, model.schema)
    chance = random.Random(9)
    days = np.array([np.datetime64("2024-01-01") + chance.randrange(200) for _ in targets])
    matured = days + np.array([chance.randrange(60) for _ in targets])
    encode_out_of_fold(matrix, rows, model.schema, targets, RowMoments(days=days, matured=matured))
    firsts = sorted({np.sort(days)[part * len(days) // PARTS] for part in range(PARTS)})
    values, outcomes, overall = rows.column("branch").to_pylist(), targets.tolist(), float(targets.mean())
    for row, day in enumerate(days):
        first = max(each for each in firsts if each <= day)
        known = [other for other in range(len(days)) if days[other] < first and matured[other] < first]
        prior = sum(outcomes[other] for other in known) / len(known) if len(known) >= FEWEST else overall
        table = by_hand(
            [values[other] for other in known],
            [float(outcomes[other]) for other in known],
            ["north", "south", "west", None],
            prior,
        ) | {"tiny": prior}
        assert matrix[row, 1] == pytest.approx(table[values[row]], rel=1e-12), row


def test_a_training_cuts_its_rows_in_time_where_the_holdout_is(tmp_path: Path) -> None:
    """The outcome of a row that was known last changes no encoding of a training row: it is in the last part."""
    types = {**TYPES, "day": "DATE", "known": "DATE"}
    first, rows = date(2024, 1, 1), rows_of()
    dated = [(*row, first + timedelta(days=row[0] // 5), first + timedelta(days=row[0] // 5 + 1)) for row in rows]
    recipe = replace(recipe_of(2), holdout=Holdout(last=0.2, by="day"))
    recipe = replace(recipe, outcome=replace(recipe.outcome, matured="known"))
    assert recipe.reads_moments
    made = trained(recipe, (write_table(tmp_path, "t", types, dated),), tmp_path / "a")
    in_time = (made.folder / "artifact" / "model.skops").read_bytes()
    at_random = replace(recipe, holdout=Holdout(random=0.2))
    other = trained(at_random, (write_table(tmp_path, "t", types, dated),), tmp_path / "b")
    assert not at_random.reads_moments
    assert (other.folder / "artifact" / "model.skops").read_bytes() != in_time
    assert load(made.folder / "artifact").schema.columns[1].type == "target_encoded"


@pytest.mark.soak(only=True)
def test_noise_of_many_values_is_not_believed(tmp_path: Path) -> None:
    """Outcomes by chance, in groups of some thirty rows: encoded by themselves they would seem to be told apart."""
    chance = random.Random(1)
    rows = [
        (n, chance.gauss(0, 1), f"b{chance.randrange(60)}", CLASSES[chance.random() < 0.5], 0.0) for n in range(2400)
    ]
    recipe = recipe_of(2, "HistGradientBoostingClassifier")
    made = trained(recipe, (write_table(tmp_path, "t", TYPES, rows),), tmp_path / "a")
    model, trained_rows = load(made.folder / "artifact"), read_rows(made.folder / "train.parquet")
    matrix, targets = encode_rows(trained_rows, model.schema)
    apart = np.corrcoef(matrix[:, 1], targets)[0, 1]
    encode_out_of_fold(matrix, trained_rows, model.schema, targets, None)
    assert apart > 0.1 > np.corrcoef(matrix[:, 1], targets)[0, 1]


def test_a_feature_whose_values_have_few_rows_is_left_out() -> None:
    values = pa.chunked_array([pa.array([f"v{n % 50}" for n in range(500)])])
    assert outcome_columns("branch", values, np.arange(500) % 2, CLASSES[:2]) == ()
    assert outcome_columns("branch", values, np.arange(500) * 1.0, ()) == ()


def test_a_schema_with_odd_encodings_is_refused(tmp_path: Path) -> None:
    made = trained(recipe_of(3), (write_table(tmp_path, "t", TYPES, rows_of(classes=3)),), tmp_path / "a")
    schema = codec.decode(Schema, (made.folder / "artifact" / SCHEMA_FILE).read_bytes(), what="schema")
    check_columns(schema)

    def refused(change: dict[str, Any]) -> None:
        place = change.pop("place", 1)
        columns = list(schema.columns)
        columns[place] = replace(columns[place], **change)
        with pytest.raises(ScoringError) as error:
            check_columns(replace(schema, columns=tuple(columns)))
        assert error.value.code == "E507"

    hold_for_each(
        refused,
        [
            {"encoding": (0.1,) * 4},
            {"encoding": None},
            {"encoding": (0.1, 0.2, 0.3, float("nan"), 0.1)},
            {"categories": ("a",)},
            {"place": 2, "categories": ("a",)},
            {"place": 2, "source": "other"},
            {"place": 0, "encoding": (0.1,)},
            {"place": 0, "name": "branch"},
            {"place": 2, "type": "numeric", "encoding": None},
        ],
    )


@pytest.mark.soak(every=3)
@pytest.mark.parametrize("classes", [0, 2, 3])
def test_a_category_that_training_did_not_see_is_told_and_its_drift_is_one_of_its_feature(
    tmp_path: Path, classes: int
) -> None:
    table = write_table(tmp_path, "t", TYPES, rows_of(classes=classes))
    made = trained(recipe_of(classes), (table,), tmp_path / "a")
    model, rows = load(made.folder / "artifact"), read_rows(made.folder / "train.parquet").slice(0, 6)
    branches = pa.array(["north", "never seen", None, "tiny", "west", "north"], pa.string())
    rows = rows.set_column(rows.column_names.index("branch"), "branch", branches)
    matrix, outputs = outputs_of(model, rows)
    counted = count_rows(model, matrix, outputs, rows)
    told = [(each.column, each.kind, each.rows) for each in counted.unknown.columns if each.column != "x"]
    assert told == [("branch", UnknownKind.CATEGORY, 2)], "never seen, and of too few training rows; once per feature"
    assert ["branch" in counted.names(row) for row in range(6)] == [False, True, False, True, False, False]
    assert counted.drift is not None
    names = {each.feature for each in counted.drift.features}
    assert names == {"x", "branch (most changed of 3)" if classes == 3 else "branch"}
