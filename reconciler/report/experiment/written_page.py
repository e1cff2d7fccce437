"""Where the page of an experiment was written."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.experiment.results import ExperimentPage, ExperimentTable
from reconciler.report.layout.blocks import Block, Code, Detail, Paragraph
from reconciler.report.layout.formatting import size

DOCUMENTS = {"experiment-report": (ExperimentTable, ())}  # what the command prints as JSON: the run, not the page


def blocks(written: ExperimentPage, detail: Detail) -> Iterator[Block]:  # noqa: ARG001  (the reports' shape)
    """Say where the page is."""
    name = f"{written.environment}/{written.experiment}: the report is in "
    yield Paragraph((name, Code(written.file), f" ({size(written.bytes)})"))
