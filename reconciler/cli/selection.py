"""Tell which environment and which models the words of a command line name: in every command in the same way.

`ENV MODEL...` names both, and so does `MODEL... --in ENV` (`--to ENV` for a promotion). The files on disk tell an
environment from a model, as they do for completion; whether git declares it, the command finds out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from reconciler.app import locations
from reconciler.console.invocation import Invocation
from reconciler.errors import ReconcilerError, UsageError

_ENVIRONMENT, _MODEL = "environment", "model"
_NEAR = 0.75  # likeness of two names, of which one is taken for the other mistyped


def looked_at(
    invocation: Invocation, names: Sequence[str], environment: str | None = None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the environments and models of `[ENV] [MODEL]...`. Models alone are meant wherever they are declared.

    A first word that is neither on this disk is an environment that git may have removed, unless it is nearly a model's
    name. `environment`: that of --in.
    """
    given = tuple(dict.fromkeys(names))
    if environment is not None:
        return (environment,), given
    if not given or (_is_model(given[0]) and not _is_environment(given[0])):
        return (), given
    if not _is_environment(given[0]) and _kind_meant(given) == _MODEL:
        from reconciler.cli.project import read_manifests
        from reconciler.engine.find_environment import check_models

        with read_manifests(invocation) as checkout:
            check_models(checkout.desired, given)
        return (), given
    return given[:1], given[1:]


def planned(
    invocation: Invocation, names: Sequence[str], environment: str | None, command: str
) -> tuple[str, tuple[str, ...]]:
    """Return the environment and the models of `[ENV] [MODEL]...` where something is planned or changed.

    The environment may be one that git does not declare any more, so it is taken as it is. It is left out where there
    is only one. Raises UsageError E801 where it is not named.
    """
    environments, models = looked_at(invocation, names, environment)
    if environments:
        return environments[0], models
    from reconciler.cli.project import read_manifests
    from reconciler.engine.find_environment import selected as where

    with read_manifests(invocation) as checkout:
        declared = sorted(each.name for each, _ in where(checkout.desired, (), models))
    if len(declared) == 1 and (models or len(checkout.desired.environments) == 1):
        return declared[0], models
    what = f"{', '.join(models)}: name the environment, too" if models else "missing argument 'ENV'"
    commands = [" ".join(("reconciler", command, name, *models)) for name in declared]
    raise UsageError(what, hint="; ".join(commands) or "no environment is declared", code="E801")


def selected(
    invocation: Invocation, names: Sequence[str], environment: str | None, *, option: str = "--in"
) -> tuple[str, tuple[str, ...]]:
    """Return the environment and the models that are named; the environment may be the only one that fits.

    Raises UsageError E801 where several environments fit, or where what stands for one is none.
    """
    given = tuple(dict.fromkeys(names))
    if environment is None and given:
        known = _is_environment(given[0])
        if known and (len(given) > 1 or not _is_model(given[0])):
            environment, given = given[0], given[1:]
        elif not known and not _is_model(given[0]) and _kind_meant(given) == _ENVIRONMENT:
            _check_environment(invocation, given[0])
            environment, given = given[0], given[1:]
    return environment or _only_environment(invocation, option), given


def looked_at_one(
    invocation: Invocation, names: Sequence[str], environment: str | None, command: str, more: str = ""
) -> tuple[str, str]:
    """Return the environment and the model of a command that looks at one.

    Where no environment is named, it is the one that deploys the model, else the sandbox that trains it. `more`: the
    command's other options. Raises UsageError E801 where several do, or where not one model is named.
    """
    environments, models = looked_at(invocation, names, environment)
    if environments:
        if not models:
            _check_known(invocation, environments[0])
        return environments[0], one_model(models, environments[0], command, more)
    from reconciler.cli.project import read_manifests

    with read_manifests(invocation) as checkout:
        desired = checkout.desired
        if len(models) != 1:
            return "", one_model(models, desired.environments[0].name if desired.environments else "ENV", command, more)
        declared = [each for each in desired.environments if desired.model(each.name, models[0]) is not None]
    found = [each.name for each in declared if not each.trains] or [each.name for each in declared]
    if len(found) == 1:
        return found[0], models[0]
    hint = "; ".join(f"reconciler {command} {models[0]} --in {name}{more}" for name in found)
    raise UsageError(f"{models[0]} is in {len(found)} environments: name one", hint=hint or None, code="E801")


