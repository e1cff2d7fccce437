"""An environment: a place with its own desired state, data binding, policy and target."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from reconciler.core.digest import Digest
from reconciler.core.spec.gates import Gate
from reconciler.core.spec.policy import Approvals, Control, Freeze, Hold, Override, Rejected


class Role(StrEnum):
    SANDBOX = "sandbox"  # trains
    TEST = "test"  # the others only promote
    STAGING = "staging"
    PRODUCTION = "production"


class DriftPolicy(StrEnum):
    SELF_HEAL = "correct"
    REPORT = "report"


class PrunePolicy(StrEnum):
    NEVER = "never"
    CONFIRM = "confirm"
    AUTO = "auto"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Where one table is read from and how its text is to be understood.

    `path` is relative to the data root that the operator names (by default the project). `types` maps columns to
    DuckDB type names of our list; `dates` is a strptime format for text dates; undeclared types are inferred once
    and then held to. `columns` are (name here, name as written in the file), for names that expressions cannot use;
    `row_number` names a column to add: 1, 2, … in the file's order.
    """

    uses: str
    path: str
    types: tuple[tuple[str, str], ...] = ()
    dates: str | None = None
    time_zone: str | None = None
    delimiter: str | None = None
    decimal: str | None = None
    encoding: str | None = None
    nulls: tuple[str, ...] = ("",)
    columns: tuple[tuple[str, str], ...] = ()
    row_number: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DataBinding:
    """Either the tables themselves, or the environment whose tables are copied as snapshots (sandbox)."""

    tables: tuple[tuple[str, Table], ...] = ()
    copy_from: str | None = None
    max_age: int | None = None  # seconds
    as_of: str | None = None  # ISO date: the tables are the books of that day

    def table(self, name: str) -> Table | None:
        return dict(self.tables).get(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """What an environment says its models are made and run with; never what the planning machine has.

    `versions` are (distribution, version) of python (minor), scikit-learn, numpy, scipy, skops and duckdb, sorted,
    read from the lock file at the commit.
    """

    architecture: str
    versions: tuple[tuple[str, str], ...]
    training_format: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Caps of one child process: wall-clock seconds and resident bytes."""

    seconds: int = 3600
    memory: int = 8 * 1024**3


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Owned by the environment: a model's author cannot weaken it in the model's file."""

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

    def hold_of(self, model: str) -> Hold | None:
        return next((one for one in self.holds if one.model == model), None)

    def rejection_of(self, artifact: Digest | None) -> Rejected | None:
        return next((one for one in self.rejected if one.artifact == artifact), None)

    def override_of(self, control: Control, model: str, artifact: Digest | None) -> Override | None:
        wanted = (control, model, artifact)
        return next((one for one in self.overrides if (one.control, one.model, one.artifact) == wanted), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageLocation:
    """Where a store or a target is. `uses` names its implementation. On a disk, `root` is its folder, relative to the
    project; elsewhere it is None, and `settings` say where, as (name, text), sorted: such as bucket, prefix, region."""

    uses: str
    root: str | None = None
    settings: tuple[tuple[str, str], ...] = ()

    def setting(self, name: str) -> str | None:
        return dict(self.settings).get(name)

    @property
    def address(self) -> str:
        """One text per place: a folder's path, s3://bucket/prefix, azure://account/container/prefix."""
        if self.root is not None:
            return self.root
        parts = [self.setting(name) for name in ("account", "bucket", "container", "prefix")]
        known = "/".join(part for part in parts if part) or ",".join(f"{name}={text}" for name, text in self.settings)
        return f"{self.uses}://{known}"

    def overlaps(self, other: StorageLocation) -> bool:
        """Whether one lies in the other, or would on a disk that takes upper and lower case for the same."""
        a, b = (one.address.casefold() + "/" for one in (self, other))
        return a.startswith(b) or b.startswith(a)


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
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

    @property
    def trains(self) -> bool:
        return self.role is Role.SANDBOX

    @property
    def places(self) -> tuple[StorageLocation, ...]:
        return (self.store,) if self.target is None else (self.store, self.target)
