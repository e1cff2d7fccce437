"""Options that several commands share, and the types of their values.

They are gathered in one `Invocation`, so that an error is reported in the chosen format at whatever point it occurs.
"""

from __future__ import annotations

import glob
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from reconciler.app import locations
from reconciler.console.invocation import Invocation, OutputFormat
from reconciler.core.digest import SHORTEST, DigestPrefix, prefix_of
from reconciler.core.names import NAME_RULE, is_name
from reconciler.errors import ReconcilerError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

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


def _shown(text: str) -> str:
    return repr(text[:40]) + ("..." if len(text) > 40 else "")


class Name(click.ParamType[str]):
    """Name of an environment or a model."""

    name = "name"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not is_name(str(value)):
            self.fail(f"{_shown(str(value))} is not a name: expected {NAME_RULE}", param, ctx)
        return str(value)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Complete from file names alone: a person waits for the answer at every key."""
        from click.shell_completion import CompletionItem

        try:
            root = locations.project()
        except ReconcilerError:
            return []
        environments = {path.stem for path in root.glob("environments/*.yaml")}
        if param.name in ("environment", "environments"):
            names = environments
        else:
            given = ctx.params.get("names") or ctx.params.get("models") or ()
            first = given[0] if given and given[0] in environments and param.name == "names" else None
            folder = ctx.params.get("environment") or first or "*"
            names = {path.stem for path in root.glob(f"manifests/{folder}/*.yaml")}.difference(given)
            names |= environments if param.name == "names" and not given else set()
        return [CompletionItem(name) for name in sorted(names) if name.startswith(incomplete)]


class NewName(Name):
    """Name of a model that is not there yet."""

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        del ctx, param, incomplete
        return []


class InputFile(click.ParamType[Path]):
    """Path of a file; standard streams are refused, because a result replaces its file in one step."""

    name = "file"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG002
        """Let the shell complete the path."""
        from click.shell_completion import CompletionItem

        return [CompletionItem(incomplete, type="file")]

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        text = str(value)
        if text in ("", "-", ".", "..") or "\0" in text or text.endswith("/"):
            self.fail(f"{_shown(text)} is not a file name", param, ctx)
        if any(len(part.encode(errors="surrogateescape")) > 255 for part in Path(text).parts) or len(text) > 4000:
            self.fail(f"{_shown(text)} is too long for a file name", param, ctx)
        return Path(text)


class Folder(click.ParamType[str]):
    """Path of a folder."""

    name = "folder"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG002
        """Let the shell complete the path."""
        from click.shell_completion import CompletionItem

        return [CompletionItem(incomplete, type="dir")]


class OutFile(InputFile):
    """Path of a file to write; refused before any work where it cannot be written."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        path = super().convert(value, param, ctx)
        if path.is_dir():
            self.fail(f"{_shown(str(path))} is a folder", param, ctx)
        if not path.parent.is_dir():
            self.fail(f"there is no folder {_shown(str(path.parent))}", param, ctx)
        from reconciler.app import locations

        locations.check_output(path)
        return path


class ArtifactDigest(click.ParamType[DigestPrefix]):
    """Digest of an artifact, or its first digits, with or without `sha256:`."""

    name = "digest"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> DigestPrefix:
        prefix = prefix_of(str(value))
        if prefix is None:
            self.fail(
                f"{_shown(str(value))} is no digest: expected its first digits, {SHORTEST} or more of 0-9 and a-f, as "
                "`reconciler history` shows them",
                param,
                ctx,
            )
        return prefix


class FieldCodeOrWord(click.ParamType[str]):
    """Path of a manifest's field, an error code, or a word that is printed."""

    name = "field"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG002
        """Complete in any case, as `explain` reads it, by the committed schemas and lists."""
        from click.shell_completion import CompletionItem

        from reconciler.error_codes import CODES
        from reconciler.manifest.loading.field_docs import tails
        from reconciler.report.help.glossary import words

        known = dict.fromkeys((*words(), *tails(), *CODES))
        return [CompletionItem(name) for name in known if name.casefold().startswith(incomplete.casefold())]


class Moment(click.ParamType[datetime]):
    """Day or time (ISO 8601), in UTC where no zone is given. A day means its end."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        text = str(value)
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            self.fail(f"{_shown(text)} is not a time: write 2026-01-31 or 2026-01-31T12:00:00Z", param, ctx)
        if re.fullmatch(r"\d{4}-?\d{2}-?\d{2}", text):
            moment = moment.replace(hour=23, minute=59, second=59)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class TableInput(click.ParamType[tuple[str, Path]]):
    """Table and the file to read it from: `TABLE=FILE`."""

    name = "table=file"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG002
        """Complete the files beside what is typed of a file; a shell completes one word, and this is one."""
        from click.shell_completion import CompletionItem

        table, equals, start = incomplete.partition("=")
        if not equals:
            return []
        folder, _, name = start.rpartition("/")
        found = sorted(Path(folder or ".").glob(f"{glob.escape(name)}*"))
        ends = ("/" if path.is_dir() else "" for path in found)
        return [CompletionItem(f"{table}={path}{end}") for path, end in zip(found, ends, strict=True)]

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, Path]:
        if isinstance(value, tuple):
            return value
        table, equals, file = str(value).partition("=")
        if not equals or not is_name(table.replace("_", "-").lower()):
            self.fail(f"{_shown(str(value))} is not TABLE=FILE", param, ctx)
        return table, InputFile().convert(file, param, ctx)


class Reason(click.ParamType[str]):
    """Reason for people to read: one line of text."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = " ".join(str(value).split())
        if not text or len(text) > 300 or not text.isprintable():
            self.fail("expected one line of text, at most 300 characters", param, ctx)
        return text


NAME, FILE, OUT_FILE, DIGEST, MOMENT, TABLE_INPUT = (
    Name(),
    InputFile(),
    OutFile(),
    ArtifactDigest(),
    Moment(),
    TableInput(),
)
REASON = Reason()
environment = click.argument("environment", metavar="ENV", type=NAME)
models = click.argument("models", metavar="[MODEL]...", type=NAME, nargs=-1)
model = click.argument("model", metavar="MODEL", type=NAME)
new_model = click.argument("model", metavar="MODEL", type=NewName())
names = click.argument("names", metavar="[ENV] [MODEL]...", type=NAME, nargs=-1)
refresh = click.option("--refresh", is_flag=True, help="Take a new data snapshot (of a sandbox), due or not.")
opens = click.option("--open", "opens", is_flag=True, help="Push the branch and open a pull request.")


def in_environment(text: str, *, default: str = "the only one") -> Callable[[F], F]:
    """Return the option --in ENV."""
    return click.option("--in", "environment", metavar="ENV", type=NAME, help=f"{text} [default: {default}].")


def _as_tuple(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[str, ...]:  # noqa: ARG001
    return () if value is None else (value,)


environments = click.argument("environments", metavar="[ENV]", type=NAME, required=False, callback=_as_tuple)
