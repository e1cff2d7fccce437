"""The models of an environment: what each predicts, which artifact is deployed, and its metrics on the holdout."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.inspect.model_summary import ModelSummaries, ModelSummary
from reconciler.report.layout.blocks import Block, Code, Column, DataTable, Detail, Heading, Literal, Paragraph, Row
from reconciler.report.layout.formatting import NONE, at_revision, digest, metric, titled
from reconciler.report.layout.text_layout import Tone

_COLUMNS = (
    Column(name="model"),
    Column(name="predicts"),
    Column(name="estimator", spare=3),
    Column(name="artifact"),
    Column(name="grade"),
    Column(name="holdout rows", right=True, spare=2),
)


def blocks(summaries: ModelSummaries, detail: Detail) -> Iterator[Block]:  # noqa: ARG001  (the shape of a report)
    """Show one row for each model and one column for each metric that is not of a single class."""
    yield Heading((titled(summaries.environment, summaries.role), " ", at_revision(summaries.revision)))
    if not summaries.models:
        yield Paragraph("No model is declared.", tone=Tone.DIM)
        return
    metrics = tuple(name for name in summaries.metrics if ":" not in name)  # those of single classes are too many
    columns = (*_COLUMNS, *(Column(name=Literal(name), right=True, spare=1) for name in metrics))
    yield DataTable(columns, tuple(_row(model, metrics) for model in summaries.models), heading=Tone.DIM)


def _row(model: ModelSummary, metrics: tuple[str, ...]) -> Row:
    evaluation = model.evaluation
    return Row(
        (
            Code(model.model),
            ", ".join(model.outcome) or model.task,
            Literal(model.estimator),
            Code(digest(model.artifact)),
            Literal(evaluation.grade.value if evaluation else NONE),
            Literal(f"{evaluation.rows:,}" if evaluation else NONE),
            *(Literal(metric(evaluation.metric(name) if evaluation else None)) for name in metrics),
        )
    )
