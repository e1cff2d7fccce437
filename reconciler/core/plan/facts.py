"""The facts that a plan is decided from, for one model in one environment. Read by the engine, judged by `planner`."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.core.artifact.build import Build
from reconciler.core.artifact.evaluation import Evaluation
from reconciler.core.artifact.journal import RollbackHold
from reconciler.core.artifact.observed_state import CommitOrder, JournalHead, LiveDeployment
from reconciler.core.digest import Digest
from reconciler.core.field_diff import FieldChange
from reconciler.core.plan.weakened_gates import WeakenedGate
from reconciler.core.spec.environment import DriftPolicy, Environment, PrunePolicy
from reconciler.core.spec.gates import Verification
from reconciler.core.spec.model import Model
from reconciler.core.spec.policy import FreezeInForce


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationFacts:
    """One environment's judgement of one artifact. `gate_set` is None while it cannot be known (no artifact yet);
    `vetted`: it was deployed there before and needs no judgement; `journaled`: the sandbox's journal knows it."""

    environment: str
    gate_set: Digest | None = None
    verification: Verification | None = None
    vetted: bool = False
    journaled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingFacts:
    """Where models are made. `build` satisfies the model's need, or `missing` says why none does. `evaluation`: that of
    the build's artifact."""

    model: Model
    head: JournalHead | None
    build: Build | None
    missing: str | None
    verdicts: tuple[VerificationFacts, ...]
    evaluation: Evaluation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServingFacts:
    """Where models are only promoted to. `model` is None when git no longer declares it.

    `unknown`: the pinned artifact is in no store that this environment may read. `foreign_recipe`: the first field in
    which the manifest's recipe is not the one that the artifact was built from. `evaluation`: that of the pinned
    artifact; None while it is unknown. `stale_data`: the data's age in seconds
    where the policy's limit is exceeded. `weakened`: reasons why today's policy would refuse what is deployed.
    `closed`, `closed_to_rollback`: the freeze window that is on. `kept`: the hold of a `rollback --now` that git does
    not agree with yet. `loosened`: what the change that brought the pin weakened; `loosened_by`: who may let it count.
    """

    environment: Environment
    name: str
    model: Model | None
    head: JournalHead | None
    served: LiveDeployment | None
    order: CommitOrder
    verdict: VerificationFacts | None = None
    unknown: bool = False
    foreign_recipe: FieldChange | None = None
    evaluation: Evaluation | None = None
    stale_data: int | None = None
    weakened: tuple[str, ...] = ()
    renamed_to: str | None = None
    declared_models: int = 0
    closed: FreezeInForce | None = None
    closed_to_rollback: FreezeInForce | None = None
    kept: RollbackHold | None = None
    loosened: tuple[WeakenedGate, ...] = ()
    loosened_by: tuple[str, ...] = ()

    @property
    def vetted(self) -> bool:
        """The pin was deployed here before."""
        return self.verdict is not None and self.verdict.vetted

    @property
    def corrects(self) -> bool:
        return self.environment.drift is DriftPolicy.CORRECT

    @property
    def prune(self) -> PrunePolicy:
        return self.environment.policy.prune
