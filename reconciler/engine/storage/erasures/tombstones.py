"""Read and write the log of erasures: in the store of the environment where the data live, and its copies in the stores
of everything that copies from there or takes what was trained on it.

A member is one exclusive create; a copy has the same bytes, so a run that was killed goes on where it was.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection, Iterable

from reconciler import codec
from reconciler.core.artifact import store_layout
from reconciler.core.erasure.referring import FollowedReference, Referring, referring, without_circles
from reconciler.core.erasure.tombstone import Tombstone, in_force
from reconciler.core.spec.data import Contract, Table
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.masking.mask_key import SHORTEST, MaskKey
from reconciler.engine.masking.same_data import same_data
from reconciler.engine.needed_secrets import how_key_comes, is_unset, place_of
from reconciler.engine.storage import numbered_log
from reconciler.errors import DataError, IntegrityError, StoreError
from reconciler.ports import ErasedEntities, ErasedRows, Store


def count(store: Store, origin: str) -> int:
    """Return how many members a store's log of an environment's erasures has."""
    last = numbered_log.last(store, store_layout.erasures(origin))
    return last[0] + 1 if last is not None else 0


def read(store: Store, origin: str) -> tuple[Tombstone, ...]:
    """Return the log of an environment's erasures, as a store has it."""
    return tuple(_member(store, origin, n) for n in range(count(store, origin)))


def _member(store: Store, origin: str, n: int) -> Tombstone:
    prefix = store_layout.erasures(origin)
    key = store_layout.member(prefix, n)
    if (body := store.read(key)) is None:
        raise numbered_log.missing(prefix, n)
    tombstone = codec.decode(Tombstone, body, what=key)
    if (tombstone.environment, tombstone.n) != (origin, n):
        raise numbered_log.misplaced(key, f"{tombstone.name}")
    return tombstone


def append(store: Store, tombstone: Tombstone) -> None:
    """Append a tombstone; ConflictError E702 where another process took its number."""
    body = codec.encode(tombstone)
    numbered_log.append(store, store_layout.erasures(tombstone.environment), tombstone.n, body, ours=body.__eq__)


def copy(origin: str, log: Iterable[Tombstone], into: Store) -> None:
    """Append to another store's log what it lacks of an environment's erasures.

    Raises IntegrityError E509 where its log is another one, E603 where it is longer: then the environment's own lost
    its end.
    """
    members = tuple(log)
    known = read(into, origin)
    if known != members[: len(known)]:
        if len(known) > len(members):
            raise IntegrityError(
                f"{store_layout.erasures(origin)} has {len(members)} members in the store of {origin}, and {len(known)}"
                " in a copy of it: the end of it is lost",
                code="E603",
                hint="restore it from a backup of the store: without it, forgotten entities would come back",
            )
        raise numbered_log.misplaced(store_layout.erasures(origin), "other erasures than the log of its environment")
    for tombstone in members[len(known) :]:
        append(into, tombstone)


def known_before_a_copy(deps: Dependencies, origin: Environment, environment: Environment) -> tuple[Tombstone, ...]:
    """Return the erasures of the data that are about to be copied, and bring the copy of their log up to date.

    Raises DataError E455 where entities were forgotten of data that the environment copied under another name.
    """
    store = deps.stores[environment.name]
    names = {key.split("/")[1] for key in store.keys(f"{store_layout.ERASURES}/")} - {origin.name}
    for name in sorted(names):
        if forgotten := in_force(read(store, name)):
            raise DataError(
                f"{environment.name} copied data of {name}, of which entities were forgotten ({forgotten[0].name}); it"
                f" copies from {origin.name} now, and that nobody comes back by that cannot be told",
                code="E455",
                hint=f"copy from {name} as before, or give what copies from {origin.name} a sandbox of its own",
            )
    if origin.name == environment.name or origin.name not in deps.stores:
        return read(store, origin.name)
    try:
        log = read(deps.stores[origin.name], origin.name)
    except StoreError:
        if origin.data.erasure_key is not None:
            raise
        return read(store, origin.name)  # where nothing can be forgotten, who copies need not read its store
    copy(origin.name, log, store)
    return log


