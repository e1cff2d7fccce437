"""How long a plan holds if nothing moves but the clock."""

from __future__ import annotations

from reconciler.core.plan.plan import Plan
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.storage import data_snapshots


def stays_until(deps: Dependencies, desired: DesiredState, environment: Environment, plan: Plan) -> dict[str, int]:
    """Until when a part cannot change by time alone, in seconds since 1970, by model ("": the refresh of the data);
    absent: as long as what it was made from."""
    found: dict[str, int] = {}
    now = int(deps.clock().timestamp())
    if environment.trains and environment.data.max_age is not None:
        newest = data_snapshots.newest(deps.stores[environment.name])
        if newest is not None:
            found[""] = int(newest.taken.timestamp()) + environment.data.max_age
    limit = environment.policy.max_data_age
    for part in plan.models:
        if limit is not None and part.detail.data_age is not None:
            found[part.model] = now - part.detail.data_age + limit
        model = desired.model(environment.name, part.model)
        if model is not None and model.retrain.every is not None:
            found[part.model] = now
    return found
