"""Predict open records: one row per record, and the amounts to expect per class.

`out`, which is logged, is a CSV whatever else is written, so that it can be read for as long as there are logs. Its
columns: key, predicted, probability (of the predicted class, which a recipe's `decide` may make another one than the
most likely), uncertain (yes when that is under 50 %), then
`p_<class>` in declared order. Regression: key, predicted. On request, a column `unknown` names the columns of the
record that are unknown to the model. A last one, `known`, marks records that had their outcome already. A class that is
impossible for a record (the recipe's
`possible`) has probability 0 and the rest is renormalised; where nothing is possible, the model's own probabilities
stand and the record is uncertain. Rows are in key order. Text that a spreadsheet would take for a formula is quoted
with a leading apostrophe, as OWASP advises against CSV injection. The table that is published: `scoring.output`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from reconciler.core.prediction.predictions import KNOWN, KNOWN_COLUMN, PREDICTED, PREDICTED_CLASS, UNKNOWN
from reconciler.errors import DataError
from reconciler.model_file.feature_matrix import Rows, keys_of, matrix_of, read_rows
from reconciler.model_file.load import load
from reconciler.model_file.loaded_model import LoadedModel
from reconciler.model_file.quality.count_rows import count_rows
from reconciler.ports import ExpectedAmount, PredictRequest, PredictResult
from reconciler.scoring.decide import decide, renormalised
from reconciler.scoring.explanation.explain import top_factors
from reconciler.scoring.output.files import safe, write_file, write_rows
from reconciler.scoring.output.group_summary import summaries, write_groups
from reconciler.scoring.output.prediction_table import Scored, numeric_features, prediction_table

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from reconciler.model_file.feature_matrix import Matrix


def predict(request: PredictRequest) -> PredictResult:
    """Predict the requested rows and write the predictions to `request.out`, and as a table where it asks for one.

    Raises ScoringError when the model cannot be loaded (E506, E507, E511) or cannot be explained (E516), DataError E416
    when expected amounts cannot be computed from the columns asked for.
    """
    model = load(request.artifact)
    rows = read_rows(request.rows)
    matrix, outputs = outputs_of(model, rows)
    counted = count_rows(model, matrix, outputs, rows)
    unknown = [counted.names(row) for row in range(rows.num_rows)] if request.unknown else None
    scored = _scored(model, matrix, outputs, rows, request, unknown)
    _write_log(request, model, rows, scored)
    explained = scored.factors.explained if scored.factors is not None else None
    groups = summaries(request, rows, scored.values)
    if request.groups is not None:
        write_groups(request.groups, request, groups, model.schema.classes)
    _write_table(request, model, rows, scored)
    is_class = bool(model.schema.classes)
    return PredictResult(
        rows=rows.num_rows,
        counts=tuple(int((scored.best == label).sum()) for label in range(len(model.schema.classes))),
        uncertain=int(scored.unsure.sum()) if is_class else 0,
        expected=_amounts(request, rows, scored.values, model),
        unknown=counted.unknown,
        drift=counted.drift,
        explained=explained,
        groups=groups,
    )


def _scored(
    model: LoadedModel,
    matrix: Matrix,
    outputs: Matrix,
    rows: Rows,
    request: PredictRequest,
    unknown: list[str] | None,
) -> Scored:
    top = request.columns.top if request.columns is not None else 0
    may_be = possible_classes(rows, len(model.schema.classes))
    values, best, unsure = decide(model, outputs, may_be)
    return Scored(
        values=values,
        best=best,
        unsure=unsure,
        factors=top_factors(model, matrix, best, top=top) if top else None,
        unknown=unknown,
    )


def _write_log(request: PredictRequest, model: LoadedModel, rows: Rows, scored: Scored) -> None:
    names, keys = model.schema.classes, keys_of(rows)
    last = [*([UNKNOWN] if scored.unknown is not None else []), *([KNOWN] if KNOWN_COLUMN in rows.column_names else [])]
    marks = _marks(rows, scored)
    if not names:
        lines = zip(keys, scored.values[:, 0], marks, strict=True)
        texts = ([safe(key), repr(float(value)), *mark] for key, value, mark in lines)
        write_rows(request.out, [*PREDICTED, *last], texts)
        return
    each = zip(keys, scored.best, scored.unsure, scored.values, marks, strict=True)
    write_rows(
        request.out,
        [*PREDICTED_CLASS, *(safe(f"p_{name}") for name in names), *last],
        (
            [
                safe(key),
                safe(names[label]),
                f"{row[label]:.6f}",
                "yes" if doubt else "no",
                *(f"{p:.6f}" for p in row),
                *mark,
            ]
            for key, label, doubt, row, mark in each
        ),
    )


def _marks(rows: Rows, scored: Scored) -> Iterator[list[str]]:
    """Yield what each record's line of the log ends with."""
    known = rows.column(KNOWN_COLUMN).to_pylist() if KNOWN_COLUMN in rows.column_names else None
    for row in range(rows.num_rows):
        unknown = [safe(scored.unknown[row])] if scored.unknown is not None else []
        yield [*unknown, *(["yes" if known[row] else ""] if known is not None else [])]


def _write_table(request: PredictRequest, model: LoadedModel, rows: Rows, scored: Scored) -> None:
    """Write what people and programs get, where it is asked for."""
    columns = request.columns
    if columns is None:
        return
    table = prediction_table(rows, model.schema, columns, scored)
    if request.exact is not None:
        import pyarrow.parquet as pq

        pq.write_table(table, request.exact)
    if request.table is not None:
        shares = {"probability", *(f"p_{name}" for name in model.schema.classes)} if model.schema.classes else set()
        write_file(
            request.table,
            request.form,
            table,
            shares=shares - {columns.key, *columns.beside},
            numeric=numeric_features(model.schema),
            top=columns.top,
            data=1 + len(columns.beside),
        )


def outputs_of(model: LoadedModel, rows: Rows) -> tuple[Matrix, Matrix]:
    """Return rows as the model sees them, and what it gives for each."""
    import numpy as np

    matrix = matrix_of(rows, model.schema)
    if rows.num_rows == 0:
        return matrix, np.empty((0, max(1, len(model.schema.classes))))
    return matrix, model.outputs(matrix)


def possible(probabilities: Matrix, rows: Rows, classes: int) -> tuple[Matrix, NDArray[np.bool_]]:
    """Set the classes that rows cannot have to probability 0 and renormalise each row; see `decide.renormalised`."""
    return renormalised(probabilities, possible_classes(rows, classes))


def possible_classes(rows: Rows, classes: int) -> NDArray[np.bool_]:
    """Return which classes the recipe's `possible` leaves each row: (rows, classes)."""
    import numpy as np

    mask = np.ones((rows.num_rows, classes), dtype=bool)
    for label in range(classes):
        name = f"possible_{label}"
        if name in rows.column_names:
            mask[:, label] = rows.column(name).to_numpy(zero_copy_only=False)
    return mask


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
            hint="leave out --amount",
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
        names = [safe(name) for name in model.schema.classes]
        write_rows(
            request.amounts,
            ["group", *names],
            ([safe(group), *(f"{total:.2f}" for total in sums)] for group, sums in sums_by_group),
        )
    return tuple(ExpectedAmount(group=group, amounts=sums) for group, sums in sums_by_group)
