"""Convert a checked calibration or decision to a core value."""

from __future__ import annotations

from reconciler.core.spec.decisions import declared as core
from reconciler.manifest.schema.decisions import declared as schema


def calibrate_of(given: schema.Calibrate) -> core.Calibrate:
    """Return a calibration as a core value."""
    return core.Calibrate(uses=core.CalibrationMethod(given.uses), folds=given.folds)


def decide_of(given: schema.Decide) -> core.Decide:
    """Return a decision as a core value; by costs with the folds that it names, which depend on the calibration."""
    costs = given.costs
    return core.Decide(
        maximise=core.DecisionMetric(given.maximise) if given.maximise else None,
        costs=tuple(
            sorted(
                (actual, tuple(sorted((name, float(cost)) for name, cost in row.items())))
                for actual, row in costs.items()
            )
        )
        if costs is not None
        else None,
        folds=given.folds or (core.FOLDS if costs is None else None),
    )
