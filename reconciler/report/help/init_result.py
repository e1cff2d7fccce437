"""A new project: what was chosen and why, what was written, and the commands that come next."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.onboarding.init_result import InitResult
from reconciler.report.layout.escaping import code, paper, plain, prose
from reconciler.report.layout.text_layout import Line, TextStyle, Tone, command, page, wrap

_INDENT = 12


def text(started: InitResult, look: TextStyle) -> str:
    return page(_lines(started, look), look)


def _next(started: InitResult) -> tuple[str, ...]:
    enter = () if started.folder == "." else (f"cd {_word(started.folder)}",)
    model = plain(started.model)
    return (
        *enter,
        "git add . && git commit -m 'A first model'",
        "reconciler apply sandbox",
        f"reconciler promote {model} --to production",
    )


def _word(text: str) -> str:
    shown = plain(text)
    return (
        shown if shown.replace("/", "").replace("-", "").replace("_", "").replace(".", "").isalnum() else f"'{shown}'"
    )


def _lines(started: InitResult, look: TextStyle) -> Iterator[Line]:
    for line in wrap(f"A first model: {plain(started.model)}, in {plain(started.folder)}", look.width, rest="  "):
        yield Line(line, Tone.STRONG)
    yield Line()
    for one in started.choices:
        for line in wrap(plain(one.chosen), look.width, first=f"  {one.what:<{_INDENT - 2}}"):
            yield Line(line)
        if one.why:
            for line in wrap(plain(one.why), look.width, first=" " * _INDENT):
                yield Line(line, Tone.DIM)
    yield Line()
    for file in started.files:
        for line in wrap(plain(file), look.width, first="  writes    "):
            yield Line(line)
    if started.repository:
        yield Line("  and a git repository around them")
    yield Line()
    for line in wrap(f"Read {plain(started.manifest)}: every choice stands there with its reason. Then:", look.width):
        yield Line(line)
    for step in _next(started):
        for line in command(step, look.width, indent="  "):
            yield Line(line)


def markdown(started: InitResult) -> str:
    lines = [f"### A first model: {code(started.model)}", ""]
    lines += [
        f"- {one.what}: {prose(one.chosen)}" + (f" ({prose(one.why)})" if one.why else "") for one in started.choices
    ]
    lines += ["", "Written:", ""]
    lines += [f"- {code(file)}" for file in started.files]
    lines += ["", "Next:", "", *(f"    {line}" for line in _next(started))]
    return paper(lines)
