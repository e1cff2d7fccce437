"""Try a few estimators for a suggested model on folds of its training rows, and take one.

The rows are copied, selected and split as `apply` will do it; what is held out leaves the data worker never. The budget
is counted in rows, so that the choice is the same on every machine; a machine too slow for it takes the default.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from reconciler.core.onboarding.estimator_choice import Trial, TriedEstimator, choose
from reconciler.core.onboarding.estimator_options import most_rows, options_for, repeats_for
from reconciler.core.onboarding.suggest_recipe import RecipeSuggestion
from reconciler.core.spec.environment import Limits
from reconciler.errors import DataError, TrainingError
from reconciler.ports import CopyRequest, DataEngine, FoldsRequest, Progress, SelectionKind, SelectRequest, Trainer

MOST_SECONDS = 300  # of a machine many times as slow as those that the budget is meant for
_READING = Limits()


def try_estimators(
    suggestion: RecipeSuggestion,
    *,
    table: Path,
    today: str,
    into: Path,
    data: DataEngine,
    trainer: Trainer,
    progress: Progress,
) -> RecipeSuggestion:
    """Return the suggestion with the estimator that does best on folds within the training rows.

    Where none can be tried, it keeps its default and says why. `table`: the file; `today`: an ISO date; `into`: an
    empty folder for copies.
    """
    try:
        suggestion, trial = _tried(suggestion, table, today, into, data, trainer, progress)
    except (DataError, TrainingError) as error:
        progress.leave(table.name)
        return suggestion.with_default(f"no other was tried: {error}")
    choice = choose(trial)
    if choice is None:
        failed = "; ".join(f"{entry.option.name}: {entry.failed}" for entry in trial.tried)
        return suggestion.with_default(f"none of those that were tried could be trained ({failed})")
    progress.done(table.name, f"tried {len(trial.tried)} estimators, took {choice.taken.name}")
    return suggestion.with_choice(choice)


def _tried(
    suggestion: RecipeSuggestion,
    table: Path,
    today: str,
    into: Path,
    data: DataEngine,
    trainer: Trainer,
    progress: Progress,
) -> tuple[RecipeSuggestion, Trial]:
    """Return the suggestion, which now knows how many rows are held out, and the scores."""
    recipe = suggestion.recipe
    file = table.resolve()
    declared = ((recipe.data.table, replace(suggestion.table, path=file.name)),)
    copied = data.copy(CopyRequest(root=file.parent, tables=declared, held=(), into=into, limits=_READING))
    columns, classes = len(recipe.features.all), len(recipe.class_names)
    selected = data.select(
        SelectRequest(
            recipe=recipe,
            tables=copied,
            as_of=suggestion.as_of or today,
            want=SelectionKind.FOLDS,
            into=into,
            limits=_READING,
            most=most_rows(recipe.task, rows=4 * suggestion.judged, columns=columns, classes=classes),
        )
    )
    suggestion = suggestion.with_checks(selected.checks)
    recipe, selected = suggestion.recipe, replace(selected, checks=None)
    all_rows = selected.rows + dict(selected.left_out)["not in the sample"]
    options = options_for(recipe.task, rows=all_rows, columns=columns, classes=selected.classes)
    if not options:
        raise TrainingError(f"it would take too long with {columns:,} features and {classes:,} classes")
    progress.start(table.name, f"try {len(options)} estimators on folds of {selected.rows:,} training rows")
    result = trainer.score_folds(
        FoldsRequest(
            recipes=tuple(replace(recipe, estimator=option.estimator) for option in options),
            selected=selected,
            train=into / "train.parquet",
            days=into / "days.parquet",
            repeats=repeats_for(recipe.task, rows=selected.rows, columns=columns, classes=classes),
            limits=replace(_READING, seconds=MOST_SECONDS),
        )
    )
    tried = tuple(
        TriedEstimator(option=option, scores=scores.scores, failed=scores.failed)
        for option, scores in zip(options, result.recipes, strict=True)
    )
    trial = Trial(
        tried=tried,
        metric=result.metric,
        guess=result.guess,
        rows=selected.rows,
        all_rows=all_rows,
        in_time=recipe.holdout.by is not None,
    )
    return replace(suggestion, judged=selected.holdout_rows), trial
