"""No more trainings than one apply may do (`maxTrain`): the other models wait for their turn."""

from __future__ import annotations

from dataclasses import replace

from reconciler.core.plan.plan import ModelPlan
from reconciler.core.plan.planner import first_to_train, queued
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.plan import observe


def in_turn(
    deps: Dependencies, desired: DesiredState, environment: Environment, parts: tuple[ModelPlan, ...]
) -> tuple[ModelPlan, ...]:
    """The parts of a plan, those that wait without their steps."""
    most = environment.max_train
    wanted = [part.model for part in parts if part.trains]
    if most is None or len(wanted) <= most:
        return parts
    taken = {}
    for name in wanted:
        head = observe.head_of(deps, desired, environment.name, name)
        build = head.state.build if head else None
        taken[name] = build.taken.isoformat() if build else ""
    first = first_to_train(taken, most)
    return tuple(
        replace(part, steps=(), blocked=queued(most)) if part.trains and part.model not in first else part
        for part in parts
    )
