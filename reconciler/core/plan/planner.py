"""Decide what to do about one model, and why, from facts. Pure; each rule asks which fact is missing.

Where models are trained: no build that meets the requirements -> train; not verified for an environment that promotes
from here -> verify. Where they are promoted to: another artifact is pinned than deployed -> deploy, if it passed its
gates or was deployed there before; something else is served than the journal's head says -> restore; deployed but not
declared -> retire. A failed gate is a fact: it blocks, and is not tried again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.core.artifact.journal import Action
from reconciler.core.artifact.observed_state import CommitOrder, Drift, DriftType, drift_of
from reconciler.core.digest import Digest, short
from reconciler.core.duration import in_words
from reconciler.core.plan import pin_sources, policy_check, retirement
from reconciler.core.plan.facts import ServingFacts, TrainingFacts
from reconciler.core.plan.gate_evaluation import JUDGED_AGAIN, gate_notes, remedy
from reconciler.core.plan.plan import Blocked, Step
from reconciler.core.status_codes import HealthStatus, ResultStatus, SyncStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The planner's decision for one model: its health, the reason, the steps or what blocks them."""

    sync: SyncStatus
    health: HealthStatus
    reason: str
    steps: tuple[Step, ...] = ()
    blocked: Blocked | None = None
    notes: tuple[str, ...] = ()


def decide_training(facts: TrainingFacts) -> Decision:
    """Decide about one model of a sandbox."""
    health = HealthStatus.HEALTHY if facts.head is not None else HealthStatus.MISSING
    steps = (*_training_steps(facts), *_verification_steps(facts))
    refused = [
        (known, known.verification.refusals)
        for known in facts.verifications
        if known.verification is not None and known.journaled and not known.previously_deployed
    ]
    failures = tuple(f"{known.environment}: {reason}" for known, reasons in refused for reason in reasons)
    blocked = None
    if failures and facts.build is not None:
        blocked = Blocked(
            status=ResultStatus.DENIED,
            reasons=failures,
            remedy=next(remedy(known.gates, facts.model, "the sandbox") for known, reasons in refused if reasons),
        )
    notes = tuple(line for known in facts.verifications for line in gate_notes(known, facts.model))
    if steps:
        sync, reason = SyncStatus.OUT_OF_SYNC, steps[0].reason
        return Decision(sync=sync, health=health, reason=reason, steps=steps, blocked=blocked, notes=notes)
    reason = f"failed {len(failures)} gate{'s' * (len(failures) > 1)}" if failures else "trained and verified"
    return Decision(sync=SyncStatus.IN_SYNC, health=health, reason=reason, blocked=blocked, notes=notes)


def _training_steps(facts: TrainingFacts) -> tuple[Step, ...]:
    if facts.build is None:
        return (Step(action=Action.TRAIN, reason=facts.missing or "not trained before"),)
    if facts.head is not None and facts.head.state.build == facts.build:
        return ()
    reason = "reusing the artifact already built from the same inputs"
    return (Step(action=Action.TRAIN, artifact=facts.build.artifact, adopts=True, reason=reason),)


def _verification_steps(facts: TrainingFacts) -> tuple[Step, ...]:
    artifact = facts.build.artifact if facts.build else None
    return tuple(
        Step(
            action=Action.VERIFY,
            artifact=artifact,
            target=known.environment,
            reason=f"not verified by the gates for {known.environment} yet",
        )
        for known in facts.verifications
        if not known.previously_deployed and (known.verification is None or not known.journaled)
    )


def first_to_train(data_taken: Mapping[str, str], limit: int) -> frozenset[str]:
    """Choose the `limit` models to train first: never-trained models, then those with the oldest data.

    `data_taken`: model -> when the data of its newest build were taken, "" for never.
    """
    return frozenset(sorted(data_taken, key=lambda name: (data_taken[name], name))[:limit])


def queued(limit: int) -> Blocked:
    """Block a training that exceeds `maxTrain` of this run."""
    return Blocked(
        status=ResultStatus.PENDING,
        reasons=(f"other models are trained first: limits.maxTrain allows {limit:,} per apply",),
        remedy="run the same command again when this apply is finished",
    )


def decide_serving(facts: ServingFacts) -> Decision:
    """Decide about one model of an environment that only promotes."""
    drift = drift_of(facts.head, facts.served)
    health = _health(facts, drift)
    if (blocked := out_of_order(facts)) is not None:
        notes = policy_check.notes(facts, deploys=facts.model is not None and facts.pinned != facts.deployed)
        return Decision(
            sync=SyncStatus.UNKNOWN,
            health=health,
            reason=blocked.reasons[0],
            blocked=blocked,
            notes=(*facts.policy.policy_violations, *notes),
        )
    if facts.model is None:
        return _undeclared(facts, drift, health)
    if facts.pinned is None or facts.pinned != facts.deployed:
        return _to_deploy(facts, drift, health)
    if (blocked := pin_sources.recipe_mismatch(facts)) is not None:
        reason, steps = blocked.reasons[0], _repair(facts, drift)
        return Decision(sync=SyncStatus.UNKNOWN, health=health, reason=reason, steps=steps, blocked=blocked)
    return _as_declared(facts, drift, health)


