"""The log of looks at the holdout rows of one table of an environment: read it, and add a look."""

from __future__ import annotations

from datetime import datetime

from reconciler import codec
from reconciler.core.artifact import store_layout
from reconciler.core.digest import Digest
from reconciler.core.evaluation.looks import MOST_ROWS, HoldoutLooks, looked, miscounted
from reconciler.core.spec.recipe import Selection
from reconciler.engine.storage import numbered_log
from reconciler.errors import ConflictError
from reconciler.ports import Store

_TRIES = 100


def last(store: Store, environment: str, data: Selection) -> HoldoutLooks | None:
    """Return the newest record of looks at rows of a recipe's table; None where there was none.

    Raises IntegrityError: E508 where it is damaged or counts what cannot be, E509 where it is of another table, E603
    where one is missing.
    """
    prefix = store_layout.looks(environment, data.table, data.key)
    found = numbered_log.last(store, prefix)
    if found is None:
        return None
    key = store_layout.member(prefix, found[0])
    record = codec.decode(HoldoutLooks, found[1], what=key)
    check(key, record)
    if (record.table, record.key) != (data.table, data.key):  # two names of tables may share a folder
        raise numbered_log.misplaced(key, f"looks at {record.table} of {record.environment}")
    return record


def check(key: str, record: HoldoutLooks) -> None:
    """Raise IntegrityError: E509 where a record belongs under another key, E508 where it counts what cannot be."""
    prefix = store_layout.looks(record.environment, record.table, record.key)
    if key != store_layout.member(prefix, record.n):
        raise numbered_log.misplaced(key, f"look {record.n} at {record.table} of {record.environment}")
    if (problem := miscounted(record)) is not None:
        raise numbered_log.impossible(key, problem)


def add(
    store: Store, environment: str, data: Selection, holdout: tuple[str, ...], *, fingerprint: Digest, when: datetime
) -> None:
    """Add a look of a build whose holdout has these hashes, unless the last one is its own: a crash came between."""
    if not holdout:
        return
    prefix = store_layout.looks(environment, data.table, data.key)
    for _ in range(_TRIES):
        before = last(store, environment, data)
        if before is not None and before.fingerprint == fingerprint:
            return
        record = looked(
            before,
            holdout,
            environment=environment,
            table=data.table,
            key=data.key,
            fingerprint=fingerprint,
            when=when,
            whole=len(holdout) < MOST_ROWS,
        )
        body = codec.encode(record)
        try:
            numbered_log.append(store, prefix, record.n, body, ours=body.__eq__)
        except ConflictError:
            continue
        return
    raise ConflictError(
        f"other processes wrote to {prefix} {_TRIES} times in a row", hint="run the same command again", code="E702"
    )
