"""Predict open records: one CSV row per record, and the amounts to expect per class.

Columns: key, predicted, probability (of the predicted class), uncertain (yes when that is under 50 %), then
`p_<class>` in declared order. Regression: key, predicted. On request, a last column `unknown` names the columns of the
record that are unknown to the model. A class that is impossible for a record (the recipe's
`possible`) has probability 0 and the rest is renormalised; where nothing is possible, the model's own probabilities
stand and the record is uncertain. Rows are in key order. Text that a spreadsheet would take for a formula is quoted
with a leading apostrophe, as OWASP advises against CSV injection.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reconciler.core.inspect.predictions import PREDICTED, PREDICTED_CLASS, UNKNOWN
from reconciler.errors import DataError
from reconciler.model_file.feature_matrix import Rows, keys_of, matrix_of, read_rows
from reconciler.model_file.load import load
from reconciler.model_file.loaded_model import LoadedModel
from reconciler.model_file.quality.count_rows import CountedRows, count_rows
from reconciler.ports import ExpectedAmount, PredictRequest, PredictResult

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from reconciler.model_file.feature_matrix import Matrix

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
CERTAIN = 0.5


def predict(request: PredictRequest) -> PredictResult:
    """Predict the requested rows and write the predictions to `request.out`.

    Raises ScoringError when the model cannot be loaded (E506, E507, E511), DataError E416 when expected amounts cannot
    be computed from the columns asked for.
    """
    model = load(request.artifact)
    rows = read_rows(request.rows)
    matrix, outputs = outputs_of(model, rows)
    counted = count_rows(model, matrix, outputs)
    keys, marks = keys_of(rows), _marks(counted, request, rows.num_rows)
    last = [UNKNOWN] if request.unknown else []
    if not model.schema.classes:
        values = outputs[:, 0]
        lines = ([_safe(key), repr(float(value)), *mark] for key, value, mark in zip(keys, values, marks, strict=True))
        _write(request.out, [*PREDICTED, *last], lines)
        return PredictResult(
            rows=len(keys),
            counts=(),
            uncertain=0,
            expected=_amounts(request, rows, outputs, model),
            unknown=counted.unknown,
            drift=counted.drift,
        )
    probabilities, any_possible = possible(outputs, rows, len(model.schema.classes))
    best = probabilities.argmax(axis=1) if len(probabilities) else probabilities[:, 0].astype(int)
    highest = probabilities.max(axis=1) if len(probabilities) else probabilities[:, 0]
    unsure = (highest < CERTAIN) | ~any_possible
    names = model.schema.classes
    _write(
        request.out,
        [*PREDICTED_CLASS, *(_safe(f"p_{name}") for name in names), *last],
        (
            [
                _safe(key),
                _safe(names[label]),
                f"{top:.6f}",
                "yes" if doubt else "no",
                *(f"{p:.6f}" for p in row),
                *mark,
            ]
            for key, label, top, doubt, row, mark in zip(keys, best, highest, unsure, probabilities, marks, strict=True)
        ),
    )
    return PredictResult(
        rows=len(keys),
        counts=tuple(int((best == label).sum()) for label in range(len(names))),
        uncertain=int(unsure.sum()),
        expected=_amounts(request, rows, probabilities, model),
        unknown=counted.unknown,
        drift=counted.drift,
    )


def outputs_of(model: LoadedModel, rows: Rows) -> tuple[Matrix, Matrix]:
    """Return rows as the model sees them, and what it gives for each."""
    import numpy as np

    matrix = matrix_of(rows, model.schema)
    if rows.num_rows == 0:
        return matrix, np.empty((0, max(1, len(model.schema.classes))))
    return matrix, model.outputs(matrix)


def _marks(counted: CountedRows, request: PredictRequest, rows: int) -> Iterator[list[str]]:
    """Yield the last cell of each row, where it is asked for."""
    for row in range(rows):
        yield [_safe(counted.names(row))] if request.unknown else []


def possible(probabilities: Matrix, rows: Rows, classes: int) -> tuple[Matrix, NDArray[np.bool_]]:
    """Set impossible classes to probability 0 and renormalise each row.

    Returns the probabilities and, per row, whether any class was possible; where none was, the row is unchanged.
    """
    import numpy as np

    mask = np.ones((len(probabilities), classes), dtype=bool)
    for label in range(classes):
        name = f"possible_{label}"
        if name in rows.column_names:
            mask[:, label] = rows.column(name).to_numpy(zero_copy_only=False)
    masked = np.where(mask, probabilities, 0.0)
    total = masked.sum(axis=1, keepdims=True)
    any_possible = total[:, 0] > 0
    renormalised = np.divide(masked, total, where=total > 0, out=np.zeros_like(masked))
    return np.where(any_possible[:, None], renormalised, probabilities), any_possible


def expected_amounts(
    probabilities: Matrix, amounts: Matrix, groups: list[str | None]
) -> tuple[tuple[str, tuple[float, ...]], ...]:
    """Sum amount times probability per group and class; groups sorted by name, a missing group under an empty name."""
    import numpy as np

    sums = []
    labels = np.array(["" if group is None else group for group in groups], dtype=object)
    for group in sorted(set(labels)):
        chosen = labels == group
        weighted = probabilities[chosen] * np.nan_to_num(amounts[chosen])[:, None]
        sums.append((str(group), tuple(float(total) for total in weighted.sum(axis=0))))
    return tuple(sums)


def _amounts(
    request: PredictRequest, rows: Rows, probabilities: Matrix, model: LoadedModel
) -> tuple[ExpectedAmount, ...]:
    if request.by is None or request.amount is None:
        return ()
    if not model.schema.classes:
        raise DataError(
            "expected amounts need a classification model; this model predicts a number",
            hint="leave out --by and --amount",
            code="E416",
        )
    amounts = rows.column(f"also_{request.amount}")
    if str(amounts.type) != "double":
        raise DataError(
            f"the column given with --amount is not numeric: it is {amounts.type}",
            hint="name a numeric column with --amount",
            code="E416",
        )
    groups = [None if group is None else str(group) for group in rows.column(f"also_{request.by}").to_pylist()]
    values = amounts.to_numpy(zero_copy_only=False)
    sums_by_group = expected_amounts(probabilities, values, groups)
    if request.amounts is not None:
        names = [_safe(name) for name in model.schema.classes]
        _write(
            request.amounts,
            ["group", *names],
            ([_safe(group), *(f"{total:.2f}" for total in sums)] for group, sums in sums_by_group),
        )
    return tuple(ExpectedAmount(group=group, amounts=sums) for group, sums in sums_by_group)


def _write(path: Path, header: list[str], rows: Iterable[list[Any]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def _safe(text: str) -> str:
    return "'" + text if text.startswith(_FORMULA) else text
