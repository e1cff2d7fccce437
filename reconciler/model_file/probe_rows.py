"""Probe rows: a few made-up inputs with the outputs that the model gave when it was trained.

They hold no real data: values are drawn from the schema alone. Loading the model later, perhaps with newer libraries,
predicts them first; other outputs mean that this is no longer the model that passed its gates.
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


def record_probe(model: LoadedModel) -> ProbeRows:
    """Return the probe rows of the model's schema with the outputs that the model gives now."""
    rows = probe_rows(model.schema)
    return ProbeRows(rows=rows, outputs=outputs_of(model, rows))


def probe_rows(schema: Schema) -> tuple[tuple[float | None, ...], ...]:
    """Draw 64 rows from a fixed seed: numbers of several magnitudes, any category or the rare bucket, some missing."""
    import numpy as np

    random = np.random.Generator(np.random.PCG64(20240101))
    columns = []
    for column in schema.columns:
        match column.type:
            case ColumnType.CATEGORICAL:
                values = random.integers(0, len(column.categories) + 1, PROBES).astype(float)
            case ColumnType.BOOLEAN:
                values = random.integers(0, 2, PROBES).astype(float)
            case _:
                # Quarters are exact in binary and in JSON.
                values = np.round(random.normal(0, 1, PROBES) * 4 * 10.0 ** random.integers(0, 4, PROBES)) / 4
        values[random.random(PROBES) < 0.1] = math.nan
        columns.append([None if math.isnan(value) else float(value) for value in values])
    return tuple(zip(*columns, strict=True))


def outputs_of(model: LoadedModel, rows: tuple[tuple[float | None, ...], ...]) -> tuple[tuple[float, ...], ...]:
    """Predict for encoded rows given as plain numbers (None is missing)."""
    import numpy as np

    matrix = np.array([[math.nan if value is None else value for value in row] for row in rows], dtype=np.float64)
    return tuple(tuple(float(value) for value in row) for row in model.outputs(matrix))


def check_probe(model: LoadedModel, probe: ProbeRows) -> None:
    """Check that the model still gives the recorded outputs. Raises ScoringError E511 when it does not."""
    outputs = outputs_of(model, probe.rows)
    for row, (expected, actual) in enumerate(zip(probe.outputs, outputs, strict=True)):
        same = len(expected) == len(actual) and all(
            math.isclose(a, b, rel_tol=TOLERANCE, abs_tol=TOLERANCE) for a, b in zip(expected, actual, strict=True)
        )
        if not same:
            raise ScoringError(
                f"the model's output for probe row {row} differs from the output recorded at training",
                code="E511",
                hint="the libraries installed here differ from the artifact's runtime; install that runtime",
            )
