"""Parts of dates and words of texts are features: computed as anybody would, and no word of a row is in an artifact."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reconciler import codec
from reconciler.core.artifact.oci_artifact import SCHEMA_FILE, Schema
from reconciler.core.spec.inputs.features import DateFeature, TextFeature
from reconciler.core.spec.recipe import (
    Estimator,
    Features,
    Holdout,
    Outcome,
    OutcomeClass,
    Recipe,
    Selection,
    Task,
)
from reconciler.errors import DataError, ScoringError
from reconciler.model_file.encoding.check_columns import check_columns
from reconciler.model_file.feature_matrix import matrix_of, read_rows
from reconciler.model_file.load import load
from reconciler.scoring.explanation.explain import effects_of, top_factors
from reconciler.scoring.explanation.scale import scale_of
from tests.support.each import hold_for_each
from tests.support.first_model import TrainedModel, trained
from tests.support.invoice_tables import write_table

TYPES = {"id": "BIGINT", "x": "DOUBLE", "day": "DATE", "at": "TIMESTAMP", "note": "VARCHAR", "y": "VARCHAR"}
PARTS = ("year", "quarter", "month", "weekday", "day", "day_of_year", "days_since_epoch")
GOOD, BAD = (
    ("settled thankfully", "Settled promptly, thankfully!", "received"),
    ("quarrel began", "grudge: BEGAN quarrel", "goods vanished"),
)
RARE = "zaphodbeeblebrox"


def rows_of(count: int = 240) -> list[tuple[Any, ...]]:
    chance = random.Random(2)
    rows = []
    for n in range(count):
        late = chance.random() < 0.4
        note = chance.choice(BAD if late == (chance.random() < 0.9) else GOOD) if n % 9 else None
        note = f"{note} {RARE}" if n in (20, 31, 40, 41) else note
        at = datetime(2023, 1, 1) + timedelta(hours=31 * n)
        day = at.date() if n % 13 else None
        rows.append((n, chance.gauss(0, 1), day, at, note, "yes" if late else "no"))
    return rows


def recipe_of(features: Features, estimator: str = "LogisticRegression") -> Recipe:
    return Recipe(
        task=Task.CLASSIFICATION,
        data=Selection(table="t", key="id", predict="true"),
        outcome=Outcome(column="y", classes=(OutcomeClass(name="no"), OutcomeClass(name="yes"))),
        features=features,
        estimator=Estimator(uses="sklearn", class_name=estimator),
        holdout=Holdout(random=0.2),
        seed=1,
    )


TEXT = Features(numeric=("x",), text=(TextFeature(column="note", buckets=64),))


Trained = Callable[[str], TrainedModel]


@pytest.fixture(scope="module")
def of_text(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """The model of a text by its estimator, trained once."""

    @cache
    def made(estimator: str) -> TrainedModel:
        folder = tmp_path_factory.mktemp(estimator)
        return trained(recipe_of(TEXT, estimator), (write_table(folder, "t", TYPES, rows_of()),), folder / "a")

    return made


def test_parts_of_a_date_are_those_of_the_calendar(tmp_path: Path) -> None:
    dates = (DateFeature(column="day", parts=PARTS), DateFeature(column="at", parts=("hour", "day")))
    rows = rows_of()
    made = trained(recipe_of(Features(dates=dates)), (write_table(tmp_path, "t", TYPES, rows),), tmp_path / "a")
    by_key = {row["key"]: row for row in pq.read_table(made.folder / "train.parquet").to_pylist()}
    assert len(by_key) > 150
    for key, found in by_key.items():
        day, at = rows[int(key)][2], rows[int(key)][3]
        expected: dict[str, Any] = dict.fromkeys(PARTS)
        if day is not None:
            expected = {
                "year": day.year,
                "quarter": (day.month + 2) // 3,
                "month": day.month,
                "weekday": day.isoweekday(),
                "day": day.day,
                "day_of_year": day.timetuple().tm_yday,
                "days_since_epoch": (day - date(1970, 1, 1)).days,
            }
        assert [found[f"day: {part}"] for part in PARTS] == [expected[part] for part in PARTS]
        assert (found["at: hour"], found["at: day"]) == (at.hour, at.day)
    assert {influence.feature for influence in made.evaluation.influences} >= {"day: month", "at: hour"}


def test_what_is_no_date_or_no_text_is_refused_by_its_name(tmp_path: Path) -> None:
    table = write_table(tmp_path, "t", TYPES, rows_of())

    def refused(case: tuple[Features, str]) -> None:
        features, message = case
        with pytest.raises(DataError, match=message) as error:
            trained(recipe_of(features), (table,), tmp_path / message[:24].replace(" ", ""))
        assert error.value.code == "E413"
        assert error.value.hint

    hold_for_each(
        refused,
        [
            (
                Features(dates=(DateFeature(column="day", parts=("hour",)),)),
                "features.dates: day is DATE, which has no",
            ),
            (Features(dates=(DateFeature(column="note", parts=("day",)),)), "features.dates: note is VARCHAR"),
            (Features(text=(TextFeature(column="x", buckets=16),)), "features.text: x is DOUBLE"),
            (Features(text=(TextFeature(column="day", buckets=16),)), "features.text: day is DATE"),
        ],
    )


@pytest.mark.soak(every=3)
@pytest.mark.parametrize("estimator", ["LogisticRegression", "HistGradientBoostingClassifier", "AdaBoostClassifier"])
def test_a_text_is_its_hashed_words_and_none_of_them_is_in_the_artifact(of_text: Trained, estimator: str) -> None:
    made = of_text(estimator)
    files = {path.name: path.read_bytes() for path in (made.folder / "artifact").iterdir()}
    for word in {word for text in (*GOOD, *BAD, RARE) for word in text.lower().replace(",", "").split()}:
        for name, body in files.items():
            assert word.encode() not in body.lower(), (word, name)
    assert {influence.feature for influence in made.evaluation.influences} == {"x", "note"}
    assert max(made.evaluation.influences, key=lambda each: each.drop).feature == "note"


def test_weights_of_words_are_scikit_learns(of_text: Trained) -> None:
    from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
    from sklearn.preprocessing import normalize

    made = of_text("LogisticRegression")
    model, rows = load(made.folder / "artifact"), read_rows(made.folder / "train.parquet")
    counts = HashingVectorizer(n_features=64, alternate_sign=False, norm=None).transform(
        [text or "" for text in rows.column("note").to_pylist()]
    )
    kept = [column.bucket for column in model.schema.columns if column.bucket is not None]
    assert kept == [bucket for bucket in range(64) if (counts[:, [bucket]] > 0).sum() >= 5], "rare ones tell of a row"
    weights = TfidfTransformer(norm=None).fit(counts).transform(counts)[:, kept]
    by_hand = normalize(weights.toarray())
    matrix = matrix_of(rows, model.schema)
    np.testing.assert_allclose(matrix[:, 1:], by_hand, rtol=1e-12)
    held_out = read_rows(made.folder / "holdout.parquet")
    one_by_one = np.vstack([matrix_of(held_out.slice(n, 1), model.schema) for n in range(held_out.num_rows)])
    np.testing.assert_array_equal(one_by_one, matrix_of(held_out, model.schema))


def test_words_that_few_rows_have_change_nothing(tmp_path: Path, of_text: Trained) -> None:
    rows = [(*row[:4], row[4] and row[4].replace(f" {RARE}", ""), row[5]) for row in rows_of()]
    without = trained(recipe_of(TEXT), (write_table(tmp_path, "t", TYPES, rows),), tmp_path / "a")
    schemas = [
        codec.decode(Schema, (made.folder / "artifact" / SCHEMA_FILE).read_bytes(), what="schema").columns
        for made in (of_text("LogisticRegression"), without)
    ]
    assert [column.name for column in schemas[0]] == [column.name for column in schemas[1]]


@pytest.mark.soak(every=3)
@pytest.mark.parametrize("estimator", ["LogisticRegression", "HistGradientBoostingClassifier", "AdaBoostClassifier"])
def test_a_text_is_one_factor_of_a_prediction(of_text: Trained, estimator: str) -> None:
    made = of_text(estimator)
    model = load(made.folder / "artifact")
    matrix = matrix_of(read_rows(made.folder / "holdout.parquet"), model.schema)[:12]
    wanted = np.ones(len(matrix), dtype=np.int64)
    factors = top_factors(model, matrix, wanted, top=3)
    names = {model.schema.columns[place].feature for place in factors.features.ravel().tolist() if place >= 0}
    assert names == {"x", "note"}
    assert (factors.features[:, 2] == -1).all(), "of a text all columns are one factor"
    effects, _ = effects_of(model, matrix, wanted, top=3)
    scores = scale_of(model, matrix).scores(matrix)[:, 1]
    assert np.ptp(scores - effects.sum(axis=1)) < 1e-6, "effects add up to the score less one number"


def test_texts_without_words_are_no_features(tmp_path: Path) -> None:
    rows = [(*row[:4], ("?", None, "...")[row[0] % 3], row[5]) for row in rows_of()]
    features = Features(text=(TextFeature(column="note", buckets=16),))
    with pytest.raises(DataError, match="each of them has the same value") as refused:
        trained(recipe_of(features), (write_table(tmp_path, "t", TYPES, rows),), tmp_path / "a")
    assert refused.value.code == "E410"


def test_a_schema_with_odd_buckets_is_refused(of_text: Trained) -> None:
    made = of_text("LogisticRegression")
    schema = codec.decode(Schema, (made.folder / "artifact" / SCHEMA_FILE).read_bytes(), what="schema")
    check_columns(schema)

    def refused(change: dict[str, Any]) -> None:
        place = 0 if change.pop("plain", False) else 1
        columns = list(schema.columns)
        columns[place] = replace(columns[place], **change)
        with pytest.raises(ScoringError) as error:
            check_columns(replace(schema, columns=tuple(columns)))
        assert error.value.code == "E507"

    hold_for_each(
        refused,
        [
            {"bucket": 64},
            {"bucket": -1},
            {"bucket": None},
            {"buckets": 10**9},
            {"buckets": 32, "bucket": 1},
            {"idf": float("inf")},
            {"idf": 0.0},
            {"idf": None},
            {"source": None},
            {"source": "x"},
            {"plain": True, "bucket": 1},
            {"plain": True, "name": "note"},
        ],
    )


def test_an_encoding_does_not_depend_on_how_many_rows_are_counted_at_once() -> None:
    from reconciler.model_file.encoding import words

    values = pa.chunked_array([pa.array([row[4] for row in rows_of()])])
    columns = words.word_columns("note", values, 16)
    assert columns == words.word_columns(
        "note", pa.chunked_array([values.slice(0, 7).chunk(0), values.slice(7).chunk(0)]), 16
    )
