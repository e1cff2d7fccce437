"""Read and append to the log of what monitoring found of a deployed model."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from reconciler import codec
from reconciler.core.artifact import store_layout
from reconciler.core.monitoring.record import LiveVerdict, MonitoringRecord
from reconciler.engine.storage import numbered_log
from reconciler.errors import ConflictError, ReconcilerError
from reconciler.ports import NameListing, Store

_TRIES = 100


def last(store: Store, environment: str, model: str) -> tuple[int, MonitoringRecord] | None:
    """Return the number and the value of the last record; None where there is none.

    Raises IntegrityError: E508 where it is damaged, E509 where it is another model's, E603 where one is missing.
    """
    prefix = store_layout.monitoring(environment, model)
    found = numbered_log.last(store, prefix)
    if found is None:
        return None
    key = store_layout.member(prefix, found[0])
    record = codec.decode(MonitoringRecord, found[1], what=key)
    if (record.environment, record.model) != (environment, model):
        raise numbered_log.misplaced(key, f"what monitoring found of {record.environment}/{record.model}")
    return found[0], record


def append(store: Store, record: MonitoringRecord) -> int:
    """Append a record unless the last one says the same; return the number of the one that says it.

    Two that monitor at once record once.
    """
    prefix, body = store_layout.monitoring(record.environment, record.model), codec.encode(record)
    for _ in range(_TRIES):
        before = last(store, record.environment, record.model)
        if before is not None and before[1].says_the_same(record):
            return before[0]
        n = before[0] + 1 if before is not None else 0
        try:
            numbered_log.append(store, prefix, n, body, ours=body.__eq__)
        except ConflictError:
            continue
        return n
    raise ConflictError(
        f"other processes wrote to {prefix} {_TRIES} times in a row", hint="run the same command again", code="E702"
    )


def degraded(store: Store, environment: str, models: Collection[str] = ()) -> dict[str, MonitoringRecord | str]:
    """Return the last record of each model that was found degraded, of `models` or of all; a text where it cannot be
    read. Whether it is of what is deployed is for the caller to tell."""
    found: dict[str, MonitoringRecord | str] = {}
    try:
        monitored = sorted(_monitored(store, environment))
    except ReconcilerError:
        return found  # the plan says that the store cannot be read
    for model in monitored:
        if models and model not in models:
            continue
        try:
            newest = last(store, environment, model)
        except ReconcilerError as error:
            found[model] = f"what monitoring found of it cannot be read: {error}"
            continue
        if newest is not None and newest[1].verdict is LiveVerdict.DEGRADED:
            found[model] = newest[1]
    return found


def _monitored(store: Store, environment: str) -> Iterator[str]:
    prefix = store_layout.monitoring(environment, "").rstrip("/")
    if isinstance(store, NameListing):
        return filter(store_layout.is_part, store.folders(prefix))
    return iter({key.removeprefix(f"{prefix}/").split("/", 1)[0] for key in store.keys(f"{prefix}/")})
