"""Encode the training rows of target-encoded features by other rows than themselves (cross-fitting).

A model that saw encodings with a row's own outcome in them would trust them more than they deserve. Where the holdout
is cut by time, the rows are cut into PARTS of time, and each part is encoded by the rows whose outcomes were known
before it began: no outcome counts before it is known. The first part, before which nothing is known, gets the mean of
all.
Elsewhere each fold is encoded by the others. Which values are told apart is decided on all rows, as for prediction.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from reconciler.core.artifact.oci_artifact import ColumnType, Schema
from reconciler.model_file.encoding.outcomes import FEWEST, codes_of, encode_outcomes, means, outcomes_of, supported
from reconciler.model_file.rows.selected_rows import Keys
from reconciler.training.cross_validation import RowFold, RowMoments, stratified_k_fold

if TYPE_CHECKING:
    from reconciler.model_file.feature_matrix import Matrix

PARTS, FOLDS = 10, 5


def encode_out_of_fold(
    matrix: Matrix, rows: Any, schema: Schema, targets: Any, moments: RowMoments | None
) -> dict[int, Any]:
    """Write cross-fitted encodings into the matrix of the training rows; return the columns that stood there before.

    `moments`: of the rows, where the holdout is cut by time.
    """
    before: dict[int, Any] = {}
    for place, column in cross_fitted(rows, schema, targets, moments).items():
        before[place] = matrix[:, place].copy()
        matrix[:, place] = column
    return before


def cross_fitted(rows: Any, schema: Schema, targets: Any, moments: RowMoments | None) -> dict[int, Any]:
    """Return the cross-fitted encodings of the training rows, by the place of their column."""
    encoded = [
        (name, places)
        for name, places in schema.features()
        if schema.columns[places[0]].type == ColumnType.TARGET_ENCODED
    ]
    if not encoded:
        return {}
    outcomes = outcomes_of(targets, len(schema.classes))
    prior = outcomes.mean(axis=0)
    labels = targets if schema.classes else None
    folds = list(_parts(moments)) if moments is not None else _folds(Keys(rows.column("key")), labels)
    fitted: dict[int, Any] = {}
    for name, places in encoded:
        columns = [schema.columns[place] for place in places]
        known = columns[0].categories
        values = rows.column(name)
        codes = supported(codes_of(values, known), len(known))
        encodings = encode_outcomes(columns, values)
        for fold in folds:
            trained = outcomes[fold.trained]
            mean = trained.mean(axis=0) if len(trained) >= FEWEST else prior
            table = means(codes[fold.trained], trained, len(known), mean)
            encodings[fold.judged] = table[codes[fold.judged]]
        fitted |= {place: encodings[:, number] for number, place in enumerate(places)}
    return fitted


def _folds(keys: Sequence[str], labels: Any | None) -> list[RowFold]:
    return stratified_k_fold(keys, labels, folds=FOLDS, salt=0)


def _parts(moments: RowMoments) -> Iterator[RowFold]:
    """Yield each part of time with the rows whose outcomes were known before it began."""
    import numpy as np

    days, matured = (np.asarray(each, dtype="datetime64[D]") for each in (moments.days, moments.matured))
    ordered = np.sort(days)
    firsts = np.unique(ordered[[part * len(days) // PARTS for part in range(PARTS)]])
    part_of = np.searchsorted(firsts, days, side="right") - 1
    for part, first in enumerate(firsts):
        known = (days < first) & (np.isnat(matured) | (matured < first))
        yield RowFold(np.flatnonzero(known), np.flatnonzero(part_of == part))
