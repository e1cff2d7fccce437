"""Measure how far the records to predict are from a candidate's training rows, where the data are: for its gate."""

from __future__ import annotations

from reconciler.core.artifact.build import Build, Provenance
from reconciler.core.quality.drift import DriftSummary, summary_of
from reconciler.core.quality.reference import NO_REFERENCE
from reconciler.core.spec.environment import Limits
from reconciler.core.spec.model import Model
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.storage import blobs, data_snapshots
from reconciler.errors import DataError, ScoringError
from reconciler.ports import MeasureDriftRequest, SelectionKind, SelectRequest


def drift_of_candidate(deps: Dependencies, model: Model, build: Build, limits: Limits) -> DriftSummary | str:
    """Return the drift of the open records of the snapshot that the build was trained on; a reason where it has none.

    That snapshot is the copy of the tables that the candidate will predict from, as they were when it was trained: so
    the result follows from the artifact, and is the same whenever it is asked for.
    """
    if model.recipe.data.predict is None:
        return "the recipe does not say which records are predicted; add `data.predict.where`"
    store = deps.stores[model.environment]
    snapshot = data_snapshots.numbered(store, blobs.record(store, build.provenance, Provenance).snapshot)
    work = deps.scratch / f"drift-{deps.new_id()}"
    work.mkdir(parents=True)
    try:
        deps.data.select(
            SelectRequest(
                recipe=model.recipe,
                tables=data_snapshots.table_files(store, snapshot, model.recipe.tables),
                as_of=snapshot.as_of,
                want=SelectionKind.PREDICT,
                into=work,
                limits=limits,
                trained=data_snapshots.column_types(snapshot, model.recipe),
            )
        )
        artifact = blobs.unpack(store, blobs.artifact(store, build.artifact), work / "artifact")
        measured = deps.scorer.measure_drift(
            MeasureDriftRequest(artifact=artifact, rows=work / "predict.parquet", limits=limits)
        )
    except (DataError, ScoringError) as error:
        return f"the records to predict cannot be read: {error.message}"
    return summary_of(measured.drift) if measured.drift is not None else NO_REFERENCE
