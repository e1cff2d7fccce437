"""Read the values of declared slices, which were computed where the tables are, for rows that judge a model."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from reconciler.core.spec.model import DeclaredEvaluation
from reconciler.evaluation.detailed.slices import SliceValues
from reconciler.model_file.feature_matrix import Rows, read_rows


class _DeclaresSlices(Protocol):
    """A request that names declared slices, and the files with their values."""

    @property
    def declared(self) -> DeclaredEvaluation:
        """Return what is declared."""

    @property
    def slices(self) -> tuple[Path, ...]:
        """Return the files."""


def slices_of(request: _DeclaresSlices, rows: Rows) -> Iterator[SliceValues]:
    """Yield the values of each declared slice for these rows, by their keys; a row without any has none."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    if not request.slices:
        return
    given = pa.concat_tables([read_rows(path) for path in request.slices])
    places = pc.index_in(rows.column("key"), value_set=given.column("key").combine_chunks())
    for index, each in enumerate(request.declared.slices):
        values = given.column(f"also_{index}").combine_chunks().take(places)
        if pa.types.is_floating(values.type):
            yield SliceValues(name=each.name, values=pc.fill_null(values, math.nan).to_numpy(zero_copy_only=False))
        else:
            yield SliceValues(name=each.name, values=np.array(values.to_pylist(), dtype=object))
