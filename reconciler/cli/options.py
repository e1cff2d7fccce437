"""Options that several commands share, and the types of their values.

They are gathered in one `Invocation`, so that an error is reported in the chosen format at whatever point it occurs.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from reconciler.app import locations
from reconciler.cli.types.files import Folder, InputFile, OutFile, PredictionsOut, TableInput
from reconciler.cli.types.texts import ArtifactDigest, FieldCodeOrWord, Name, NewName, Reason
from reconciler.cli.types.times import Beginning, Moment
from reconciler.console.invocation import Invocation, OutputFormat

F = TypeVar("F", bound=Callable[..., Any])


def _keep(name: str) -> Callable[[click.Context, click.Parameter, Any], Any]:
    def keep(ctx: click.Context, param: click.Parameter, value: Any) -> Any:
        if value is not None and value is not False:
            invocation = ctx.ensure_object(Invocation)
            setattr(invocation, name, value)
            if ctx.get_parameter_source(param.name or "") is ParameterSource.COMMANDLINE:
                invocation.typed |= {name}
        return value

    return keep


def _option(*names: str, keeps: str, **settings: Any) -> Callable[[F], F]:
    return click.option(*names, expose_value=False, callback=_keep(keeps), **settings)


def location(function: F) -> F:
    """Add the options that say where the project and its data are, and how much is reported."""
    function = _option("-v", "--verbose", keeps="verbose", is_flag=True, help="Report every step on standard error.")(
        function
    )
    function = _option(
        "--data-root",
        keeps="data_root",
        type=Folder(),
        metavar="DIR",
        envvar="RECONCILER_DATA_ROOT",
        help="Folder that table paths start from [default: the project].",
    )(function)

    def enter(ctx: click.Context, param: click.Parameter, value: str | None) -> None:  # noqa: ARG001  (click's shape)
        if value is not None:
            locations.enter(value)
            invocation = ctx.ensure_object(Invocation)
            invocation.entered = invocation.path_to(Path(value))

    # Eager: every other path on the command line is meant from there.
    return click.option(
        "-C",
        "folder",
        type=Folder(),
        metavar="DIR",
        is_eager=True,
        expose_value=False,
        callback=enter,
        help="Run in DIR instead of the current folder.",
    )(function)


def output(function: F) -> F:
    """Add the option for the format of the result."""

    def keep(ctx: click.Context, param: click.Parameter, value: str) -> None:  # noqa: ARG001
        ctx.ensure_object(Invocation).form = OutputFormat(value)

    return click.option(
        "-o",
        "--output",
        type=click.Choice([form.value for form in OutputFormat]),
        default=OutputFormat.TEXT.value,
        show_default=True,
        expose_value=False,
        callback=keep,
        help="Format of the result.",
    )(function)


def revision(function: F) -> F:
    """Add the options that choose manifests: of a commit (by default HEAD), or those on disk."""
    function = _option(
        "--working-tree", keeps="working_tree", is_flag=True, help="Read manifests from disk instead of a commit."
    )(function)
    return _option(
        "--revision",
        keeps="revision",
        metavar="REV",
        help="Commit, branch or tag whose manifests to read [default: HEAD].",
    )(function)


def shared(function: F) -> F:
    return location(revision(output(function)))


NAME, FILE, OUT_FILE, DIGEST, MOMENT, BEGINNING, TABLE_INPUT = (
    Name(),
    InputFile(),
    OutFile(),
    ArtifactDigest(),
    Moment(),
    Beginning(),
    TableInput(),
)
REASON, PREDICTIONS_OUT = Reason(), PredictionsOut()
FIELD = FieldCodeOrWord()
environment = click.argument("environment", metavar="ENV", type=NAME)
models = click.argument("models", metavar="[MODEL]...", type=NAME, nargs=-1)
model = click.argument("model", metavar="MODEL", type=NAME)
new_model = click.argument("model", metavar="MODEL", type=NewName())
names = click.argument("names", metavar="[ENV] [MODEL]...", type=NAME, nargs=-1)
refresh = click.option("--refresh", is_flag=True, help="Take a new data snapshot (of a sandbox), due or not.")
trial_jobs = click.option(
    "--jobs",
    type=click.IntRange(1, 1024),
    metavar="N",
    help="Trials at once [default: one per processor, as far as memory suffices]. The result is the same.",
)
opens = click.option("--open", "opens", is_flag=True, help="Push the branch and open a pull request.")


def in_environment(text: str, *, default: str = "the only one") -> Callable[[F], F]:
    """Return the option --in ENV."""
    return click.option("--in", "environment", metavar="ENV", type=NAME, help=f"{text} [default: {default}].")


def _as_tuple(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[str, ...]:  # noqa: ARG001
    return () if value is None else (value,)


environments = click.argument("environments", metavar="[ENV]", type=NAME, required=False, callback=_as_tuple)
