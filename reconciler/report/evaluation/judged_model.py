"""One model of an environment: the verdict first, then its grade with the reason, and the figures behind it."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.artifact.build import Provenance
from reconciler.core.digest import short
from reconciler.core.duration import in_words
from reconciler.core.evaluation.detailed import DetailedEvaluation, areas_of
from reconciler.core.evaluation.figures import ClassDetail
from reconciler.core.evaluation.grade_reason import GradeReason
from reconciler.core.evaluation.grading import reason_of
from reconciler.core.evaluation.judged_model import JudgedModel
from reconciler.report.evaluation import decided, figures, tables
from reconciler.report.layout.blocks import (
    GAP,
    Block,
    Code,
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
from reconciler.report.layout.formatting import count, day, metric, percent
from reconciler.report.layout.text_layout import Tone
from reconciler.report.plan import gates

MOST_CLASSES = 5  # of a confusion matrix on a screen
MOST_MISTAKES = 5
DOCUMENTS = {"show": (JudgedModel, ("exit",)), "evaluate": (JudgedModel, ("exit",))}


def blocks(judged: JudgedModel, detail: Detail) -> Iterator[Block]:
    """Show how good a model is, and why."""
    place: Words = (Code(judged.model), " in ", Code(judged.environment), ": ", judged.state, " ")
    yield Heading((*place, Code(short(judged.artifact))))
    yield from verdict(judged)
    reason = judged.detailed.grade if judged.detailed is not None else reason_of(judged.evaluation)
    yield from grade(reason)
    if judged.other_rows is None and (by_bands := judged.evaluation.grade) is not reason.grade:
        yield Paragraph(f"Gates judge by the artifact's own evaluation, which is grade {by_bands}.", tone=Tone.WARN)
    if judged.detailed is None:
        yield from _rough(judged)
    else:
        yield from in_full(judged.detailed, detail)
    for line in built(judged.provenance):
        yield Paragraph(line, tone=Tone.DIM, hang=2)
    if judged.verifications and detail is Detail.SCREEN:
        yield GAP
    for verification in judged.verifications:
        yield from gates.blocks(verification, detail)


def verdict(judged: JudgedModel) -> Iterator[Block]:
    """Say what the gates of each environment said, and on which rows the model is judged."""
    rows = judged.detailed.rows if judged.detailed is not None else judged.evaluation.rows
    if judged.other_rows is not None:
        yield Paragraph(f"Judged on {count(rows, 'row')}: {judged.other_rows}", hang=2)
    else:
        since = f", from {judged.evaluation.holdout_from}" if judged.evaluation.holdout_from else ""
        yield Paragraph(f"Judged on its holdout: {count(rows, 'row')} that training did not use{since}", hang=2)
        if judged.looks is not None:
            yield Paragraph(f"{judged.looks.line[:1].upper()}{judged.looks.line[1:]}", tone=Tone.DIM, hang=2)
    if not judged.verifications:
        yield Paragraph("No gate has judged it.", tone=Tone.WARN)
    for verification in judged.verifications:
        summary = gates.summary(verification)
        failures = f": {'; '.join(verification.refusals)}" if not verification.passed else ""
        yield Paragraph(
            (
                Strong(f"{summary} gates" if verification.applied else summary),
                " of ",
                Code(verification.environment),
                failures,
            ),
            tone=Tone.GOOD if verification.passed else Tone.BAD,
            hang=2,
        )


def grade(reason: GradeReason) -> Iterator[Block]:
    """Say the grade, why, and what to do about it."""
    yield Paragraph((Strong(f"Grade {reason.grade}"), f": {reason.reason}"), hang=2)
    yield Paragraph(("What to do: ", reason.advice), hang=2)


def _rough(judged: JudgedModel) -> Iterator[Block]:
    """Show what the artifact itself says, where no evaluation in full can be had."""
    if judged.unknown is not None:
        yield Paragraph(f"No evaluation in full: {judged.unknown}.", tone=Tone.WARN, hang=2)
    yield GAP
    yield tables.metrics(judged.evaluation, None)
    yield Paragraph(tables.naive(judged.evaluation))
    if judged.evaluation.classes:
        yield tables.confusion(judged.evaluation)
    if judged.evaluation.influences:
        yield GAP
        yield Paragraph(f"Influence ({tables.ROUGH})", tone=Tone.STRONG)
        yield tables.influences(judged.evaluation)


def in_full(detailed: DetailedEvaluation, detail: Detail) -> Iterator[Block]:
    """Show the evaluation in full; a page has every class and slice."""
    screen = detail is Detail.SCREEN
    if detailed.note is not None:
        yield Paragraph(detailed.note, tone=Tone.WARN)
    yield GAP
    unit = f" in {detailed.unit.unit}" if detailed.unit is not None else ""
    yield Paragraph(f"Figures{unit}", tone=Tone.STRONG)
    yield from figures.table(detailed.figures, detailed.naive)
    if (areas := areas_of(detailed)) is not None:
        shown, other, average = areas
        said = ("roc_auc and average_precision are of ", Code(shown), "; average_precision of ", Code(other))
        yield Paragraph((*said, f": {figures.with_interval(average)}"), indent=2, hang=2)
    yield Paragraph(figures.naive(detailed), indent=2, hang=2)
    if detailed.unit is not None and detailed.as_predicted:
        told = ", ".join(f"{each.name} {figures.with_interval(each)}" for each in detailed.as_predicted)
        yield Paragraph(("In ", Code(detailed.unit.predicted), f", which it predicts: {told}"), indent=2, hang=2)
    if detailed.classes:
        yield from _classes(detailed, screen=screen)
    yield GAP
    yield Paragraph("Worst slices", tone=Tone.STRONG)
    yield from figures.all_slices(detailed, figures.MOST_SLICES if screen else 20)
    yield GAP
    yield Paragraph("Influence", tone=Tone.STRONG)
    yield from figures.influence(detailed.influence, figures.MOST_FEATURES if screen else 40)
    yield GAP
    yield Paragraph(f"Trained on {training(detailed)}", tone=Tone.DIM, hang=2)


def _classes(detailed: DetailedEvaluation, *, screen: bool) -> Iterator[Block]:
    yield GAP
    yield Paragraph("Classes", tone=Tone.STRONG)
    columns = (
        Column(name="class"),
        Column(name="rows", right=True, spare=1),
        Column(name="recall", right=True),
        Column(name=Literal("95% interval"), spare=2),
        Column(name="precision", right=True),
        Column(name="F1", right=True, spare=3),
    )
    rows = [_class(each) for each in detailed.classes]
    yield DataTable(columns, tuple(rows), heading=Tone.DIM)
    yield GAP
    yield Paragraph("Confusion matrix" if len(detailed.classes) <= MOST_CLASSES else "Mistakes", tone=Tone.STRONG)
    if len(detailed.classes) <= MOST_CLASSES or not screen:
        yield confusion(detailed)
    else:
        yield from mistakes(detailed)
    if detailed.distances:
        total = sum(each.rows for each in detailed.distances) or 1
        near = ", ".join(f"{each.distance}: {percent(each.rows / total)}" for each in detailed.distances[:4])
        order = (
            f"from {detailed.order[0]} to {detailed.order[-1]}" if detailed.order else "by the numbers in their names"
        )
        yield Paragraph(f"By distance in classes: {near} ({order})", indent=2, hang=2)
    if detailed.costs is not None:
        yield GAP
        yield Paragraph("Costs per record", tone=Tone.STRONG)
        yield figures.costs(detailed.costs, detailed.naive.guess)
        yield Paragraph(figures.saving(detailed.costs), indent=2, hang=2)


def _class(each: ClassDetail) -> Row:
    recall, precision, f1 = (each.figure(name) for name in ("recall", "precision", "f1"))
    return Row(
        (
            Code(each.name),
            Literal(f"{each.rows:,}"),
            Literal(figures.value(recall)),
            Literal(figures.interval(recall)),
            Literal(figures.value(precision)),
            Literal(figures.value(f1)),
        )
    )


def confusion(detailed: DetailedEvaluation) -> DataTable:
    """Return the confusion matrix: rows actual, columns predicted."""
    names = [Code(each.name) for each in detailed.classes]
    columns = (Column(name=Literal("actual \\ predicted")), *(Column(name=name, right=True) for name in names))
    rows = []
    for position, (name, counts) in enumerate(zip(names, detailed.confusion, strict=True)):
        cells: list[Words] = [Literal(f"{number:,}") for number in counts]
        cells[position] = Strong(cells[position])
        rows.append(Row((name, *cells)))
    return DataTable(columns, tuple(rows), heading=Tone.DIM)


def mistakes(detailed: DetailedEvaluation) -> Iterator[Block]:
    """List the most frequent mistakes, where a whole matrix is too wide for a terminal."""
    names = [each.name for each in detailed.classes]
    found = [
        (rows, actual, predicted)
        for actual, counts in enumerate(detailed.confusion)
        for predicted, rows in enumerate(counts)
        if rows and actual != predicted
    ]
    items = [
        Item(
            (
                Code(names[actual]),
                " taken for ",
                Code(names[predicted]),
                f": {count(rows, 'row')} of {sum(detailed.confusion[actual]):,}",
            )
        )
        for rows, actual, predicted in sorted(found, key=lambda each: -each[0])[:MOST_MISTAKES]
    ]
    yield Items(tuple(items) or (Item("none"),))


def training(detailed: DetailedEvaluation) -> str:
    """Return how the model was trained, in a line."""
    report = detailed.training
    told = f"{count(report.rows, 'row')} with {count(report.features, 'feature')} by {report.estimator}"
    if report.shares is not None:
        told += f" of {decided.shares(report.shares)}"
    if report.iterations is not None:
        told += f", {count(report.iterations, 'iteration')}"
        told += f" of at most {report.most:,}" if report.most is not None else ""
        if report.converged is False:
            told += ": it did not converge; raise max_iter"
    if report.calibrated is not None:
        told += f"; calibrated ({report.calibrated})"
    if report.decided is not None:
        names = tuple(each.name for each in detailed.classes)
        told += f"; class by {decided.decision(report.decided, names)}"
    return told


def built(made: Provenance | None) -> Iterator[str]:
    """Say when and how long the training ran, and which rows it left out."""
    if made is None:
        return
    yield f"Training took {in_words((made.finished - made.started).total_seconds())}, on {day(made.finished)}"
    if left := left_out(made):
        yield f"Left out of training and holdout: {left}"


def left_out(made: Provenance) -> str:
    """Return how many rows were left out for each reason; empty where none was, or where nobody counted."""
    return ", ".join(f"{count(rows, 'row')} ({why})" for why, rows in made.rows_left_out or () if rows)


def headline(detailed: DetailedEvaluation) -> str:
    """Return the figure that stands for the model with its interval: `f1_macro 0.493 (0.41 to 0.57)`."""
    figure = detailed.headline
    return f"{figure.name} {figures.with_interval(figure)}" if figure is not None else metric(None)
