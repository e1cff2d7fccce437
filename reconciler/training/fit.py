"""Fit: selected rows -> the files of an artifact. A function of its request: no time, name, path or chance enters.

Files: the model in canonical skops, the recipe with its preprocessing, the schema, the evaluation on the holdout, and
probe rows whose outputs come from the model as loaded back from its bytes. The bytes judged are the bytes written:
there is no refit on all rows.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from reconciler import codec
from reconciler.core.artifact.evaluation import Evaluation
from reconciler.core.artifact.oci_artifact import (
    EVALUATION_FILE,
    MODEL_FILE,
    PROBE_FILE,
    RECIPE_FILE,
    SCHEMA_FILE,
    Schema,
)
from reconciler.core.spec.recipe import BuiltRecipe, Task
from reconciler.errors import ReconcilerError, TrainingError
from reconciler.evaluation.metrics import evaluate_classes, evaluate_numbers
from reconciler.evaluation.permutation_importance import influences_of
from reconciler.model_file.feature_matrix import labels_of, matrix_of, read_rows, values_of
from reconciler.model_file.load import estimator_of
from reconciler.model_file.loaded_model import LoadedModel
from reconciler.model_file.probe_rows import ProbeRows, outputs_of, probe_rows
from reconciler.ports import TrainRequest, TrainResult
from reconciler.training import canonical_skops, estimator_pipeline
from reconciler.training.feature_schema import schema_of
from reconciler.training.runtime_check import check_runtime


def train(request: TrainRequest) -> TrainResult:
    """Write the artifact's files below `request.into`. TrainingError says what the estimator could not do."""
    import numpy as np

    check_runtime(request.runtime)
    recipe = request.recipe
    rows, holdout = read_rows(request.train), read_rows(request.holdout)
    preprocessing = estimator_pipeline.preprocessing_of(recipe.estimator)
    schema = schema_of(recipe, rows, preprocessing, request.tables)
    classifies = recipe.task is Task.CLASSIFICATION
    target = labels_of(rows) if classifies else values_of(rows)
    body = canonical_skops.dumps(_fitted(request, schema, matrix_of(rows, schema), target))
    model = LoadedModel(estimator=estimator_of(body), schema=schema)
    matrix = matrix_of(holdout, schema)
    outputs = model.outputs(matrix)
    if not np.isfinite(outputs).all():
        raise TrainingError(
            "the model gives infinite or undefined outputs on the holdout", hint="scale or cap features"
        )
    evaluation = _evaluated(request, model, matrix, outputs, target, holdout)
    inputs = probe_rows(schema)
    files = {
        MODEL_FILE: body,
        RECIPE_FILE: codec.encode(BuiltRecipe(recipe=recipe, preprocessing=preprocessing)),
        SCHEMA_FILE: codec.encode(schema),
        PROBE_FILE: codec.encode(ProbeRows(rows=inputs, outputs=outputs_of(model, inputs))),
        EVALUATION_FILE: codec.encode(evaluation),
    }
    _write(request.into, files)
    return TrainResult(files=tuple(sorted(files)), evaluation=evaluation)


def _fitted(request: TrainRequest, schema: Schema, matrix: Any, target: Any) -> Any:
    recipe = request.recipe
    estimator = estimator_pipeline.make(recipe.estimator, schema, recipe.seed)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # convergence shows in the metrics; texts of warnings may quote data
            estimator.fit(matrix, target)
    except ReconcilerError:
        raise
    except Exception as error:
        raise TrainingError(
            f"{recipe.estimator.class_name} could not be fitted on {len(matrix):,} rows ({type(error).__name__})",
            hint="check its parameters against the features: scikit-learn's documentation of the class says what fits",
        ) from error
    return estimator


def _evaluated(
    request: TrainRequest, model: LoadedModel, matrix: Any, outputs: Any, target: Any, holdout: Any
) -> Evaluation:
    if model.schema.classes:
        labels = labels_of(holdout)
        return evaluate_classes(
            probabilities=outputs,
            actual=labels,
            training_labels=target,
            classes=model.schema.classes,
            influences=influences_of(model, matrix, labels),
            evaluation_rows=request.evaluation_rows,
            holdout_from=request.selected.holdout_from,
        )
    values = values_of(holdout)
    return evaluate_numbers(
        predicted=outputs[:, 0],
        actual=values,
        training_values=target,
        influences=influences_of(model, matrix, values),
        evaluation_rows=request.evaluation_rows,
        holdout_from=request.selected.holdout_from,
    )


def _write(into: Path, files: dict[str, bytes]) -> None:
    into.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (into / name).write_bytes(content)
