"""Encode a category as what happened to the training rows that had it: the mean outcome, drawn towards that of all.

Regression: the mean; of two classes: the share of the second; of more: the share of each class, a column per class. A
value, or a missing one, counts for itself where FEWEST training rows have it, so that no encoding tells of few rows;
any other, and one that training never saw, counts as all rows do. Encodings are drawn towards the mean of all rows as
if SMOOTHING more rows had it.

At prediction a row gets the encoding of all training rows. In training it does not, since its own outcome is in it:
`training.encode_out_of_fold`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler.core.artifact.oci_artifact import ColumnType, SchemaColumn

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


FEWEST, SMOOTHING = 20, 20.0
MOST_VALUES = 10_000
"""Values that are told apart: the most frequent ones."""


def outcome_columns(
    source: str, values: Any, targets: NDArray[np.int64] | NDArray[np.float64], classes: tuple[str, ...]
) -> tuple[SchemaColumn, ...]:
    """Return the columns of a target-encoded feature by its training rows; none where no value has enough of them.

    `values`: a pyarrow array of texts; `targets`: class indices where there are `classes`, numbers otherwise.
    """
    known = _known(values)
    codes = supported(codes_of(values, known), len(known))
    weights = outcomes_of(targets, len(classes))
    encoded = means(codes, weights, len(known), weights.mean(axis=0))
    if not known or not encoded.size or bool((encoded[:-1] == encoded[0]).all()):
        return ()
    names = [f"{source}: {name}" for name in classes] if len(classes) > 2 else [source]
    return tuple(
        SchemaColumn(
            name=name,
            type=ColumnType.TARGET_ENCODED,
            categories=known if place == 0 else (),
            source=source if len(names) > 1 else None,
            encoding=tuple(float(value) for value in encoded[:, place]),
        )
        for place, name in enumerate(names)
    )


def encode_outcomes(columns: list[SchemaColumn], values: Any) -> NDArray[np.float64]:
    """Return the encodings of rows by all training rows: (rows, columns of the feature)."""
    import numpy as np

    table = np.column_stack([np.asarray(column.encoding, dtype=np.float64) for column in columns])
    found: NDArray[np.float64] = table[codes_of(values, columns[0].categories)]
    return found


def codes_of(values: Any, known: tuple[str, ...]) -> NDArray[np.int64]:
    """Return each value's place among the known ones; after them a missing one, and any other."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = values.cast(pa.string())
    places = pc.fill_null(pc.index_in(texts, value_set=pa.array(known, type=pa.string())), len(known) + 1)
    return np.asarray(pc.if_else(pc.is_null(texts), len(known), places).to_numpy(), dtype=np.int64)


def outcomes_of(targets: Any, classes: int) -> NDArray[np.float64]:
    """Return what is averaged of each row: (rows, columns of the feature)."""
    import numpy as np

    if not classes:
        return np.asarray(targets, dtype=np.float64).reshape(-1, 1)
    wanted = np.array([1]) if classes == 2 else np.arange(classes)
    return np.asarray(np.asarray(targets)[:, None] == wanted, dtype=np.float64)


def means(codes: Any, outcomes: NDArray[np.float64], known: int, prior: Any) -> NDArray[np.float64]:
    """Return the encoding of each known value, of a missing one, and of any other: (known + 2, columns).

    `codes`, `outcomes`: of the rows that count; `prior`: what they are drawn towards.
    """
    import numpy as np

    counts = np.bincount(codes, minlength=known + 2)
    sums = np.column_stack(
        [np.bincount(codes, weights=outcomes[:, each], minlength=known + 2) for each in range(outcomes.shape[1])]
    )
    encoded: NDArray[np.float64] = (sums + SMOOTHING * prior) / (counts[:, None] + SMOOTHING)
    encoded[known + 1] = prior
    return encoded


def supported(codes: NDArray[np.int64], known: int) -> NDArray[np.int64]:
    """Return the codes with missing values as any other, where too few rows have none."""
    import numpy as np

    missing = codes == known
    return np.where(missing & (missing.sum() < FEWEST), known + 1, codes)


def _known(values: Any) -> tuple[str, ...]:
    """Return the values that enough rows have, sorted as text; of more than MOST_VALUES the most frequent ones."""
    import pyarrow.compute as pc

    counts = pc.value_counts(pc.drop_null(values)).to_pylist()
    frequent = sorted(
        ((entry["counts"], entry["values"]) for entry in counts if entry["counts"] >= FEWEST),
        key=lambda pair: (-pair[0], pair[1]),
    )
    return tuple(sorted(value for _, value in frequent[:MOST_VALUES]))
