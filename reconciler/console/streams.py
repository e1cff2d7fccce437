"""Write results and messages to the standard streams, in the style that a terminal, pipe or file can show.

A result that goes to a file or a pipe has the same bytes under every locale: UTF-8, ASCII drawing, nothing wrapped, no
colour (unless FORCE_COLOR asks for it). NO_COLOR and TERM=dumb are honoured.
"""

from __future__ import annotations

import codecs
import contextlib
import os
import shutil
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from reconciler.console.invocation import Invocation, OutputFormat
from reconciler.errors import ReconcilerError
from reconciler.report.layout.text_layout import ASCII, NARROWEST, UNICODE, TextStyle, Tone, unpainted

if TYPE_CHECKING:
    from reconciler.report.layout.blocks import Block

WIDEST = 100
UNWRAPPED = 1_000_000
_COLOURS = {Tone.STRONG: "1", Tone.GOOD: "32", Tone.WARN: "33", Tone.BAD: "31", Tone.DIM: "2"}


def painted(text: str, tone: Tone) -> str:
    code = _COLOURS.get(tone)
    return f"\x1b[{code}m{text}\x1b[0m" if code else text


def is_terminal(stream: TextIO | None) -> bool:
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # closed
        return False


def colours(*, terminal: bool, environ: Mapping[str, str]) -> bool:
    """Return whether to use colours: NO_COLOR decides first, then FORCE_COLOR, then whether it is a terminal."""
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    return terminal and environ.get("TERM") != "dumb"


def can_ask(environ: Mapping[str, str]) -> bool:
    """Return whether a person can be asked: there is a terminal to ask on and to answer from, and no CI."""
    return not environ.get("CI") and is_terminal(sys.stdin) and is_terminal(sys.stderr)


def style_of(stream: TextIO, environ: Mapping[str, str] = os.environ) -> TextStyle:
    terminal = is_terminal(stream)
    width = max(NARROWEST, min(shutil.get_terminal_size((WIDEST, 24)).columns, WIDEST)) if terminal else WIDEST
    return TextStyle(
        width=width,
        glyphs=UNICODE if terminal and _is_utf8(stream) else ASCII,
        paint=painted if colours(terminal=terminal, environ=environ) else unpainted,
    )


def result_style(invocation: Invocation) -> TextStyle:
    """Return the style for standard output: for a file or a pipe nothing is wrapped, so that lines are found whole."""
    return _style(invocation, sys.stdout, os.environ)


def message_style(invocation: Invocation, environ: Mapping[str, str] = os.environ) -> TextStyle:
    """Return the style for standard error: a log keeps each message on one line."""
    return _style(invocation, sys.stderr, environ)


def question_style(invocation: Invocation) -> TextStyle:
    """Return the style for what stands above a question, which is asked on a terminal."""
    return replace(style_of(sys.stderr), commands=invocation.command_form())


def _style(invocation: Invocation, stream: TextIO, environ: Mapping[str, str]) -> TextStyle:
    style = style_of(stream, environ)
    width = style.width if is_terminal(stream) else UNWRAPPED
    return replace(style, width=width, commands=invocation.command_form())


def _is_utf8(stream: TextIO) -> bool:
    try:
        return codecs.lookup(stream.encoding or "ascii").name == "utf-8"
    except LookupError:
        return False


def _write(text: str, stream: TextIO) -> None:
    encoding = "utf-8"
    if is_terminal(stream) and not _is_utf8(stream):
        encoding = stream.encoding or "ascii"
    stream.buffer.write(text.encode(encoding, "backslashreplace"))
    stream.buffer.flush()


def _silence(stream: TextIO) -> None:
    """Send what is still buffered, and all that follows, to the null device."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def put(text: str) -> None:
    """Write a result to standard output. Where the reader is gone, the command keeps its exit code."""
    put_all((text,))


def put_all(texts: Iterable[str]) -> None:
    """Write the parts of a result to standard output, one after the other, as `put` does."""
    try:
        for text in texts:
            _write(text, sys.stdout)
    except BrokenPipeError:
        _silence(sys.stdout)
    except OSError as error:
        _silence(sys.stdout)
        raise _unwritten(error) from error


def put_file(path: Path) -> None:
    """Write the bytes of a file to standard output, as `put` does."""
    try:
        with path.open("rb") as file:
            shutil.copyfileobj(file, sys.stdout.buffer)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        _silence(sys.stdout)
    except OSError as error:
        _silence(sys.stdout)
        raise _unwritten(error) from error


def _unwritten(error: OSError) -> ReconcilerError:
    return ReconcilerError(
        f"the result cannot be written to standard output: {error.strerror}",
        hint="the command itself was carried out; see `reconciler status`",
        code="E803",
    )


def say(text: str) -> None:
    """Write a message for people to standard error; it is dropped where that is closed."""
    draw(text if text.endswith("\n") else text + "\n")


def draw(text: str) -> None:
    """Write text to standard error without adding a line break."""
    try:
        _write(text, sys.stderr)
    except (OSError, ValueError):
        _silence(sys.stderr)


def show(invocation: Invocation, report: Any, value: object, *, aside: bool = False, **extra: Any) -> None:
    """Write a result to standard output in the form that was asked for; `aside`: to standard error.

    `report` is the module of `report` whose `blocks` report on such a value; `extra` are facts for JSON that follow
    from the value.
    """
    write = draw if aside else put
    if invocation.form is OutputFormat.JSON:
        from reconciler.report.layout.json_output import document

        write(document(value, extra))
        return
    from reconciler.report.layout.blocks import Detail

    if invocation.form is OutputFormat.MARKDOWN:
        from reconciler.report.layout.render_markdown import to_markdown

        write(to_markdown(report.blocks(value, Detail.PAGE)))
        return
    if aside:
        from reconciler.report.layout.render_text import to_text

        draw(to_text(report.blocks(value, Detail.SCREEN), message_style(invocation)))
        return
    show_blocks(invocation, report.blocks(value, Detail.SCREEN))


def show_blocks(invocation: Invocation, blocks: Iterable[Block]) -> None:
    """Write a result that is made of these blocks to standard output, as text."""
    from reconciler.report.layout.render_text import to_text

    put(to_text(blocks, result_style(invocation)))


def show_document(value: object, models: Iterable[str], **extra: Any) -> None:
    """Write a result as JSON to standard output, with its models, which are JSON already, one after the other."""
    from reconciler.report.layout.json_output import Written, data, streamed

    put_all(streamed({**data(value, extra), "models": Written(models)}))


def show_status(status: object, models: Iterable[Iterable[str]], **extra: Any) -> None:
    """Write a status as `show_document` does. `models`: those of each of its environments."""
    from reconciler.report.layout.json_output import Written, data, streamed

    fields = data(status, extra)
    for environment, own in zip(fields["environments"], models, strict=True):
        environment["models"] = Written(own)
    put_all(streamed(fields))
