"""A feature with one value in every training row is left out of the model, which is then the model without it."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reconciler import codec
from reconciler.core.artifact.oci_artifact import MODEL_FILE, SCHEMA_FILE, Schema
from reconciler.core.spec.recipe import Estimator, Features, Holdout, Outcome, OutcomeClass, Recipe, Selection, Task
from reconciler.errors import DataError
from tests.support.first_model import trained
from tests.support.invoice_tables import write_table

TYPES = {
    "id": "BIGINT",
    "x": "DOUBLE",
    "n": "DOUBLE",
    "t": "VARCHAR",
    "b": "BOOLEAN",
    "holes": "DOUBLE",
    "y": "VARCHAR",
}
CONSTANT = Features(numeric=("x", "n", "holes"), categorical=("t",), boolean=("b",))
WITHOUT = Features(numeric=("x", "holes"))


def recipe_of(features: Features, estimator: str) -> Recipe:
    return Recipe(
        task=Task.CLASSIFICATION,
        data=Selection(table="t", key="id"),
        outcome=Outcome(column="y", classes=(OutcomeClass(name="no"), OutcomeClass(name="yes"))),
        features=features,
        estimator=Estimator(uses="sklearn", class_name=estimator),
        holdout=Holdout(random=0.2),
        seed=1,
    )


@pytest.fixture
def rows() -> list[tuple[Any, ...]]:
    chance = random.Random(1)
    x = [chance.gauss(0, 1) for _ in range(200)]
    return [
        (n, x[n], 7.5, "same", True, 1.0 if n % 2 else None, "yes" if x[n] + chance.gauss(0, 1) > 0 else "no")
        for n in range(200)
    ]


@pytest.mark.parametrize("estimator", ["LogisticRegression", "HistGradientBoostingClassifier"])
def test_the_model_is_the_one_without_the_feature(tmp_path: Path, rows: list[tuple[Any, ...]], estimator: str) -> None:
    table = write_table(tmp_path, "t", TYPES, rows)
    made = [
        trained(recipe_of(features, estimator), (table,), tmp_path / name)
        for name, features in (("with", CONSTANT), ("without", WITHOUT))
    ]
    models = [(each.folder / "artifact" / MODEL_FILE).read_bytes() for each in made]
    assert models[0] == models[1]
    assert [each.feature for each in made[0].evaluation.influences] == ["x", "holes"]
    schema = codec.decode(Schema, (made[0].folder / "artifact" / SCHEMA_FILE).read_bytes(), what="schema")
    assert [column.name for column in schema.columns] == ["x", "holes"], "a missing value is another value"


def test_a_feature_that_differs_only_in_the_holdout_is_left_out_too(
    tmp_path: Path, rows: list[tuple[Any, ...]]
) -> None:
    """What is in the training rows decides: the holdout may not choose features."""
    table = write_table(tmp_path, "t", TYPES, rows)
    first = trained(recipe_of(CONSTANT, "LogisticRegression"), (table,), tmp_path / "first")
    held = set(range(200)) - {int(key) for key in keys(first.folder / "keys.parquet")}
    other = [(*row[:2], 8.5 if row[0] in held else 7.5, *row[3:]) for row in rows]
    moved = trained(
        recipe_of(CONSTANT, "LogisticRegression"), (write_table(tmp_path, "t", TYPES, other),), tmp_path / "second"
    )
    assert (first.folder / "artifact" / MODEL_FILE).read_bytes() == (
        moved.folder / "artifact" / MODEL_FILE
    ).read_bytes()


def test_a_recipe_whose_features_never_differ_is_an_error(tmp_path: Path, rows: list[tuple[Any, ...]]) -> None:
    table = write_table(tmp_path, "t", TYPES, rows)
    same = replace(CONSTANT, numeric=("n",))
    with pytest.raises(DataError, match="each of them has the same value") as refused:
        trained(recipe_of(same, "LogisticRegression"), (table,), tmp_path / "same")
    assert refused.value.code == "E410"


def keys(path: Path) -> list[str]:
    import pyarrow.parquet as pq

    found: list[str] = pq.read_table(path)["key"].to_pylist()
    return found
