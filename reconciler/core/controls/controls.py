"""The controls of an environment as values: what git declares at a commit, and what is in force by the controls log.

Controls are observed state, like deployments: an entry of the log records them before an apply changes anything. A
deployment is judged by the controls in force, not by those that its own change declares (ADR 30).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from reconciler.core.controls.data_protection import UNPROTECTED, DataProtection
from reconciler.core.digest import Checksummed, DefaultsLeftOut, Digest
from reconciler.core.judging.applicable_gates import ANY, GateSubject
from reconciler.core.quality.checks import CheckOff
from reconciler.core.spec.data import Contract, Table
from reconciler.core.spec.environment import Policy, Role
from reconciler.core.spec.gates import Gate
from reconciler.core.storage.location import StorageLocation
from reconciler.core.trust.keys import NO_TRUST, Signature, Trust

CONTROLS_FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceControls(DefaultsLeftOut):
    """What an environment that others promote from says about their evidence: where it is kept, and made from what.

    `committed`: of each table whose files git tracks, one digest over their object ids. `contracts`: what a copy of its
    tables must keep to.
    """

    name: str
    role: Role
    store: StorageLocation
    tables: tuple[tuple[str, Table], ...]
    copy_from: str | None = None
    as_of: str | None = None
    gates: tuple[Gate, ...] = ()
    committed: tuple[tuple[str, Digest], ...] = ()
    contracts: tuple[Contract, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentControls(DefaultsLeftOut):
    """All that judges the deployments of one environment, besides the models' own gates.

    `sources`: the environments that it promotes from, at any distance, and those whose data these copy; by name.
    `protection`: what it says of copies of its own tables, which judges every sandbox that copies them. `trust`: the
    keys that must have signed what is deployed.
    """

    name: str
    role: Role
    store: StorageLocation
    target: StorageLocation | None
    protect: str | None
    promotes_from: tuple[str, ...]
    policy: Policy
    sources: tuple[SourceControls, ...]
    format: int = CONTROLS_FORMAT
    protection: DataProtection = UNPROTECTED
    managed: bool = False
    trust: Trust = NO_TRUST


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelControls(DefaultsLeftOut):
    """What judges one model by its own manifest: its gates, its parts that decide which gates apply, and digests of
    the recipe's parts that choose and label the rows it is judged on, by name. `off`: the checks that it switches
    off."""

    gates: tuple[Gate, ...] = ()
    subject: GateSubject = ANY
    judging: tuple[tuple[str, Digest], ...] = ()
    off: tuple[CheckOff, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRecord(DefaultsLeftOut):
    """One model in an entry of the controls log.

    `artifact`, `proposed`: the pin; None and 0 while git declares none. `since`: the entry in which this pin came in.
    `in_force`: the last controls that were let in, then those that tighten them. `names`: former names, newest first.
    """

    name: str
    artifact: Digest | None
    proposed: int
    since: int
    in_force: tuple[ModelControls, ...]
    names: tuple[str, ...] = ()

    def pins(self, artifact: Digest | None, proposed: int) -> bool:
        """Tell whether this is the recorded pin."""
        return (self.artifact, self.proposed) == (artifact, proposed)


def continued(own: ModelRecord | None, former: ModelRecord | None) -> ModelRecord | None:
    """Return the record that a model continues: its own, or that of its former name.

    Where it comes back to a name that it had left, the gates of both names hold.
    """
    if own is None or former is None:
        return own or former
    if own.artifact is not None:
        return own
    return replace(former, in_force=tuple(dict.fromkeys((*former.in_force, *own.in_force))))


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRecords:
    """One part of an entry's models, stored by digest: a change of one model writes one part."""

    models: tuple[ModelRecord, ...]
    format: int = CONTROLS_FORMAT

    def model(self, name: str) -> ModelRecord | None:
        """Return the record of this model, or None."""
        return next((record for record in self.models if record.name == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """A person put controls in force by `reconciler controls accept`."""

    who: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlsEntry(Checksummed, DefaultsLeftOut):
    """Entry `n` of an environment's controls log. `previous` is the digest of entry n-1's bytes.

    `declared`: what git says at `commit`; `in_force`: the last controls that were let in, then those that tighten
    them: digests of EnvironmentControls. `git`: a digest of the files that were compared, so that an unchanged commit
    is not compared again. `parts`: digests of ModelRecords by part. `let_in`: the loosenings that came into force by
    this entry, in words; `held_back`: those that did not, and why not. `signatures`: of its writer.
    """

    project: str
    environment: str
    n: int
    previous: Digest | None
    commit: str | None
    git: Digest
    declared: Digest
    in_force: tuple[Digest, ...]
    parts: tuple[tuple[str, Digest], ...]
    who: str
    when: datetime
    attempt: str
    let_in: tuple[str, ...] = ()
    held_back: tuple[str, ...] = ()
    accepted: Acceptance | None = None
    format: int = CONTROLS_FORMAT
    signatures: tuple[Signature, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlsHead:
    """An entry of the controls log with the digest of its bytes."""

    entry: ControlsEntry
    digest: Digest


def distinct(values: Iterable[EnvironmentControls]) -> tuple[EnvironmentControls, ...]:
    """Return the controls without repetitions, in order."""
    return tuple(dict.fromkeys(values))
