"""Find the environments and artifacts that a command names, and word the error for one that there is not."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable

from reconciler.core.digest import Digest, DigestPrefix, hex_of, is_digest
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.errors import UsageError

_MOST = 8  # digests that a message lists


def environment_of(desired: DesiredState, name: str) -> Environment:
    """Return the declared environment of this name. Raises UsageError E801 where there is none."""
    environment = desired.environment(name)
    if environment is None:
        error = unknown_environment(name, (declared.name for declared in desired.environments))
        if any(model.name == name for model in desired.models):
            error.hint = f"{name} is a model; {error.hint}".replace("declared:", "environments:")
        raise error
    return environment


def unknown_environment(name: str, known: Iterable[str], where: str = "") -> UsageError:
    """Return the error for an environment that is not declared: with the nearest name, and all that are `known`."""
    names = sorted(known)
    hint = " ".join(filter(None, (nearest(name, names), f"declared: {', '.join(names) or 'none'}")))
    return UsageError(f"no environment {name!r} is declared{where}", hint=hint, code="E801")


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the question whether one of the `known` names was meant; None where none is near."""
    names = sorted(known)
    meant = [one for one in names if one.startswith(name)] or difflib.get_close_matches(name, names, n=3)
    return f"did you mean {' or '.join(meant)}?" if meant else None


def neither(desired: DesiredState, name: str) -> UsageError:
    """Return the error for a word that may stand for an environment or a model, and is the name of none."""
    environments = sorted(each.name for each in desired.environments)
    models = sorted({model.name for model in desired.models})
    hint = nearest(name, (*environments, *models))
    if hint is None:
        hint = f"environments: {', '.join(environments) or 'none'}; models: {', '.join(models[:10]) or 'none'}"
    return UsageError(f"no model and no environment is called {name!r}", hint=hint, code="E801")


def environments_of(desired: DesiredState, names: Iterable[str]) -> list[Environment]:
    """Return the named environments, or all where none is named. Raises UsageError E801 where one is not declared."""
    return [environment_of(desired, name) for name in names] or list(desired.environments)


def selected(
    desired: DesiredState, environments: Iterable[str], models: Collection[str]
) -> list[tuple[Environment, tuple[str, ...]]]:
    """Return the environments that are looked at, each with its models that are: none means all of them.

    Models without an environment are looked at wherever git declares them. Raises UsageError E801 where one is not.
    """
    names = tuple(environments)
    chosen = environments_of(desired, names)
    if names or not models:
        return [(environment, tuple(models)) for environment in chosen]
    check_models(desired, models)
    declared = [
        (environment, tuple(model for model in models if desired.model(environment.name, model) is not None))
        for environment in chosen
    ]
    return [(environment, there) for environment, there in declared if there]


def check_models(desired: DesiredState, models: Iterable[str]) -> None:
    """Raise UsageError E801 where a model is declared nowhere."""
    known = {declared.name for declared in desired.models}
    for model in models:
        if model not in known:
            raise unknown_model(desired, None, model)


def unknown_model(desired: DesiredState, environment: str | None, model: str, *, code: str = "E801") -> UsageError:
    """Return the error for a model that is not declared there: where it is declared, else the nearest names.

    `environment` None: it is declared nowhere.
    """
    elsewhere = sorted(declared.environment for declared in desired.models if declared.name == model)
    names = sorted({declared.name for declared in desired.models})
    if elsewhere and environment is not None:
        place = desired.environment(environment)
        promotes = place is not None and not set(place.promotes_from).isdisjoint(elsewhere)
        hint = f"{model} is declared for {', '.join(elsewhere)}"
        hint += f"; run `reconciler promote {model} --to {environment}`" if promotes else ""
    elif near := nearest(model, names):
        hint = near
    else:
        hint = f"declared models: {', '.join(names[:10]) or 'none'}"
    where = f" for {environment}" if environment is not None else ""
    return UsageError(f"no model {model!r} is declared{where}", hint=hint, code=code)


def artifact_named(prefix: DigestPrefix, known: Iterable[Digest]) -> Digest | None:
    """Return the only artifact of `known` whose digest begins so, None where there is none.

    Raises UsageError E211, which lists them, where there are several.
    """
    begun = [artifact for artifact in known if artifact.startswith(prefix)]
    if len(begun) > 1:
        raise UsageError(
            f"{len(begun)} artifacts begin with {hex_of(prefix)}: {_listed(begun)}", hint="add digits", code="E211"
        )
    return begun[0] if begun else None


def no_artifact(prefix: DigestPrefix, whose: str, known: Iterable[Digest]) -> UsageError:
    """Return the error for a digest that no artifact has; `whose`: "no artifact of ..."; `known`: the newest first."""
    artifacts = list(dict.fromkeys(known))
    hint = f"known artifacts: {_listed(artifacts)}" if artifacts else "nothing was trained there yet"
    shown = hex_of(prefix) if not is_digest(prefix) else prefix
    return UsageError(f"{whose} begins with {shown}", hint=f"{hint}; `reconciler history` lists all", code="E210")


def _listed(artifacts: list[Digest]) -> str:
    """Return as many digits of each as tell them apart, and 12 at the least."""
    digits = 12
    while len({hex_of(artifact)[:digits] for artifact in artifacts}) < len(set(artifacts)):
        digits += 4
    shown = ", ".join(hex_of(artifact)[:digits] for artifact in artifacts[:_MOST])
    return shown if len(artifacts) <= _MOST else f"{shown} and {len(artifacts) - _MOST} more"
