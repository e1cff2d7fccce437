"""Observe what is lost or damaged in an environment: the one answer that every reader reports. Reads only."""

from __future__ import annotations

from reconciler.core.plan.damage import Damage
from reconciler.core.plan.plan import Plan
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.core.status_codes import ResultStatus, status_of
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.plan import make_plan
from reconciler.errors import ReconcilerError


def damage(deps: Dependencies, desired: DesiredState, environment: Environment) -> tuple[Damage, ...]:
    """Return what stops the environment's plan, or the plan of one of its models, because it is lost or damaged or
    cannot be read. That git cannot answer is no damage."""
    try:
        return of_plan(make_plan.make_plan(deps, desired, environment))
    except ReconcilerError as error:
        status = status_of(error)
        if status not in (ResultStatus.DAMAGED, ResultStatus.FAILED):
            return ()
        return (Damage(model=None, problem=str(error), status=status, remedy=error.hint),)


def of_plan(plan: Plan) -> tuple[Damage, ...]:
    """Return the damage that a plan of models tells of."""
    return tuple(
        Damage(model=part.model, problem=part.blocked.reasons[0], status=part.status, remedy=part.blocked.remedy)
        for part in plan.models
        if part.blocked is not None and part.status is ResultStatus.DAMAGED
    )
