"""Say which deployed models predicted records that had drifted from their training, by the prediction log alone."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from reconciler import codec
from reconciler.core.artifact import store_layout
from reconciler.core.artifact.prediction_log import PredictionLog
from reconciler.core.quality.drift import DriftSummary
from reconciler.engine.storage import journal, numbered_log
from reconciler.errors import ReconcilerError
from reconciler.ports import NameListing, Store


def drift_notes(store: Store, project: str, environment: str, models: Collection[str] = ()) -> tuple[str, ...]:
    """Return one note per deployed model whose last prediction had drifted records; of `models`, or of all.

    A log that cannot be read says nothing here: `audit` lists it.
    """
    return tuple(_notes(store, project, environment, models))


def _notes(store: Store, project: str, environment: str, models: Collection[str]) -> Iterator[str]:
    try:
        predicted = sorted(_predicted(store, environment))
    except ReconcilerError:
        return
    for model in predicted:
        if models and model not in models:
            continue
        try:
            newest = numbered_log.last(store, store_layout.predictions(environment, model))
            log = codec.decode(PredictionLog, newest[1], what="the prediction log") if newest is not None else None
            if log is None or log.drift is None or not _has_drifted(log.drift):
                continue
            head = journal.head(store, project=project, environment=environment, model=model)
        except ReconcilerError:
            continue
        if head is not None and head.state.artifact == log.artifact:
            yield _words(log, log.drift)


def _predicted(store: Store, environment: str) -> frozenset[str]:
    prefix = store_layout.predictions(environment, "").rstrip("/")
    if isinstance(store, NameListing):
        return frozenset(filter(store_layout.is_part, store.folders(prefix)))
    return frozenset(key.removeprefix(f"{prefix}/").split("/", 1)[0] for key in store.keys(f"{prefix}/"))


def _has_drifted(drift: DriftSummary) -> bool:
    return bool(drift.some or drift.strong or drift.outcome.verdict.rank)


def _words(log: PredictionLog, drift: DriftSummary) -> str:
    found = [f"{drift.strong:,} of {drift.features:,} features strongly"] if drift.strong else []
    found += [f"{drift.some:,} of {drift.features:,} somewhat"] if drift.some else []
    found += [f"the predicted outcome ({drift.outcome.verdict})"] if drift.outcome.verdict.rank else []
    most = f", most {drift.worst[0].feature}" if drift.worst else ""
    return (
        f"{log.model}: the {drift.rows:,} records predicted on {log.when:%Y-%m-%d} had drifted from its training rows: "
        f"{', '.join(found)}{most}; see `reconciler data drift {log.model} --in {log.environment}`"
    )
