"""Find the contracts that a refresh checks: those that git declares, and those in force that it loosens. Reads only."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.spec.data import Contract
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.engine.controls.observe_controls import observe_controls
from reconciler.engine.dependencies import Dependencies


def contracts_of(
    deps: Dependencies, desired: DesiredState, environment: Environment, origin: Environment
) -> tuple[Contract, ...]:
    """Return the contracts of the tables of `origin`, each once: as declared, and as they are in force in every
    environment that promotes from this sandbox. A commit that weakens one without consent copies nothing by it."""
    contracts = dict.fromkeys((*origin.data.contracts, *_in_force(deps, desired, environment, origin.name)))
    tables = dict(origin.data.tables)
    return tuple(contract for contract in contracts if contract.table in tables)


def _in_force(deps: Dependencies, desired: DesiredState, environment: Environment, origin: str) -> Iterator[Contract]:
    for judge in desired.downstream(environment.name):
        if judge.trains:
            continue
        controls = observe_controls(desired, judge, store=deps.stores[judge.name], source=deps.source, acts=False)
        for each in controls.in_force if controls.head is not None else ():
            sources = {source.name: source for source in each.sources}
            # That a commit copies from elsewhere, or calls the place otherwise, takes no contract away.
            copied = sources[environment.name].copy_from if environment.name in sources else None
            for name in dict.fromkeys((origin, copied)):
                if name in sources:
                    yield from sources[name].contracts
