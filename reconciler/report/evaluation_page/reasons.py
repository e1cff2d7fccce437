"""Why a model is as it is: the influence of its features, and the slices where it is worst."""

from __future__ import annotations

from reconciler.core.artifact.evaluation import Evaluation
from reconciler.core.evaluation.detailed import DetailedEvaluation
from reconciler.core.names import seen
from reconciler.report.evaluation_page.elements import (
    Html,
    figure,
    html,
    interval,
    name,
    paragraph,
    section,
    signed,
    table,
    text,
)
from reconciler.report.plots.intervals import NamedValue, intervals

MOST_DRAWN, _MOST_SLICES = 20, 12


def influence(evaluation: DetailedEvaluation, *, plots: bool) -> Html:
    """Return the section on influence: what is not told apart from nothing is said to be so."""
    report = evaluation.influence
    if not report.features:
        return Html("")
    metric = _words(report.figure)
    said = (
        f"By how much {text(metric)} drops when one feature is shuffled within {report.rows:,} rows, "
        f"{report.repeats} times each, with 95% intervals. A hollow mark is not told apart from no influence."
    )
    parts = [paragraph(said)]
    if not report.resolved:
        parts.append(paragraph("The order of features near to each other may be chance.", kind="note"))
    if plots:
        drawn = tuple(
            NamedValue(name=f.feature, value=f.drop, low=f.low, high=f.high, strong=f.distinct)
            for f in report.features[:MOST_DRAWN]
        )
        svg = intervals(
            drawn,
            name="inf",
            title="Influence of features",
            description=f"The {len(drawn)} most influential features, the largest first; the table has the numbers.",
            x=f"drop of {report.figure} when shuffled",
        )
        parts.append(Html(f'<div class="plots"><figure>{svg}</figure></div>'))
    rows = (
        (
            name(f.feature),
            Html("yes" if f.distinct else "not told apart"),
            Html(signed(f.drop)),
            Html(interval(f.low, f.high)),
        )
        for f in report.features
    )
    parts.append(table("Influence", ("feature", "influences", "drop", "95% interval"), rows, words=2))
    return section("influence", "Influence", *parts)


def brief_influence(evaluation: Evaluation) -> Html:
    """Return the influences that the artifact itself holds, which have no intervals."""
    ranked = sorted(evaluation.influences, key=lambda each: (-each.drop, each.feature))[:12]
    if not ranked:
        return Html("")
    rows = ((name(each.feature), Html(signed(each.drop))) for each in ranked)
    said = "Without intervals: what is near to nothing may be nothing."
    shown = table("Loss when shuffled", ("feature", "drop"), rows)
    return section("influence", "Influence", paragraph(said, kind="note"), shown)


def slices(evaluation: DetailedEvaluation, *, plots: bool) -> Html:
    """Return the section on slices, the worst first."""
    if not evaluation.slices and not evaluation.slices_left_out:
        return Html("")
    parts: list[Html] = []
    if evaluation.slices:
        metric = evaluation.slices[0].gap.name
        said = (
            f"Rows with one value of a column: by how much their {text(_words(metric))} is worse than that of "
            "all other rows. A hollow mark is not told apart from none."
        )
        parts.append(paragraph(said))
        drawn = tuple(
            NamedValue(name=s.name, value=s.gap.value, low=s.gap.low, high=s.gap.high, strong=s.distinct)
            for s in evaluation.slices[:_MOST_SLICES]
            if s.gap.value is not None
        )
        if plots and drawn:
            svg = intervals(
                drawn,
                name="sl",
                title="Slices",
                description=f"The {len(drawn)} worst slices, the worst first; the table has the numbers.",
                x=f"{metric} worse than elsewhere by",
            )
            parts.append(Html(f'<div class="plots"><figure>{svg}</figure></div>'))
        rows = (
            (
                html(name(s.column), " = ", name(seen(s.value))),
                Html("yes" if s.distinct else "not told apart"),
                Html(f"{s.rows:,}"),
                figure(s.figures[0]) if s.figures else Html("–"),
                Html(signed(s.gap.value)) if s.gap.value is not None else Html("–"),
                Html(interval(s.gap.low, s.gap.high)),
            )
            for s in evaluation.slices
        )
        heads = ("slice", "differs", "rows", text(metric), "worse by", "95% interval")
        parts.append(table("Slices, the worst first", heads, rows, words=2))
    if evaluation.slices_left_out:
        left = f"{evaluation.slices_left_out:,} values have too few rows to be judged by themselves."
        parts.append(paragraph(left, kind="note"))
    return section("slices", "Slices", *parts)


def _words(metric: str) -> str:
    return metric.replace("_", " ")
