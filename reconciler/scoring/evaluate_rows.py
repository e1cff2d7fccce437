"""Evaluate an artifact on rows in full: load it, read what it says of itself, and judge it on the rows."""

from __future__ import annotations

from dataclasses import replace

from reconciler import codec
from reconciler.core.artifact.evaluation import Evaluation
from reconciler.core.artifact.oci_artifact import EVALUATION_FILE, RECIPE_FILE
from reconciler.core.evaluation.detailed import DetailedEvaluation
from reconciler.core.spec.recipe import BuiltRecipe
from reconciler.errors import ScoringError
from reconciler.evaluation.declared_slices import slices_of
from reconciler.evaluation.detailed.evaluate_rows import JudgedRows
from reconciler.evaluation.detailed.evaluate_rows import evaluate as evaluate_rows
from reconciler.model_file.feature_matrix import Rows, encode_rows, keys_of, read_rows
from reconciler.model_file.file_sizes import read_document
from reconciler.model_file.load import load
from reconciler.ports import EvaluateRequest


def evaluate(request: EvaluateRequest) -> DetailedEvaluation:
    """Evaluate the requested artifact on the requested rows.

    Raises ScoringError when the model cannot be loaded (E506, E507, E511), when there are no rows, or when what it
    gives for them is no number.
    """
    import numpy as np

    model = load(request.artifact)
    own = codec.decode(Evaluation, read_document(request.artifact / EVALUATION_FILE), what=EVALUATION_FILE)
    built = codec.decode(BuiltRecipe, read_document(request.artifact / RECIPE_FILE), what=RECIPE_FILE)
    rows = _rows(request)
    matrix, actual = encode_rows(rows, model.schema)
    if not len(matrix):
        raise ScoringError("there are no rows to evaluate on", hint="give rows whose outcome is known by now")
    outputs = model.outputs(matrix)
    if not np.isfinite(outputs).all():
        raise ScoringError(
            "the model's outputs on these rows contain infinite or undefined numbers",
            hint="look for values in them that no training row had",
        )
    detailed = evaluate_rows(
        JudgedRows(
            artifact=request.digest,
            evaluation_rows=request.evaluation_rows,
            model=model,
            own=own,
            built=built,
            matrix=matrix,
            actual=actual,
            outputs=outputs,
            declared=request.declared,
            slices=tuple(slices_of(request, rows)),
        )
    )
    declared = codec.digest_of(request.declared) if request.declared.declares else None
    return replace(detailed, declared=declared)


def _rows(request: EvaluateRequest) -> Rows:
    """Return the requested rows by key, without those that do not count."""
    import pyarrow as pa
    import pyarrow.compute as pc

    rows = pa.concat_tables([read_rows(path) for path in request.rows])
    if request.without is not None:
        trained = pa.array(keys_of(read_rows(request.without)), type=pa.string())
        rows = rows.filter(pc.invert(pc.is_in(rows.column("key"), value_set=trained)))
    return rows.sort_by("key") if len(request.rows) > 1 else rows
