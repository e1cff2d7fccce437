"""Tell before a training that it cannot fit into the memory that it may use.

What is counted is in memory for sure, all at once: the rows as numbers, as often as the estimator holds them. So what
is refused would have been ended by the cap, after minutes or hours; what is not refused may still be.
"""

from __future__ import annotations

from reconciler.core.artifact.oci_artifact import ColumnType, Schema
from reconciler.core.spec.recipe import Recipe
from reconciler.errors import TrainingError
from reconciler.training.estimator_pipeline import HISTOGRAM, entry_of

_MIB = 1024**2
_LIBRARIES = 100 * _MIB  # resident memory of a worker that has imported them, at least
_PREPARED = 16  # bytes of a number before and after it is prepared
_OF_FAMILY = {HISTOGRAM: 8, "lightgbm": 8, "xgboost": 1}  # bytes of a number; XGBoost keeps its bin alone


def check_memory(recipe: Recipe, schema: Schema, rows: int, memory: int) -> None:
    """Check that so many rows can be trained on in `memory` bytes. Raises TrainingError, which tells what they take."""
    columns = len(schema.columns)
    need = _LIBRARIES + rows * columns * _OF_FAMILY.get(entry_of(recipe.estimator)["family"], _PREPARED)
    if need <= memory:
        return
    words = sum(column.type == ColumnType.TEXT for column in schema.columns)
    of_texts = f" ({words:,} of texts)" if words else ""
    hints = [f"raise limits.memory of the environment to more than {need // _MIB:,} MiB, where the machine has it"]
    hints += ["give the texts fewer `buckets`"] if 2 * words >= columns else ["select fewer rows or features"]
    if recipe.estimator.uses != "xgboost":
        hints.append("or use xgboost, which takes rows in parts")
    raise TrainingError(
        f"{rows:,} training rows x {columns:,} columns{of_texts} take at least {need // _MIB:,} MiB of memory in"
        f" {recipe.estimator.class_name}, and this training may use {memory // _MIB:,} MiB",
        code="E418",
        hint="; ".join(hints),
    )
