"""Evaluate a model on its holdout: encode the rows, predict them once, measure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from reconciler.core.artifact.evaluation import Evaluation
from reconciler.core.digest import Digest
from reconciler.errors import TrainingError
from reconciler.evaluation.metrics import evaluate_classes, evaluate_numbers
from reconciler.evaluation.permutation_importance import influences_of
from reconciler.model_file.feature_matrix import encode_rows, read_rows
from reconciler.model_file.loaded_model import LoadedModel


def evaluate_holdout(
    model: LoadedModel,
    holdout: Path,
    *,
    training_targets: Any,
    evaluation_rows: Digest,
    holdout_from: str | None,
    quantile: float | None = None,
) -> Evaluation:
    """Evaluate `model` on the rows of the Parquet file `holdout`.

    `training_targets` are the outcomes of the training rows, for the naive guess; `evaluation_rows` and `holdout_from`
    are recorded as they are given. `quantile`: what the model predicts, where it is one. Raises TrainingError when an
    output is infinite or undefined.
    """
    import numpy as np

    matrix, actual = encode_rows(read_rows(holdout), model.schema)
    outputs = model.outputs(matrix)
    if not np.isfinite(outputs).all():
        raise TrainingError(
            "the model's outputs on the holdout contain infinite or undefined numbers",
            hint="scale or cap the numeric features of the recipe, or use an estimator that tolerates large values",
        )
    influences = influences_of(model, matrix, actual)
    if model.schema.classes:
        return evaluate_classes(
            probabilities=outputs,
            actual=actual,
            training_labels=training_targets,
            classes=model.schema.classes,
            influences=influences,
            evaluation_rows=evaluation_rows,
            holdout_from=holdout_from,
            decided=model.decided(outputs),
        )
    return evaluate_numbers(
        predicted=outputs[:, 0],
        actual=actual,
        training_values=training_targets,
        influences=influences,
        evaluation_rows=evaluation_rows,
        holdout_from=holdout_from,
        quantile=quantile,
    )
