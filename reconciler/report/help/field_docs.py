"""The documentation of a manifest field: what it is, what may stand there, what is in it, and an example."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.core.inspect.field_docs import FieldDocs, FieldSummary
from reconciler.report.layout.escaping import code, paper, plain, prose
from reconciler.report.layout.text_layout import Line, TextStyle, Tone, cells, pad, page, wrap


def text(explained: FieldDocs, look: TextStyle) -> str:
    return page(_lines(explained, look), look)


def _lines(explained: FieldDocs, look: TextStyle) -> Iterator[Line]:
    if explained.path:
        for line in wrap(plain(explained.path), look.width):
            yield Line(line, Tone.STRONG)
    for line in wrap(plain(explained.what), look.width, first="  ", rest="  "):
        yield Line(line)
    if explained.path:
        yield from _facts(explained, look)
    if explained.children:
        yield Line()
        yield Line("Fields" if explained.path else "Kinds", Tone.STRONG)
        yield from _briefs(explained.children, look, below=explained.path)
    if explained.example is not None:
        yield Line()
        for line in wrap(f"Example, from {plain(explained.example_file or '')}", look.width):
            yield Line(line, Tone.STRONG)
        for part in explained.example.splitlines():
            yield Line(f"  {part}")
    if explained.others:
        yield Line()
        yield Line("Called the same", Tone.STRONG)
        yield from _briefs(explained.others, look, below="")


def _facts(explained: FieldDocs, look: TextStyle) -> Iterator[Line]:
    for line in wrap(plain(explained.form), look.width, first="  form     "):
        yield Line(line, Tone.DIM)
    needed = "needed" if explained.needed else "may be left out"
    default = f"; then it is {plain(explained.default)}" if explained.default is not None else ""
    for line in wrap(f"{needed}{default}", look.width, first="           "):
        yield Line(line, Tone.DIM)


def _briefs(briefs: Iterable[FieldSummary], look: TextStyle, *, below: str) -> Iterator[Line]:
    start = f"{below}." if below else ""
    rows = [(plain(one.path.removeprefix(start)), plain(one.what)) for one in briefs]
    width = max(cells(name) for name, _ in rows)
    if width > look.width // 2:
        rows, width = [(name, "") for name, _ in rows], 0
    for name, what in rows:
        for line in wrap(what, look.width, first=f"  {pad(name, width)}  "):
            yield Line(line)


def markdown(explained: FieldDocs) -> str:
    lines = [f"### {code(explained.path)}" if explained.path else "### Manifests", "", prose(explained.what), ""]
    if explained.path:
        default = f"; default {code(explained.default)}" if explained.default is not None else ""
        lines += [f"{prose(explained.form)}; {'needed' if explained.needed else 'optional'}{default}.", ""]
    lines += [f"- {code(one.path)}: {prose(one.what)}" for one in explained.children]
    if explained.example is not None:
        lines += ["", "```yaml", *explained.example.splitlines(), "```"]
    if explained.others:
        lines += ["", "Called the same:", "", *(f"- {code(one.path)}: {prose(one.what)}" for one in explained.others)]
    return paper(lines)
