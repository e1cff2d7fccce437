"""Data drift of one model: per feature how far today's records are from the training rows, the largest effect first."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.digest import short
from reconciler.core.quality.drift import BANDS, DriftVerdict, FeatureDrift, Measure, RowDrift
from reconciler.core.quality.drift_report import ModelDrift
from reconciler.core.quality.reference import NO_REFERENCE
from reconciler.report.layout.blocks import (
    GAP,
    Bar,
    Block,
    Code,
    Column,
    DataTable,
    Detail,
    Either,
    Heading,
    Literal,
    Paragraph,
    Row,
    Words,
)
from reconciler.report.layout.formatting import count
from reconciler.report.layout.text_layout import Tone
from reconciler.report.quality import unknown_values

MOST_FEATURES = 25

DOCUMENTS = {"data-drift": (ModelDrift, ())}  # what commands print as JSON, and the facts added to it

_TONES = {DriftVerdict.STRONG: Tone.BAD, DriftVerdict.SOME: Tone.WARN, DriftVerdict.TOO_FEW: Tone.DIM}


def blocks(drift: ModelDrift, detail: Detail) -> Iterator[Block]:
    """Say which features, and whether the predicted outcome, drifted, and by how much."""
    against = ": ", count(drift.rows, "record"), " to predict against the training rows"
    short_form = (" of ", Code(short(drift.artifact)), ", as of ", drift.as_of)
    yield Heading((Code(drift.model), " in ", Code(drift.environment), *against, Either(short_form, "")))
    if detail is Detail.PAGE:
        yield Paragraph(("Artifact ", Code(drift.artifact), ", as of ", drift.as_of, "."))
    if drift.drift is None:
        yield Paragraph(f"Drift is not known: {NO_REFERENCE}.", tone=Tone.WARN)
    else:
        yield GAP
        yield from _table(drift.drift, detail)
        yield GAP
        yield from _summary(drift.drift)
    yield from unknown_values.blocks(drift.unknown, drift.rows, detail)


def _table(drift: RowDrift, detail: Detail) -> Iterator[Block]:
    columns = [Column(name="feature"), Column(name="drift"), Column(name="effect", right=True)]
    columns += [Column(name="95% interval", spare=2), Column(name="measure", spare=3)]
    if detail is Detail.SCREEN:
        columns.append(Column(name="", spare=1))
    shown = drift.features[:MOST_FEATURES]
    rows = [_row(drift.outcome, drift.outcome.feature, detail)]
    rows += [_row(each, Code(each.feature), detail) for each in shown]
    yield DataTable(tuple(columns), tuple(rows))
    if left := len(drift.features) - len(shown):
        yield Paragraph(f"and {count(left, 'more feature')} with a smaller effect", tone=Tone.DIM, indent=2)


def _row(each: FeatureDrift, name: Words, detail: Detail) -> Row:
    verdict = "too few rows" if each.verdict is DriftVerdict.TOO_FEW else each.verdict.value
    cells: tuple[Words, ...] = (
        name,
        verdict,
        Literal(f"{each.effect:.3f}"),
        Literal(f"{each.lower:.3f} to {each.upper:.3f}"),
        each.measure.value,
    )
    if detail is Detail.SCREEN:
        cells = (*cells, Bar(min(1.0, each.effect / (2 * BANDS[each.measure][1])), 8))
    return Row(cells, tone=_TONES.get(each.verdict, Tone.PLAIN))


def _summary(drift: RowDrift) -> Iterator[Block]:
    verdicts = [feature.verdict for feature in drift.features]
    strong, some, few = map(verdicts.count, (DriftVerdict.STRONG, DriftVerdict.SOME, DriftVerdict.TOO_FEW))
    told = [f"{strong:,} strong", f"{some:,} some", f"{len(verdicts) - strong - some - few:,} none"]
    if few:
        needed = f" (about {drift.needed:,} would do)" if drift.needed else ""
        told.append(f"{few:,} with too few rows to tell{needed}")
    words = f"{count(len(verdicts), 'feature')}: {', '.join(told)}; {count(drift.trained, 'training row')}."
    yield Paragraph(words, tone=_TONES.get(drift.worst, Tone.PLAIN))
    psi, tv = BANDS[Measure.PSI], BANDS[Measure.TV]
    yield Paragraph(
        f"Some drift from psi {psi[0]:g} or tv {tv[0]:g} on, strong from {psi[1]:g} or {tv[1]:g}; "
        "the bar is full at twice that.",
        tone=Tone.DIM,
    )
