"""Forget an entity: a tombstone where its data live, in every store that it concerns, and a record of what it concerns.

Order of effects: the tombstone in the store of the environment where the data live, its copies, the records of what was
found. Nothing is removed here (`remove_erased`). A run that was killed is begun again by the same command: it finds the
tombstone, and goes on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from reconciler import codec
from reconciler.core.artifact import store_layout
from reconciler.core.digest import Digest
from reconciler.core.erasure.erased_objects import ErasedObjects
from reconciler.core.erasure.referring import Referring, referring
from reconciler.core.erasure.results import ForgetResult, ReturnResult, SearchedTable
from reconciler.core.erasure.tombstone import Tombstone, in_force
from reconciler.core.spec.data import Contract, Treatment
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.engine.apply.apply import claim, may_apply
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.erasure.concerned import affected_models, elsewhere
from reconciler.engine.erasure.find_erased import ErasureSearch, Found, artifacts_of
from reconciler.engine.erasure.places import ErasurePlaces, check_column, places_of
from reconciler.engine.masking.copying import masking_of
from reconciler.engine.masking.mask_key import MaskKey
from reconciler.engine.plan import observe_loss
from reconciler.engine.quality.contracts_in_force import contracts_of
from reconciler.engine.storage import data_snapshots, numbered_log
from reconciler.engine.storage.erasures import tombstones
from reconciler.engine.storage.erasures.erased import erased
from reconciler.errors import UsageError
from reconciler.ports import EntityRequest

GRACE = 30 * 86_400  # seconds, where the environment declares none


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """Who is asked about: the places, the key, and the tombstone as it would be appended now."""

    places: ErasurePlaces
    key: MaskKey
    leads: Referring
    log: tuple[Tombstone, ...]
    asked: Tombstone


def forget(
    deps: Dependencies,
    desired: DesiredState,
    environment: Environment,
    *,
    table: str,
    column: str,
    value: str,
    reason: str,
) -> ForgetResult:
    """Leave a tombstone for the entity whose `table.column` is `value`, and record what it concerns.

    Raises, before anything is written, UsageError E801 for a place that is none, DataError E454 for the key, StoreError
    E456 for a store that cannot remove; ConflictError E702 when another process took the tombstone's number.
    """
    question = _question(deps, desired, environment, table, column, value, reason)
    places, tombstone = question.places, question.asked
    check_column(deps, places, table, column)
    known = next((each for each in in_force(question.log) if _is_same(each, tombstone)), None)
    for place in places.all:
        claim(deps, desired, place)
    if known is None:
        tombstones.append(deps.stores[environment.name], tombstone)
    else:
        tombstone = known
    log = (*question.log, *(() if known else (tombstone,)))
    copy_tombstones(deps, places, log)
    found = {each.name: search(deps, each, tombstone, question.key) for each in places.sandboxes}
    artifacts = tuple(artifacts_of(found.values()))
    for place in places.all:
        record_found(deps, place, tombstone, found.get(place.name, Found()), artifacts)
    return _result(deps, desired, question, tombstone, found, artifacts, known=known is not None)


def end_erasure(
    deps: Dependencies,
    desired: DesiredState,
    environment: Environment,
    *,
    table: str,
    column: str,
    value: str,
    reason: str,
) -> ReturnResult:
    """End the erasures of an entity that came back: later refreshes copy its rows again.

    Raises UsageError E801 where none is in force; else as `forget`.
    """
    question = _question(deps, desired, environment, table, column, value, reason)
    ended = [each for each in in_force(question.log) if each.is_of(question.asked)]
    if not ended:
        raise UsageError(
            f"no erasure of {environment.name} is of this value of {table}.{column}",
            hint=f"`reconciler history {environment.name}` lists the erasures; the value is compared as it was typed",
            code="E801",
        )
    for place in question.places.all:
        claim(deps, desired, place)
    log = list(question.log)
    for each in ended:
        log.append(replace(question.asked, n=len(log), returns=each.n))
        tombstones.append(deps.stores[environment.name], log[-1])
    copy_tombstones(deps, question.places, tuple(log))
    return ReturnResult(environment=environment.name, table=table, column=column, ended=tuple(each.n for each in ended))


def _question(
    deps: Dependencies,
    desired: DesiredState,
    environment: Environment,
    table: str,
    column: str,
    value: str,
    reason: str,
) -> _Question:
    places = places_of(deps, desired, environment)
    if environment.data.table(table) is None:
        names = ", ".join(name for name, _ in environment.data.tables)
        hint = f"tables of {environment.name}: {names}"
        raise UsageError(f"{environment.name} declares no table {table}", hint=hint, code="E801")
    may_apply(deps, desired, environment)
    for place in places.all:
        observe_loss.check_store(deps, desired, place)
    log = tombstones.read(deps.stores[environment.name], environment.name)
    key = tombstones.erasure_key(deps, environment, log)
    leads = referring(_contracts(deps, desired, places), dict(environment.data.tables), table, column)
    entity, pseudonyms = entity_digests(deps, desired, places, table, column, value, key)
    now = deps.clock()
    grace = environment.data.erasure_grace
    asked = Tombstone(
        environment=environment.name,
        n=len(log),
        table=table,
        column=column,
        entity=entity,
        key_id=key.id,
        pseudonyms=tuple(sorted(pseudonyms.items())),
        columns=leads.columns,
        references=leads.references,
        when=now,
        due=now + timedelta(seconds=GRACE if grace is None else grace),
        who=deps.actor(),
        reason=reason,
    )
    return _Question(places=places, key=key, leads=leads, log=log, asked=asked)


def entity_digests(
    deps: Dependencies,
    desired: DesiredState,
    places: ErasurePlaces,
    table: str,
    column: str,
    value: str,
    key: MaskKey,
) -> tuple[str, dict[str, str]]:
    """Return the keyed digest of a value, and those of its pseudonyms by the ids of their keys.

    Raises DataError E451 where copies have pseudonyms and their key is not in hand.
    """
    if deps.erasure is None:
        raise UsageError("this process cannot look for entities in tables")
    keys = _mask_keys(deps, desired, places, table, column)
    masks: list[tuple[str | None, str | None]] = [*keys.items()] or [(None, None)]
    kind, entity, pseudonyms = _type_of(deps, places, table, column), "", dict[str, str]()
    for key_id, digits in masks:
        scratch = deps.scratch / f"entity-{deps.new_id()}"
        scratch.mkdir(parents=True)
        digests = deps.erasure.digests(
            EntityRequest(
                table=table,
                column=column,
                limits=places.origin.limits,
                scratch=scratch,
                value=value,
                key=key.digits,
                kind=kind,
                mask_key=digits,
            )
        )
        entity = digests.entity
        if key_id is not None and digests.pseudonym is not None:
            pseudonyms[key_id] = digests.pseudonym
    return entity, pseudonyms


def _is_same(known: Tombstone, asked: Tombstone) -> bool:
    """Tell whether a tombstone in force says all that would be said now."""
    return (
        known.is_of(asked)
        and set(asked.columns) <= set(known.columns)
        and set(asked.references) <= set(known.references)
        and set(asked.pseudonyms) <= set(known.pseudonyms)
    )


def _contracts(deps: Dependencies, desired: DesiredState, places: ErasurePlaces) -> tuple[Contract, ...]:
    found = dict.fromkeys(places.origin.data.contracts)
    for sandbox in places.sandboxes:
        found |= dict.fromkeys(contracts_of(deps, desired, sandbox, places.origin))
    return tuple(found)


def _mask_keys(
    deps: Dependencies, desired: DesiredState, places: ErasurePlaces, table: str, column: str
) -> dict[str, str]:
    """Return the keys under which copies show the column as pseudonyms, by their ids."""
    keys: dict[str, str] = {}
    for sandbox in places.sandboxes:
        masked = masking_of(deps, desired, sandbox, places.origin, places.origin.data.tables)
        hashed = any(
            (mask.table, mask.column.lower()) == (table, column.lower()) and mask.treatment is Treatment.PSEUDONYM
            for mask in masked.masks
        )
        if hashed and masked.key_id is not None and masked.masking.key is not None:
            keys[masked.key_id] = masked.masking.key
    return keys


def _type_of(deps: Dependencies, places: ErasurePlaces, table: str, column: str) -> str | None:
    """Return the type by which the column was copied last, else the declared one; None where neither is known."""
    for sandbox in places.sandboxes:
        newest = data_snapshots.newest(deps.stores[sandbox.name])
        copy = newest.table(table) if newest is not None else None
        if copy is not None:
            types = {each.name: each.type for each in copy.columns}
            types |= {each.column: each.type for each in copy.masked or ()}
            if column in types:
                return types[column]
    declared = places.origin.data.table(table)
    return dict(declared.types).get(column) if declared is not None else None


def copy_tombstones(deps: Dependencies, places: ErasurePlaces, log: tuple[Tombstone, ...]) -> None:
    """Append a log of erasures to its copies in the stores that they concern."""
    for place in places.all:
        if place.name != places.origin.name:
            tombstones.copy(places.origin.name, log, deps.stores[place.name])


def search(deps: Dependencies, sandbox: Environment, tombstone: Tombstone, key: MaskKey) -> Found:
    """Return what of a sandbox an erasure concerns."""
    deps.progress.start(sandbox.name, "look for the entity")
    found = ErasureSearch(deps=deps, sandbox=sandbox, tombstone=tombstone, key=key.digits).run()
    deps.progress.leave(sandbox.name)
    return found


def record_found(
    deps: Dependencies, place: Environment, tombstone: Tombstone, found: Found, artifacts: tuple[Digest, ...]
) -> None:
    """Append what an erasure concerns in a store, where that is not all recorded yet."""
    store = deps.stores[place.name]
    known = erased(store)
    record = ErasedObjects(
        environment=place.name,
        origin=tombstone.environment,
        erasure=tombstone.n,
        when=deps.clock(),
        due=tombstone.due,
        snapshots=tuple(n for n in found.snapshots if n not in known.snapshots),
        builds=tuple(build for build in found.builds if build.fingerprint not in known.builds),
        artifacts=tuple(sorted(artifact for artifact in artifacts if artifact not in known.artifacts)),
    )
    if record.snapshots or record.builds or record.artifacts:
        numbered_log.append_next(store, store_layout.ERASED, codec.encode(record))


def _result(
    deps: Dependencies,
    desired: DesiredState,
    question: _Question,
    tombstone: Tombstone,
    found: dict[str, Found],
    artifacts: tuple[Digest, ...],
    *,
    known: bool,
) -> ForgetResult:
    rows: dict[str, int] = {}
    for each in found.values():
        for name, count in each.rows.items():
            rows[name] = max(rows.get(name, 0), count)
    columns: dict[str, list[str]] = {}
    for column in tombstone.columns:
        columns.setdefault(column.table, []).append(column.column)
    for reference in tombstone.references:
        columns.setdefault(reference.table, []).append(str(reference).partition(".")[2])
    return ForgetResult(
        environment=tombstone.environment,
        erasure=tombstone.n,
        table=tombstone.table,
        column=tombstone.column,
        reason=tombstone.reason,
        due=tombstone.due,
        known=known,
        searched=tuple(
            SearchedTable(name=name, columns=tuple(names), rows=rows.get(name, 0))
            for name, names in sorted(columns.items())
        ),
        snapshots=tuple(f"{name}/{n}" for name, each in found.items() for n in each.snapshots),
        builds=sum(len(each.builds) for each in found.values()),
        models=affected_models(deps, desired, question.places, frozenset(artifacts)),
        logs=0,
        not_searched=question.leads.not_searched,
        not_followed=tuple(map(str, question.leads.not_followed)),
        not_told=tuple(line for each in found.values() for line in each.not_told),
        elsewhere=elsewhere(question.places),
    )
