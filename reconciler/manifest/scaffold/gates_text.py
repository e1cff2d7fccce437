"""Write the gates of a new model, with the reason for each."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.onboarding.held_out_rows import shared_rows
from reconciler.core.spec.gates import NoWorseThanIncumbent
from reconciler.core.spec.recipe import Recipe, Task

_MIN_ROWS = NoWorseThanIncumbent(metric="r2").min_rows  # what a gate asks for that does not say it


def gates_text(recipe: Recipe, judged: int) -> Iterator[str]:
    """Yield two gates against chance, by a metric and by the grade, and one against the incumbent.

    That asks for no more rows than the holdout has. `judged`: about how many rows it has. The balanced accuracy of a
    blind guess is 1 / classes, its R2 is 0.
    """
    metric, guess, headline = "r2", 0.0, "r2"
    if recipe.task is Task.CLASSIFICATION:
        metric, guess, headline = "balanced_accuracy", 1 / len(recipe.class_names), "f1_macro"
    yield f"    # A blind guess has {guess:.2g}. Raise the bound to what you need."
    yield f"    - {{uses: threshold, metric: {metric}, atLeast: {guess + 0.05:.2f}}}"
    yield "    # C is the lowest grade of a usable model: D is hardly better than a guess. One that is too good"
    yield "    # to be true is D as well; it may pass here, since the checks look for leaks before a training."
    yield "    - {uses: performance-grade, atLeast: C, tooGood: allowed}"
    yield "    # Against the best that was deployed: what one version may lose, ten cannot lose again and again."
    fewest = ""
    if (shared := shared_rows(judged)) < _MIN_ROWS:
        yield f"    # The holdout has about {judged:,} rows: raise minRows as the table grows."
        fewest = f", minRows: {shared}"
    yield f"    - {{uses: no-worse-than-incumbent, metric: {headline}, tolerance: 0.01, against: best{fewest}}}"
