"""A run of an experiment: its trials by what the folds found, best first, and the winner on the holdout."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.experiment.results import ArmTable, ExperimentTable, TableLine
from reconciler.core.spec.comparison import Seen
from reconciler.report.experiment import experiment_words as said
from reconciler.report.layout.blocks import (
    GAP,
    Block,
    Code,
    CodeBlock,
    Column,
    DataTable,
    Detail,
    Heading,
    Item,
    Items,
    Literal,
    Paragraph,
    Row,
    Strong,
    Words,
)
from reconciler.report.layout.formatting import NONE, count, metric, size
from reconciler.report.layout.text_layout import Tone

DOCUMENTS = {
    "experiment-run": (ExperimentTable, ()),
    "experiment-show": (ExperimentTable, ()),
    "improve": (ExperimentTable, ()),
}  # what commands print as JSON, and the facts added to it

_SHOWN = 12  # trials of an arm on a screen
_COLUMNS = (
    Column(name="trial", right=True),
    Column(name="folds", right=True),
    Column(name="95% interval", right=True, spare=2),
    Column(name="better by", right=True),
    Column(name="", spare=1),
    Column(name="seconds", right=True, spare=4),
    Column(name="size", right=True, spare=3),
)
_TONES = {Seen.BETTER: Tone.GOOD, Seen.WORSE: Tone.BAD}


def blocks(table: ExperimentTable, detail: Detail) -> Iterator[Block]:
    """Show the trials of each arm, then the winner on the holdout, and what to type next."""
    yield Heading((Code(table.experiment), f": {count(table.tried, 'recipe')} tried of ", Code(table.model)))
    if table.outdated is not None:
        yield Paragraph(f"Note: {table.outdated}.", tone=Tone.WARN)
    for arm in table.arms:
        yield from _arm(table, arm, detail)
    yield from _shared(table)
    yield GAP
    if table.new == 0:
        yield Paragraph("Nothing was run: the same experiment on the same data came to this end before.", tone=Tone.DIM)
    yield Paragraph(said.how(table), tone=Tone.DIM)
    yield from (Paragraph(("Note: ", Literal(note), "."), tone=Tone.DIM) for note in table.notes)
    yield from _verdict(table)
    if detail is Detail.SCREEN and table.winner is not None:
        commands = (
            f"reconciler experiment report {table.experiment} --html {table.experiment}.html",
            f"reconciler experiment adopt {table.experiment}",
        )
        yield CodeBlock(commands, runnable=True)


def evidence(table: ExperimentTable) -> str:
    """Return the body of the request that adopts a trial, as Markdown."""
    from reconciler.core.forge.pull_request import LONGEST_BODY
    from reconciler.report.layout.render_markdown import to_markdown

    def body() -> Iterator[Block]:
        yield Paragraph(("Trial ", Literal(str(table.winner)), " of ", Code(table.experiment), ":"))
        for change in table.changes:
            yield Paragraph(Code(change))
        yield from _verdict(table)
        yield Paragraph(said.how(table))
        yield from (Paragraph(("Note: ", Literal(note), ".")) for note in table.notes)

    return to_markdown(body())[: LONGEST_BODY - 400]


def _arm(table: ExperimentTable, arm: ArmTable, detail: Detail) -> Iterator[Block]:
    yield GAP
    if len(table.arms) > 1:
        own = Code(arm.label) if arm.label else "rows and classes as they are"
        yield Paragraph(Strong((own, ": not comparable with the others" if arm.label else "")))
    lines = arm.lines
    if detail is Detail.SCREEN:
        base = [line for line in lines[_SHOWN:] if not line.changes]
        lines = (*lines[:_SHOWN], *base)
    columns: tuple[Column, ...] = (*_COLUMNS[:1], Column(name=table.metric, right=True), *_COLUMNS[2:])
    if detail is Detail.PAGE:
        columns = (*columns, Column(name="what"))
    yield DataTable(columns, tuple(_row(table, line, detail) for line in lines), heading=Tone.DIM)
    if (more := len(arm.lines) - len(lines)) > 0:
        yield Paragraph(f"And {count(more, 'more trial')}; `experiment report` lists all.", tone=Tone.DIM)


def _shared(table: ExperimentTable) -> Iterator[Block]:
    """Set each further arm beside the first, on the rows that both have."""
    if not table.shared:
        return
    yield GAP
    yield Paragraph(said.SHARED, tone=Tone.DIM)
    yield Items(
        tuple(Item(said.shared(line, table.metric), label=Code(line.label), hang=4) for line in table.shared), gap=": "
    )


def _row(table: ExperimentTable, line: TableLine, detail: Detail) -> Row:
    what = said.changes(line)
    cells: tuple[Words, ...] = (
        Literal(str(line.number)),
        Literal(metric(line.figure.mean) if line.figure is not None else NONE),
        Literal(said.interval(line.figure)),
        Literal(said.signed(line.better)),
        said.certainty(line),
        Literal(f"{line.seconds:,.1f}"),
        Literal(size(line.size) if line.size else NONE),
    )
    tone = Tone.DIM if line.failed is not None or not line.whole else Tone.PLAIN
    if line.number == table.winner:
        tone = Tone.STRONG
    return Row((*cells, what), tone=tone) if detail is Detail.PAGE else Row(cells, tone=tone, notes=(what,))


def _verdict(table: ExperimentTable) -> Iterator[Block]:
    """Say what the winner reaches on the holdout."""
    figure = table.holdout
    if figure is None or table.winner is None:
        yield Paragraph(said.NOTHING_BETTER, tone=Tone.STRONG)
        return
    looks = said.looks(figure)
    yield Paragraph(f"{said.winner(table, figure)}{f' {looks}' if looks else ''}", tone=Tone.STRONG)
    yield Paragraph(said.against(table, figure), tone=_TONES.get(figure.against.seen or Seen.NOTHING, Tone.WARN))
