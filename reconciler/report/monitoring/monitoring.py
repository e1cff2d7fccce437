"""Monitoring: of each deployed model whether it keeps what it promised, by the outcomes that are known. Worst first."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.monitoring import words
from reconciler.core.monitoring.evidence import DAYS, LIMIT
from reconciler.core.monitoring.record import LiveVerdict
from reconciler.core.monitoring.results import MonitoredModel, Monitoring
from reconciler.report.layout.blocks import (
    Block,
    Code,
    Column,
    DataTable,
    Detail,
    Heading,
    Literal,
    Paragraph,
    Row,
    Words,
)
from reconciler.report.layout.formatting import NONE, at_revision, count, metric, titled
from reconciler.report.layout.text_layout import Tone

DOCUMENTS = {"monitor": (Monitoring, ("exit",))}  # what commands print as JSON, and the facts added to it

_COLUMNS = (
    Column(name="model"),
    Column(name="verdict"),
    Column(name="promised", right=True),
    Column(name="live", right=True),
    Column(name="known", right=True),
    Column(name="waiting", right=True, spare=1),
    Column(name="figure", spare=2),
)
_TONES = {LiveVerdict.DEGRADED: Tone.BAD, LiveVerdict.KEPT: Tone.GOOD}


def blocks(monitoring: Monitoring, detail: Detail) -> Iterator[Block]:
    """Show a table of the models, and below each what there is to say of it."""
    models = f": {count(len(monitoring.models), 'model')}"
    yield Heading((titled(monitoring.environment, monitoring.role), " ", at_revision(monitoring.revision), models))
    if not monitoring.models:
        yield Paragraph("No model is declared.", tone=Tone.DIM)
        return
    columns = _COLUMNS if detail is Detail.SCREEN else (*_COLUMNS, Column(name="why"))
    yield DataTable(columns, tuple(_row(model, detail) for model in sorted(monitoring.models, key=_rank)))
    if monitoring.has_degraded:
        yield Paragraph(
            "Looked at every day, a model that keeps its promise is called degraded in at most "
            f"1 of {LIMIT:.0f} periods of {DAYS} days with predictions.",
            tone=Tone.DIM,
        )
    if monitoring.request is not None:
        from reconciler.report.monitoring import retrain_request

        yield from retrain_request.blocks(monitoring.request, detail)


def _rank(model: MonitoredModel) -> tuple[int, bool, str]:
    return (-model.status.rank, model.verdict is None, model.model)


def _row(model: MonitoredModel, detail: Detail) -> Row:
    verdict = model.verdict.value if model.verdict is not None else "not judged"
    live = model.recent or model.known
    cells: tuple[Words, ...] = (
        Code(model.model),
        verdict,
        Literal(metric(model.promised)),
        Literal(metric(live.value) if live is not None else NONE),
        Literal(f"{model.known.rows:,}" if model.known is not None else "0"),
        Literal(f"{model.waiting:,}"),
        model.figure or Literal(NONE),
    )
    tone = _TONES.get(model.verdict, Tone.WARN) if model.verdict is not None else Tone.WARN
    notes = tuple(_notes(model))
    return Row((*cells, "; ".join(notes)), tone=tone) if detail is Detail.PAGE else Row(cells, tone=tone, notes=notes)


def _notes(model: MonitoredModel) -> Iterator[str]:
    if model.problem is not None:
        yield model.problem
        if model.remedy is not None:
            yield model.remedy
        return
    if model.verdict is LiveVerdict.DEGRADED and model.recent is not None:
        promised = f"its holdout promised {metric(model.promised)} ({count(model.promised_rows or 0, 'row')})"
        figure = words.of_unit(model.figure, model.unit)
        worse = f"{figure} {metric(model.recent.value)} in {words.outcomes(model.recent)}"
        yield f"{worse}; {promised}; found on {model.found}"
    if model.known is not None and model.known != model.recent and model.verdict is not LiveVerdict.KEPT:
        yield f"in all: {model.figure} {metric(model.known.value)} in {words.outcomes(model.known)}"
    if model.known is None and model.predicted:
        yield f"of {count(model.predicted, 'predicted record')} no outcome became known since"
    if model.gone:
        yield f"not counted, since it is not among the rows of its recipe any more: {model.gone:,}"
    sign = words.early_sign(model.drift, model.drift_day)
    if sign is not None:
        yield sign
    if model.asked is not None:
        yield f"asked to train it again: {model.asked.url or model.asked.branch}"
    yield from model.notes
