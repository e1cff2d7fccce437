"""The schema of a model, from its training rows: which categories it tells apart, in which order."""

from __future__ import annotations

from typing import Any

from reconciler.core.artifact.oci_artifact import ColumnType, Schema, SchemaColumn
from reconciler.core.spec.recipe import Preprocessing, Recipe

Tables = tuple[tuple[str, tuple[tuple[str, str], ...]], ...]


def schema_of(recipe: Recipe, rows: Any, preprocessing: Preprocessing, tables: Tables) -> Schema:
    """`rows`: the training rows as a pyarrow table."""
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
    )


def _categories(values: Any, preprocessing: Preprocessing) -> tuple[str, ...]:
    """The most frequent values that are not rare, sorted as text; equally frequent ones by text."""
    import pyarrow.compute as pc

    counts = pc.value_counts(pc.drop_null(values)).to_pylist()
    frequent = sorted(
        ((one["counts"], one["values"]) for one in counts if one["counts"] >= preprocessing.rare),
        key=lambda pair: (-pair[0], pair[1]),
    )
    return tuple(sorted(value for _, value in frequent[: preprocessing.most]))
