"""The first model of a table, made and judged in this process: as `init` and `apply` do it, without a command."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from reconciler.app.project_options import SILENT
from reconciler.core.artifact.evaluation import Evaluation
from reconciler.core.digest import digest_of_file
from reconciler.core.onboarding.suggest_recipe import RecipeSuggestion, suggest
from reconciler.core.onboarding.table_profile import ProfileRequest
from reconciler.core.spec.environment import Limits
from reconciler.core.spec.recipe import Recipe
from reconciler.data.in_process import LocalData
from reconciler.engine.onboarding.try_estimators import try_estimators
from reconciler.ports import CopyRequest, SelectionKind, SelectRequest, TableFile, TrainRequest
from reconciler.training.in_process import LocalTrainer
from reconciler.training.runtime_check import runtime_here

TODAY = "2026-01-31"
LIMITS = Limits(seconds=600)


@dataclass(frozen=True, kw_only=True)
class TrainedModel:
    """A model as `apply` makes it. `folder`: its artifact's files and, above them, those of its selection."""

    recipe: Recipe
    evaluation: Evaluation
    folder: Path


def suggested(table: Path, into: Path, *, tried: bool = True, outcome: str | None = None) -> RecipeSuggestion:
    """Suggest a model of a table; with `tried`, its estimator is chosen on folds."""
    profiled = into / "profile"
    profiled.mkdir(parents=True)
    profile = LocalData().profile(ProfileRequest(path=table.resolve(), into=profiled, limits=LIMITS))
    suggestion = suggest(profile, name=table.stem, today=TODAY, outcome=outcome)
    if not tried:
        return suggestion
    copies = into / "copies"
    copies.mkdir()
    return try_estimators(
        suggestion,
        table=table,
        today=TODAY,
        into=copies,
        data=LocalData(),
        trainer=LocalTrainer(),
        progress=SILENT,
    )


def copied(table: Path, suggestion: RecipeSuggestion, into: Path) -> tuple[TableFile, ...]:
    """Copy the table as the environment of the suggestion declares it."""
    into.mkdir(parents=True)
    declared = replace(suggestion.table, path=table.name)
    return LocalData().copy(
        CopyRequest(
            root=table.parent, tables=((suggestion.recipe.data.table, declared),), held=(), into=into, limits=LIMITS
        )
    )


def trained(recipe: Recipe, tables: tuple[TableFile, ...], into: Path, *, as_of: str = TODAY) -> TrainedModel:
    """Train a recipe on copied tables, and judge it on its holdout."""
    into.mkdir(parents=True)
    selected = LocalData().select(
        SelectRequest(recipe=recipe, tables=tables, as_of=as_of, want=SelectionKind.FIT, into=into, limits=LIMITS)
    )
    result = LocalTrainer().train(
        TrainRequest(
            recipe=recipe,
            selected=selected,
            train=into / "train.parquet",
            holdout=into / "holdout.parquet",
            evaluation_rows=digest_of_file(into / "holdout.parquet"),
            tables=tuple((file.name, tuple((column.name, column.type) for column in file.columns)) for file in tables),
            runtime=runtime_here(),
            into=into / "artifact",
            limits=LIMITS,
            days=into / "days.parquet" if recipe.reads_moments else None,
        )
    )
    return TrainedModel(recipe=recipe, evaluation=result.evaluation, folder=into)
