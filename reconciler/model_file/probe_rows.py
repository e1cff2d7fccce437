"""Probe rows: a few made-up inputs with the outputs that the model gave when it was made.

They hold no real data: values are drawn from the schema alone. Whoever loads the model later, perhaps with newer
libraries, runs them first; other outputs mean that this is not the model that was judged.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.core.artifact.oci_artifact import ColumnType, Schema
from reconciler.errors import ScoringError

if TYPE_CHECKING:
    from reconciler.model_file.loaded_model import LoadedModel

PROBES = 64
TOLERANCE = 1e-9  # relative and absolute


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeRows:
    """`rows` as the model sees them (None is missing), `outputs` per row: probabilities, or the one number."""

    rows: tuple[tuple[float | None, ...], ...]
    outputs: tuple[tuple[float, ...], ...]
    format: int = 1


def probe_rows(schema: Schema) -> tuple[tuple[float | None, ...], ...]:
    """64 rows from a fixed seed: numbers of several magnitudes, any category and the rare bucket, some missing."""
    import numpy as np

    chance = np.random.Generator(np.random.PCG64(20240101))
    columns = []
    for column in schema.columns:
        match column.type:
            case ColumnType.CATEGORICAL:
                values = chance.integers(0, len(column.categories) + 1, PROBES).astype(float)
            case ColumnType.BOOLEAN:
                values = chance.integers(0, 2, PROBES).astype(float)
            case _:
                # Quarters are exact in binary and in JSON.
                values = np.round(chance.normal(0, 1, PROBES) * 4 * 10.0 ** chance.integers(0, 4, PROBES)) / 4
        values[chance.random(PROBES) < 0.1] = math.nan
        columns.append([None if math.isnan(value) else float(value) for value in values])
    return tuple(zip(*columns, strict=True))


def outputs_of(model: LoadedModel, rows: tuple[tuple[float | None, ...], ...]) -> tuple[tuple[float, ...], ...]:
    import numpy as np

    matrix = np.array([[math.nan if value is None else value for value in row] for row in rows], dtype=np.float64)
    return tuple(tuple(float(value) for value in row) for row in model.outputs(matrix))


def check_probe(model: LoadedModel, probe: ProbeRows) -> None:
    """ScoringError when the model does not give what it gave when it was made."""
    found = outputs_of(model, probe.rows)
    for row, (expected, actual) in enumerate(zip(probe.outputs, found, strict=True)):
        same = len(expected) == len(actual) and all(
            math.isclose(a, b, rel_tol=TOLERANCE, abs_tol=TOLERANCE) for a, b in zip(expected, actual, strict=True)
        )
        if not same:
            raise ScoringError(
                f"the model gives other outputs on probe row {row} than when it was made",
                code="E511",
                hint="the libraries here differ too much from the artifact's runtime; use that runtime",
            )
