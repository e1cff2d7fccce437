"""Train a model of XGBoost on rows that are handed over some at a time: never are all in memory as numbers.

XGBoost draws them a few times: to count them, to find the bins of each column, and to note the bin of each number, a
byte or a few. Where it cuts the bins depends on the order of the rows, and not on where one part ends: the same bytes
for parts of any size as for all rows at once (tested), as for any number of threads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from reconciler.model_file.boosters.xgboost_file import bounded
from reconciler.model_file.rows.encoded_rows import EncodedRows

if TYPE_CHECKING:
    from reconciler.model_file.feature_matrix import Matrix

    Parts = Callable[[], Iterator[tuple[int, Matrix]]]


def train_in_parts(
    model: Any, matrix: Matrix | EncodedRows, targets: Any, weights: Any | None, kinds: Sequence[str]
) -> Any:
    """Return the Booster that `model`, an unfitted estimator of XGBoost, would have after its `fit`.

    `targets`: class codes from 0 where it is a classifier; `kinds`: of the columns, as XGBoost names them.
    """
    import numpy as np
    import xgboost

    params = model.get_xgb_params()
    if isinstance(model, xgboost.XGBClassifier) and (classes := len(np.unique(targets))) > 2:
        params |= {"objective": "multi:softprob", "num_class": classes}
    parts = matrix.parts if isinstance(matrix, EncodedRows) else lambda: iter([(0, matrix)])
    rows = xgboost.QuantileDMatrix(
        _part_iterator(parts, targets, weights, kinds),
        max_bin=model.max_bin,
        nthread=model.n_jobs,
        missing=np.nan,
        enable_categorical=True,
    )
    return xgboost.train(params, rows, model.get_num_boosting_rounds(), verbose_eval=False)


def _part_iterator(parts: Parts, targets: Any, weights: Any | None, kinds: Sequence[str]) -> Any:
    """Return the parts of rows as XGBoost draws them; its class is imported where it is installed."""
    import xgboost

    class PartIterator(xgboost.DataIter):  # type: ignore[misc, unused-ignore]
        """Parts of rows with their outcomes and weights."""

        def __init__(self) -> None:
            self._drawn = parts()
            super().__init__()

        def reset(self) -> None:
            """Begin anew."""
            self._drawn = parts()

        def next(self, input_data: Any) -> bool:
            """Hand over the next part; tell whether there was one."""
            if (drawn := next(self._drawn, None)) is None:
                return False
            begin, part = drawn
            end = begin + len(part)
            given = {} if weights is None else {"weight": weights[begin:end]}
            input_data(data=bounded(part), label=targets[begin:end], feature_types=list(kinds), **given)
            return True

    return PartIterator()
