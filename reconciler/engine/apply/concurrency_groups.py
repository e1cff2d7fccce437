"""What may be worked on at once, and in which order it is begun.

Models are independent but for two things: those with the same recipe, of which one is trained and the others take up
its build; and those that are retired, which are counted. Each such group is one work, done in order.
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
    """The parts that must be carried out one after the other, in the order of their first ones."""
    found: dict[str, list[ModelPlan]] = {}
    for part in parts:
        found.setdefault(_lane_of(desired, environment, part), []).append(part)
    return tuple(map(tuple, found.values()))


def _lane_of(desired: DesiredState, environment: Environment, part: ModelPlan) -> str:
    if any(step.action is Action.RETIRE for step in part.steps):
        return "retired"
    model = desired.model(environment.name, part.model) if environment.trains else None
    return f"recipe {model.recipe_digest}" if model is not None else f"model {part.model}"
