"""Make requests of computations: what they need to know of a data snapshot, and who is told where they run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from reconciler.core.artifact.data_snapshot import Snapshot
from reconciler.core.digest import digest_of_file
from reconciler.core.spec.environment import Limits, Runtime
from reconciler.core.spec.recipe import Recipe
from reconciler.engine.storage import data_snapshots
from reconciler.ports import REFUSED_BY, Progress, SelectResult, Tell, TrainRequest


def part_of(snapshot: Snapshot, recipe: Recipe) -> Snapshot:
    """Return a snapshot with the tables of a recipe alone, and not what it was taken by."""
    tables = tuple(table for table in snapshot.tables if table.name in recipe.tables)
    return replace(snapshot, tables=tables, declared=None, declaration=None)


def teller(progress: Progress, subject: str, step: str = "") -> Tell:
    """Return what shows where a computation of a subject runs, as its current step; a worker's refusal is a line that
    stays. `step`: what is shown before it."""

    def tell(text: str) -> None:
        if text.startswith(REFUSED_BY):
            progress.done(subject, text)
        else:
            progress.start(subject, f"{step}: {text}" if step else text)

    return tell


def train_request(
    recipe: Recipe, snapshot: Snapshot, selected: SelectResult, work: Path, *, runtime: Runtime, limits: Limits
) -> TrainRequest:
    """Return the request to train on the rows that were selected into `work`; the artifact's files go there too."""
    return TrainRequest(
        recipe=recipe,
        selected=replace(selected, checks=None, holdout=()),
        train=work / "train.parquet",
        holdout=work / "holdout.parquet",
        days=work / "days.parquet" if recipe.reads_moments else None,
        evaluation_rows=digest_of_file(work / "holdout.parquet"),
        tables=data_snapshots.column_types(snapshot, recipe),
        runtime=runtime,
        into=work / "artifact",
        limits=limits,
        masks=data_snapshots.masks_read(snapshot, recipe),
    )
