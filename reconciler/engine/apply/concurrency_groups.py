"""Group the models that must be carried out one after the other; groups may run at once.

Models are independent with two exceptions: of those with the same recipe one is trained and the others reuse its build,
and those that are retired are counted.
"""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.core.artifact.journal import Action
from reconciler.core.plan.plan import ModelPlan
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment


def groups(
    desired: DesiredState, environment: Environment, parts: Iterable[ModelPlan]
) -> tuple[tuple[ModelPlan, ...], ...]:
    """Return the groups in the order of their first models."""
    by_group: dict[str, list[ModelPlan]] = {}
    for part in parts:
        by_group.setdefault(_group_of(desired, environment, part), []).append(part)
    return tuple(map(tuple, by_group.values()))


def _group_of(desired: DesiredState, environment: Environment, part: ModelPlan) -> str:
    if any(step.action is Action.RETIRE for step in part.steps):
        return "retired"
    model = desired.model(environment.name, part.model) if environment.trains else None
    return f"recipe {model.recipe_digest}" if model is not None else f"model {part.model}"
