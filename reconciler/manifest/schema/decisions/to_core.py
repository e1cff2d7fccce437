"""Convert a checked estimator, calibration or decision to a core value."""

from __future__ import annotations

from reconciler.core.spec import recipe as core_recipe
from reconciler.core.spec.decisions import declared as core
from reconciler.manifest.schema.decisions import declared as schema
from reconciler.manifest.schema.decisions.estimator import Blend, Estimator


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


def estimator_of(given: Estimator | Blend) -> core_recipe.Estimator:
    """Return an estimator, or a blend of several, as a core value."""
    if isinstance(given, Blend):
        return blend_of(given)
    return core_recipe.Estimator(
        uses=given.uses,
        class_name=given.class_,
        params=tuple(
            sorted((name, _param(value)) for name, value in given.params.items() if not isinstance(value, dict))
        ),
        class_weights=_class_weights(given),
        keeps_rows_accepted=given.keeps_rows is not None,
        monotonic=tuple(sorted(given.monotonic.items())) if given.monotonic else None,
        interactions=tuple(tuple(group) for group in given.interactions) if given.interactions else None,
    )


def blend_of(given: Blend) -> core_recipe.Estimator:
    """Return a blend as a core value."""
    members = tuple((name, estimator_of(member)) for name, member in given.members.items())
    return core_recipe.blend_of(members, given.folds)


def _class_weights(given: Estimator) -> tuple[tuple[str, float], ...] | None:
    weights = given.params.get("class_weight")
    if not isinstance(weights, dict):
        return None
    return tuple(sorted((name, float(each)) for name, each in weights.items() if isinstance(each, (int, float))))


def _param(value: object) -> core_recipe.Param:
    return tuple(value) if isinstance(value, list) else value  # type: ignore[return-value]
