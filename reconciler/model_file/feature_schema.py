"""Derive the schema of a model from its training rows: its columns, its categories and their order."""

from __future__ import annotations

from typing import Any

from reconciler.core.artifact.oci_artifact import ColumnType, Schema, SchemaColumn, TableMasksDone
from reconciler.core.spec.recipe import BuiltRecipe, Preprocessing
from reconciler.errors import DataError
from reconciler.model_file.encoding.outcomes import outcome_columns
from reconciler.model_file.encoding.words import word_columns
from reconciler.model_file.feature_matrix import labels_of, values_of

Tables = tuple[tuple[str, tuple[tuple[str, str], ...]], ...]


def schema_of(built: BuiltRecipe, rows: Any, tables: Tables, masks: TableMasksDone | None = None) -> Schema:
    """Return the schema for training rows given as a pyarrow table.

    A feature that is the same in all of them is left out: nothing is learnt from it. `tables`: per table its columns as
    (name, type), recorded in the schema as they are; so are `masks`. Raises DataError E410 where no feature differs.
    """
    recipe, preprocessing = built.recipe, built.preprocessing
    features = recipe.features
    of_text = tuple(
        column
        for each in features.text or ()
        for column in word_columns(each.column, rows.column(each.column), each.buckets)
    )
    of_outcomes = tuple(
        column
        for name in features.target_encoded or ()
        for column in outcome_columns(
            name, rows.column(name), labels_of(rows) if recipe.class_names else values_of(rows), recipe.class_names
        )
    )
    plain = [name for name in features.all if name not in features.encoded]
    constant = {name for name in plain if _is_constant(rows.column(name))}
    if len(constant) == len(plain) and not of_text and not of_outcomes:
        raise DataError(
            "features: each of them has the same value in all training rows",
            code="E410",
            hint="add features that differ from row to row, or check how these are computed",
        )
    dates = tuple(name for date in features.dates or () for name in date.names)
    return Schema(
        task=recipe.task.value,
        columns=(
            *(SchemaColumn(name=name, type=ColumnType.NUMERIC) for name in features.numeric if name not in constant),
            *(
                SchemaColumn(
                    name=name,
                    type=ColumnType.CATEGORICAL,
                    categories=_categories(rows.column(name), preprocessing),
                )
                for name in features.categorical
                if name not in constant
            ),
            *(SchemaColumn(name=name, type=ColumnType.BOOLEAN) for name in features.boolean if name not in constant),
            *(SchemaColumn(name=name, type=ColumnType.NUMERIC) for name in dates if name not in constant),
            *of_text,
            *of_outcomes,
        ),
        classes=recipe.class_names,
        key=recipe.data.key,
        tables=tables,
        masks=masks,
    )


def _is_constant(values: Any) -> bool:
    """Tell whether a column has one value and none missing; missing values differ from those that are there."""
    import pyarrow.compute as pc

    if values.null_count or not len(values):
        return False
    extremes = pc.min_max(values)
    return bool(extremes["min"] == extremes["max"])


def _categories(values: Any, preprocessing: Preprocessing) -> tuple[str, ...]:
    """Return the most frequent values that are not rare, sorted as text; equally frequent ones by text."""
    import pyarrow.compute as pc

    counts = pc.value_counts(pc.drop_null(values)).to_pylist()
    frequent = sorted(
        ((entry["counts"], entry["values"]) for entry in counts if entry["counts"] >= preprocessing.rare),
        key=lambda pair: (-pair[0], pair[1]),
    )
    return tuple(sorted(value for _, value in frequent[: preprocessing.most]))
