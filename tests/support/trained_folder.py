"""Train an artifact from rows in memory, as the trainer's process does."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from reconciler.core.digest import digest_of_file
from reconciler.core.spec.environment import Limits
from reconciler.core.spec.recipe import Recipe
from reconciler.ports import SelectResult, TrainRequest
from reconciler.training import fit
from reconciler.training.runtime_check import runtime_here


def trained_folder(folder: Path, recipe: Recipe, *, rows: pa.Table, holdout: pa.Table) -> Path:
    """Train on `rows`, evaluate on `holdout`, and return the artifact's folder, a new one inside of `folder`."""
    folder.mkdir(parents=True)
    for part, table in (("train", rows), ("holdout", holdout)):
        pq.write_table(table, folder / f"{part}.parquet")
    selected = SelectResult(rows=len(rows) + len(holdout), holdout_rows=len(holdout), holdout_from=None, left_out=())
    fit.train(
        TrainRequest(
            recipe=recipe,
            selected=selected,
            train=folder / "train.parquet",
            holdout=folder / "holdout.parquet",
            evaluation_rows=digest_of_file(folder / "holdout.parquet"),
            tables=(),
            runtime=runtime_here(),
            into=folder / "artifact",
            limits=Limits(),
        )
    )
    return folder / "artifact"
