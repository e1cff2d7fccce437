"""Tell whether two builds can be compared though their data were masked in different ways.

Rows are known by their keys: where the keys of two builds are pseudonyms under different keys, or one's are none, no
row that one trained on can be recognised among the other's. Then only rows later than its data are surely others.
"""

from __future__ import annotations

from reconciler.core.artifact.data_snapshot import Snapshot
from reconciler.core.artifact.oci_artifact import TableMasksDone
from reconciler.core.spec.data import Treatment
from reconciler.core.spec.recipe import Recipe


def masked_key(snapshot: Snapshot, recipe: Recipe) -> str | None:
    """Return under what the keys of a recipe's rows are masked in a snapshot; None where they are as they are."""
    table = snapshot.table(recipe.data.table)
    for each in (table.masked if table is not None else None) or ():
        if each.column.lower() == recipe.data.key.lower():
            if each.treatment is Treatment.PSEUDONYM:
                key = snapshot.declaration.mask_key if snapshot.declaration is not None else None
                return f"{each.treatment.value} {key}"
            return f"{each.treatment.value} {each.argument}"
    return None


def moment_of(recipe: Recipe) -> str | None:
    """Return the column that says when a row is from; None where a recipe has none."""
    past, window = recipe.data.past, recipe.data.train
    return recipe.holdout.by or (past.at if past is not None else None) or (window.by if window is not None else None)


def masked_otherwise(now: TableMasksDone | None, then: TableMasksDone | None) -> str | None:
    """Return a column that a model reads more or less coarsely now than when it was trained; None where there is none.

    Pseudonyms only join and group, which they do under any key.
    """
    before, after = _coarse(then), _coarse(now)
    differing = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    return differing[0] if differing else None


def _coarse(done: TableMasksDone | None) -> dict[str, str | None]:
    return {
        f"{table}.{each.column}": each.argument
        for table, columns in done or ()
        for each in columns
        if each.treatment is Treatment.GENERALISE
    }
