"""Make requests of computations: what they need to know of a data snapshot, and who is told where they run."""

from __future__ import annotations

from dataclasses import replace

from reconciler.core.artifact.data_snapshot import Snapshot
from reconciler.core.spec.recipe import Recipe
from reconciler.ports import REFUSED_BY, Progress, Tell


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
