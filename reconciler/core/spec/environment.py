"""An environment as git declares it: role, store, target, data, runtime, policy and limits."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from reconciler.core.digest import DefaultsLeftOut, Digest
from reconciler.core.spec.compute import DaskCompute
from reconciler.core.spec.data import DataBinding, Table
from reconciler.core.spec.gates import Gate
from reconciler.core.spec.notify import NoticeChannel
from reconciler.core.spec.policy import Approvals, Control, Freeze, Hold, Override, Rejected, Retirement
from reconciler.core.storage.location import StorageLocation
from reconciler.core.trust.keys import NO_TRUST, Trust


class Role(StrEnum):
    """The role of an environment: a sandbox trains, the others only promote."""

    SANDBOX = "sandbox"  # trains
    TEST = "test"
    STAGING = "staging"
    PRODUCTION = "production"


class DriftPolicy(StrEnum):
    """The reaction of `apply` to drift: restore the applied state, or only report the difference."""

    SELF_HEAL = "correct"
    REPORT = "report"


class PrunePolicy(StrEnum):
    """The condition on which `apply` retires models that git no longer declares."""

    NEVER = "never"
    CONFIRM = "confirm"
    AUTO = "auto"


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """The runtime that an environment declares for training and prediction; never that of the planning machine.

    `versions` are (distribution, version) of python (minor), scikit-learn, numpy, scipy, skops and duckdb, sorted,
    read from the lock file at the commit.
    """

    architecture: str
    versions: tuple[tuple[str, str], ...]
    training_format: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits of one worker process: wall-clock seconds and resident bytes."""

    seconds: int = 3600
    memory: int = 8 * 1024**3


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy(DefaultsLeftOut):
    """The policy of an environment, declared in its own file, so that a model's author cannot weaken it. `checks`:
    those whose errors a model may switch off."""

    gates: tuple[Gate, ...] = ()
    max_data_age: int | None = None  # seconds
    prune: PrunePolicy = PrunePolicy.CONFIRM
    max_retire: int = 1
    approvals: Approvals | None = None
    owners: tuple[str, ...] = ()
    freeze: tuple[Freeze, ...] = ()
    holds: tuple[Hold, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    overrides: tuple[Override, ...] = ()
    retire: tuple[Retirement, ...] = ()
    unknown_at_most: float | None = None  # share of the rows to predict
    checks: tuple[str, ...] = ()

    def hold_of(self, model: str) -> Hold | None:
        """Return the hold on a model, or None."""
        return next((hold for hold in self.holds if hold.model == model), None)

    def retirement_of(self, model: str) -> Retirement | None:
        """Return the consent to retire a model, or None."""
        return next((retirement for retirement in self.retire if retirement.model == model), None)

    def rejection_of(self, artifact: Digest | None) -> Rejected | None:
        """Return the rejection of an artifact, or None."""
        return next((rejection for rejection in self.rejected if rejection.artifact == artifact), None)

    def override_of(self, control: Control, model: str, artifact: Digest | None) -> Override | None:
        """Return the override of a control for one artifact of one model, or None."""
        wanted = (control, model, artifact)
        return next(
            (
                override
                for override in self.overrides
                if (override.control, override.model, override.artifact) == wanted
            ),
            None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """One environment as git declares it."""

    name: str
    role: Role
    store: StorageLocation
    target: StorageLocation | None  # None: nothing is deployed here
    data: DataBinding
    promotes_from: tuple[str, ...] = ()
    runtime: Runtime | None = None
    policy: Policy = Policy()
    protect: str | None = None  # branch
    drift: DriftPolicy = DriftPolicy.SELF_HEAL
    limits: Limits = Limits()
    max_train: int | None = None  # trainings per apply
    lock: str | None = None  # the file that pins the runtime's versions
    notify: tuple[NoticeChannel, ...] = ()
    managed: bool = False  # only imported or promoted artifacts, and nothing of them is changed here
    predictions: tuple[tuple[str, Table], ...] = ()  # tables that predictions are written into
    trust: Trust = NO_TRUST
    compute: DaskCompute | None = None  # None: this machine trains
    mirror: StorageLocation | None = None  # where a second copy of journals and controls is kept
    removed: str | None = None  # where git does not declare it any more: the file that did, as this was read from

    @property
    def trains(self) -> bool:
        """Tell whether models are trained in this environment."""
        return self.role is Role.SANDBOX

    @property
    def places(self) -> tuple[StorageLocation, ...]:
        """Return the locations of the store, and of the target and the mirror, where there are."""
        return (self.store, *(place for place in (self.target, self.mirror) if place is not None))
