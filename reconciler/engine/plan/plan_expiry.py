"""Tell what depends on the time alone: freezes in force, and how long a plan holds."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from reconciler.core.artifact.data_snapshot import Snapshot
from reconciler.core.plan.facts import PolicyFacts
from reconciler.core.plan.plan import Plan
from reconciler.core.spec.environment import Environment
from reconciler.core.spec.model import Model
from reconciler.core.spec.policy import Freeze
from reconciler.schedule import freeze_windows


def stays_until(
    plan: Plan, environment: Environment, models: Iterable[Model], newest: Snapshot | None, now: datetime
) -> dict[str, int]:
    """Return until when each model plan cannot change by time alone, in seconds since 1970 ("": the data refresh).

    A model that is absent holds as long as its inputs. `newest`: the sandbox's newest data snapshot.
    """
    seconds = int(now.timestamp())
    until: dict[str, int] = {}
    if environment.trains and environment.data.max_age is not None and newest is not None:
        until[""] = int(newest.taken.timestamp()) + environment.data.max_age
    limit = environment.policy.max_data_age
    if limit is not None:
        for part in plan.models:
            if part.detail.data_age is not None:
                until[part.model] = seconds - part.detail.data_age + limit
    planned = {model.model for model in plan.models}
    return until | {
        model.name: seconds for model in models if model.retrain.every is not None and model.name in planned
    }


def freezes_in_force(windows: tuple[Freeze, ...], now: datetime) -> PolicyFacts:
    """Return the freeze windows in force now."""
    if not windows:
        return PolicyFacts()
    for_rollbacks = tuple(window for window in windows if window.blocks_rollback)
    return PolicyFacts(
        frozen=freeze_windows.closed(windows, now), rollback_frozen=freeze_windows.closed(for_rollbacks, now)
    )
