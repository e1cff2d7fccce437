"""What a computation needs to know of a data snapshot, and nothing else of it."""

from __future__ import annotations

from dataclasses import replace

from reconciler.core.artifact.data_snapshot import Snapshot
from reconciler.core.spec.recipe import Recipe


def part_of(snapshot: Snapshot, recipe: Recipe) -> Snapshot:
    """Return a snapshot with the tables of a recipe alone, and not what it was taken by."""
    tables = tuple(table for table in snapshot.tables if table.name in recipe.tables)
    return replace(snapshot, tables=tables, declared=None, declaration=None)
