"""A run of an experiment: its trials by what the folds found, best first, and the winner on the holdout.

The winner's figure on the folds is the best of many, and never shown as what to expect: that is the holdout's.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.experiment.results import ArmTable, ExperimentTable, TableLine
from reconciler.core.experiment.standings import Interval
from reconciler.core.experiment.trial import HoldoutFigure
from reconciler.core.spec.comparison import Comparability, Seen
from reconciler.report.layout.blocks import (
    GAP,
    Block,
    Code,
    CodeBlock,
    Column,
    DataTable,
    Detail,
    Heading,
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


def blocks(table: ExperimentTable, detail: Detail) -> Iterator[Block]:
    """Show the trials of each arm, then the winner on the holdout, and what to type next."""
    yield Heading((Code(table.experiment), f": {count(table.tried, 'recipe')} tried of ", Code(table.model)))
    if table.outdated is not None:
        yield Paragraph(f"Note: {table.outdated}.", tone=Tone.WARN)
    for arm in table.arms:
        yield from _arm(table, arm, detail)
    yield GAP
    if table.new == 0:
        yield Paragraph("Nothing was run: the same experiment on the same data came to this end before.", tone=Tone.DIM)
    yield Paragraph(_how(table), tone=Tone.DIM)
    yield from _verdict(table)
    if detail is Detail.SCREEN and table.winner is not None:
        yield CodeBlock((f"reconciler experiment adopt {table.experiment}",), runnable=True)


def evidence(table: ExperimentTable) -> str:
    """Return the body of the request that adopts a trial, as Markdown."""
    from reconciler.core.forge.pull_request import LONGEST_BODY
    from reconciler.report.layout.render_markdown import to_markdown

    def body() -> Iterator[Block]:
        yield Paragraph(("Trial ", Literal(str(table.winner)), " of ", Code(table.experiment), ":"))
        for change in table.changes:
            yield Paragraph(Code(change))
        yield from _verdict(table)
        yield Paragraph(_how(table))

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
        yield Paragraph(f"And {count(more, 'more trial')}; --format json lists all.", tone=Tone.DIM)


def _row(table: ExperimentTable, line: TableLine, detail: Detail) -> Row:
    what = "; ".join(line.changes) or "the model as it is"
    if line.failed is not None:
        what = f"{what}: could not be trained: {line.failed}"
    elif not line.whole:
        what = f"{what}: left out after {count(line.folds, 'fold')}"
    cells: tuple[Words, ...] = (
        Literal(str(line.number)),
        Literal(metric(line.figure.mean) if line.figure is not None else NONE),
        Literal(_interval(line.figure)),
        Literal(_signed(line.better)),
        _certainty(line),
        Literal(f"{line.seconds:,.1f}"),
        Literal(size(line.size) if line.size else NONE),
    )
    tone = Tone.DIM if line.failed is not None or not line.whole else Tone.PLAIN
    if line.number == table.winner:
        tone = Tone.STRONG
    return Row((*cells, what), tone=tone) if detail is Detail.PAGE else Row(cells, tone=tone, notes=(what,))


def _certainty(line: TableLine) -> str:
    if line.better is None:
        return ""
    return "certain" if line.certain else "not certain"


def _interval(interval: Interval | None) -> str:
    if interval is None or interval.low is None or interval.high is None:
        return NONE
    return f"{metric(interval.low)} to {metric(interval.high)}"


def _signed(interval: Interval | None) -> str:
    return NONE if interval is None else f"{interval.mean:+.4f}"


def _how(table: ExperimentTable) -> str:
    """Say how the figures of the table came about, and what they are not."""
    folds = f"{count(table.folds, 'fold')} of the training rows{', in time' if table.in_time else ''}"
    text = (
        f"Judged on {folds}, never on the holdout. The best of {count(table.tried, 'recipe')} looks better than it is"
    )
    more = []
    if table.stopped:
        more.append(f"{count(table.stopped, 'trial')} left out early")
    if table.failed:
        more.append(f"{count(table.failed, 'trial')} could not be trained")
    return f"{text}: its figure on folds is not what to expect.{' ' + '; '.join(more) + '.' if more else ''}"


def _verdict(table: ExperimentTable) -> Iterator[Block]:
    """Say what the winner reaches on the holdout."""
    figure = table.holdout
    if figure is None or table.winner is None:
        yield Paragraph(
            "Nothing that was tried did better on the folds than the model as it is. The holdout was not looked at.",
            tone=Tone.STRONG,
        )
        return
    value = metric(figure.value)
    interval = f" (no interval{f': {figure.why}' if figure.why is not None else ''})"
    if figure.low is not None:
        interval = f" (95% interval {metric(figure.low)} to {metric(figure.high)})"
    naive = f", naive guess {metric(figure.naive)}" if figure.naive is not None else ""
    rows = f"on {count(figure.rows, 'holdout row')} that no trial saw"
    yield Paragraph(
        f"Trial {table.winner}: {table.metric} {value}{interval}{naive} {rows}.{_looks(figure)}",
        tone=Tone.STRONG,
    )
    yield Paragraph(_against(table, figure), tone=_TONES.get(figure.against.seen or Seen.NOTHING, Tone.WARN))


def _looks(figure: HoldoutFigure) -> str:
    times = "once" if figure.looks == 1 else f"{figure.looks:,} times"
    return f" By then these rows had judged a candidate {times} on average." if figure.looks else ""


_TONES = {Seen.BETTER: Tone.GOOD, Seen.WORSE: Tone.BAD}


def _against(table: ExperimentTable, figure: HoldoutFigure) -> str:
    """Compare the winner with the model as it is, on the same rows of the holdout."""
    found = figure.against
    if found.state is not Comparability.COMPARED or found.difference is None or found.lower is None:
        return f"Not compared with the model as it is: {found.reason or found.state}."
    words = {Seen.BETTER: "Better", Seen.WORSE: "Worse", Seen.NOTHING: "No difference seen"}[found.seen or Seen.NOTHING]
    interval = f"95% interval {found.lower:+.4f} to {found.upper or 0.0:+.4f}"
    return (
        f"{words}: {table.metric} {metric(found.candidate)} against {metric(found.incumbent)} of the model as it is "
        f"on the same {count(found.rows, 'row')}, better by {found.difference:+.4f} ({interval})."
    )
