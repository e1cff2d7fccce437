"""Calibration, ROC and precision-recall: plots, legends that name their lines, and the same numbers as tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.core.evaluation.detailed import DetailedEvaluation
from reconciler.core.evaluation.figures import CalibrationBin, ClassDetail, CurvePoint
from reconciler.report.evaluation_page.elements import (
    Html,
    figure,
    fold,
    html,
    interval,
    items,
    name,
    number,
    paragraph,
    section,
    share,
    table,
    told_once,
)
from reconciler.report.plots.lines import LinePlot, Series, lines

MOST_LINES = 6
_ROWS = 21
"""Points of a curve in its table."""


def calibration(evaluation: DetailedEvaluation, *, plots: bool) -> Html:
    """Return the section on calibration: of a number, predictions against what was true."""
    if evaluation.bins:
        return _of_numbers(evaluation, plots=plots)
    classes = _drawn(evaluation, "calibration")
    if not classes:
        return section("calibration", "Calibration", *_nothing(evaluation))
    said = (
        "Of rows that were given a probability, how many were of the class. On the dashed line a probability of 70% "
        "means seven of ten; bars are 95% intervals."
    )
    parts = [paragraph(said), _errors(evaluation)]
    if plots:
        parts.append(_calibration_plot(classes))
    parts.append(fold("The same as tables", *(html(f"<h3>{name(c.name)}</h3>", _bins(c.calibration)) for c in classes)))
    return section("calibration", "Calibration", *parts)


def curves(evaluation: DetailedEvaluation, *, plots: bool) -> Html:
    """Return the section on ROC and precision-recall curves; nothing for a number."""
    if not evaluation.classes:
        return Html("")
    classes = _drawn(evaluation, "roc")
    if not classes:
        return section("curves", "ROC and precision-recall", *_nothing(evaluation))
    said = "Each class against all others. ROC: the dashed line is guessing. Precision-recall: further up is better."
    parts = [paragraph(said)]
    if plots:
        parts.append(_curve_plots(classes))
    areas = ("roc_auc", "average_precision")
    told, note = told_once(each.figure(kind) for each in evaluation.classes for kind in areas)
    rows = (
        (
            name(each.name),
            Html(f"{each.rows:,}"),
            figure(each.figure("roc_auc"), told),
            figure(each.figure("average_precision"), told),
        )
        for each in evaluation.classes
    )
    parts += [table("Area under the curves", ("class", "rows", "ROC AUC", "average precision"), rows), note]
    parts.append(fold("The curves as tables", *(_points(each) for each in classes)))
    return section("curves", "ROC and precision-recall", *parts)


def _of_numbers(evaluation: DetailedEvaluation, *, plots: bool) -> Html:
    unit = evaluation.unit.unit if evaluation.unit is not None else ""
    said = html("Rows in groups of like predictions: the mean prediction and the mean of what was true", _in(unit), ".")
    parts = [paragraph(said)]
    if plots:
        bins = evaluation.bins
        parts.append(
            _figures(
                lines(
                    LinePlot(
                        name="cal",
                        title="Predictions against what was true",
                        description=f"{len(bins)} groups of rows, near the dashed line where predictions are right.",
                        x="mean prediction",
                        y="mean of what was true",
                        series=(_series_of(bins),),
                        diagonal=True,
                        unit=False,
                        points=True,
                    )
                )
            )
        )
    parts.append(_bins(evaluation.bins))
    return section("calibration", "Calibration", *parts)


def _in(unit: str) -> Html:
    return html(", in ", name(unit)) if unit else Html("")


def _nothing(evaluation: DetailedEvaluation) -> Iterator[Html]:
    if evaluation.classes:
        yield paragraph("No curve is drawn: each needs rows of the class and of other classes.", kind="note")


def _errors(evaluation: DetailedEvaluation) -> Html:
    """Return what the figures say of calibration as a whole."""
    known = (evaluation.figure(each) for each in ("expected_calibration_error", "brier", "log_loss"))
    return items(html(name(each.name.replace("_", " ")), ": ", figure(each)) for each in known if each is not None)


def _drawn(evaluation: DetailedEvaluation, kind: str) -> tuple[ClassDetail, ...]:
    """Return the classes that have such a curve, the most frequent ones; of two classes the second says it all."""
    known = [each for each in evaluation.classes if getattr(each, kind)]
    if len(evaluation.classes) == 2:
        return tuple(known[-1:])
    return tuple(sorted(known, key=lambda each: -each.rows)[:MOST_LINES])


def _calibration_plot(classes: Sequence[ClassDetail]) -> Html:
    svg = lines(
        LinePlot(
            name="cal",
            title="Calibration",
            description=f"The share of rows that were of the class, by predicted probability; {_count(classes)}.",
            x="predicted probability",
            y="share of the class",
            series=tuple(_series_of(each.calibration) for each in classes),
            diagonal=True,
            points=True,
        )
    )
    return html(_legend(classes), _figures(svg))


def _series_of(bins: Sequence[CalibrationBin]) -> Series:
    return Series(
        xs=tuple(each.predicted for each in bins),
        ys=tuple(each.observed for each in bins),
        lows=tuple(each.low for each in bins),
        highs=tuple(each.high for each in bins),
    )


def _curve_plots(classes: Sequence[ClassDetail]) -> Html:
    def series(kind: str) -> tuple[Series, ...]:
        drawn: list[tuple[CurvePoint, ...]] = [getattr(each, kind) for each in classes]
        return tuple(Series(xs=tuple(p.x for p in points), ys=tuple(p.y for p in points)) for points in drawn)

    roc = LinePlot(
        name="roc",
        title="ROC curve",
        description=f"True positive rate by false positive rate; {_count(classes)}.",
        x="false positive rate",
        y="true positive rate",
        series=series("roc"),
        diagonal=True,
    )
    recall = LinePlot(
        name="pr",
        title="Precision-recall curve",
        description=f"Precision by recall; {_count(classes)}.",
        x="recall",
        y="precision",
        series=series("precision_recall"),
    )
    return html(_legend(classes), _figures(lines(roc), lines(recall)))


def _count(classes: Sequence[ClassDetail]) -> str:
    return "one line" if len(classes) == 1 else f"{len(classes)} lines, one for each class of the legend"


def _figures(*svgs: str) -> Html:
    return Html('<div class="plots">' + "".join(f"<figure>{svg}</figure>" for svg in svgs) + "</div>")


def _legend(classes: Sequence[ClassDetail]) -> Html:
    swatch = '<svg class="key" viewBox="0 0 28 8" aria-hidden="true"><path d="M0 4h28" class="k{n}"/></svg>'
    keys = "".join(f"<li>{swatch.replace('{n}', str(n))} {name(c.name)}</li>" for n, c in enumerate(classes, start=1))
    return Html(f'<ul class="legend">{keys}</ul>')


def _bins(bins: Sequence[CalibrationBin]) -> Html:
    rows = (
        (Html(number(b.predicted)), Html(number(b.observed)), Html(interval(b.low, b.high)), Html(f"{b.rows:,}"))
        for b in bins
    )
    return table("Predicted and observed", ("predicted", "observed", "95% interval", "rows"), rows, words=0)


def _points(each: ClassDetail) -> Html:
    def rows(points: Sequence[CurvePoint]) -> Iterator[tuple[Html, ...]]:
        step = max(1, -(-len(points) // _ROWS))
        for point in (*points[:-1:step], *points[-1:]):
            threshold = share(point.threshold) if point.threshold is not None else "–"
            yield Html(threshold), Html(number(point.x)), Html(number(point.y))

    roc = table("ROC", ("from probability", "false positive rate", "true positive rate"), rows(each.roc), words=0)
    recall = table(
        "Precision-recall", ("from probability", "recall", "precision"), rows(each.precision_recall), words=0
    )
    return html(f"<h3>{name(each.name)}</h3>", roc, recall)