def erasure_key(deps: Dependencies, origin: Environment, log: Iterable[Tombstone] = ()) -> MaskKey:
    """Return the key of tombstones that an environment names, which is that of the tombstones in force of its log.

    Raises DataError E454 where it is missing, too short or another one.
    """
    reference, forgotten = origin.data.erasure_key, in_force(log)
    if reference is None:
        hint = f"declare `erasureKey: env:NAME` under spec.data of {origin.name}"
        raise DataError(f"{origin.name} does not say where the key of tombstones is", code="E454", hint=hint)
    key = (deps.secret(reference) or "").encode()
    hint = how_key_comes(reference, forgotten[0].key_id if forgotten else None)
    if len(key) < SHORTEST:
        problem = f"{place_of(reference)} holds fewer than {SHORTEST} bytes" if key else is_unset(reference)
        raise DataError(f"there is no key of tombstones: {problem}", code="E454", hint=hint)
    short = hmac.new(key, b"reconciler: the id of a key of erasures", hashlib.sha256).hexdigest()[:12]
    for tombstone in forgotten:
        if tombstone.key_id != short:
            message = f"{tombstone.name} was made with the key {tombstone.key_id}, and the key at hand is {short}"
            raise DataError(message, code="E454", hint=hint)
    return MaskKey(digits=key.hex(), id=short)


def what_stops_a_copy(deps: Dependencies, desired: DesiredState, environment: Environment) -> tuple[str, ...]:
    """Say why no copy can be taken that leaves the entities out that were forgotten; nothing where one can."""
    origin = desired.environment(environment.data.copy_from or environment.name)
    if origin is None:
        return ()
    try:
        rows_left_out(deps, origin, read(deps.stores[environment.name], origin.name), origin.data.contracts)
    except DataError as error:
        return (f"this machine cannot refresh: {error.message}{f': {error.hint}' if error.hint else ''}",)
    return ()


def rows_left_out(
    deps: Dependencies, origin: Environment, log: Iterable[Tombstone], contracts: Iterable[Contract]
) -> ErasedRows | None:
    """Return the entities whose rows a copy of the tables of `origin` leaves out; None where there are none.

    What led to an entity when it was forgotten goes on counting, and so does what the contracts say today. Raises
    DataError E454 for the key, E455 where the table of an entity is declared no more.
    """
    forgotten = in_force(log)
    if not forgotten:
        return None
    key = erasure_key(deps, origin, forgotten)
    tables, contracts = dict(origin.data.tables), tuple(contracts)
    groups: dict[tuple[str, str], list[Tombstone]] = {}
    for tombstone in forgotten:
        if tombstone.table not in tables:
            raise DataError(
                f"{tombstone.name} is of {tombstone.table}.{tombstone.column}, and {origin.name} declares no such"
                " table, so its rows could not be left out",
                code="E455",
                hint=f"declare the table as it was; or forget the entity under the new name, and end this erasure by"
                f" `reconciler data forget {origin.name} --key {tombstone.table}.{tombstone.column} --returned`",
            )
        groups.setdefault((tombstone.table, tombstone.column), []).append(tombstone)
    return ErasedRows(
        key=key.digits,
        entities=tuple(
            _entities(deps, tables, members, referring(contracts, tables, *place)) for place, members in groups.items()
        ),
    )


def _entities(
    deps: Dependencies, tables: dict[str, Table], tombstones: list[Tombstone], now: Referring
) -> ErasedEntities:
    columns = dict.fromkeys((*now.columns, *(each for one in tombstones for each in one.columns)))
    references = dict.fromkeys((*now.references, *(each for one in tombstones for each in one.references)))
    first = tombstones[0]
    here = [each for each in columns if each.table in tables]
    # Another table that reads the same rows has them, too, whatever it is called.
    here += [
        type(each)(table=name, column=each.column)
        for each in tuple(here)
        for name, table in tables.items()
        if name != each.table and not _names(here, name) and same_data(table, tables[each.table], deps.data_root)
    ]
    return ErasedEntities(
        table=first.table,
        column=first.column,
        digests=tuple(dict.fromkeys(one.entity for one in tombstones)),
        columns=tuple(dict.fromkeys(here)),
        references=without_circles(_there(references, tables)),
    )


def _names(columns: Iterable[object], table: str) -> bool:
    return any(getattr(each, "table", None) == table for each in columns)


def _there(references: Iterable[FollowedReference], tables: Collection[str]) -> list[FollowedReference]:
    return sorted((each for each in references if each.table in tables and each.to_table in tables), key=str)
