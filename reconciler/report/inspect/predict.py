"""Predictions: how many records got which class, how many are uncertain, and the amounts to expect per group."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.digest import short
from reconciler.core.prediction.prediction_explanation import Explained, ExplanationMethod, ExplanationScale
from reconciler.core.prediction.predictions import Predictions
from reconciler.report.inspect import group_summary
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
    Item,
    Items,
    Literal,
    Paragraph,
    Row,
    Strong,
    Words,
    joined,
)
from reconciler.report.layout.formatting import amount, count, percent
from reconciler.report.layout.text_layout import Tone
from reconciler.report.quality import unknown_values

MOST_GROUPS = 30

_METHODS = {
    ExplanationMethod.LINEAR: "exact, by the coefficients",
    ExplanationMethod.TREES: "exact Shapley values, by the leaves of the trees",
    ExplanationMethod.SAMPLED: "estimated Shapley values, by sampled orders of the features",
}
_SIZES = {
    ExplanationScale.VALUE: "the unit of the outcome",
    ExplanationScale.LOGARITHM: "0.69 doubles the value",
    ExplanationScale.LOG_ODDS: "0.69 doubles the odds of the predicted class",
    ExplanationScale.PROBABILITY: "0.1 is ten percentage points",
}

_NO_RECORD = (
    "No row passes both ",
    Code("data.where"),
    " and ",
    Code("data.predict.where"),
    " of the recipe. A comparison with a missing value is never true: ",
    Code("x != 'a'"),
    " leaves out rows without x, ",
    Code("x IS DISTINCT FROM 'a'"),
    " keeps them.",
)

DOCUMENTS = {"predict": (Predictions, ())}  # what commands print as JSON, and the facts added to it


def blocks(predictions: Predictions, detail: Detail) -> Iterator[Block]:
    """Sum up what was predicted, and say where it was written."""
    predicted = f": {count(predictions.rows, 'record')} predicted"
    short_form = (" with ", Code(short(predictions.artifact)), ", as of ", predictions.as_of)
    yield Heading((Code(predictions.model), " in ", Code(predictions.environment), predicted, Either(short_form, "")))
    if detail is Detail.PAGE:
        yield Paragraph(("With artifact ", Code(predictions.artifact), ", as of ", predictions.as_of, "."))
    if not predictions.rows:
        yield Paragraph(_NO_RECORD, tone=Tone.WARN, hang=2)
    elif predictions.classes:
        yield GAP
        yield from _classes(predictions, detail)
    if predictions.unknown is not None:
        yield from unknown_values.blocks(predictions.unknown, predictions.rows, detail)
    if predictions.by is not None and predictions.groups:
        yield GAP
        yield from group_summary.blocks(predictions, detail)
    if predictions.expected:
        yield GAP
        yield from _amounts(predictions)
    if predictions.explained is not None:
        yield GAP
        yield from _explained(predictions.explained)
    yield GAP
    if predictions.key_taken is not None:
        taken = ("The key stands in the column ", Code(predictions.key), ": a predicted column is named ")
        yield Paragraph((*taken, Code(predictions.key_taken), "."), tone=Tone.WARN)
    places = (predictions.out, predictions.groups_out, predictions.amounts)
    files: list[Words] = ["standard output" if file == "-" else Code(file) for file in places if file]
    if predictions.table is not None:
        files.append(("table ", Code(predictions.table)))
    if detail is Detail.PAGE:
        yield Paragraph(("Wrote ", joined(files, " and "), "."))
        return
    yield Items(tuple(Item(file, label="wrote", hang=2) for file in files), indent=0)
    yield Paragraph(f"entry {predictions.log} of the prediction log", tone=Tone.DIM)


def _classes(predictions: Predictions, detail: Detail) -> Iterator[Block]:
    columns = [Column(name="class"), Column(name="records", right=True)]
    if detail is Detail.SCREEN:
        columns += [Column(name="share", right=True), Column(name="", spare=1)]
    else:
        columns += [Column(name="share")]
    rows = []
    for name, records in zip(predictions.classes, predictions.counts, strict=True):
        share = records / predictions.rows if predictions.rows else 0.0
        shown = Literal(percent(share))
        cells = (shown, Bar(share, 20)) if detail is Detail.SCREEN else ((Bar(share, 10), " ", shown),)
        rows.append(Row((Code(name), Literal(f"{records:,}"), *cells)))
    yield DataTable(tuple(columns), tuple(rows))
    if len(predictions.classes) == 2 and not predictions.uncertain:  # the likelier of two has half of it or more
        return
    uncertain = f"{count(predictions.uncertain, 'record')} uncertain (predicted class under 50%, or none possible)"
    tone = Tone.WARN if predictions.uncertain else Tone.DIM
    yield Paragraph((uncertain, Either("", ".")), tone=tone, indent=2)


def _explained(explained: Explained) -> Iterator[Block]:
    """Say how top factors were found, and what their size means."""
    yield Paragraph((f"Top {explained.top} factors of each record: ", _METHODS[explained.method], "."))
    rows = f"Effects are told against {count(explained.background, 'background row')} drawn from the training reference"
    sizes = f", on the scale of the model: {explained.scale.value} ({_SIZES[explained.scale]})."
    yield Paragraph(rows + sizes, tone=Tone.DIM)
    if explained.followed is not None:
        follows = f"Effects explain the estimator's own probability, which is then {explained.followed}."
        yield Paragraph(follows, tone=Tone.DIM)
    if explained.together:
        left = count(explained.together, "feature")
        yield Paragraph(f"{left} that moved predictions least counted as one, which is not told.", tone=Tone.DIM)


def _amounts(predictions: Predictions) -> Iterator[Block]:
    group = predictions.by or "group"
    yield Paragraph(Strong(f"Expected {predictions.amount or 'amount'} by {group}"), tone=Tone.STRONG)
    names = predictions.classes or ("expected",)
    columns = (Column(name=Code(group)), *(Column(name=Code(name), right=True) for name in names))
    rows = (
        Row((Code(expected.group), *(Literal(amount(value)) for value in expected.amounts)))
        for expected in predictions.expected[:MOST_GROUPS]
    )
    yield DataTable(columns, tuple(rows), stacked=True)
    if (left := len(predictions.expected) - MOST_GROUPS) > 0:
        yield Paragraph(f"and {count(left, 'more group')}: see the file", tone=Tone.DIM, indent=2)
