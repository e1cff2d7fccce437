"""Journal entries, and the pointer and ownership marker that a target or a store carries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from reconciler.core.artifact.build import Build
from reconciler.core.digest import Checksummed, ChecksummedUnlessByHand, Digest
from reconciler.core.forge.pull_request import Approval
from reconciler.core.spec.policy import Control
from reconciler.core.trust.keys import Signature


class Action(StrEnum):
    """The actions of a plan; `none` is recorded explicitly."""

    NONE = "none"
    REFRESH = "refresh"
    TRAIN = "train"
    VERIFY = "verify"
    DEPLOY = "deploy"
    RESTORE = "restore"
    RETIRE = "retire"


@dataclass(frozen=True, slots=True, kw_only=True)
class GateSetResult:
    """The gate result of the current artifact for `environment`; `gate_set` is the digest of the gates."""

    environment: str
    gate_set: Digest
    passed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackHold:
    """A hold by `rollback --now`: `pin`, which git declared at `commit`, is not deployed again while git still declares
    it."""

    pin: Digest
    reason: str
    who: str
    when: datetime
    commit: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRecord:
    """The approvals of the pull request that introduced a change: `commit` is the request's head, `brought` its commit
    on the branch. Only approvals that count are recorded."""

    number: int
    url: str
    author: str
    commit: str
    brought: str
    approvals: tuple[Approval, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OverrideRecord:
    """A control that blocked a deployment and was overridden."""

    control: Control
    reason: str
    approved: ApprovalRecord | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The accumulated state after journal entry n, so that a plan reads heads only.

    `vetted`: every digest that was ever deployed here, sorted. `judged`: gate results of `artifact`, one per
    environment that promotes from here, sorted (sandbox). `hold`: set while the deployment is from `rollback --now`.
    `card`: digest of the model card that was checked against the evidence when `artifact` was deployed, of no bytes
    where git had none; None in a sandbox and in entries of an older program. `checks`: what the checks of its
    rows found, by name; None where nobody looked."""

    artifact: Digest | None = None
    build: Build | None = None
    judged: tuple[GateSetResult, ...] = ()
    vetted: tuple[Digest, ...] = ()
    hold: RollbackHold | None = None
    card: Digest | None = None
    checks: tuple[str, ...] | None = None

    def judged_for(self, environment: str) -> GateSetResult | None:
        """Return the gate result for an environment, or None where the artifact is not verified for it."""
        return next((result for result in self.judged if result.environment == environment), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry(Checksummed):
    """Journal entry `n` of (environment, model). Creating it is the commit point. `previous` is the digest of entry
    n-1's bytes. `attempt` tells our own ambiguous write from somebody else's. `approved`, `overrides`: what a deploy
    rested on besides its gates. `signatures`: of its writer, over all but themselves; None where nobody signed.
    `controls`: the newest entry of the controls log when it was written; None in a sandbox and of older programs."""

    project: str
    environment: str
    model: str
    n: int
    previous: Digest | None
    commit: str | None
    plan: Digest
    action: Action
    artifact: Digest | None
    verification: Digest | None
    reason: str
    who: str
    when: datetime
    attempt: str
    state: State
    approved: ApprovalRecord | None = None
    overrides: tuple[OverrideRecord, ...] | None = None
    format: int = 1
    signatures: tuple[Signature, ...] | None = None
    controls: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalRegister(Checksummed):
    """One member of the register of `environment`'s journals, by model, sorted: a journal that is gone is missed by it.

    `begun`: the first deployment or training of these was started, and may have ended before the first entry.
    `journals`: these have a journal, as an apply saw; the controls log is among them by a name of its own.
    `given_up`: journals that are lost, which a person accepted; what anchors up to number `anchor` say of them is void.
    `accepted_by`, `reason`: of a sandbox, which has no controls log that would say it.
    """

    environment: str
    begun: tuple[str, ...] = ()
    journals: tuple[str, ...] = ()
    given_up: tuple[str, ...] = ()
    anchor: int | None = None
    accepted_by: str | None = None
    reason: str | None = None
    format: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasePointer(ChecksummedUnlessByHand):
    """The content of a target's `current` file; replaced under lock-and-compare, and never by a lower `n`."""

    project: str
    environment: str
    model: str
    n: int
    entry: Digest
    artifact: Digest | None
    format: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreMark(Checksummed):
    """The ownership marker of a store, `store.json`, created exclusively by the first apply."""

    project: str
    environment: str
    format: int = 1


def inconsistency(before: Entry | None, entry: Entry) -> str | None:
    """Return why an entry's folded state does not follow from the entry before; None when it does, and where that entry
    is lost."""
    old, state = before.state.vetted if before is not None else (), entry.state
    if entry.artifact != state.artifact:
        return "the entry names two different artifacts: its own and that of the state after it"
    if before is None and entry.n > 0:
        return None
    gained = tuple(sorted({*old, state.artifact})) if entry.action is Action.DEPLOY and state.artifact else old
    if entry.action in (Action.DEPLOY, Action.RESTORE, Action.RETIRE) and state.vetted != gained:
        return "the list of previously deployed artifacts does not follow from the entry before"
    if entry.action is Action.RESTORE and before is not None and state != before.state:
        return "the entry restores files, and still changes the recorded state"
    if entry.action is Action.RETIRE and state.artifact is not None:
        return "the entry retires the model, and still names an artifact"
    return None
