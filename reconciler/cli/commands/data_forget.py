"""`data forget`: forget an entity: a tombstone, and what learnt from it is made again."""

from __future__ import annotations

import os
from pathlib import Path

import click

from reconciler.cli import options
from reconciler.console import streams
from reconciler.console.invocation import Invocation
from reconciler.errors import UsageError

_MOST = 4096  # bytes of a value


@click.command("forget")
@options.environments
@options.in_environment("The same as ENV")
@click.option("--key", metavar="TABLE.COLUMN", help="The column whose value identifies the entity.")
@click.option(
    "--value-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A file with the value, of which one line end at its end is left out. Default: ask, and show nothing.",
)
@click.option("--reason", metavar="TEXT", help="Why; it is kept in the tombstone, so it must name nobody.")
@click.option("--returned", is_flag=True, help="The entity came back: end its erasure.")
@click.option("--finish", is_flag=True, help="Remove the traces of what was forgotten, where the time has come.")
@click.option(
    "--verify",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Hold a certificate against the stores; with --value-file also look for the value in all that they hold.",
)
@click.option("--yes", is_flag=True, help="Go on without asking.")
@options.shared
@click.pass_obj
def command(
    invocation: Invocation,
    environments: tuple[str, ...],
    environment: str | None,
    key: str | None,
    value_file: Path | None,
    reason: str | None,
    returned: bool,
    finish: bool,
    verify: Path | None,
    yes: bool,
) -> int:
    """Forget an entity, such as a customer, whose data live in ENV.

    Leaves a tombstone, by which later refreshes leave its rows out; finds the data snapshots that hold them, and the
    models that learnt from them, which have to be trained again. The value is never an argument: those are kept by
    shells and shown to other users. It is stored only as a keyed digest. Nothing is removed before `erasureGrace` is
    over, and then by `--finish`: what is in use by then stays until it is replaced.
    """
    from reconciler.cli.confirm import DECLINED
    from reconciler.cli.project import opened
    from reconciler.cli.selection import whole_environment
    from reconciler.engine.erasure.forget import end_erasure, forget
    from reconciler.report.erasure import forget_result, return_result

    where = whole_environment(invocation, environments, environment, "data forget")
    if finish:
        return _finish(invocation, where, yes=yes)
    if verify is not None:
        return _verify(invocation, where, verify, value_file)
    table, column = _place(key, where)
    with opened(invocation, changes=where) as project:
        declared = project.environment(where)
        about = {"table": table, "column": column, "reason": _reason(reason, where, key)}
        about["value"] = _value(value_file, f"{table}.{column}", where)
        question = "End the erasure of this entity?" if returned else "Forget this entity?"
        if not yes and not _confirmed(f"{where}: {question}", _again(where, key)):
            return DECLINED
        if returned:
            streams.show(invocation, return_result, end_erasure(project.deps, project.desired, declared, **about))
            return 0
        result = forget(project.deps, project.desired, declared, **about)
    streams.show(invocation, forget_result, result)
    return 0


def _confirmed(question: str, again: str) -> bool:
    if not streams.can_ask(os.environ):
        raise UsageError(
            "data forget asks for confirmation, and there is no terminal to ask on",
            hint=f"{again} --yes" if again.endswith("--finish") else f"{again} --value-file FILE --reason TEXT --yes",
            code="E802",
        )
    if click.confirm(question, err=True, default=False):
        return True
    streams.say("nothing was changed")
    return False


def _place(key: str | None, where: str) -> tuple[str, str]:
    table, dot, column = (key or "").partition(".")
    if not (table and dot and column) or "=" in column:
        hint = f"reconciler data forget {where} --key customers.customer_id --reason TEXT"
        extra = ", and never with the value: it is asked for, or read from --value-file" if "=" in column else ""
        raise _usage(f"--key takes TABLE.COLUMN{extra}", hint)
    return table, column


def _finish(invocation: Invocation, where: str, *, yes: bool) -> int:
    """Remove what is due, for good."""
    from reconciler.cli.confirm import DECLINED
    from reconciler.cli.exit_codes import exit_code
    from reconciler.cli.project import opened
    from reconciler.core.status_codes import ResultStatus
    from reconciler.engine.erasure.remove_erased import remove_erased
    from reconciler.report.erasure import finish_result

    if not yes and not _confirmed(
        f"{where}: Remove what is due, for good?", f"reconciler data forget {where} --finish"
    ):
        return DECLINED
    with opened(invocation, changes=where) as project:
        result = remove_erased(project.deps, project.desired, project.environment(where))
    streams.show(invocation, finish_result, result)
    return exit_code(ResultStatus.CLEAN if result.is_done else ResultStatus.PENDING)


def _verify(invocation: Invocation, where: str, file: Path, value_file: Path | None) -> int:
    """Hold a certificate against the stores. Changes nothing."""
    from reconciler.cli.exit_codes import exit_code
    from reconciler.cli.project import opened
    from reconciler.core.size_limits import RECORD_BYTES
    from reconciler.core.status_codes import ResultStatus
    from reconciler.engine.erasure.verify_certificate import verify_certificate
    from reconciler.report.erasure import verify_result

    body = _bytes_of(file, RECORD_BYTES)
    value = _read(value_file) if value_file is not None else None
    with opened(invocation) as project:
        result = verify_certificate(project.deps, project.desired, project.environment(where), body, value)
    streams.show(invocation, verify_result, result)
    return exit_code(ResultStatus.FAILED if result.problems else ResultStatus.CLEAN)


def _reason(text: str | None, where: str, key: str | None) -> str:
    if not (text or "").strip():
        raise _usage("--reason is missing: the tombstone says why", f"{_again(where, key)} --reason TEXT")
    return (text or "").strip()


def _value(file: Path | None, label: str, where: str) -> str:
    """Read the value from a file, or ask for it without an echo."""
    if file is None:
        if not streams.can_ask(os.environ):
            hint = f"{_again(where, label)} --value-file FILE --reason TEXT --yes"
            raise UsageError("there is no terminal to ask for the value on", hint=hint, code="E802")
        value = click.prompt(f"Value of {label} (not shown)", hide_input=True, err=True, default="", show_default=False)
    else:
        value = _read(file)
    if not value:
        raise _usage("the value is empty, and a missing value is no entity", "give the value that identifies it")
    if len(value.encode()) > _MOST or "\0" in value:
        raise _usage(f"the value is no text of at most {_MOST:,} bytes", "give the value that identifies the entity")
    return str(value)


def _read(file: Path) -> str:
    try:
        text = _bytes_of(file, _MOST + 2).decode()
    except UnicodeDecodeError as error:
        raise _usage(f"{file} is no text in UTF-8", "write the value as text in UTF-8") from error
    for end in ("\r\n", "\n"):
        if text.endswith(end):
            return text[: -len(end)]
    return text


def _bytes_of(file: Path, most: int) -> bytes:
    try:
        with file.open("rb") as stream:
            body = stream.read(most + 1)
    except OSError as error:
        raise _usage(f"{file} cannot be read: {error.strerror}", "name a file that is there") from error
    if len(body) > most:
        raise _usage(f"{file} has more than {most:,} bytes", "name the right file")
    return body


def _again(where: str, key: str | None) -> str:
    return f"reconciler data forget {where} --key {key}"


def _usage(message: str, hint: str) -> UsageError:
    return UsageError(message, hint=hint, code="E801")
