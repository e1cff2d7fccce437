"""Values of reports on the quality of data, for golden files and schemas."""

from __future__ import annotations

from dataclasses import replace

from reconciler.core.prediction.prediction_explanation import Explained, ExplanationMethod, ExplanationScale
from reconciler.core.prediction.predictions import GroupSummary, Predictions
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


def predictions_explained() -> Predictions:
    groups = (
        GroupSummary(group="RETAIL", records=310, expected=(0.61, 0.3, 0.09), past=12040, so_far=(0.64, 0.29, 0.07)),
        GroupSummary(group=HOSTILE[4], records=90, expected=(0.2, 0.5, 0.3), past=0, so_far=()),
    )
    explained = Explained(
        method=ExplanationMethod.SAMPLED, scale=ExplanationScale.LOG_ODDS, top=3, background=100, orders=8, together=51
    )
    return replace(
        predictions(),
        amount=None,
        expected=(),
        amounts=None,
        groups=groups,
        groups_out="open.groups.csv",
        explained=explained,
        key_taken="predicted",
        table="forecast",
    )
