"""A trial: a recipe judged on folds of its training rows, never on its holdout; and a run of an experiment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from reconciler.core.artifact.build import Material
from reconciler.core.artifact.oci_artifact import TableMasksDone
from reconciler.core.digest import Checksummed, Digest
from reconciler.core.spec.comparison import Comparison
from reconciler.core.spec.experiment.declared_experiment import ModelSpace, Search
from reconciler.core.spec.recipe import Recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialInputs:
    """All inputs that decide what a trial finds; their digest is its fingerprint.

    `recipe`: the digest of the recipe, whose holdout decides which rows train. `folds`: into how many the training rows
    are cut; `judged`: which of them are judged, from 0.
    """

    recipe: Digest
    tables: tuple[Material, ...]
    runtime: Digest
    folds: int
    judged: tuple[int, ...]
    as_of: str | None = None
    masks: TableMasksDone | None = None
    format: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldFigures:
    """What a fold found: `metrics` by scikit-learn's names, sorted; how many rows trained and judged."""

    metrics: tuple[tuple[str, float], ...]
    trained: int
    judged: int

    def metric(self, name: str) -> float | None:
        """Return a metric; None where it is not defined on these rows."""
        return dict(self.metrics).get(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialRecord(Checksummed):
    """What a trial found: `trials/<fingerprint>.json`; the first writer wins, as of a build.

    `failed`: why it could not be trained. `size`: bytes of the arrays of the model; `seconds`: how long it took on the
    machine that was first. No proposal and no place in a table depends on those two.
    """

    fingerprint: Digest
    inputs: TrialInputs
    recipe: Recipe
    folds: tuple[FoldFigures, ...] = ()
    failed: str | None = None
    size: int = 0
    seconds: float = 0.0
    format: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentIdentity:
    """All that decides what an experiment finds; its digest names it. `library`: of the sampler, with its version."""

    recipe: Digest
    tables: tuple[Material, ...]
    runtime: Digest
    metric: str
    folds: int
    trials: int
    search: Search
    space: ModelSpace
    library: str
    as_of: str | None = None
    masks: TableMasksDone | None = None
    format: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmRun:
    """The trials of an arm in their order, each by the fingerprints of its rounds; the first is the model as it is."""

    label: str
    trials: tuple[tuple[Digest, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedRows:
    """The best trial of an arm, and the best one of the rows and classes as they are, on the rows that both have.

    The folds are those of the arm: `figures` of its `trial`, `others` of trial `other`, which trains on its own rows
    and is judged by the arm's classes. `rows`: judged in all. `failed`: why they could not be compared.
    """

    arm: int
    trial: int
    other: int
    rows: int
    figures: tuple[FoldFigures, ...] = ()
    others: tuple[FoldFigures, ...] = ()
    failed: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldoutFigure:
    """What the winner of an experiment reaches on the holdout, which no trial saw.

    `low`, `high`: its 95 % interval; where there is none that covers, `why` says so. `looks`: how often
    these rows had judged a candidate by then, on average, this one among them (`core.evaluation.looks`); 0 where that
    is not known. `against`: the comparison with the model as it is, on the same rows.
    """

    artifact: Digest
    base: Digest
    evaluation_rows: Digest
    rows: int
    value: float | None
    low: float | None
    high: float | None
    naive: float | None
    looks: int
    against: Comparison
    why: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentRun(Checksummed):
    """A run that came to its end: a member of the numbered log `experiments/<environment>/<experiment>`.

    `winner`: its number in the table; None where no trial can be trained, or
    where the model as it is was best on the folds; then nothing is judged on the holdout. `chosen`: a person took this
    trial of the run, which is not its winner, and had it judged. `shared`: each further arm beside the first, on the
    rows that they share; None of a run of an earlier version.
    """

    identity: Digest
    inputs: ExperimentIdentity
    experiment: str
    model: str
    environment: str
    snapshot: int
    arms: tuple[ArmRun, ...]
    winner: int | None
    holdout: HoldoutFigure | None
    when: datetime
    who: str
    commit: str | None = None
    chosen: bool = False
    shared: tuple[SharedRows, ...] | None = None
    format: int = 1
