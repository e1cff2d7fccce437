"""Tell before a training that it cannot fit into the memory that it may use.

What is counted is in memory for sure, all at once: the rows as numbers, as often as the estimator holds them. So what
is refused would have been ended by the cap, after minutes or hours; what is not refused may still be.
"""

from __future__ import annotations

from reconciler.core.artifact.oci_artifact import ColumnType, Schema
from reconciler.core.spec.recipe import Estimator, Recipe
from reconciler.errors import TrainingError
from reconciler.training.estimator_pipeline import HISTOGRAM, entry_of

_MIB = 1024**2
_LIBRARIES = 100 * _MIB  # resident memory of a worker that has imported them, at least
_PREPARED = 16  # bytes of a number before and after it is prepared
_OF_FAMILY = {HISTOGRAM: 8, "lightgbm": 8, "xgboost": 1}  # bytes of a number; XGBoost keeps its bin alone


def check_memory(recipe: Recipe, schema: Schema, rows: int, memory: int) -> None:
    """Check that so many rows can be trained on in `memory` bytes. Raises TrainingError, which tells what they take."""
    columns = len(schema.columns)
    # The members of a blend are fitted one after the other: the one that needs most decides.
    per_number, estimator = max(
        ((_bytes_of(member), member) for _, member in recipe.estimator.members), key=lambda found: found[0]
    )
    need = _LIBRARIES + rows * columns * per_number
    if need <= memory:
        return
    words = sum(column.type == ColumnType.TEXT for column in schema.columns)
    of_texts = f" ({words:,} of texts)" if words else ""
    hints = [f"raise limits.memory of the environment to more than {need // _MIB:,} MiB, where the machine has it"]
    hints += ["give the texts fewer `buckets`"] if 2 * words >= columns else ["select fewer rows or features"]
    if estimator.uses != "xgboost":
        hints.append("or use xgboost, which takes rows in parts")
    raise TrainingError(
        f"{rows:,} training rows x {columns:,} columns{of_texts} take at least {need // _MIB:,} MiB of memory in"
        f" {estimator.class_name}, and this training may use {memory // _MIB:,} MiB",
        code="E418",
        hint="; ".join(hints),
    )


def _bytes_of(estimator: Estimator) -> int:
    """Return the bytes of one number in training."""
    return _OF_FAMILY.get(entry_of(estimator)["family"], _PREPARED)