def _to_deploy(facts: ServingFacts, drift: Drift | None, health: HealthStatus) -> Decision:
    pin, deployed = facts.pinned, facts.deployed
    assert pin is not None  # noqa: S101  (the loader's rule E209)
    if (blocked := _blocked(facts, pin)) is None:
        evidence = "was deployed here before" if facts.pin.previously_deployed else "passed its gates"
        effect = "the first artifact here" if facts.head is None else "nothing is deployed here now"
        reason = f"{short(pin)} {evidence}; {f'replaces {short(deployed)}' if deployed else effect}"
        steps = (Step(action=Action.DEPLOY, artifact=pin, reason=reason),)
        reproduced = (str(facts.pin.reproduced),) if facts.pin.reproduced is not None else ()
        told = (*_gates_not_enforced(facts), *reproduced, *facts.pin.unsigned)
        notes = (*policy_check.notes(facts, deploys=True), *told)
        return Decision(sync=SyncStatus.OUT_OF_SYNC, health=health, reason=reason, steps=steps, notes=notes)
    # What serves meanwhile is still ours to keep whole; what was retired must not serve.
    return Decision(
        sync=SyncStatus.OUT_OF_SYNC,
        health=health,
        reason=blocked.reasons[0],
        steps=_repair(facts, drift),
        blocked=blocked,
        notes=policy_check.notes_beside(facts, blocked),
    )


def _blocked(facts: ServingFacts, pin: Digest) -> Blocked | None:
    """Return the first reason why the pinned artifact must not be deployed."""
    return (
        policy_check.not_in_force(facts)
        or policy_check.erased(facts, pin)
        or pin_sources.artifact_missing(facts, pin)
        or pin_sources.recipe_mismatch(facts)
        or policy_check.rejection(facts, pin)
        or policy_check.hold(facts, pin)
        or _not_verified(facts, pin)
        or policy_check.not_reproduced(facts)
        or policy_check.evidence(facts)
        or policy_check.weakened_gates(facts)
        or policy_check.freeze(facts)
    )


def _not_verified(facts: ServingFacts, pin: Digest) -> Blocked | None:
    """Return why its gates or the age of its data do not let it through; nothing that was deployed here before."""
    if facts.pin.previously_deployed:
        return None
    verification = facts.pin.verification.verification if facts.pin.verification is not None else None
    if verification is None:
        return Blocked(
            status=ResultStatus.CONFLICT,
            reasons=(f"{short(pin)} is not verified against today's gates, data and incumbent",),
            remedy=pin_sources.to_verify(facts),
        )
    if not verification.passed:
        return Blocked(
            status=ResultStatus.DENIED,
            reasons=verification.refusals,
            remedy=f"promote another candidate, or change the gate by a pull request: {JUDGED_AGAIN}",
        )
    if facts.policy.data_ahead is not None and facts.environment.policy.max_data_age is not None:
        return Blocked(
            status=ResultStatus.DENIED,
            reasons=(facts.policy.data_ahead,),
            remedy=pin_sources.newer_data(facts),
        )
    if facts.policy.stale_data_age is None:
        return None
    age, limit = in_words(facts.policy.stale_data_age), in_words(facts.environment.policy.max_data_age or 0)
    return Blocked(
        status=ResultStatus.DENIED,
        reasons=(f"the training data of the artifact is {age} old; policy.maxDataAge allows {limit}",),
        remedy=pin_sources.newer_data(facts),
    )


def out_of_order(facts: ServingFacts) -> Blocked | None:
    """Return why this commit may not be applied after the one that the environment is at."""
    if facts.order in (CommitOrder.SAME, CommitOrder.AFTER):
        return None
    name, branch = facts.environment.name, facts.environment.protect
    commit = ((facts.head.entry.commit if facts.head else None) or "no commit")[:12]
    remedy = f"merge this commit into {branch}, or push {branch} where a remote has it, then apply {branch}"
    if facts.order is CommitOrder.BEFORE:
        reason = f"the commit last applied to {name}, {commit}, is newer than this one"
        remedy = "apply the newest commit; to go back on purpose, use `reconciler rollback`"
    elif facts.head is None:
        reason = f"this commit is not on branch {branch}, from which {name} is applied"
    else:
        reason = f"this commit or {commit}, which was last applied to {name}, is not on branch {branch}"
        remedy += (
            f"; where its history was rewritten, `reconciler controls accept {name} --reason TEXT` goes on from it"
        )
    return Blocked(status=ResultStatus.CONFLICT, reasons=(reason,), remedy=remedy)


