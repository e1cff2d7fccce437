"""Find what stops a plan, for an audit to tell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.core.inspect.audit import AuditFinding
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.plan import make_plan


def plan_damage(
    deps: Dependencies, desired: DesiredState, environment: Environment, found: Iterable[AuditFinding]
) -> Iterator[AuditFinding]:
    """Yield what stops a plan and is not among the findings."""
    told = {finding.problem for finding in found}
    for damage in make_plan.damage(deps, desired, environment):
        if damage.problem not in told:
            where = f"plan: {damage.model}" if damage.model is not None else "plan"
            yield AuditFinding(
                environment=environment.name,
                where=where,
                problem=damage.problem,
                remedy=damage.remedy,
                status=damage.status,
            )
