"""The experiments of a project, and what their last runs found."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.experiment.results import ExperimentList, ListedExperiment
from reconciler.report.layout.blocks import Block, Code, Column, DataTable, Detail, Literal, Paragraph, Row, Words
from reconciler.report.layout.formatting import NONE, metric
from reconciler.report.layout.text_layout import Tone

DOCUMENTS = {"experiment-list": (ExperimentList, ())}  # what commands print as JSON, and the facts added to it

_COLUMNS = (
    Column(name="experiment"),
    Column(name="model", spare=1),
    Column(name="metric"),
    Column(name="trials", right=True, spare=2),
    Column(name="runs", right=True),
    Column(name="winner", right=True),
    Column(name="holdout", right=True),
    Column(name="95% interval", right=True, spare=3),
)


def blocks(listed: ExperimentList, detail: Detail) -> Iterator[Block]:  # noqa: ARG001  (the same in both)
    """List the experiments."""
    if not listed.experiments:
        yield Paragraph("No experiment is declared, and `reconciler improve MODEL` has not run yet.")
        return
    yield DataTable(_COLUMNS, tuple(map(_row, listed.experiments)), heading=Tone.DIM)


def _row(line: ListedExperiment) -> Row:
    interval = f"{metric(line.low)} to {metric(line.high)}" if line.low is not None else NONE
    cells: tuple[Words, ...] = (
        Code(line.experiment),
        Code(line.model),
        line.metric,
        Literal(f"{line.trials:,}"),
        Literal(str(line.runs)),
        Literal(str(line.winner) if line.winner is not None else NONE),
        Literal(metric(line.value) if line.value is not None else NONE),
        Literal(interval),
    )
    return Row(cells)
