"""Compute the values of declared slices for the rows that judge an artifact, from the data snapshot of its build."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from reconciler.core.artifact.build import Build, Provenance
from reconciler.core.spec.environment import Limits
from reconciler.core.spec.model import NO_DECLARATION, DeclaredEvaluation, slice_column, with_slices
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.plan import verification
from reconciler.engine.storage import blobs, data_snapshots
from reconciler.errors import DataError, ReconcilerError
from reconciler.ports import SelectionKind, SelectRequest

NOT_KEPT = "the tables that it was trained on are not kept any more"


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedBy:
    """How an artifact is judged besides what holds for all: what is `declared`, and the build whose rows judge it."""

    declared: DeclaredEvaluation = NO_DECLARATION
    build: Build | None = None


PLAIN = JudgedBy()


def slice_rows(deps: Dependencies, judging: JudgedBy, limits: Limits, work: Path) -> Path | str | None:
    """Return a file with each row's key and the value of each declared slice, or why there is none; None where no
    slice is declared."""
    build, declared = judging.build, judging.declared
    if not declared.slices:
        return None
    if build is None:
        return "it is not known here which build it is of"
    try:
        stores = [store for store in deps.stores.values() if blobs.holds(store, build.provenance)]
        if not stores:
            return "the store of the environment that trained it is not at hand"
        provenance = blobs.record(stores[0], build.provenance, Provenance)
        store = deps.stores.get(provenance.environment, stores[0])
        if not blobs.holds(store, build.evaluation_rows):
            return "the rows that it was judged on are not kept any more"
        recipe = with_slices(verification.recipe_of(store, build.artifact).recipe, declared)
        snapshot = data_snapshots.numbered(store, provenance.snapshot)
        tables = [table for table in snapshot.tables if table.name in recipe.tables]
        if not all(blobs.holds(store, table.digest) for table in tables):
            return NOT_KEPT
        deps.data.select(
            SelectRequest(
                recipe=recipe,
                tables=data_snapshots.table_files(store, snapshot, recipe.tables),
                as_of=snapshot.as_of,
                want=SelectionKind.FEATURES,
                into=work,
                limits=limits,
                keys=blobs.file_of(store, build.evaluation_rows),
                also=tuple(slice_column(index) for index in range(len(declared.slices))),
            )
        )
    except DataError as error:
        return named_in(error.message, declared)
    except ReconcilerError as error:
        return error.message
    return work / "features.parquet"


def named_in(message: str, declared: DeclaredEvaluation) -> str:
    """Return a message of the data engine that names slices as the manifest does."""
    for index, each in reversed(list(enumerate(declared.slices))):
        message = message.replace(f"data.derive.{slice_column(index)}", f"evaluation.slices: {each.name}")
        message = message.replace(slice_column(index), each.name)
    return message
