"""Find the environments that a command names."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.errors import UsageError


def environment_of(desired: DesiredState, name: str) -> Environment:
    """Return the declared environment of this name. Raises UsageError E801 where there is none."""
    environment = desired.environment(name)
    if environment is None:
        known = ", ".join(sorted(declared.name for declared in desired.environments)) or "none"
        raise UsageError(f"no environment {name!r} is declared", hint=f"declared: {known}", code="E801")
    return environment


def environments_of(desired: DesiredState, names: Iterable[str]) -> list[Environment]:
    """Return the named environments, or all where none is named. Raises UsageError E801 where one is not declared."""
    return [environment_of(desired, name) for name in names] or list(desired.environments)
