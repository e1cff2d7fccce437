"""Train a model: fit on selected rows, evaluate on the holdout, write the files of an artifact.

A function of its request: no time, name, path or chance enters. Files: the model in canonical skops, or as its own
library writes it, the recipe with its preprocessing, the schema, the evaluation on the holdout, probe rows, and the
reference of the training rows. The evaluation measures the model as loaded back from its bytes, so the bytes evaluated
are the bytes written: there is no refit on all rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from reconciler import codec
from reconciler.core.artifact.oci_artifact import (
    DECISION_FILE,
    EVALUATION_FILE,
    PROBE_FILE,
    RECIPE_FILE,
    REFERENCE_FILE,
    SCHEMA_FILE,
    Schema,
    TableMasksDone,
)
from reconciler.core.evaluation.quantiles import quantile_of
from reconciler.core.prediction.output_rules import NO_RULES, OutputRules
from reconciler.core.spec.recipe import BuiltRecipe, Recipe
from reconciler.errors import TrainingError
from reconciler.evaluation.holdout import evaluate_holdout
from reconciler.model_file.dump import dump
from reconciler.model_file.feature_matrix import encode_rows, outcomes_of, read_rows
from reconciler.model_file.feature_schema import Tables, schema_of
from reconciler.model_file.loaded_model import LoadedModel
from reconciler.model_file.outputs.read_rules import check_rules
from reconciler.model_file.probe_rows import record_probe
from reconciler.model_file.quality.record_reference import record_features, record_reference
from reconciler.model_file.rows.encoded_rows import EncodedRows
from reconciler.model_file.rows.selected_rows import Keys, SelectedRows
from reconciler.ports import TrainRequest, TrainResult
from reconciler.training import estimator_pipeline
from reconciler.training.cross_validation import moments_of
from reconciler.training.encode_out_of_fold import cross_fitted, encode_out_of_fold
from reconciler.training.memory_need import check_memory
from reconciler.training.out_of_fold.fit_blend import fit_blend
from reconciler.training.out_of_fold.fit_rules import fit_rules
from reconciler.training.out_of_fold.predictions import TrainingRows
from reconciler.training.row_weights import row_weights
from reconciler.training.runtime_check import check_runtime

if TYPE_CHECKING:
    from reconciler.model_file.feature_matrix import Matrix


def train(request: TrainRequest) -> TrainResult:
    """Train the requested model and write the artifact's files below `request.into`.

    Raises TrainingError: another runtime, an unknown estimator (E213), a fit that failed, infinite outputs.
    """
    check_runtime(request.runtime)
    recipe = estimator_pipeline.built_recipe(request.recipe)
    days = read_rows(request.days) if request.days is not None else None
    fitted, targets, rows = fit_rows(
        recipe,
        SelectedRows(request.train),
        request.tables,
        request.masks,
        days=days,
        memory=request.limits.memory,
    )
    features = record_features(rows, fitted.schema)
    name, body, model = dump(fitted.estimator, fitted.schema)
    rules = codec.encode(fitted.rules)
    model = replace(model, rules=codec.decode(OutputRules, rules, what=DECISION_FILE))
    evaluation, outputs = evaluate_holdout(
        model,
        request.holdout,
        training_targets=targets,
        evaluation_rows=request.evaluation_rows,
        holdout_from=request.selected.holdout_from,
        quantile=quantile_of(request.recipe.estimator),
    )
    evaluation = replace(evaluation, blend=fitted.blend)
    decided = model.decided(outputs) if model.schema.classes else None
    reference = record_reference(features, len(rows), outputs, model.schema, decided)
    files = {
        name: body,
        RECIPE_FILE: codec.encode(recipe),
        SCHEMA_FILE: codec.encode(fitted.schema),
        PROBE_FILE: codec.encode(record_probe(model)),
        EVALUATION_FILE: codec.encode(evaluation),
        REFERENCE_FILE: codec.encode(reference),
    }
    if fitted.rules != NO_RULES:
        check_rules(fitted.rules, model.schema, model.estimator)
        files[DECISION_FILE] = rules
    request.into.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (request.into / name).write_bytes(content)
    return TrainResult(files=tuple(sorted(files)), evaluation=evaluation)


def fit_rows(
    built: BuiltRecipe,
    rows: Any,
    tables: Tables,
    masks: TableMasksDone | None = None,
    *,
    days: Any | None = None,
    memory: int | None = None,
) -> tuple[LoadedModel, Any, Matrix | EncodedRows]:
    """Fit a recipe on training rows; return the model, the outcome of each row, and the encoded rows.

    `rows`: a pyarrow table, which is encoded as one array, or SelectedRows, which are encoded as they are asked for.
    `tables`, `masks`: as the schema records them. `days`: a pyarrow table with the moments of the rows, in their order,
    where the recipe reads them. `memory`: bytes that this process may use, where that is known. Raises TrainingError.
    """
    recipe, schema = built.recipe, schema_of(built, rows, tables, masks)
    if memory is not None:
        check_memory(recipe, schema, rows.num_rows, memory)
    moments = moments_of(days) if days is not None and recipe.holdout.by is not None else None
    keys: Sequence[str] = Keys(rows.column("key")) if recipe.fits_out_of_fold else []
    if isinstance(rows, SelectedRows):
        targets = outcomes_of(rows, schema)
        rows.release()
        as_trained = EncodedRows(rows, schema, instead=cross_fitted(rows, schema, targets, moments))
        model = fit_encoded(recipe, schema, as_trained, targets, keys=keys, days=days)
        return model, targets, EncodedRows(rows, schema)
    matrix, targets = encode_rows(rows, schema)
    as_predicted = encode_out_of_fold(matrix, rows, schema, targets, moments)
    model = fit_encoded(recipe, schema, matrix, targets, keys=keys, days=days)
    for place, column in as_predicted.items():
        matrix[:, place] = column
    return model, targets, matrix


def fit_encoded(
    recipe: Recipe, schema: Schema, matrix: Matrix | EncodedRows, targets: Any, *, keys: Sequence[str], days: Any | None
) -> LoadedModel:
    """Fit a recipe on encoded training rows: of a blend its weights, its estimator, and the rules that follow it.

    `keys`: of the rows, where anything is fitted out of fold; `days`: as in `fit_rows`. Raises TrainingError.
    """
    if recipe.reads_moments and days is None:
        raise TrainingError(
            "the days of the training rows are missing", hint="this is a mistake in the program: please report it"
        )
    training = TrainingRows(
        recipe=recipe,
        schema=schema,
        matrix=matrix,
        targets=targets,
        keys=keys,
        moments=moments_of(days) if days is not None and recipe.holdout.by is not None else None,
        weights=row_weights(recipe, days),
    )
    blend = None
    if recipe.estimator.blend is not None:
        blend = fit_blend(training, recipe.estimator.blend)
        training = replace(training, shares=blend.weights)
    estimator = estimator_pipeline.fit(recipe, schema, matrix, targets, training.weights, training.shares)
    rules = NO_RULES
    if recipe.calibrate is not None or recipe.decide is not None:
        rules = fit_rules(training, estimator)
    return LoadedModel(estimator=estimator, schema=schema, rules=rules, blend=blend)
