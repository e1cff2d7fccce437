"""Derive the schema of a model from its training rows: its columns, its categories and their order."""

from __future__ import annotations

from typing import Any

from reconciler.core.artifact.oci_artifact import ColumnType, Schema, SchemaColumn, TableMasksDone
from reconciler.core.spec.recipe import BuiltRecipe, Preprocessing

Tables = tuple[tuple[str, tuple[tuple[str, str], ...]], ...]


def schema_of(built: BuiltRecipe, rows: Any, tables: Tables, masks: TableMasksDone | None = None) -> Schema:
    """Return the schema for training rows given as a pyarrow table.

    `tables`: per table its columns as (name, type), recorded in the schema as they are; so are `masks`.
    """
    recipe, preprocessing = built.recipe, built.preprocessing
    features = recipe.features
    return Schema(
        task=recipe.task.value,
        columns=(
            *(SchemaColumn(name=name, type=ColumnType.NUMERIC) for name in features.numeric),
            *(
                SchemaColumn(
                    name=name,
                    type=ColumnType.CATEGORICAL,
                    categories=_categories(rows.column(name), preprocessing),
                )
                for name in features.categorical
            ),
            *(SchemaColumn(name=name, type=ColumnType.BOOLEAN) for name in features.boolean),
        ),
        classes=recipe.class_names,
        key=recipe.data.key,
        tables=tables,
        masks=masks,
    )


def _categories(values: Any, preprocessing: Preprocessing) -> tuple[str, ...]:
    """Return the most frequent values that are not rare, sorted as text; equally frequent ones by text."""
    import pyarrow.compute as pc

    counts = pc.value_counts(pc.drop_null(values)).to_pylist()
    frequent = sorted(
        ((entry["counts"], entry["values"]) for entry in counts if entry["counts"] >= preprocessing.rare),
        key=lambda pair: (-pair[0], pair[1]),
    )
    return tuple(sorted(value for _, value in frequent[: preprocessing.most]))
