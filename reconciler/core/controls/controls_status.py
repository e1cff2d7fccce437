"""The controls of an environment for people: what is in force, what git says otherwise, and what that waits for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from reconciler.core.controls.controls import Acceptance, EnvironmentControls
from reconciler.core.controls.data_protection import DataProtection, in_words
from reconciler.core.digest import Digest
from reconciler.core.duration import exact
from reconciler.core.trust.keys import NO_TRUST, Trust, TrustRole


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
    yield f"store: {controls.store.in_full}"
    yield f"target: {controls.target.in_full if controls.target is not None else 'none'}"
    for gate in (demand for each in policy.gates for demand in each.demands):
        yield f"gate {gate.subject}: {gate.amount}"
    if not policy.gates:
        yield "gates: none of the environment; each model has its own"
    if policy.approvals is not None:
        own = "" if policy.approvals.not_author else "; the author's counts"
        yield f"approvals: {policy.approvals.least} of {', '.join(policy.approvals.people)}{own}"
    else:
        yield "approvals: none"
    yield f"owners: {', '.join(policy.owners) or 'none'}"
    yield from _trusted(controls.trust)
    if policy.max_data_age is not None:
        yield f"maxDataAge: {exact(policy.max_data_age)}"
    if policy.unknown_at_most is not None:
        yield f"unknownAtMost: {policy.unknown_at_most:g} of the rows to predict"
    yield f"prune: {policy.prune.value}; maxRetire: {policy.max_retire} an apply"
    for retirement in policy.retire:
        yield f"retire {retirement.model}: {retirement.reason}"
    if policy.checks:
        yield f"checks that a model may switch off: {', '.join(policy.checks)}"
    for override in policy.overrides:
        yield f"override of {override.control.value} for {override.model} {override.artifact}: {override.reason}"
    for rejected in policy.rejected:
        yield f"rejected {rejected.artifact}: {rejected.reason}"
    yield from _protected(controls.protection)
    for source in controls.sources:
        tables = ", ".join(name for name, _ in source.tables)
        data = f"a copy of {source.copy_from}" if source.copy_from is not None else f"tables {tables or 'none'}"
        yield f"evidence from {source.name}: store {source.store.in_full}, {data}"
        if source.contracts:
            yield f"contracts of {source.name}: {', '.join(contract.table for contract in source.contracts)}"


def _trusted(trust: Trust) -> Iterator[str]:
    """Tell whose signatures are asked for: every key with its days, as an attacker's would stand there, too."""
    if trust == NO_TRUST:
        yield "trust: no keys, so nothing is signed or checked"
        return
    yield "trust: what is not signed is refused" if trust.required else "trust: what is not signed is only told"
    if trust.reproduced > 1:
        yield f"trust: {trust.reproduced} trainers must have trained it, each by itself"
    for role in TrustRole:
        if trust.least(role) > 1:
            yield f"trust: {trust.least(role)} {role.value} keys must sign"
        for key in trust.keys(role):
            days = f"{f' from {key.since}' if key.since else ''}{f' until {key.until}' if key.until else ''}"
            revoked = f", revoked on {key.revoked}: {key.reason or 'no reason given'}" if key.revoked else ""
            yield f"{role.value} key: {key.label}{days}{revoked}"


def _protected(protection: DataProtection) -> Iterator[str]:
    """Tell what copies of its tables are protected by."""
    for mask in protection.masks:
        yield f"mask {mask.table}.{mask.column}: {in_words(mask)}"
    if protection.mask_key is not None:
        yield f"maskKey: {protection.mask_key}"
    if protection.personal_data is not None:
        yield f"personalData: {protection.personal_data.value}"
    for name, reason in protection.not_personal:
        yield f"notPersonal {name}: {reason}"
