"""The port of computing from what a store holds: here, or on another machine that reaches the same store.

Requests and results are names, digests and numbers: rows and models stay in the store.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from reconciler.core.artifact.data_snapshot import Snapshot
from reconciler.core.digest import Digest
from reconciler.core.evaluation.detailed import DetailedEvaluation
from reconciler.core.quality.checks import CheckOff
from reconciler.core.spec.environment import Limits, Runtime
from reconciler.core.spec.model import NO_DECLARATION, DeclaredEvaluation
from reconciler.core.spec.recipe import Recipe
from reconciler.core.storage.location import StorageLocation
from reconciler.ports.messages import SelectResult, TrialResult

Tell = Callable[[str], None]
"""Shows a person where something runs; a text that begins with REFUSED_BY is news that stays."""
REFUSED_BY = "refused: "


def tell_nobody(text: str) -> None:
    """Show nothing."""
    del text


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildRequest:
    """A request to train a model on a snapshot. `snapshot`: with the tables of the recipe alone. `off`, `allowed`: the
    errors of the checks that are switched off; others stop the training."""

    model: str
    recipe: Recipe
    snapshot: Snapshot
    runtime: Runtime
    limits: Limits
    off: tuple[CheckOff, ...] = ()
    allowed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltModel:
    """The blobs of a trained model: (name in the package, digest) of its files, its holdout and the keys that it was
    trained on. Without any file, a check stopped it: `selected` says which."""

    selected: SelectResult
    files: tuple[tuple[str, Digest], ...] = ()
    evaluation_rows: Digest | None = None
    training_keys: Digest | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmTrialRequest:
    """A request to judge a recipe on folds of the training rows that a snapshot has for an arm, whose recipe with all
    of its features is `arm`. `folds`, `judged`: as of a TrialRequest."""

    experiment: str
    recipe: Recipe
    arm: Recipe
    snapshot: Snapshot
    folds: int
    judged: tuple[int, ...]
    runtime: Runtime
    limits: Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactEvaluationRequest:
    """A request to evaluate an artifact in full on its own holdout, without slices."""

    artifact: Digest
    evaluation_rows: Digest
    runtime: Runtime
    limits: Limits
    declared: DeclaredEvaluation = NO_DECLARATION


class Compute(Protocol):
    """Computes from a store, and writes nothing to it but blobs. Equal requests give equal digests and figures,
    wherever they run, and may be asked from several threads at once."""

    def warm(self) -> None:
        """Get ready, before anything is changed: UsageError E641, E610 where what it needs is not set or installed."""

    def build(self, request: BuildRequest, tell: Tell = tell_nobody) -> BuiltModel:
        """Select the rows of a recipe, check them, train on them, and store the files.

        Raises DataError and TrainingError as `DataEngine.select` and `Trainer.train` do; of a cluster TrainingError
        E641 to E644, StoreError where a worker cannot read or write.
        """

    def trial(self, request: ArmTrialRequest, tell: Tell = tell_nobody) -> TrialResult:
        """Judge a recipe on folds of its training rows; writes nothing. Raises as `build` and `TrialRunner.run` do."""

    def evaluate(self, request: ArtifactEvaluationRequest, tell: Tell = tell_nobody) -> DetailedEvaluation:
        """Evaluate an artifact; writes nothing. Raises ScoringError as `Scorer.evaluate` does, TrainingError as
        `build`."""

    def close(self) -> None:
        """End what runs, and cancel what waits. Idempotent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterStore:
    """The store that the workers of a cluster are to reach. `location`: with the whole path of a folder. `mark`: the
    digest of its ownership marker, by which they know that it is the same one."""

    environment: str
    project: str
    location: StorageLocation
    mark: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskTerms:
    """What a worker of a cluster must have before it does anything: this version of the program, this runtime (None: it
    is not compared), and this store."""

    version: str
    runtime: Runtime | None
    store: ClusterStore


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildTask:
    """A build as a task of a cluster."""

    terms: TaskTerms
    request: BuildRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialTask:
    """A trial as a task of a cluster."""

    terms: TaskTerms
    request: ArmTrialRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationTask:
    """An evaluation as a task of a cluster."""

    terms: TaskTerms
    request: ArtifactEvaluationRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectRequest:
    """A request to connect to the scheduler of a cluster. `ca`, `certificate`, `key`: texts in PEM form, all or none.
    `seconds`: for the connection; `wait`: without any worker."""

    address: str
    seconds: int
    wait: int
    ca: str | None = None
    certificate: str | None = None
    key: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitRequest:
    """A request to run a task. `text`: a line as `workers.request_loop` reads it; `label`: for the dashboard. `terms`:
    what its TaskTerms are known by, since a worker refuses them and not the task."""

    text: str
    terms: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterWorker:
    """A worker of a cluster, as `doctor` tells of it. `threads`: how many tasks it runs at once; `problem`: why it
    refuses, with a remedy."""

    name: str
    threads: int
    problem: str | None = None
    remedy: str | None = None
