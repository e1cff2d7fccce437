"""Measure how far rows, and what an artifact predicts for them, are from those that it was trained on."""

from __future__ import annotations

from reconciler.model_file.feature_matrix import read_rows
from reconciler.model_file.load import load
from reconciler.model_file.quality.count_rows import count_rows
from reconciler.ports import MeasuredDrift, MeasureDriftRequest
from reconciler.scoring.predict import outputs_of


def measure(request: MeasureDriftRequest) -> MeasuredDrift:
    """Measure the requested rows. Raises ScoringError when the model cannot be loaded (E506, E507, E511)."""
    model = load(request.artifact)
    rows = read_rows(request.rows)
    matrix, outputs = outputs_of(model, rows)
    counted = count_rows(model, matrix, outputs, rows)
    return MeasuredDrift(rows=len(matrix), unknown=counted.unknown, drift=counted.drift)
