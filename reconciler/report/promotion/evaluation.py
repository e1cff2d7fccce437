"""What a model did on its holdout, as Markdown tables: metrics, classes, confusion, influences."""

from __future__ import annotations

from reconciler.core.artifact.evaluation import Evaluation, Influence
from reconciler.report.layout.escaping import cell
from reconciler.report.layout.formatting import change, metric, percent
from reconciler.report.layout.table import TextColumn, markdown_table
from reconciler.report.layout.text_layout import UNICODE, TextStyle, bar

BAR = 10
MOST_INFLUENCES = 12
_LOOK = TextStyle(glyphs=UNICODE)


def metrics(evaluation: Evaluation, before: Evaluation | None) -> list[str]:
    """One row per metric, the incumbent's beside it where there is one. Per-class metrics have their own table."""
    names = [name for name, _ in evaluation.metrics if ":" not in name]
    if before is None:
        rows = [[f"`{name}`", metric(evaluation.metric(name))] for name in names]
        return markdown_table([TextColumn(name="metric"), TextColumn(name="value", right=True)], rows)
    columns = [
        TextColumn(name="metric"),
        TextColumn(name="candidate", right=True),
        TextColumn(name="incumbent", right=True),
        TextColumn(name="change", right=True),
    ]
    rows = []
    for name in names:
        new, old = evaluation.metric(name), before.metric(name)
        rows.append([f"`{name}`", metric(new), metric(old), " ".join(change(name, new, old)).strip()])
    return markdown_table(columns, rows)


def naive(evaluation: Evaluation) -> str:
    """One sentence on the naive guess."""
    if evaluation.classes:
        guess = f"Always guessing the most frequent class would be right in {evaluation.naive:.1%} of rows"
    else:
        guess = f"Always guessing the mean would be off by {metric(evaluation.naive)} on average (MAE)"
    removed = evaluation.errors_removed
    verb = f"removes {removed:.1%} of" if removed >= 0 else f"adds {-removed:.1%} to"
    return f"{guess}; the model {verb} that guess's errors."


def classes(evaluation: Evaluation) -> list[str]:
    columns = [
        TextColumn(name="class"),
        *(TextColumn(name=name, right=True) for name in ("rows", "share", "precision", "recall", "F1")),
    ]
    total = evaluation.rows or 1
    return markdown_table(
        columns,
        [
            [
                cell(one.name),
                f"{one.rows:,}",
                percent(one.rows / total),
                metric(one.precision),
                metric(one.recall),
                metric(one.f1),
            ]
            for one in evaluation.classes
        ],
    )


def confusion(evaluation: Evaluation) -> list[str]:
    """Rows actual, columns predicted, with the share of each actual class that was found."""
    names = [cell(one.name) for one in evaluation.classes]
    columns = [TextColumn(name="actual \\ predicted"), *(TextColumn(name=name, right=True) for name in names)]
    columns.append(TextColumn(name="found"))
    rows = []
    for at, (name, counts) in enumerate(zip(names, evaluation.confusion, strict=True)):
        share = counts[at] / (sum(counts) or 1)
        cells = [f"**{n:,}**" if place == at else f"{n:,}" for place, n in enumerate(counts)]
        rows.append([name, *cells, f"{bar(share, BAR, _LOOK)} {percent(share)}"])
    return markdown_table(columns, rows)


def most_influential(evaluation: Evaluation) -> tuple[Influence, ...]:
    found = sorted(evaluation.influences, key=lambda one: (-one.drop, one.feature))
    return tuple(found[:MOST_INFLUENCES])


def influences(evaluation: Evaluation) -> list[str]:
    """The most influential features first: what the headline metric loses when one is shuffled."""
    shown = most_influential(evaluation)
    most = max((one.drop for one in shown), default=0.0)
    columns = [TextColumn(name="feature"), TextColumn(name="loss when shuffled", right=True), TextColumn(name="")]
    return markdown_table(
        columns,
        [[cell(one.feature), metric(one.drop), bar(one.drop / most if most > 0 else 0.0, BAR, _LOOK)] for one in shown],
    )


def headline(evaluation: Evaluation) -> tuple[str, float | None]:
    """The metric that stands for the model: F1 macro, or R2."""
    name = "f1_macro" if evaluation.classes else "r2"
    return name, evaluation.metric(name)
