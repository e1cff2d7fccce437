"""Take a snapshot of tables that keep to their contracts; else record that the refresh was refused, and tell it."""

from __future__ import annotations

from dataclasses import replace

from reconciler import codec
from reconciler.core.artifact import store_layout
from reconciler.core.artifact.data_snapshot import RefusedRefresh, Snapshot
from reconciler.core.controls.weakened_contracts import contracts_weakened
from reconciler.core.spec.data import Contract
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.quality.contracts_in_force import contracts_of
from reconciler.engine.storage import data_snapshots, numbered_log
from reconciler.errors import IntegrityError, ReconcilerError, RefusedTablesError
from reconciler.ports import ContractChecks, Store

_MOST_STORED = 100  # problems of one refusal
_MOST_TOLD = 10  # of them in a plan or a status


def take_checked(deps: Dependencies, desired: DesiredState, environment: Environment) -> Snapshot:
    """Take a data snapshot, unless its tables break their contracts.

    Raises what `data_snapshots.take` does; RefusedTablesError E421 says, too, what stays in use and who depends on it.
    """
    origin, store = data_snapshots.source_of(desired, environment), deps.stores[environment.name]
    contracts = contracts_of(deps, desired, environment, origin)
    if not contracts:
        return data_snapshots.take(deps, desired, environment)
    newest = data_snapshots.newest(store)
    checks = ContractChecks(
        contracts=contracts,
        rows=tuple(
            sorted((table.name, table.source_rows or table.rows) for table in (newest.tables if newest else ()))
        ),
        moment=deps.clock(),
        as_of=origin.data.as_of,
    )
    try:
        return data_snapshots.take(deps, desired, environment, checks)
    except RefusedTablesError as error:
        loosened = _loosened(contracts, origin, {problem.table for problem in error.problems})
        raise _refused(deps, desired, environment, origin, newest, error, loosened) from None


def _refused(
    deps: Dependencies,
    desired: DesiredState,
    environment: Environment,
    origin: Environment,
    newest: Snapshot | None,
    error: RefusedTablesError,
    loosened: tuple[str, ...],
) -> RefusedTablesError:
    """Record that a refresh was refused, and return the error with what goes on being used, and who depends on it."""
    notes = [*loosened, _in_use(environment, newest)]
    tables = {problem.table for problem in error.problems}
    if models := models_reading(desired, environment, tables):
        notes.append(f"models that read {' or '.join(sorted(tables))}: {', '.join(models)}")
    refusal = RefusedRefresh(
        environment=environment.name,
        when=deps.clock(),
        source=origin.name,
        problems=error.problems[:_MOST_STORED],
        snapshot=newest.n if newest is not None else None,
        more=max(0, len(error.problems) - _MOST_STORED),
    )
    try:
        _append(deps.stores[environment.name], refusal)
    except ReconcilerError as unwritten:
        notes.append(f"this could not be recorded for `status`: {unwritten}")
    return RefusedTablesError(error.problems, tuple(notes))


def _loosened(contracts: tuple[Contract, ...], origin: Environment, tables: set[str]) -> tuple[str, ...]:
    """Say of broken tables which rules are checked as they are in force, since this commit asks for less."""
    checked = tuple(contract for contract in contracts if contract.table in tables)
    rules = dict.fromkeys(
        f"{each.what}: {each.old} (at this commit: {each.new})"
        for contract in checked
        for each in contracts_weakened((contract,), origin.data.contracts)
    )
    if not rules:
        return ()
    return ("checked as in force, until what this commit loosens is merged and applied: " + "; ".join(rules),)


def models_reading(desired: DesiredState, environment: Environment, tables: set[str]) -> tuple[str, ...]:
    """Return the models of an environment whose recipes read one of these tables."""
    models = desired.models_of(environment.name)
    return tuple(sorted(model.name for model in models if tables.intersection(model.recipe.tables)))


def last_refusal(store: Store, newest: Snapshot | None) -> RefusedRefresh | None:
    """Return the last refusal, where no snapshot was taken since."""
    last = numbered_log.last(store, store_layout.REFUSALS)
    if last is None:
        return None
    refusal = codec.decode(RefusedRefresh, last[1], what=store_layout.member(store_layout.REFUSALS, last[0]))
    return refusal if refusal.snapshot == (newest.n if newest is not None else None) else None


def notes_of(desired: DesiredState, environment: Environment, store: Store, newest: Snapshot | None) -> tuple[str, ...]:
    """Say what the last refresh broke where no snapshot was taken since, for a plan and a status."""
    try:
        refusal = last_refusal(store, newest)
    except IntegrityError as error:
        return (f"what the last refresh broke cannot be told: {error}",)
    if refusal is None:
        return ()
    tables = {problem.table for problem in refusal.problems}
    models = ", ".join(models_reading(desired, environment, tables))
    when = refusal.when.strftime("%Y-%m-%d %H:%M")
    first = f"the refresh of {when} was refused by contracts of {refusal.source}; {_in_use(environment, newest)}"
    others = len(refusal.problems) - _MOST_TOLD + refusal.more
    return (
        f"{first}; models that read the tables: {models}" if models else first,
        *map(str, refusal.problems[:_MOST_TOLD]),
        *([f"and {others:,} more"] if others > 0 else []),
    )


def _in_use(environment: Environment, newest: Snapshot | None) -> str:
    if newest is None:
        return f"{environment.name} has no data snapshot yet"
    return f"data snapshot {newest.n} of {newest.taken:%Y-%m-%d %H:%M} stays in use"


def _append(store: Store, refusal: RefusedRefresh) -> None:
    """Append a refusal, unless the last one says the same."""
    last = numbered_log.last(store, store_layout.REFUSALS)
    if last is not None:
        before = codec.decode(RefusedRefresh, last[1], what=store_layout.member(store_layout.REFUSALS, last[0]))
        if replace(before, when=refusal.when) == refusal:
            return
    numbered_log.append_next(store, store_layout.REFUSALS, codec.encode(refusal))
