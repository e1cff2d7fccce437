"""Limit the trainings of one apply (`maxTrain`): the other models are queued for a later one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from reconciler.core.plan.plan import ModelPlan
from reconciler.core.plan.planner import first_to_train, queued


def within_quota(
    plans: tuple[ModelPlan, ...], limit: int | None, data_taken: Callable[[str], str]
) -> tuple[ModelPlan, ...]:
    """Return the model plans, those that are queued without their steps.

    `limit`: trainings per apply, None for any number. `data_taken`: when the data of a model's build were taken, as
    text that sorts by time; "" for a model that was never trained.
    """
    training = [plan.model for plan in plans if plan.trains]
    if limit is None or len(training) <= limit:
        return plans
    first = first_to_train({name: data_taken(name) for name in training}, limit)
    return tuple(
        replace(plan, steps=(), blocked=queued(limit)) if plan.trains and plan.model not in first else plan
        for plan in plans
    )
