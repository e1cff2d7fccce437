"""Train a model: fit on selected rows, evaluate on the holdout, write the files of an artifact.

A function of its request: no time, name, path or chance enters. Files: the model in canonical skops, the recipe with
its preprocessing, the schema, the evaluation on the holdout, and probe rows. The evaluation measures the model as
loaded back from its bytes, so the bytes evaluated are the bytes written: there is no refit on all rows.
"""

from __future__ import annotations

from reconciler import codec
from reconciler.core.artifact.oci_artifact import EVALUATION_FILE, MODEL_FILE, PROBE_FILE, RECIPE_FILE, SCHEMA_FILE
from reconciler.evaluation.holdout import evaluate_holdout
from reconciler.model_file.dump import dump
from reconciler.model_file.feature_matrix import encode_rows, read_rows
from reconciler.model_file.feature_schema import schema_of
from reconciler.model_file.probe_rows import record_probe
from reconciler.ports import TrainRequest, TrainResult
from reconciler.training import estimator_pipeline
from reconciler.training.runtime_check import check_runtime


def train(request: TrainRequest) -> TrainResult:
    """Train the requested model and write the artifact's files below `request.into`.

    Raises TrainingError: another runtime, an unknown estimator (E213), a fit that failed, infinite outputs.
    """
    check_runtime(request.runtime)
    recipe = estimator_pipeline.built_recipe(request.recipe)
    rows = read_rows(request.train)
    schema = schema_of(recipe, rows, request.tables)
    matrix, targets = encode_rows(rows, schema)
    estimator = estimator_pipeline.fit(request.recipe, schema, matrix, targets)
    body, model = dump(estimator, schema)
    evaluation = evaluate_holdout(
        model,
        request.holdout,
        training_targets=targets,
        evaluation_rows=request.evaluation_rows,
        holdout_from=request.selected.holdout_from,
    )
    files = {
        MODEL_FILE: body,
        RECIPE_FILE: codec.encode(recipe),
        SCHEMA_FILE: codec.encode(schema),
        PROBE_FILE: codec.encode(record_probe(model)),
        EVALUATION_FILE: codec.encode(evaluation),
    }
    request.into.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (request.into / name).write_bytes(content)
    return TrainResult(files=tuple(sorted(files)), evaluation=evaluation)
