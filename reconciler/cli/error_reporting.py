"""Turn every error into a message and an exit code.

Our errors: `error:` and `hint:` on standard error, or JSON on standard output where that format was chosen; a full disk
is one of them, wherever it is met. An interruption: 130. Anything else is a bug in this program: 70, and a log file to
send (frames and class names; no values, so no data).
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from reconciler import __version__
from reconciler.cli.exit_codes import BUG, exit_code, exit_code_of
from reconciler.console import streams
from reconciler.console.invocation import Invocation, OutputFormat
from reconciler.core.status_codes import ResultStatus
from reconciler.errors import ReconcilerError, UsageError, no_room

INTERRUPTED = "interrupted: nothing new was started; it is safe to run again"
LONGEST = 400  # characters of a message that quotes the command line


def guarded(arguments: Sequence[str], commands: click.Group | None = None) -> int:
    """Run the command that `arguments` name, of `commands` (default: ours), and return its exit code in any case."""
    from reconciler.cli.command_group import reconciler

    invocation = Invocation()
    try:
        code = (commands or reconciler).main(
            list(arguments), prog_name="reconciler", standalone_mode=False, obj=invocation
        )
        return int(code or 0)
    except (KeyboardInterrupt, click.Abort):
        streams.say(INTERRUPTED)
        return exit_code(ResultStatus.INTERRUPTED)
    except click.exceptions.NoArgsIsHelpError as error:
        streams.say(error.format_message())
        return exit_code(ResultStatus.INVALID)
    except click.ClickException as error:
        return report(_usage(error), invocation, _form(arguments, invocation))
    except ReconcilerError as error:
        return report(error, invocation, _form(arguments, invocation))
    except Exception as error:  # noqa: BLE001  (the last resort)
        if (full := no_room(error)) is not None:
            return report(full, invocation, _form(arguments, invocation))
        return _bug(error, invocation)


def report(error: ReconcilerError, invocation: Invocation, form: OutputFormat) -> int:
    """Report an error in this format, and return its exit code."""
    from reconciler.report.help import problems
    from reconciler.report.layout.blocks import Detail
    from reconciler.report.layout.render_text import to_text

    if form is OutputFormat.JSON:
        document = problems.error_document(error, exit_code_of(error))
        streams.put(json.dumps(document, indent=2, sort_keys=True) + "\n")
    elif form is OutputFormat.MARKDOWN:
        from reconciler.report.layout.render_markdown import to_markdown

        streams.put(to_markdown(problems.error_blocks(error, Detail.PAGE)))
    if form is not OutputFormat.JSON:
        streams.say(to_text(problems.error_blocks(error, Detail.SCREEN), streams.message_style(invocation)))
    return exit_code_of(error)


def _usage(error: click.ClickException) -> UsageError:
    ctx = getattr(error, "ctx", None)
    command = ctx.command_path if ctx is not None else "reconciler"
    message = error.format_message().rstrip(".")
    message = message[:1].lower() + message[1:]
    if len(message) > LONGEST:
        message = f"{message[: LONGEST // 2]} .. {message[-LONGEST // 2 :]}"
    hint = f"see `{command} --help`"
    if ctx is not None and isinstance(error, click.BadParameter) and error.param is not None:
        files = [option for option in ctx.command.params if option.name == "out"]
        if error.param.name == "output" and files:  # `-o FILE`, as in many other tools
            hint = f"-o is the form of what is printed; to write a file: {files[0].opts[0]} FILE"
    return UsageError(message, hint=hint, code="E801")


def _form(arguments: Sequence[str], invocation: Invocation) -> OutputFormat:
    """Return the chosen format, also where the command line was refused before that option was parsed."""
    for position, argument in enumerate(arguments):
        after = arguments[position + 1] if position + 1 < len(arguments) else ""
        if argument in ("-o", "--output") and after in list(OutputFormat):
            return OutputFormat(after)
        for start in ("--output=", "-o"):
            if argument.startswith(start) and argument.removeprefix(start) in list(OutputFormat):
                return OutputFormat(argument.removeprefix(start))
    return invocation.form


def _bug(error: Exception, invocation: Invocation) -> int:
    """Report a bug, with a log file that is safe to send, and return exit code 70."""
    if invocation.verbose:
        import traceback

        streams.say("".join(traceback.format_exception(error)))
    place = _log(error)
    streams.say(f"error: a bug in reconciler {__version__}: {type(error).__name__}")
    if place is not None:
        streams.say(f"hint: please report it with {place}, which holds no data; -v shows the whole message here")
    else:
        streams.say(f"hint: please report it with these lines, which hold no data:\n{_frames(error)}")
    return BUG


def _frames(error: BaseException) -> str:
    """Return the frames and the classes of an exception and its causes: no messages, no locals, so no data."""
    import traceback

    lines = []
    while True:
        lines.append(type(error).__name__)
        lines += [
            f"  {Path(frame.filename).name}:{frame.lineno} in {frame.name}"
            for frame in traceback.extract_tb(error.__traceback__)
        ]
        cause = error.__cause__ or error.__context__
        if cause is None:
            return "\n".join(lines) + "\n"
        error = cause


def _log(error: Exception) -> Path | None:
    import tempfile

    from reconciler.app.locations import user_cache

    versions = f"reconciler {__version__}, python {sys.version.split()[0]}, {sys.platform}\n"
    try:
        if (folder := user_cache()) is None:
            return None
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(prefix="bug-", suffix=".log", dir=folder)
        with os.fdopen(handle, "w") as stream:
            stream.write(versions + _frames(error))
    except (OSError, RuntimeError):
        return None
    return Path(name)
