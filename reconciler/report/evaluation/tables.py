"""The tables of an artifact's own evaluation on its holdout: metrics, classes, confusion and influences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reconciler.core.artifact.evaluation import Evaluation
from reconciler.core.spec.comparison import Comparison
from reconciler.report.layout.blocks import Bar, Code, Column, DataTable, Literal, Row, Strong, Words
from reconciler.report.layout.formatting import NONE, change, metric, percent

BAR = 10
MOST_INFLUENCES = 12
ROUGH = "a rough look: 500 rows, 2 shuffles"


def metrics(evaluation: Evaluation, before: Evaluation | None, words: Mapping[str, str] | None = None) -> DataTable:
    """Return a row for each metric, beside the incumbent's if there is one; classes have their own table. `words`: as
    in `comparison`."""
    names = [name for name, _ in evaluation.metrics if ":" not in name]
    if before is None:
        rows = (Row((Code(name), Literal(metric(evaluation.metric(name))))) for name in names)
        return DataTable((Column(name="metric"), Column(name="value", right=True)), tuple(rows))
    return comparison(((name, evaluation.metric(name), before.metric(name)) for name in names), words)


def seen(comparisons: Iterable[Comparison]) -> dict[str, str]:
    """Return, by metric, what the comparisons with the incumbent show: better, worse, or no difference seen."""
    return {each.metric: each.seen.value for each in comparisons if each.seen is not None and each.artifact is None}


def comparison(
    metrics: Iterable[tuple[str, float | None, float | None]], words: Mapping[str, str] | None = None
) -> DataTable:
    """Return a row for each (metric, the candidate's value, the incumbent's value). `words`: what is seen of each
    metric whose difference has an interval; None: whatever differs is called better or worse, as earlier cards do."""
    names = ("candidate", "incumbent", "change")
    columns = (Column(name="metric"), *(Column(name=name, right=True) for name in names))
    rows = (
        Row((Code(name), *map(Literal, (metric(new), metric(old), _change(name, new, old, words).strip()))))
        for name, new, old in metrics
    )
    return DataTable(columns, tuple(rows))


def _change(name: str, new: float | None, old: float | None, words: Mapping[str, str] | None) -> str:
    difference, word = change(name, new, old)
    if words is not None and difference != NONE:
        word = words.get(name, "")
    return f"{difference} {word}"


def naive(evaluation: Evaluation) -> str:
    """Return a sentence that compares the model with the naive guess."""
    if evaluation.classes:
        guess = f"Always guessing the most frequent class would be right in {evaluation.naive:.1%} of rows"
    elif evaluation.quantile is not None:
        guess = f"Always guessing the {100 * evaluation.quantile:g} % quantile would lose {metric(evaluation.naive)} "
        guess += "on average (pinball)"
    else:
        guess = f"Always guessing the mean would be off by {metric(evaluation.naive)} on average (MAE)"
    removed = evaluation.errors_removed
    verb = f"removes {removed:.1%} of" if removed >= 0 else f"adds {-removed:.1%} to"
    return f"{guess}; the model {verb} that guess's errors."


def classes(evaluation: Evaluation) -> DataTable:
    """Return the table of each class: rows, share, precision, recall and F1."""
    names = ("rows", "share", "precision", "recall", "F1")
    columns = (Column(name="class"), *(Column(name=name, right=True) for name in names))
    total = evaluation.rows or 1
    rows = []
    for label in evaluation.classes:
        scores = (metric(score) for score in (label.precision, label.recall, label.f1))
        cells = (f"{label.rows:,}", percent(label.rows / total), *scores)
        rows.append(Row((Code(label.name), *map(Literal, cells))))
    return DataTable(columns, tuple(rows))


def confusion(evaluation: Evaluation, recall: str = "recall") -> DataTable:
    """Return the confusion matrix: rows actual, columns predicted, with the share of each class that was found."""
    names = [Code(label.name) for label in evaluation.classes]
    columns = (
        Column(name=Literal("actual \\ predicted")),
        *(Column(name=name, right=True) for name in names),
        Column(name=recall),
    )
    rows = []
    for position, (name, counts) in enumerate(zip(names, evaluation.confusion, strict=True)):
        share = counts[position] / (sum(counts) or 1)
        cells: list[Words] = [Literal(f"{count:,}") for count in counts]
        cells[position] = Strong(cells[position])
        rows.append(Row((name, *cells, (Bar(share, BAR), " ", Literal(percent(share))))))
    return DataTable(columns, tuple(rows))


def influences(evaluation: Evaluation) -> DataTable:
    """Return the most influential features first: how much the headline metric loses when one is shuffled."""
    ranked = sorted(evaluation.influences, key=lambda influence: (-influence.drop, influence.feature))
    shown = ranked[:MOST_INFLUENCES]
    most = max((influence.drop for influence in shown), default=0.0)
    columns = (Column(name="feature"), Column(name="loss when shuffled", right=True), Column(name=""))
    rows = (
        Row(
            (
                Code(influence.feature),
                Literal(metric(influence.drop)),
                Bar(influence.drop / most if most > 0 else 0.0, BAR),
            )
        )
        for influence in shown
    )
    return DataTable(columns, tuple(rows))
