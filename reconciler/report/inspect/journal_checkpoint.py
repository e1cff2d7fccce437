"""An anchor: which tag holds the heads of how many journals, and how to keep it where others cannot change it."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.inspect.journal_checkpoint import CheckpointResult
from reconciler.report.layout.escaping import cell, code, paper, plain
from reconciler.report.layout.formatting import commit, count
from reconciler.report.layout.table import TextColumn, markdown_table, table
from reconciler.report.layout.text_layout import Line, TextStyle, Tone, command, page, wrap

_COLUMNS = [
    TextColumn(name="environment"),
    TextColumn(name="model"),
    TextColumn(name="n", right=True),
    TextColumn(name="entry", spare=1),
]
UNSIGNED = (
    "It is not signed: whoever may write tags could make it anew. `git config tag.gpgSign true`, with a signing key, "
    "signs the next one."
)


def text(anchored: CheckpointResult, look: TextStyle) -> str:
    return page(_lines(anchored, look), look)


def _title(anchored: CheckpointResult) -> str:
    if anchored.name is None:
        return "Nothing to anchor: no journal has an entry yet."
    journals = count(len(anchored.heads), "journal")
    signed = ", signed" if anchored.signed else ""
    if not anchored.fresh:
        return f"Nothing new since {anchored.name}: {journals} as anchored{signed}."
    return f"Anchored {journals} in {anchored.name} on commit {commit(anchored.commit or '')}{signed}."


def _lines(anchored: CheckpointResult, look: TextStyle) -> Iterator[Line]:
    for line in wrap(plain(_title(anchored)), look.width, rest="  "):
        yield Line(line, Tone.STRONG)
    if not anchored.fresh:
        return
    rows = [[plain(one) for one in _cells(anchored, at)] for at in range(len(anchored.heads))]
    lines = table(_COLUMNS, rows, look)
    yield Line(lines[0], Tone.DIM)
    yield from map(Line, lines[1:])
    yield Line()
    if not anchored.signed:
        for line in wrap(UNSIGNED, look.width):
            yield Line(line, Tone.WARN)
    yield Line("It counts once it is where others keep it:")
    yield from map(Line, command(f"git push origin {plain(anchored.name or '')}", look.width, indent="  "))


def _cells(anchored: CheckpointResult, at: int) -> list[str]:
    one = anchored.heads[at]
    return [one.environment, one.model, str(one.n), one.entry]


def markdown(anchored: CheckpointResult) -> str:
    if anchored.name is None or not anchored.fresh:
        return paper([_title(anchored)])
    rows = [[cell(one.environment), cell(one.model), str(one.n), cell(one.entry)] for one in anchored.heads]
    lines = [_title(anchored), "", *markdown_table(_COLUMNS, rows), ""]
    lines += [] if anchored.signed else [UNSIGNED, ""]
    return paper([*lines, f"Push it: {code(f'git push origin {anchored.name}')}"])