def _as_declared(facts: ServingFacts, drift: Drift | None, health: HealthStatus) -> Decision:
    violations = facts.policy.policy_violations
    notes = (*violations, *policy_check.notes(facts, deploys=False), *_gates_not_enforced(facts))
    if (blocked := policy_check.serving_rejected(facts)) is not None:
        sync, steps, reason = SyncStatus.OUT_OF_SYNC, _repair(facts, drift), blocked.reasons[0]
        return Decision(sync=sync, health=health, reason=reason, steps=steps, blocked=blocked, notes=notes)
    if (held := facts.environment.policy.hold_of(facts.name)) is not None:
        notes = (*notes, f"held: {held.reason}")
    if drift is None:
        return Decision(sync=SyncStatus.IN_SYNC, health=health, reason="deployed as declared", notes=notes)
    steps, reason = _repair(facts, drift), str(drift)
    if not steps:
        reason += "; this environment only reports drift"
    return Decision(sync=SyncStatus.OUT_OF_SYNC, health=health, reason=reason, steps=steps, notes=notes)


def _repair(facts: ServingFacts, drift: Drift | None) -> tuple[Step, ...]:
    if drift is not None and facts.head is not None and (facts.self_heal or drift.is_committed_only):
        return (Step(action=Action.RESTORE, artifact=facts.deployed, reason=str(drift)),)
    return ()


def _undeclared(facts: ServingFacts, drift: Drift | None, health: HealthStatus) -> Decision:
    repair = _repair(facts, drift)  # what is not retired still serves, and is kept whole
    if facts.deployed is None:
        return _retired(facts, drift, repair)
    if facts.renamed_to is not None and not facts.successor_deployed and not retirement.is_pruned(facts):
        reason = f"renamed to {facts.renamed_to}: left in place until that is deployed"
        sync = SyncStatus.OUT_OF_SYNC if drift is not None else SyncStatus.IN_SYNC
        return Decision(sync=sync, health=health, reason=reason, steps=repair)
    if not retirement.is_pruned(facts):
        reason = retirement.kept(facts)
        return Decision(sync=SyncStatus.OUT_OF_SYNC, health=health, reason=reason, steps=repair)
    if (blocked := policy_check.not_in_force(facts) or policy_check.freeze(facts)) is not None:
        reason, sync = blocked.reasons[0], SyncStatus.OUT_OF_SYNC
        return Decision(sync=sync, health=health, reason=reason, steps=repair, blocked=blocked)
    step = Step(action=Action.RETIRE, artifact=facts.deployed, reason=retirement.reason(facts))
    notes = retirement.notes(facts)
    return Decision(sync=SyncStatus.OUT_OF_SYNC, health=health, reason=step.reason, steps=(step,), notes=notes)


def _retired(facts: ServingFacts, drift: Drift | None, repair: tuple[Step, ...]) -> Decision:
    """Decide about a model that git does not declare and that nothing deployed, or that was retired."""
    sync, health, reason = SyncStatus.IN_SYNC, HealthStatus.HEALTHY, "retired"
    if facts.head is None:
        sync, health = SyncStatus.UNKNOWN, HealthStatus.UNKNOWN
        reason = "served, but neither declared in git nor deployed by this tool: skipped"
        if facts.served is None:
            reason = "policy.retire names it, and nothing of that name was ever deployed here"
    elif drift is not None:
        sync, health, reason = SyncStatus.OUT_OF_SYNC, _health(facts, drift), str(drift)
    return Decision(sync=sync, health=health, reason=reason, steps=repair, notes=retirement.notes(facts))


def _health(facts: ServingFacts, drift: Drift | None) -> HealthStatus:
    if drift is not None and drift.pending_rollout:
        return HealthStatus.PROGRESSING
    missing = drift is not None and drift.type is DriftType.MISSING
    if missing or (facts.deployed is None and facts.model is not None):
        return HealthStatus.MISSING
    policy = facts.environment.policy
    if drift is not None or facts.policy.policy_violations or policy.rejection_of(facts.deployed) is not None:
        return HealthStatus.DEGRADED
    if facts.policy.rollback_hold is not None or policy.hold_of(facts.name) is not None:
        return HealthStatus.SUSPENDED
    return HealthStatus.HEALTHY if facts.head is not None else HealthStatus.UNKNOWN


def _gates_not_enforced(facts: ServingFacts) -> tuple[str, ...]:
    """Report the gates that do not apply, and those that an artifact fails which was deployed here before."""
    known, model = facts.pin.verification, facts.model
    if known is None or model is None:
        return ()
    exempt = tuple(gate_notes(known, model)) if facts.pinned != facts.deployed else ()
    if not known.previously_deployed or known.verification is None:
        return exempt
    return exempt + tuple(f"reported, not enforced: {reason}" for reason in known.verification.failures)
