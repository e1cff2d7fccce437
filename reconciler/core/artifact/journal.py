"""Journal entries, and the pointer and ownership marker that a target or a store carries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from reconciler.core.artifact.build import Build
from reconciler.core.digest import Checksummed, ChecksummedUnlessByHand, Digest
from reconciler.core.forge.pull_request import Approval
from reconciler.core.spec.policy import Control


class Action(StrEnum):
    """The six actions of a plan; `none` is said explicitly."""

    NONE = "none"
    REFRESH = "refresh"
    TRAIN = "train"
    VERIFY = "verify"
    DEPLOY = "deploy"
    RESTORE = "restore"
    RETIRE = "retire"


@dataclass(frozen=True, slots=True, kw_only=True)
class GateSetResult:
    """The current artifact was judged for `environment` under `gate_set`."""

    environment: str
    gate_set: Digest
    passed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackHold:
    """What `rollback --now` leaves: `pin`, which git declared at `commit`, is not deployed again for as long as git
    goes on declaring it."""

    pin: Digest
    reason: str
    who: str
    when: datetime
    commit: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRecord:
    """What the forge said of the request that brought a change: `commit` is the request's head, `brought` the commit
    that it is on the branch. Only approvals that count are kept."""

    number: int
    url: str
    author: str
    commit: str
    brought: str
    approvals: tuple[Approval, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OverrideRecord:
    """A control that stood in the way, and was overridden."""

    control: Control
    reason: str
    approved: ApprovalRecord | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A journal folded: what entry n leaves behind, so that a plan reads heads only.

    `vetted`: every digest that was ever deployed here, sorted. `judged`: verdicts on `artifact`, one per environment
    that promotes from here, sorted (sandbox). `hold`: what serves came by `rollback --now`."""

    artifact: Digest | None = None
    build: Build | None = None
    judged: tuple[GateSetResult, ...] = ()
    vetted: tuple[Digest, ...] = ()
    hold: RollbackHold | None = None

    def judged_for(self, environment: str) -> GateSetResult | None:
        return next((result for result in self.judged if result.environment == environment), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry(Checksummed):
    """Journal entry `n` of (environment, model). Creating it is the commit point. `previous` is the digest of entry
    n-1's bytes. `attempt` tells our own ambiguous write from somebody else's. `approved`, `overrides`: what a deploy
    rested on besides its gates."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasePointer(ChecksummedUnlessByHand):
    """What a target's `current` file says; replaced under lock-and-compare, and never by a lower `n`."""

    project: str
    environment: str
    model: str
    n: int
    entry: Digest
    artifact: Digest | None
    format: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreMark(Checksummed):
    """`store.json`, created exclusively by the first apply: whose store this is."""

    project: str
    environment: str
    format: int = 1
