"""The page of an experiment: one HTML document without script, what the holdout says first. The same bytes for the
same run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.core.duration import in_words
from reconciler.core.experiment.results import ArmTable, ExperimentTable, TableLine
from reconciler.core.spec.comparison import Seen
from reconciler.core.spec.experiment.declared_experiment import Sampler
from reconciler.report.evaluation_page.elements import (
    DASH,
    Html,
    code,
    day,
    digest,
    facts,
    fold,
    html,
    interval,
    items,
    name,
    number,
    paragraph,
    section,
    table,
    text,
)
from reconciler.report.evaluation_page.page import STYLE, document
from reconciler.report.experiment import experiment_words as said
from reconciler.report.layout.formatting import count, size
from reconciler.report.plots.intervals import NamedValue, intervals

_MOST_DRAWN, _MOST_OPEN, _MOST_BEST = 20, 50, 5
_SAMPLERS = {
    Sampler.TPE: "each batch chosen from the results so far",
    Sampler.RANDOM: "drawn at random",
    Sampler.GRID: "all combinations",
}
_TONES = {Seen.BETTER: "good", Seen.WORSE: "bad"}


def page(shown: ExperimentTable, *, plots: bool = True) -> str:
    """Return the document, which needs no other file. `plots`: draw them, which needs matplotlib."""
    title = html(name(shown.experiment), " in ", name(shown.environment))
    about = html(f"{count(shown.tried, 'recipe')} tried of ", name(shown.model))
    arms = (_arm(shown, place, arm, plots=plots) for place, arm in enumerate(shown.arms))
    content = "".join((_verdict(shown), _best(shown), *arms, _shared(shown), _how(shown)))
    header = html("<header><h1>", title, "</h1>", paragraph(about, kind="note"), "</header>")
    return document(
        f"{shown.experiment} in {shown.environment}",
        html(header, f'<main id="main">{content}</main>'),
        style=f"<style>{STYLE}</style>",
    )


def _verdict(shown: ExperimentTable) -> Html:
    """Say what the winner reaches on the holdout, and no more than that."""
    parts = []
    if shown.outdated is not None:
        parts.append(paragraph(text(f"{shown.outdated[:1].upper()}{shown.outdated[1:]}."), kind="bad"))
    figure = shown.holdout
    if figure is None:
        parts.append(paragraph(f"<strong>{text(said.NOTHING_BETTER)}</strong>"))
    else:
        looks = said.looks(figure)
        parts += [
            paragraph(f"<strong>{text(said.winner(shown, figure))}</strong>", f" {text(looks)}" if looks else ""),
            paragraph(text(said.against(shown, figure)), kind=_TONES.get(figure.against.seen or Seen.NOTHING, "")),
        ]
    parts.append(paragraph(text(said.how(shown)), kind="note"))
    parts += [paragraph(text(f"Note: {note}."), kind="note") for note in shown.notes]
    return section("verdict", "Verdict", *parts)


def _best(shown: ExperimentTable) -> Html:
    """Return what the best trials of each arm have otherwise, each with the command that adopts it."""
    parts: list[Html] = []
    for arm in shown.arms:
        best = [line for line in arm.lines if line.changes and line.whole and line.failed is None][:_MOST_BEST]
        if arm.label and best:
            parts.append(paragraph("With ", name(arm.label), ":"))
        for line in best:
            won = line.number == shown.winner
            parts += [
                html(f"<h3>Trial {line.number}{', the winner' if won else ''}</h3>"),
                items(name(change) for change in line.changes),
                paragraph(
                    code(f"reconciler experiment adopt {shown.experiment}{'' if won else f' --trial {line.number}'}")
                ),
            ]
    if parts:
        words = (
            "A trial that is not the winner is judged on the holdout when it is adopted, which is one more look at it."
        )
        parts.append(paragraph(words, kind="note"))
    return section("best", "What the best have otherwise", *parts)


def _arm(shown: ExperimentTable, place: int, arm: ArmTable, *, plots: bool) -> Html:
    """Return the trials of an arm, best first, as a plot and as a table."""
    parts: list[Html] = []
    if arm.label:
        words = html("With ", name(arm.label), ": other rows or classes, so not comparable with the others.")
        parts.append(paragraph(words))
    if plots:
        parts.append(_plot(shown, place, arm.lines))
    metric = str(text(shown.metric))
    figures = (metric, "95% interval", "better by", "95% interval")
    columns = ("trial", "what it has otherwise", "difference", *figures, "seconds", "size")
    first, others = arm.lines[:_MOST_OPEN], arm.lines[_MOST_OPEN:]
    parts.append(table("Trials, best first", columns, _rows(shown, first), words=3))
    if others:
        rows = table("Trials that follow", columns, _rows(shown, others), words=3)
        parts.append(fold(count(len(others), "more trial"), rows))
    of = f" {place + 1} of {len(shown.arms)}" if len(shown.arms) > 1 else ""
    return section(f"trials-{place}", f"Trials{of}", *parts)


def _shared(shown: ExperimentTable) -> Html:
    """Return each further arm beside the first, on the rows that both have."""
    if not shown.shared:
        return Html("")
    rows = (
        (
            name(line.label),
            Html(said.CERTAIN[line.certain]) if line.better is not None else name(line.failed or ""),
            Html(f"{line.rows:,}"),
            Html(str(line.trial)),
            Html(number(line.figure.mean) if line.figure is not None else DASH),
            Html(str(line.other)),
            Html(number(line.other_figure.mean) if line.other_figure is not None else DASH),
            Html(f"{line.better.mean:+.4f}" if line.better is not None else DASH),
            Html(_fine(line.better.low, line.better.high) if line.better is not None else DASH),
        )
        for line in shown.shared
    )
    metric = str(text(shown.metric))
    columns = ("rows and classes", "difference", "rows", "trial", metric, "beside trial", metric, "better by")
    caption = "Side by side on shared rows"
    return section(
        "shared",
        "Arms on the rows that they share",
        paragraph(text(said.SHARED)),
        table(caption, (*columns, "95% interval"), rows, words=2),
    )


def _rows(shown: ExperimentTable, lines: Iterable[TableLine]) -> Iterator[tuple[Html, ...]]:
    for line in lines:
        figure, better = line.figure, line.better
        number_of = f"{line.number}" if line.number != shown.winner else f"<strong>{line.number}, winner</strong>"
        yield (
            Html(number_of),
            _changes(line),
            Html(said.certainty(line) or DASH),
            Html(number(figure.mean) if figure is not None else DASH),
            Html(interval(figure.low, figure.high) if figure is not None else DASH),
            Html(f"{better.mean:+.4f}" if better is not None else DASH),
            Html(_fine(better.low, better.high) if better is not None else DASH),
            Html(f"{line.seconds:,.1f}"),
            Html(size(line.size) if line.size else DASH),
        )


def _changes(line: TableLine) -> Html:
    """Return what a trial has otherwise, and why it was not judged on all folds, where it was not."""
    what = name("; ".join(line.changes)) if line.changes else Html(said.THE_MODEL)
    return html(what, ": ", name(ending)) if (ending := said.end_of(line)) else what


def _fine(low: float | None, high: float | None) -> str:
    """Return the interval of a difference with its digits."""
    return f"[{low:+.4f}, {high:+.4f}]" if low is not None and high is not None else DASH


def _plot(shown: ExperimentTable, place: int, lines: tuple[TableLine, ...]) -> Html:
    """Return the best trials with their intervals, beside a line at the model as it is; nothing of a single trial."""
    judged = [line for line in lines if line.figure is not None and line.whole]
    base = next((line.figure.mean for line in judged if not line.changes and line.figure is not None), None)
    drawn = tuple(
        NamedValue(
            name=f"trial {line.number}" if line.changes else "as it is",
            value=line.figure.mean,
            low=line.figure.low,
            high=line.figure.high,
            strong=line.certain,
        )
        for line in judged[:_MOST_DRAWN]
        if line.figure is not None
    )
    if len(drawn) < 2:
        return Html("")
    svg = intervals(
        drawn,
        name=f"arm{place}",
        title=f"Trials by {shown.metric}",
        description=f"The {len(drawn)} best trials on the folds, the best first; the table has the numbers.",
        x=f"{shown.metric} on the folds, with 95% intervals",
        line=base if base is not None else drawn[0].value,
    )
    note = "The line is the model as it is. A filled mark: the difference to it is certain."
    return html(f'<div class="plots"><figure>{svg}</figure></div>', paragraph(note, kind="note"))


def _how(shown: ExperimentTable) -> Html:
    """Return how the run came about: what whoever repeats it needs to know."""
    origin, search = shown.origin, shown.origin.search
    halving = ", after each fold the better half of a batch goes on" if search.prune else ""
    batches = f"{_SAMPLERS[search.sampler]}, in batches of {search.batch}, seed {search.seed}{halving}"
    better = "higher" if shown.higher_is_better else "lower"
    commit = code(origin.commit[:12]) if origin.commit is not None else Html("the working tree")
    rows = [
        ("judged by", html(name(shown.metric), f" ({better} is better)")),
        ("folds", Html(f"{shown.folds} of the training rows{', in time' if shown.in_time else ''}")),
        ("trials", Html(f"{count(origin.trials, 'trial')}, {batches}")),
        ("library", name(origin.library)),
        ("data", Html(f"snapshot {shown.snapshot} of {name(shown.environment)}")),
        ("time", Html(f"{in_words(max(1, round(origin.seconds)))} of one processor for all trials together")),
        ("run", html(day(origin.when), " by ", name(origin.who), ", manifests at ", commit)),
        ("experiment", digest(origin.identity)),
    ]
    if shown.holdout is not None:
        rows += [("winner", digest(shown.holdout.artifact)), ("as it is", digest(shown.holdout.base))]
    return section("how", "How it was found", facts(rows))
