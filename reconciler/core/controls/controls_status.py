"""The controls of an environment for people: what is in force, what git says otherwise, and what that waits for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from reconciler.core.controls.controls import Acceptance, EnvironmentControls
from reconciler.core.controls.data_protection import in_words
from reconciler.core.digest import Digest
from reconciler.core.duration import exact


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlsStatus:
    """What `reconciler controls` prints.

    `entry`, `commit`, `when`, `who`: the last entry of the log; absent where there is none. `rules`: in force, in
    words; of several sets each rule is asked, and of freezes and holds those that git has now. `declared`: by git at
    `revision`, `digest` names them. `loosened`: what git loosens of what is in force; `waits_for`: why it is not let
    in. `unaccepted`: why a person has to accept them. `accepted`: by whom and why, where this entry was. `fresh`: it
    was written just now.
    """

    environment: str
    revision: str | None
    digest: Digest
    rules: tuple[str, ...]
    declared: tuple[str, ...]
    entry: int | None = None
    commit: str | None = None
    when: datetime | None = None
    who: str | None = None
    accepted: Acceptance | None = None
    loosened: tuple[str, ...] = ()
    waits_for: str | None = None
    unaccepted: str | None = None
    fresh: bool = False
    format: int = 1


def rules(controls: EnvironmentControls) -> tuple[str, ...]:
    """Return controls in words, one rule a line, without those about when (`timing`)."""
    return tuple(_rules(controls))


def timing(controls: EnvironmentControls) -> tuple[str, ...]:
    """Return the freezes and holds in words: those that git has now count, whatever the last entry says."""
    freezes = (
        f"freeze: {exact(each.duration)} from {each.cron} ({each.time_zone}): {each.reason}"
        f"{'; rollbacks, too' if each.blocks_rollback else ''}"
        for each in controls.policy.freeze
    )
    holds = (f"hold of {each.model}: {each.reason}" for each in controls.policy.holds)
    return (*(tuple(freezes) or ("freeze: none",)), *(tuple(holds) or ("holds: none",)))


def _rules(controls: EnvironmentControls) -> Iterator[str]:
    policy = controls.policy
    protect = controls.protect
    yield f"role: {controls.role.value}"
    yield f"protect: commits of branch {protect}" if protect is not None else "protect: any commit"
    if controls.managed:
        yield "managed: only imported or promoted artifacts, unchanged"
    yield f"promotesFrom: {', '.join(controls.promotes_from) or 'nothing'}"
    yield f"store: {controls.store.address}"
    yield f"target: {controls.target.address if controls.target is not None else 'none'}"
    for gate in (demand for each in policy.gates for demand in each.demands):
        yield f"gate {gate.subject}: {gate.amount}"
    if not policy.gates:
        yield "gates: none of the environment; each model has its own"
    if policy.approvals is not None:
        yield f"approvals: {policy.approvals.least} of {', '.join(policy.approvals.people)}"
    else:
        yield "approvals: none"
    yield f"owners: {', '.join(policy.owners) or 'none'}"
    if policy.max_data_age is not None:
        yield f"maxDataAge: {exact(policy.max_data_age)}"
    for rejected in policy.rejected:
        yield f"rejected {rejected.artifact}: {rejected.reason}"
    protection = controls.protection
    for mask in protection.masks:
        yield f"mask {mask.table}.{mask.column}: {in_words(mask)}"
    if protection.mask_key is not None:
        yield f"maskKey: {protection.mask_key}"
    if protection.personal_data is not None:
        yield f"personalData: {protection.personal_data.value}"
    for name, reason in protection.not_personal:
        yield f"notPersonal {name}: {reason}"
    for source in controls.sources:
        tables = ", ".join(name for name, _ in source.tables)
        data = f"a copy of {source.copy_from}" if source.copy_from is not None else f"tables {tables or 'none'}"
        yield f"evidence from {source.name}: store {source.store.address}, {data}"
        if source.contracts:
            yield f"contracts of {source.name}: {', '.join(contract.table for contract in source.contracts)}"
