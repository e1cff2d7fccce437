"""Write prediction logs again without the rows of an entity.

The keys of its rows are those of the tables as they are where the data live, and of every snapshot that was taken with
the entity. A log's record stays as it is; that its rows are others now stands in the log of what erasures concern.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from reconciler import codec
from reconciler.core.artifact.prediction_log import PredictionLog
from reconciler.core.erasure.erased_objects import RewrittenLog
from reconciler.core.erasure.tombstone import Tombstone
from reconciler.core.spec.environment import Environment, Limits
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.erasure.places import ErasurePlaces, is_before
from reconciler.engine.masking.copying import held_types
from reconciler.engine.needed_secrets import table_secrets
from reconciler.engine.plan import verification
from reconciler.engine.refresh.kept_snapshots import removed_snapshots
from reconciler.engine.storage import blobs, data_snapshots
from reconciler.engine.storage.erasures.erased import erased
from reconciler.errors import DataError, ReconcilerError
from reconciler.ports import CopyRequest, ErasedEntities, ErasedRows, EraseRequest, PredictionFile, TableFile


@dataclass(slots=True, kw_only=True)
class _Log:
    """One log's rows as they are by now."""

    environment: str
    key: str
    record: PredictionLog
    file: PredictionFile
    changed: bool = False


@dataclass(slots=True, kw_only=True)
class RewrittenLogs:
    """`logs`: by environment; `not_told`: what could not be searched."""

    logs: dict[str, list[RewrittenLog]] = field(default_factory=dict)
    not_told: list[str] = field(default_factory=list)


def rewrite(deps: Dependencies, places: ErasurePlaces, tombstone: Tombstone, key: str) -> RewrittenLogs:
    """Store the prediction logs without the entity's rows, and return which ones are others now."""
    done, folder = RewrittenLogs(), deps.scratch / f"logs-{deps.new_id()}"
    folder.mkdir(parents=True)
    try:
        logs = [log for place in places.all for log in _logs(deps, places, place, done)]
        if logs:
            for number, tables in enumerate(_tables(deps, places, tombstone, folder, done)):
                into = folder / f"without-{number}"
                into.mkdir()
                _rewrite(deps, logs, tables, tombstone, key, into, places.origin.limits)
        for log in logs:
            if log.changed:
                after = blobs.put_file(deps.stores[log.environment], log.file.path)
                again = RewrittenLog(key=log.key, before=log.record.rows, after=after)
                done.logs.setdefault(log.environment, []).append(again)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return done


def _logs(deps: Dependencies, places: ErasurePlaces, place: Environment, done: RewrittenLogs) -> Iterator[_Log]:
    """Yield the prediction logs of an environment."""
    store, known = deps.stores[place.name], erased(deps.stores[place.name]).logs
    for key in store.keys("predictions/"):
        if (body := store.read(key)) is None:
            continue
        record = codec.decode(PredictionLog, body, what=key)
        again = known.get(key)
        rows = again.after if again is not None and again.after is not None else record.rows
        recipe = None
        for other in places.all:
            if blobs.holds(deps.stores[other.name], record.artifact):
                package = blobs.artifact(deps.stores[other.name], record.artifact)
                recipe = verification.recipe_in(deps.stores[other.name], package).recipe
                break
        if recipe is None or not blobs.holds(store, rows):
            done.not_told.append(f"{place.name}, {key}: what it was predicted with, or its rows, are not there")
            continue
        file = PredictionFile(path=blobs.file_of(store, rows), table=recipe.data.table, column=recipe.data.key)
        yield _Log(environment=place.name, key=key, record=record, file=file)


def _tables(
    deps: Dependencies, places: ErasurePlaces, tombstone: Tombstone, folder: Path, done: RewrittenLogs
) -> Iterator[tuple[TableFile, ...]]:
    """Yield the tables that lead to the entity: where the data live, and of each snapshot with the entity."""
    names = {each.table for each in tombstone.columns} | {each.table for each in tombstone.references}
    origin, first = places.origin, places.sandboxes[0] if places.sandboxes else None
    newest = data_snapshots.newest(deps.stores[first.name]) if first is not None else None
    into = folder / "origin"
    into.mkdir()
    declared = tuple((name, table) for name, table in origin.data.tables if name in names)
    try:
        yield deps.data.copy(
            CopyRequest(
                root=deps.data_root,
                tables=declared,
                secrets=table_secrets(deps.secret, declared),
                held=held_types(newest),
                into=into,
                limits=origin.limits,
            )
        )
    except DataError as error:
        done.not_told.append(f"the tables of {origin.name}, for the keys of prediction logs: {error.message}")
    for sandbox in places.sandboxes:
        store = deps.stores[sandbox.name]
        newest, gone = data_snapshots.newest(store), removed_snapshots(store)
        for n in range(newest.n + 1 if newest is not None else 0):
            snapshot = data_snapshots.numbered(store, n)
            if is_before(snapshot, tombstone) and (n not in gone or n in erased(store).snapshots):
                try:
                    yield data_snapshots.table_files(store, snapshot, tuple(names))
                except ReconcilerError:
                    continue  # its tables went before


def _rewrite(
    deps: Dependencies,
    logs: list[_Log],
    tables: tuple[TableFile, ...],
    tombstone: Tombstone,
    key: str,
    into: Path,
    limits: Limits,
) -> None:
    there = {table.name: {column.name for column in table.columns} for table in tables}
    told = [log for log in logs if log.file.column in there.get(log.file.table, ())]
    if deps.erasure is None or not told:
        return
    columns = tuple(each for each in tombstone.columns if each.column in there.get(each.table, ()))
    references = tuple(
        each
        for each in tombstone.references
        if each.column in there.get(each.table, ()) and each.to_column in there.get(each.to_table, ())
    )
    entities = ErasedEntities(
        table=tombstone.table,
        column=tombstone.column,
        digests=(tombstone.entity, *(digest for _, digest in tombstone.pseudonyms)),
        columns=columns,
        references=references,
    )
    files = deps.erasure.erase(
        EraseRequest(
            tables=tables,
            erased=ErasedRows(key=key, entities=(entities,)),
            into=into,
            limits=limits,
            logs=tuple(log.file for log in told),
        )
    )
    found = {file.name: file.rows for file in files}
    for position, log in enumerate(told):
        if found.get(str(position)):
            log.file = replace(log.file, path=into / f"{position}.csv")
            log.changed = True
