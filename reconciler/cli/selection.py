"""Tell which environment and which models the words of a command line name: in every command in the same way.

`ENV MODEL...` names both, and so does `MODEL... --in ENV` (`--to ENV` for a promotion). The files on disk tell an
environment from a model, as they do for completion; whether git declares it, the command finds out.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from reconciler.app import locations
from reconciler.console.invocation import Invocation
from reconciler.errors import ReconcilerError, UsageError


def looked_at(names: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the environments and models of `[ENV] [MODEL]...`. Models alone are meant wherever they are declared."""
    given = tuple(dict.fromkeys(names))
    if not given or (_is_model(given[0]) and not _is_environment(given[0])):
        return (), given
    return given[:1], given[1:]


def selected(
    invocation: Invocation, names: Sequence[str], environment: str | None, *, option: str = "--in"
) -> tuple[str, tuple[str, ...]]:
    """Return the environment and the models that are named; the environment may be the only one that fits.

    Raises UsageError E801 where several environments fit.
    """
    given = tuple(dict.fromkeys(names))
    if environment is None and given and _is_environment(given[0]) and (len(given) > 1 or not _is_model(given[0])):
        environment, given = given[0], given[1:]
    return environment or _only_environment(invocation, option), given


def one_model(models: Sequence[str], environment: str, command: str, more: str = "") -> str:
    """Return the model of a command that is for one at a time. `more`: its other options. Raises UsageError E801."""
    if len(models) == 1:
        return models[0]
    if not models:
        hint = f"reconciler {command} MODEL --in {environment}{more}; `reconciler status {environment}` lists them"
        raise UsageError("missing argument 'MODEL'", hint=hint, code="E801")
    hint = "; ".join(f"reconciler {command} {model} --in {environment}{more}" for model in models)
    raise UsageError(f"{command} is for one model at a time, and {len(models)} are named", hint=hint, code="E801")


def some_models(models: Sequence[str], environment: str, command: str) -> tuple[str, ...]:
    """Return the models of a command that takes one or more. Raises UsageError E801 where none is named."""
    if models:
        return tuple(models)
    hint = f"reconciler {command} MODEL... --in {environment}; `reconciler status {environment}` lists them"
    raise UsageError("missing argument 'MODEL'", hint=hint, code="E801")


def _only_environment(invocation: Invocation, option: str) -> str:
    """Return the environment that is promoted to, where there is only one. Raises UsageError E801."""
    from reconciler.cli.project import read_manifests

    with read_manifests(invocation) as checkout:
        names = sorted(each.name for each in checkout.desired.environments if each.promotes_from)
    if len(names) == 1:
        return names[0]
    what = "environments to promote to" if option == "--to" else "environments"
    raise UsageError(f"missing option '{option}'", hint=f"{what}: {', '.join(names) or 'none'}", code="E801")


def _is_environment(name: str) -> bool:
    return any(
        (folder / f"environments/{name}{ending}").is_file() for folder in _root() for ending in (".yaml", ".yml")
    )


def _is_model(name: str) -> bool:
    return any(any(folder.glob(f"manifests/*/{name}.y*ml")) for folder in _root())


def _root() -> tuple[Path, ...]:
    """Return the project's folder; none outside of a project, which the command itself tells."""
    try:
        return (locations.project(),)
    except ReconcilerError:
        return ()
