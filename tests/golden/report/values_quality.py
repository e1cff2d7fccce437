"""Values of reports on the quality of data, for golden files and schemas."""

from __future__ import annotations

from dataclasses import replace

from reconciler.core.inspect.predictions import Predictions
from reconciler.core.quality.drift import OUTCOME, DriftVerdict, FeatureDrift, Measure, RowDrift
from reconciler.core.quality.drift_report import ModelDrift
from reconciler.core.quality.unknown_values import UnknownColumn, UnknownKind, UnknownValues
from tests.golden.report.values import HOSTILE, digest, predictions

UNKNOWN = UnknownValues(
    rows=48,
    columns=(
        UnknownColumn(column="customer_group", kind=UnknownKind.CATEGORY, rows=31, trained=0.014),
        UnknownColumn(column=HOSTILE[0], kind=UnknownKind.MISSING, rows=12),
        UnknownColumn(column="invoice_amount", kind=UnknownKind.RANGE, rows=7, lowest=0.0, highest=27_500.0),
    ),
    referenced=True,
)


def _feature(name: str, measure: Measure, effect: float, verdict: DriftVerdict, half: float = 0.03) -> FeatureDrift:
    lower, upper = max(0.0, round(effect - half, 6)), round(effect + half, 6)
    return FeatureDrift(feature=name, measure=measure, effect=effect, lower=lower, upper=upper, verdict=verdict)


def drifted() -> ModelDrift:
    return ModelDrift(
        environment="production",
        model="customer-payments",
        artifact=digest("candidate"),
        as_of="2026-11-20",
        rows=400,
        unknown=UNKNOWN,
        drift=RowDrift(
            rows=400,
            trained=2064,
            outcome=_feature(OUTCOME, Measure.TV, 0.13, DriftVerdict.SOME),
            features=(
                _feature("invoice_amount", Measure.PSI, 0.412, DriftVerdict.STRONG, 0.08),
                _feature(HOSTILE[4], Measure.TV, 0.15, DriftVerdict.TOO_FEW, 0.12),
                _feature("days_since_last_invoice", Measure.PSI, 0.131, DriftVerdict.SOME, 0.05),
                _feature("terms", Measure.PSI, 0.0, DriftVerdict.NONE),
            ),
        ),
    )


def without_reference() -> ModelDrift:
    return replace(drifted(), drift=None, unknown=replace(UNKNOWN, columns=UNKNOWN.columns[:1], referenced=False))


def predictions_of_unknown() -> Predictions:
    return replace(predictions(), by=None, amount=None, expected=(), amounts=None, unknown=UNKNOWN)
