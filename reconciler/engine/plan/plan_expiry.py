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
from reconciler.engine.storage.builds import asked_since
from reconciler.schedule import freeze_windows

FAR = 2**40  # seconds


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
    for model in models:
        if model.name not in planned:
            continue
        if model.retrain.every is not None:
            until[model.name] = seconds
        elif model.retrain.requested is not None and asked_since(model.retrain.requested, now) is None:
            day = datetime.fromisoformat(f"{model.retrain.requested}T00:00:00+00:00")
            until[model.name] = min(until.get(model.name, FAR), int(day.timestamp()) - 1)
    return until


def freezes_in_force(windows: tuple[Freeze, ...], now: datetime) -> PolicyFacts:
    """Return the freeze windows in force now."""
    if not windows:
        return PolicyFacts()
    for_rollbacks = tuple(window for window in windows if window.blocks_rollback)
    return PolicyFacts(
        frozen=freeze_windows.closed(windows, now), rollback_frozen=freeze_windows.closed(for_rollbacks, now)
    )
