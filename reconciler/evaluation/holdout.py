"""Evaluate a model on its holdout: encode the rows, predict them once, measure.

Rows are encoded and predicted some at a time where the model looks at each by itself. A linear model multiplies
matrices: what it says of a row depends, in the last bits, on how many there are, so it gets all of them at once.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from reconciler.core.artifact.evaluation import Evaluation
from reconciler.core.digest import Digest
from reconciler.errors import TrainingError
from reconciler.evaluation.metrics import evaluate_classes, evaluate_numbers
from reconciler.evaluation.permutation_importance import influences_of
from reconciler.model_file.feature_matrix import outcomes_of
from reconciler.model_file.loaded_model import LoadedModel
from reconciler.model_file.rows.encoded_rows import EncodedRows
from reconciler.model_file.rows.selected_rows import SelectedRows

if TYPE_CHECKING:
    from reconciler.model_file.feature_matrix import Matrix


def evaluate_holdout(
    model: LoadedModel,
    holdout: Path,
    *,
    training_targets: Any,
    evaluation_rows: Digest,
    holdout_from: str | None,
    quantile: float | None = None,
) -> tuple[Evaluation, Matrix]:
    """Evaluate `model` on the rows of the Parquet file `holdout`; return its outputs, too.

    `training_targets` are the outcomes of the training rows, for the naive guess; `evaluation_rows` and `holdout_from`
    are recorded as they are given. `quantile`: what the model predicts, where it is one. Raises TrainingError when an
    output is infinite or undefined.
    """
    import numpy as np

    rows = SelectedRows(holdout)
    matrix, actual = EncodedRows(rows, model.schema), outcomes_of(rows, model.schema)
    outputs = outputs_of(model, matrix)
    if not np.isfinite(outputs).all():
        raise TrainingError(
            "the model's outputs on the holdout contain infinite or undefined numbers",
            hint="scale or cap the numeric features of the recipe, or use an estimator that tolerates large values",
        )
    influences = influences_of(model, matrix, actual)
    if model.schema.classes:
        evaluation = evaluate_classes(
            probabilities=outputs,
            actual=actual,
            training_labels=training_targets,
            classes=model.schema.classes,
            influences=influences,
            evaluation_rows=evaluation_rows,
            holdout_from=holdout_from,
            decided=model.decided(outputs),
        )
        return evaluation, outputs
    evaluation = evaluate_numbers(
        predicted=outputs[:, 0],
        actual=actual,
        training_values=training_targets,
        influences=influences,
        evaluation_rows=evaluation_rows,
        holdout_from=holdout_from,
        quantile=quantile,
    )
    return evaluation, outputs


def outputs_of(model: LoadedModel, matrix: EncodedRows) -> Matrix:
    """Predict for each row, as `LoadedModel.outputs`."""
    import numpy as np

    if not model.by_row:
        return model.outputs(np.asarray(matrix))
    outputs = np.empty((len(matrix), len(model.schema.classes) or 1))
    for begin, part in matrix.parts():
        outputs[begin : begin + len(part)] = model.outputs(part)
    return outputs
