"""What is said of a run of an experiment, at every door alike: terminal, request, notebook and page.

The winner's figure on the folds is the best of many, and never said to be what to expect: that is the holdout's.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.experiment.results import ExperimentTable, SharedLine, TableLine
from reconciler.core.experiment.standings import Interval
from reconciler.core.experiment.trial import HoldoutFigure
from reconciler.core.spec.comparison import Comparability, Seen
from reconciler.report.layout.formatting import NONE, count, metric

NOTHING_BETTER = (
    "Nothing that was tried did better on the folds than the model as it is. The holdout was not looked at."
)
THE_MODEL = "the model as it is"
CERTAIN = {True: "certain", False: "not certain"}
"""Whether a difference can be told from none."""


def changes(line: TableLine) -> str:
    """Say what a trial has otherwise, and what became of it where it was not judged on all folds."""
    what = "; ".join(line.changes) or THE_MODEL
    return f"{what}: {ending}" if (ending := end_of(line)) else what


def end_of(line: TableLine) -> str:
    """Say why a trial was not judged on all folds; empty where it was."""
    if line.failed is not None:
        return f"could not be trained: {line.failed}"
    return "" if line.whole else f"left out after {count(line.folds, 'fold')}"


def certainty(line: TableLine) -> str:
    """Say whether the difference to the model as it is can be told from none; empty of that model itself."""
    if line.better is None:
        return ""
    return CERTAIN[line.certain]


def interval(shown: Interval | None) -> str:
    """Return an interval as text; a dash where there is none."""
    if shown is None or shown.low is None or shown.high is None:
        return NONE
    return f"{metric(shown.low)} to {metric(shown.high)}"


def signed(shown: Interval | None) -> str:
    """Return a difference with its sign; a dash where there is none."""
    return NONE if shown is None else f"{shown.mean:+.4f}"


def shared(line: SharedLine, metric_name: str) -> str:
    """Say what the best trial of an arm reaches beside the best one of the rows and classes as they are."""
    rows = f"on the {count(line.rows, 'row')} that both have"
    if line.figure is None or line.other_figure is None or line.better is None:
        return f"not comparable with trial {line.other}: {line.failed or 'unknown'}"
    return (
        f"trial {line.trial} reaches {metric_name} {metric(line.figure.mean)} and trial {line.other} "
        f"{metric(line.other_figure.mean)} {rows}; better by {line.better.mean:+.4f}, {CERTAIN[line.certain]}"
    )


SHARED = (
    "The best of each arm beside the best of the rows and classes as they are: each trained on its own rows, judged on "
    "the folds and by the classes of the arm."
)


def how(table: ExperimentTable) -> str:
    """Say how the figures of the table came about, and what they are not."""
    folds = f"{count(table.folds, 'fold')} of the training rows{', in time' if table.in_time else ''}"
    more = list(_ends(table))
    ends = f" {'; '.join(more)}." if more else ""
    return f"Judged on {folds}, never on the holdout. {best_of_many(table)}{ends}"


def best_of_many(table: ExperimentTable) -> str:
    """Say that the figure of the best trial on the folds is not what to expect."""
    if table.tried == 1:
        return "The figure on folds is not what to expect: that is the holdout's."
    recipes = count(table.tried, "recipe")
    return f"The best of {recipes} looks better than it is: its figure on folds is not what to expect."


def _ends(table: ExperimentTable) -> Iterator[str]:
    if table.stopped:
        yield f"{count(table.stopped, 'trial')} left out early"
    if table.failed:
        yield f"{count(table.failed, 'trial')} could not be trained"


def winner(table: ExperimentTable, figure: HoldoutFigure) -> str:
    """Say what the winner reaches on the holdout."""
    interval_of = f" (no interval{f': {figure.why}' if figure.why is not None else ''})"
    if figure.low is not None:
        interval_of = f" (95% interval {metric(figure.low)} to {metric(figure.high)})"
    naive = f", naive guess {metric(figure.naive)}" if figure.naive is not None else ""
    rows = f"on {count(figure.rows, 'holdout row')} that no trial saw"
    return f"Trial {table.winner}: {table.metric} {metric(figure.value)}{interval_of}{naive} {rows}."


def looks(figure: HoldoutFigure) -> str:
    """Say how often the rows of the holdout had judged a candidate when they judged the winner; empty where that is not
    known."""
    times = "once" if figure.looks == 1 else f"{figure.looks:,} times"
    return f"By then these rows had judged a candidate {times} on average." if figure.looks else ""


def against(table: ExperimentTable, figure: HoldoutFigure) -> str:
    """Compare the winner with the model as it is, on the same rows of the holdout."""
    found = figure.against
    if found.state is not Comparability.COMPARED or found.difference is None or found.lower is None:
        return f"Not compared with the model as it is: {found.reason or found.state}."
    said = {Seen.BETTER: "Better", Seen.WORSE: "Worse", Seen.NOTHING: "No difference seen"}[found.seen or Seen.NOTHING]
    judged = f"; {found.reason}" if found.reason is not None else ""
    interval_of = f"95% interval {found.lower:+.4f} to {found.upper or 0.0:+.4f}"
    return (
        f"{said}: {table.metric} {metric(found.candidate)} against {metric(found.incumbent)} of the model as it is "
        f"on the same {count(found.rows, 'row')}, better by {found.difference:+.4f} ({interval_of}){judged}."
    )
