"""Find the environments that a command names, and word the error for a model that is not declared."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.errors import UsageError


def environment_of(desired: DesiredState, name: str) -> Environment:
    """Return the declared environment of this name. Raises UsageError E801 where there is none."""
    environment = desired.environment(name)
    if environment is None:
        names = sorted(declared.name for declared in desired.environments)
        meant = [known for known in names if known.startswith(name)] or difflib.get_close_matches(name, names, n=3)
        hint = f"did you mean {' or '.join(meant)}? " if meant else ""
        hint += f"declared: {', '.join(names) or 'none'}"
        raise UsageError(f"no environment {name!r} is declared", hint=hint, code="E801")
    return environment


def environments_of(desired: DesiredState, names: Iterable[str]) -> list[Environment]:
    """Return the named environments, or all where none is named. Raises UsageError E801 where one is not declared."""
    return [environment_of(desired, name) for name in names] or list(desired.environments)


def unknown_model(desired: DesiredState, environment: str, model: str, *, code: str = "E801") -> UsageError:
    """Return the error for a model that is not declared there: where it is declared, else the nearest names."""
    elsewhere = sorted(declared.environment for declared in desired.models if declared.name == model)
    names = sorted({declared.name for declared in desired.models})
    if elsewhere:
        place = desired.environment(environment)
        promotes = place is not None and not set(place.promotes_from).isdisjoint(elsewhere)
        hint = f"{model} is declared for {', '.join(elsewhere)}"
        hint += f"; run `reconciler promote {model} --to {environment}`" if promotes else ""
    elif near := difflib.get_close_matches(model, names, n=3):
        hint = f"did you mean {' or '.join(near)}?"
    else:
        hint = f"declared models: {', '.join(names[:10]) or 'none'}"
    return UsageError(f"no model {model!r} is declared for {environment}", hint=hint, code=code)
