"""Compute the figures that gates judge: load an artifact and judge it on its holdout, as a whole and per slice."""

from __future__ import annotations

from reconciler import codec
from reconciler.core.artifact.evaluation import Evaluation
from reconciler.core.artifact.oci_artifact import EVALUATION_FILE, RECIPE_FILE
from reconciler.core.judging.judged_figures import MOST_PARTS, JudgedFigures, SlicedFigures, SlicePart
from reconciler.core.spec.recipe import BuiltRecipe
from reconciler.errors import ScoringError
from reconciler.evaluation.declared_slices import slices_of
from reconciler.evaluation.detailed.slices import MISSING, SliceValues, named_parts
from reconciler.evaluation.judging.gate_figures import FiguresToJudge, figures_to_judge
from reconciler.model_file.feature_matrix import encode_rows, read_rows
from reconciler.model_file.file_sizes import read_document
from reconciler.model_file.load import load
from reconciler.ports import JudgeRequest


def judge(request: JudgeRequest) -> JudgedFigures:
    """Return the figures of the requested artifact on its holdout.

    Raises ScoringError when the model cannot be loaded (E506, E507, E511), or what it gives is no number.
    """
    import numpy as np

    model = load(request.artifact)
    built = codec.decode(BuiltRecipe, read_document(request.artifact / RECIPE_FILE), what=RECIPE_FILE)
    rows = read_rows(request.rows)
    matrix, actual = encode_rows(rows, model.schema)
    if not len(matrix):
        raise ScoringError("there are no rows to judge by", hint="hold out rows whose outcome is known by now")
    outputs = model.outputs(matrix)
    if not np.isfinite(outputs).all():
        raise ScoringError(
            "the model's outputs on these rows contain infinite or undefined numbers",
            hint="look for values in them that no training row had",
        )
    own = codec.decode(Evaluation, read_document(request.artifact / EVALUATION_FILE), what=EVALUATION_FILE)
    decided = model.decided(outputs) if model.schema.classes else None
    figures = figures_to_judge(built.recipe, own, model.schema.classes, outputs, actual, decided)
    fewest = dict(request.fewest)
    return JudgedFigures(
        all_rows=figures.of(None),
        grade=figures.grade(request.declared),
        unit=figures.unit,
        quantile=figures.quantile,
        slices=tuple(_sliced(each, fewest.get(each.name, 1), figures) for each in slices_of(request, rows)),
    )


def _sliced(slice_: SliceValues, fewest: int, figures: FiguresToJudge) -> SlicedFigures:
    """Return the figures of each part with rows enough, by their names."""
    import numpy as np

    labels, codes = named_parts(slice_.values)
    counts = np.bincount(codes, minlength=len(labels) + 1)
    if len(labels) > MOST_PARTS:
        return SlicedFigures(
            name=slice_.name, problem=f"{len(labels):,} values are no slice; at most {MOST_PARTS:,} are"
        )
    parts = [(name, code) for code, name in enumerate([*labels, MISSING]) if counts[code]]
    return SlicedFigures(
        name=slice_.name,
        parts=tuple(
            SlicePart(value=name, figures=figures.of(codes == code)) for name, code in parts if counts[code] >= fewest
        ),
        small=tuple(int(counts[code]) for _, code in parts if counts[code] < fewest),
    )