def whole_environment(invocation: Invocation, names: Sequence[str], environment: str | None, command: str) -> str:
    """Return the environment of a command that is for all of its models. Raises UsageError E801 where one is named."""
    where, models = selected(invocation, names, environment)
    if models:
        hint = f"reconciler {command} {where}"
        raise UsageError(f"{models[0]} is no environment, and {command} is for a whole one", hint=hint, code="E801")
    return where


def one_model(models: Sequence[str], environment: str, command: str, more: str = "") -> str:
    """Return the model of a command that is for one at a time. `more`: its other options. Raises UsageError E801."""
    if len(models) == 1:
        return models[0]
    if not models:
        hint = f"reconciler {command} MODEL --in {environment}{more}; `reconciler status {environment}` lists them"
        raise UsageError("missing argument 'MODEL'", hint=hint, code="E801")
    hint = "; ".join(f"reconciler {command} {model} --in {environment}{more}" for model in models)
    raise UsageError(f"{command} is for one model at a time, and {len(models)} are named", hint=hint, code="E801")


def some_models(models: Sequence[str], environment: str, command: str, more: str = "") -> tuple[str, ...]:
    """Return the models of a command that takes one or more. `more`: its other options.

    Raises UsageError E801 where none is named.
    """
    if models:
        return tuple(models)
    hint = f"reconciler {command} MODEL... --in {environment}{more}; `reconciler status {environment}` lists them"
    raise UsageError("missing argument 'MODEL'", hint=hint, code="E801")


def _only_environment(invocation: Invocation, option: str) -> str:
    """Return the environment that is promoted to, where there is only one. Raises UsageError E801."""
    from reconciler.cli.project import read_manifests

    with read_manifests(invocation) as checkout:
        names = sorted(each.name for each in checkout.desired.environments if not each.trains)
        if len(names) == 1:
            return names[0]
        what = "environments to promote to" if option == "--to" else "environments"
        raise UsageError(f"missing option '{option}'", hint=f"{what}: {', '.join(names) or 'none'}", code="E801")


def _check_environment(invocation: Invocation, name: str) -> None:
    """Raise UsageError E801 where git declares no such environment."""
    from reconciler.cli.project import read_manifests
    from reconciler.engine.find_environment import environment_of

    with read_manifests(invocation) as checkout:
        environment_of(checkout.desired, name)


def _check_known(invocation: Invocation, name: str) -> None:
    """Raise UsageError E801 for a word alone that names no environment: a model could have been meant."""
    from reconciler.cli.project import read_manifests
    from reconciler.engine.find_environment import neither

    with read_manifests(invocation) as checkout:
        if checkout.desired.environment(name) is None:
            raise neither(checkout.desired, name)


def _kind_meant(given: Sequence[str]) -> str | None:
    """Tell whether a first word that is no name on this disk stands for an environment or for a model.

    Where models follow it is an environment; else what has the name that is nearest; None where none is near.
    """
    from difflib import SequenceMatcher

    if any(_is_model(name) for name in given[1:]):
        return _ENVIRONMENT

    def likeness(names: Iterable[str]) -> float:
        near = (1.0 if name.startswith(given[0]) else SequenceMatcher(None, given[0], name).ratio() for name in names)
        return max(near, default=0.0)

    environment = likeness(path.stem for folder in _root() for path in folder.glob("environments/*.y*ml"))
    model = likeness(path.stem for folder in _root() for path in folder.glob("manifests/*/*.y*ml"))
    if max(environment, model) < _NEAR:
        return None
    return _ENVIRONMENT if environment >= model else _MODEL


def _is_environment(name: str) -> bool:
    return any(
        (folder / f"environments/{name}{ending}").is_file() for folder in _root() for ending in (".yaml", ".yml")
    )


def _is_model(name: str) -> bool:
    return any(
        (place / f"{name}{ending}").is_file()
        for folder in _root()
        for place in folder.glob("manifests/*")
        for ending in (".yaml", ".yml")
    )


def _root() -> tuple[Path, ...]:
    """Return the project's folder; none outside of a project, which the command itself tells."""
    try:
        return (locations.project(),)
    except ReconcilerError:
        return ()
