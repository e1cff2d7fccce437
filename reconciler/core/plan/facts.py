"""The facts that a model's plan is decided from. The engine reads them, `planner` decides."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.core.artifact.build import Build
from reconciler.core.artifact.evaluation import Evaluation
from reconciler.core.artifact.journal import RollbackHold
from reconciler.core.artifact.observed_state import CommitOrder, JournalHead, LiveDeployment
from reconciler.core.artifact.oci_artifact import Artifact
from reconciler.core.controls.weakened_gates import WeakenedGate
from reconciler.core.digest import Digest
from reconciler.core.field_diff import FieldChange
from reconciler.core.judging.applicable_gates import ApplicableGates
from reconciler.core.quality.findings import CheckFacts
from reconciler.core.spec.environment import DriftPolicy, Environment
from reconciler.core.spec.gates import Verification
from reconciler.core.spec.model import Model
from reconciler.core.spec.policy import Approvals, FreezeInForce, Override
from reconciler.core.trust.reproduced import Reproduced


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationFacts:
    """One artifact under the gates of one environment.

    `gate_set` is None while there is no artifact. `previously_deployed`: it was deployed there before, so no gate is
    asked. `journaled`: the sandbox's journal records this verification. `gates`: those of today, by whether they apply.
    """

    environment: str
    gates: ApplicableGates
    gate_set: Digest | None = None
    verification: Verification | None = None
    previously_deployed: bool = False
    journaled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingFacts:
    """One model where models are trained.

    `build` meets the model's requirements, or `missing` says why none does. `evaluation`: of the build's artifact.
    """

    model: Model
    head: JournalHead | None
    build: Build | None
    missing: str | None
    verifications: tuple[VerificationFacts, ...]
    evaluation: Evaluation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PinFacts:
    """The artifact that the manifest pins.

    `build`, `evaluation` and `package` are None while unknown. `artifact_missing`: no store of this or a source
    environment has it. `recipe_mismatch`: the first field in which the manifest's recipe differs from the one it was
    built from.
    `checks`: what the checks found in the rows of its build, where it is to be deployed.
    `card_problem`: why the card in git is not what the evidence gives, or why that cannot be told. `erasure`: the name
    of the erasure of an entity that it learnt from. `unsigned`: what of its evidence nobody signed who is trusted,
    where that is only told. `reproduced`: by how many trainers it was trained, where its environment asks for several.
    """

    build: Build | None = None
    evaluation: Evaluation | None = None
    package: Artifact | None = None
    verification: VerificationFacts | None = None
    artifact_missing: bool = False
    recipe_mismatch: FieldChange | None = None
    card_problem: str | None = None
    checks: CheckFacts | None = None
    erasure: str | None = None
    unsigned: tuple[str, ...] = ()
    reproduced: Reproduced | None = None

    @property
    def previously_deployed(self) -> bool:
        """Return whether the pinned artifact was deployed here before."""
        return self.verification is not None and self.verification.previously_deployed


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyFacts:
    """The environment's policy applied to this model today.

    `frozen`, `rollback_frozen`: the window in force, for new artifacts and for previously deployed ones.
    `rollback_hold`: a `rollback --now` that git does not agree with yet. `weakened_gates`: by the change that the pin
    came in with; `unmet`: those controls in force that the artifact does not meet; `gate_owners`: the owners
    before that change, who may let them pass. `not_in_force`: why no pin of this environment may be deployed yet, and
    the remedy. `pin_entry`: the entry of the controls log that the pin came in with. `quorums`: the approvals that it
    needs. `waits_for`: what a looser control waits for. `policy_violations`: reasons why today's policy would deny the
    deployed artifact. `stale_data_age`: seconds, if over the limit. `data_ahead`: that the data are
    dated ahead of now.
    """

    frozen: FreezeInForce | None = None
    rollback_frozen: FreezeInForce | None = None
    rollback_hold: RollbackHold | None = None
    weakened_gates: tuple[WeakenedGate, ...] = ()
    unmet: tuple[WeakenedGate, ...] = ()
    late_overrides: tuple[Override, ...] = ()
    not_in_force: tuple[str, str] | None = None
    pin_entry: int | None = None
    quorums: tuple[Approvals, ...] = ()
    waits_for: str | None = None
    gate_owners: tuple[str, ...] = ()
    policy_violations: tuple[str, ...] = ()
    stale_data_age: int | None = None
    data_ahead: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServingFacts:
    """One model where models are only promoted to. `model` is None when git does not declare it any more; then
    `renamed_to` is the model that was it, and `successor_deployed` whether that is deployed. `suddenly_empty`: git
    declares no model of the environment, and `prune: auto` was not declared after that."""

    environment: Environment
    name: str
    model: Model | None
    head: JournalHead | None
    served: LiveDeployment | None
    order: CommitOrder
    pin: PinFacts = PinFacts()
    policy: PolicyFacts = PolicyFacts()
    renamed_to: str | None = None
    successor_deployed: bool = False
    declared_models: int = 0
    suddenly_empty: bool = False

    @property
    def pinned(self) -> Digest | None:
        """Return the artifact that git pins, or None."""
        return self.model.artifact if self.model is not None else None

    @property
    def deployed(self) -> Digest | None:
        """Return the artifact of the journal's head, or None."""
        return self.head.state.artifact if self.head is not None else None

    @property
    def self_heal(self) -> bool:
        return self.environment.drift is DriftPolicy.SELF_HEAL
