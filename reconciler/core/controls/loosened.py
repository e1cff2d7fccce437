"""Find what a change loosens in the controls of an environment, or of one model. Pure.

Whatever decides where evidence comes from, or who decides, is a control: another place, source or protected branch is
a loosening whatever its value, since nothing tells a stricter one from a planted one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from reconciler.core.controls.controls import EnvironmentControls, ModelControls, SourceControls
from reconciler.core.controls.data_protection import loosened_protection
from reconciler.core.controls.weakened_contracts import contracts_weakened
from reconciler.core.controls.weakened_gates import (
    NOTHING,
    DeployRequirements,
    WeakenedGate,
    gates_weakened,
    policy_weakened,
    weakenings,
)
from reconciler.core.controls.weakened_trust import loosened_trust
from reconciler.core.spec.environment import Policy, PrunePolicy, Role
from reconciler.core.storage.location import StorageLocation

NO_MODEL = ""  # no model has this name: holds are compared where a model is judged
WHEN = ("freeze", "hold")  # about when, not whether: they end by themselves, and are joined in `in_force.with_timing`
IDENTITY = ("role", "protect", "store", "target")  # decide whether a commit may be applied at all
_PRUNE_ORDER = (PrunePolicy.NEVER, PrunePolicy.CONFIRM, PrunePolicy.AUTO)


def loosened(old: EnvironmentControls, new: EnvironmentControls) -> tuple[WeakenedGate, ...]:
    """List what `new` loosens of `old`, in a fixed order."""
    return (
        *_identity(old, new),
        *gates_weakened(old.policy.gates, new.policy.gates),
        *(item for item in policy_weakened(old.policy, new.policy, NO_MODEL) if item.what not in WHEN),
        *_retirement(old, new),
        *loosened_protection(old.protection, new.protection),
        *loosened_trust(old.trust, new.trust),
        *_sources(old, new),
    )


def evidence_changed(old: EnvironmentControls, new: EnvironmentControls) -> tuple[WeakenedGate, ...]:
    """List the changes of what an artifact's evidence rests on: places and sources. Gates and people are not among
    them."""
    return (*_identity(old, new), *_sources(old, new))


def loosened_model(
    old: tuple[ModelControls, EnvironmentControls], new: tuple[ModelControls, EnvironmentControls], *, model: str
) -> tuple[WeakenedGate, ...]:
    """List what judges a model less strictly: its own gates and its environment's, taken together."""
    before, after = (
        DeployRequirements(gates=own.gates, policy=environment.policy, subject=own.subject, off=own.off)
        for own, environment in (old, new)
    )
    return weakenings(before, after, model=model)


def loosened_own(
    old: ModelControls, new: ModelControls, environment: EnvironmentControls, *, model: str
) -> tuple[WeakenedGate, ...]:
    """List what a model's own manifest demands less than before: its gates, which those of its environment may make up
    for, and the rows that it is judged on."""
    before = DeployRequirements(
        gates=old.gates, policy=Policy(checks=environment.policy.checks), subject=old.subject, off=old.off
    )
    after = DeployRequirements(gates=new.gates, policy=environment.policy, subject=new.subject, off=new.off)
    return (*weakenings(before, after, model=model), *judged_otherwise(old, new))


def judged_otherwise(old: ModelControls, new: ModelControls) -> tuple[WeakenedGate, ...]:
    """List the parts of the recipe that choose or label the judged rows and have changed."""
    before, after = dict(old.judging), dict(new.judging)
    return tuple(
        WeakenedGate(what=f"recipe {name}", old="as it was", new="another" if name in after else NOTHING)
        for name in sorted(before)
        if after.get(name) != before[name]
    )


def _identity(old: EnvironmentControls, new: EnvironmentControls) -> Iterator[WeakenedGate]:
    if new.role is not old.role and (old.role is Role.PRODUCTION or new.role is Role.SANDBOX):
        yield WeakenedGate(what="role", old=old.role.value, new=new.role.value)
    if old.protect is not None and new.protect != old.protect:
        yield WeakenedGate(what="protect", old=f"branch {old.protect}", new=_branch(new.protect))
    if old.managed and not new.managed:
        yield WeakenedGate(what="managed", old="true", new="false")
    if new.store != old.store:
        yield WeakenedGate(what="store", old=old.store.in_full, new=new.store.in_full)
    if old.target is not None and new.target != old.target:
        yield WeakenedGate(what="target", old=old.target.in_full, new=_address(new.target))


def _branch(name: str | None) -> str:
    return NOTHING if name is None else f"branch {name}"


def _address(place: StorageLocation | None) -> str:
    return NOTHING if place is None else place.in_full


def _retirement(old: EnvironmentControls, new: EnvironmentControls) -> Iterator[WeakenedGate]:
    before, after = old.policy, new.policy
    if _PRUNE_ORDER.index(after.prune) > _PRUNE_ORDER.index(before.prune):
        yield WeakenedGate(what="prune", old=before.prune.value, new=after.prune.value)
    if after.max_retire > before.max_retire:
        yield WeakenedGate(what="maxRetire", old=str(before.max_retire), new=str(after.max_retire))


def _sources(old: EnvironmentControls, new: EnvironmentControls) -> Iterator[WeakenedGate]:
    if added := sorted(set(new.promotes_from) - set(old.promotes_from)):
        yield WeakenedGate(what="promotesFrom", old=_names(old.promotes_from), new=f"also {_names(added)}")
    before = {source.name: source for source in old.sources}
    for source in new.sources:
        known = before.get(source.name)
        if known is None:
            if old.sources:
                yield WeakenedGate(what=f"source {source.name}", old="no source", new="a source of evidence")
        else:
            yield from _source(known, source, own=source.name == new.name)


def _source(old: SourceControls, new: SourceControls, *, own: bool) -> Iterator[WeakenedGate]:
    """Compare a source. `own`: it is the environment itself, whose data others copy."""
    name = new.name
    if new.store != old.store and not own:
        yield WeakenedGate(what=f"store of {name}", old=old.store.in_full, new=new.store.in_full)
    if new.role is not old.role and not own:
        yield WeakenedGate(what=f"role of {name}", old=old.role.value, new=new.role.value)
    if new.copy_from != old.copy_from:
        yield WeakenedGate(
            what=f"data of {name}", old=f"copy of {old.copy_from or NOTHING}", new=f"copy of {new.copy_from or NOTHING}"
        )
    if new.as_of != old.as_of:
        yield WeakenedGate(what=f"data.asOf of {name}", old=old.as_of or NOTHING, new=new.as_of or NOTHING)
    for item in () if own else gates_weakened(old.gates, new.gates):
        yield replace(item, what=f"{item.what} of {name}")
    for item in contracts_weakened(old.contracts, new.contracts):
        yield replace(item, what=f"{item.what} of {name}")
    tables, committed = dict(old.tables), dict(old.committed)
    for table, declared in new.tables:
        if table in tables and tables[table] != declared:
            yield WeakenedGate(what=f"data.{table} of {name}", old="as declared before", new="declared otherwise")
    for table, digest in new.committed:
        if table in tables and committed.get(table) != digest:
            yield WeakenedGate(what=f"committed data.{table} of {name}", old="as committed before", new="other rows")


def _names(names: Iterable[str]) -> str:
    return ", ".join(names) or NOTHING
