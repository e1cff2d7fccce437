"""The matrix of selected rows, made anew of those columns and rows that an estimator asks for.

Estimators make matrices of their own of what they are given: bins, scaled numbers, columns in another order. Given an
array, they have both in memory; given this, only theirs, since what they ask for is nobody else's. Each number is the
one that `feature_matrix.matrix_of` gives, and what is made lies in memory as a part of that matrix would: sums of
floating point depend on it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from reconciler.core.artifact.oci_artifact import Schema
from reconciler.model_file.feature_matrix import encode_into
from reconciler.model_file.rows.selected_rows import SelectedRows

if TYPE_CHECKING:
    from reconciler.model_file.feature_matrix import Matrix

_CELLS_AT_ONCE = 16_000_000  # of columns that are looked at one after the other


class EncodedRows:
    """Rows as a model sees them: to scikit-learn and numpy an array of (rows, columns), of float64.

    `instead`: by place, columns of all rows that stand for encoded ones. `places`: of the rows, ascending, where not
    all of them are meant.
    """

    ndim = 2

    def __init__(
        self,
        rows: SelectedRows,
        schema: Schema,
        *,
        instead: Mapping[int, Any] | None = None,
        places: Any | None = None,
    ) -> None:
        import numpy as np

        self.schema = schema
        self.dtype = np.dtype(np.float64)
        self.shape = (len(rows) if places is None else len(places), len(schema.columns))
        self._rows, self._instead, self._places = rows, dict(instead or {}), places
        self._kept: Matrix | None = None

    def __len__(self) -> int:
        return self.shape[0]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Matrix:
        matrix = self._made(range(self.shape[1]), "C")
        if copy and matrix is self._kept:
            matrix = matrix.copy()
        return matrix if dtype is None else matrix.astype(dtype, copy=False)

    def __getitem__(self, key: Any) -> Matrix:
        """Return rows by their numbers, or, of all rows, columns: `rows[numbers]`, `rows[:, columns]`."""
        import numpy as np

        if not isinstance(key, tuple):
            return np.asarray(self.of(key))
        every, columns = key
        if every != slice(None):
            raise TypeError("of some rows all columns can be asked for, and some columns of all rows")
        places = np.arange(self.shape[1])[columns]
        if places.ndim == 0:
            return self._made([int(places)], "F")[:, 0]
        return self._made(places.tolist(), "F")

    def of(self, numbers: Any) -> EncodedRows:
        """Return some of the rows, by their ascending numbers; none of them is made yet."""
        places = numbers if self._places is None else self._places[numbers]
        return EncodedRows(self._rows, self.schema, instead=self._instead, places=places)

    def columns(self) -> Iterator[Any]:
        """Yield the columns in the schema's order, with few of them in memory at a time."""
        width = max(1, _CELLS_AT_ONCE // max(1, len(self)))
        for begin in range(0, self.shape[1], width):
            some = self._made(range(begin, min(begin + width, self.shape[1])), "F")
            yield from (some[:, place] for place in range(some.shape[1]))

    def parts(self) -> Iterator[tuple[int, Matrix]]:
        """Yield (number of the first row, matrix) for some rows after the others."""
        if self._is_small():
            yield 0, self._made(range(self.shape[1]), "C")
            return
        yield from self._encoded(range(self.shape[1]), "C")

    # --- inside ------------------------------------------------------------------------------------------------------

    def _is_small(self) -> bool:
        return self.shape[0] * self.shape[1] <= self._rows.kept

    def _made(self, wanted: Sequence[int], order: Any) -> Matrix:
        import numpy as np

        if self._is_small():
            if self._kept is None:
                self._kept = self._filled(range(self.shape[1]), "C")
            everything = order == "C" and len(wanted) == self.shape[1]
            return self._kept if everything else np.asfortranarray(self._kept[:, list(wanted)])
        return self._filled(wanted, order)

    def _filled(self, wanted: Sequence[int], order: Any) -> Matrix:
        import numpy as np

        matrix = np.empty((len(self), len(wanted)), dtype=np.float64, order=order)
        for begin, part in self._encoded(wanted, order):
            matrix[begin : begin + len(part)] = part
        self._rows.release()
        return matrix

    def _encoded(self, wanted: Sequence[int], order: Any) -> Iterator[tuple[int, Matrix]]:
        """Yield the wanted columns of some rows after the others."""
        import numpy as np

        features = {place: name for name, places in self.schema.features() for place in places}
        names = list(dict.fromkeys(features[place] for place in wanted))
        done = 0
        for begin, table in self._rows.parts(names):
            end, rows, numbers = begin + len(table), table, None
            if self._places is not None:
                low, high = np.searchsorted(self._places, (begin, end))
                numbers = self._places[low:high]
                if not len(numbers):
                    continue
                rows = table.take(numbers - begin)
            part = np.empty((len(rows), len(wanted)), dtype=np.float64, order="F")
            encode_into(part, rows, self.schema, wanted)
            for position, place in enumerate(wanted):
                if place in self._instead:
                    column = self._instead[place]
                    part[:, position] = column[begin:end] if numbers is None else column[numbers]
            yield done, np.asarray(part, order=order)
            done += len(part)
