"""Facts -> what to do and why, for one model. Pure and level-based: each rule asks which fact is missing.

Where models are made: no build that meets the need -> train; not judged for an environment that promotes from here ->
verify. Where they are promoted to: not deployed so -> deploy, if verified or vetted; deployed otherwise than the
journal's head says -> restore; deployed but not declared -> retire. A refusal is a fact: it blocks, and is not retried.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.core.artifact.journal import Action
from reconciler.core.artifact.observed_state import CommitOrder, Drift, DriftType, drift_of
from reconciler.core.digest import Digest, short
from reconciler.core.duration import in_words
from reconciler.core.plan import policy_check
from reconciler.core.plan.facts import ServingFacts, TrainingFacts
from reconciler.core.plan.plan import Blocked, Step
from reconciler.core.spec.environment import PrunePolicy
from reconciler.core.status_codes import Exit, HealthStatus, SyncStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    sync: SyncStatus
    health: HealthStatus
    reason: str
    steps: tuple[Step, ...] = ()
    blocked: Blocked | None = None
    notes: tuple[str, ...] = ()


def decide_training(facts: TrainingFacts) -> Decision:
    """What a sandbox does about one model."""
    made = facts.build is not None
    adopted = made and facts.head is not None and facts.head.state.build == facts.build
    health = HealthStatus.HEALTHY if facts.head is not None else HealthStatus.MISSING
    artifact = facts.build.artifact if facts.build else None
    steps: list[Step] = []
    if not made:
        steps.append(Step(action=Action.TRAIN, reason=facts.missing or "never trained"))
    elif not adopted:
        steps.append(
            Step(
                action=Action.TRAIN,
                artifact=artifact,
                adopts=True,
                reason="these inputs were trained before: that artifact is taken up again",
            )
        )
    refused: list[str] = []
    for verdict in facts.verdicts:
        if verdict.vetted:
            continue
        if verdict.verification is None or not verdict.journaled:
            steps.append(
                Step(
                    action=Action.VERIFY,
                    artifact=artifact,
                    target=verdict.environment,
                    reason=f"not judged by the gates of {verdict.environment} yet",
                )
            )
        elif not verdict.verification.passed:
            refused.extend(f"{verdict.environment}: {reason}" for reason in verdict.verification.refusals)
    blocked = None
    if refused and made:
        blocked = Blocked(
            exit=Exit.REFUSED,
            reasons=tuple(refused),
            remedy="change the recipe and apply the sandbox again; the refused artifact is not judged twice",
        )
    if steps:
        return Decision(
            sync=SyncStatus.OUT_OF_SYNC, health=health, reason=steps[0].reason, steps=tuple(steps), blocked=blocked
        )
    reason = f"refused by {len(refused)} gate{'s' * (len(refused) > 1)}" if refused else "trained and judged"
    return Decision(sync=SyncStatus.IN_SYNC, health=health, reason=reason, blocked=blocked)


def turns(wanted: Mapping[str, str], most: int) -> frozenset[str]:
    """Which `most` of the models that are to be trained come first: those never trained, then those whose data are the
    oldest, so that each has its turn. `wanted`: model -> when the data that it was trained on were taken, "" for never.
    """
    return frozenset(sorted(wanted, key=lambda name: (wanted[name], name))[:most])


def waiting(most: int) -> Blocked:
    return Blocked(
        exit=Exit.PENDING,
        reasons=(f"others are trained first: maxTrain is {most:,} per apply",),
        remedy="run the same command again after this one",
    )


def decide_serving(facts: ServingFacts) -> Decision:
    """What an environment that only promotes does about one model."""
    drift = drift_of(facts.head, facts.served)
    health = _health(facts, drift)
    if (blocked := out_of_order(facts)) is not None:
        return Decision(
            sync=SyncStatus.UNKNOWN,
            health=health,
            reason=blocked.reasons[0],
            blocked=blocked,
            notes=(*facts.weakened, *policy_check.notes(facts, deploys=_differs(facts))),
        )
    if facts.model is None:
        return _undeclared(facts, drift, health)
    deployed = facts.head.state.artifact if facts.head else None
    if facts.model.artifact == deployed and deployed is not None:
        if facts.foreign_recipe is not None:
            blocked, steps = _foreign(facts), _repair(facts, drift)
            reason = blocked.reasons[0]
            return Decision(sync=SyncStatus.UNKNOWN, health=health, reason=reason, steps=steps, blocked=blocked)
        return _as_declared(facts, drift, health)
    return _to_deploy(facts, drift, health)


def _to_deploy(facts: ServingFacts, drift: Drift | None, health: HealthStatus) -> Decision:
    assert facts.model is not None and facts.model.artifact is not None  # noqa: S101, PT018  (the loader's rule E209)
    pin = facts.model.artifact
    deployed = facts.head.state.artifact if facts.head else None
    blocked = _blocked(facts, pin)
    if blocked is None:
        vetted = facts.verdict is not None and facts.verdict.vetted
        reason = "was deployed here before" if vetted else "passed its gates"
        what = f"{short(pin)} {reason}; " + (f"replaces {short(deployed)}" if deployed else "nothing is deployed yet")
        steps = (Step(action=Action.DEPLOY, artifact=pin, reason=what),)
        notes = (*policy_check.notes(facts, deploys=True), *_reported(facts))
        return Decision(sync=SyncStatus.OUT_OF_SYNC, health=health, reason=what, steps=steps, notes=notes)
    # What serves meanwhile is still ours to keep whole; what was retired must not serve.
    return Decision(
        sync=SyncStatus.OUT_OF_SYNC,
        health=health,
        reason=blocked.reasons[0],
        steps=_repair(facts, drift),
        blocked=blocked,
        notes=policy_check.notes(facts, deploys=blocked.exit != Exit.REFUSED),
    )


def _blocked(facts: ServingFacts, pin: Digest) -> Blocked | None:
    """Why the pinned artifact must not be deployed, if so."""
    if facts.unknown:
        source = " or ".join(facts.environment.promotes_from) or "its source"
        return Blocked(
            exit=Exit.CONFLICT,
            reasons=(f"no vetted artifact {short(pin)}: it is in no store that this environment promotes from",),
            remedy=f"pin a digest that `reconciler status {source}` shows, with `reconciler promote`",
        )
    if facts.foreign_recipe is not None:
        return _foreign(facts)
    if (found := policy_check.rejection(facts, pin) or policy_check.hold(facts, pin)) is not None:
        return found
    return _unjudged(facts, pin) or policy_check.loosened(facts) or policy_check.freeze(facts)


def _unjudged(facts: ServingFacts, pin: Digest) -> Blocked | None:
    """Why its gates do not let it through; what was deployed here before needs none."""
    source = " or ".join(facts.environment.promotes_from) or "its source"
    verdict = facts.verdict
    if facts.vetted:
        return None
    if verdict is None or verdict.verification is None:
        return Blocked(
            exit=Exit.CONFLICT,
            reasons=(f"{short(pin)} is not verified against today's gates, data and incumbent",),
            remedy=f"run `reconciler apply {source}`: it judges candidates where the data is",
        )
    if not verdict.verification.passed:
        return Blocked(
            exit=Exit.REFUSED,
            reasons=verdict.verification.refusals or ("it has no gate that it passed",),
            remedy="promote another candidate; a refused artifact never reaches this environment",
        )
    if facts.stale_data is not None:
        limit = in_words(facts.environment.policy.max_data_age or 0)
        return Blocked(
            exit=Exit.REFUSED,
            reasons=(f"its data is {in_words(facts.stale_data)} old; maxDataAge is {limit}",),
            remedy=f"run `reconciler apply {source}` for a fresh snapshot and retrain",
        )
    return None


def _foreign(facts: ServingFacts) -> Blocked:
    change = facts.foreign_recipe
    assert change is not None  # noqa: S101  (asked by both callers)
    return Blocked(
        exit=Exit.USAGE,
        reasons=(
            f"the manifest's recipe is not the one that the pinned artifact was built from: {change.path}: "
            f"the artifact has {change.old or 'nothing'}, the manifest {change.new or 'nothing'}",
        ),
        remedy="change recipes in the sandbox's manifest and let `reconciler promote` write this file",
    )


def _differs(facts: ServingFacts) -> bool:
    """Something else is pinned than what is deployed."""
    return facts.model is not None and facts.model.artifact != (facts.head.state.artifact if facts.head else None)


def out_of_order(facts: ServingFacts) -> Blocked | None:
    if facts.order in (CommitOrder.SAME, CommitOrder.AFTER):
        return None
    name, branch = facts.environment.name, facts.environment.protect
    commit = ((facts.head.entry.commit if facts.head else None) or "no commit")[:12]
    if facts.order is CommitOrder.BEFORE:
        why = f"{name} is at commit {commit}, newer than this one"
        remedy = "apply the newest commit; to go back on purpose, use `reconciler rollback`"
    elif facts.head is None:
        why = f"this commit is not on {branch}, which {name} is applied from"
        remedy = f"merge into {branch} and apply that branch"
    else:
        why = f"this commit and {commit}, which {name} is at, are not on one line of {branch}"
        remedy = f"merge into {branch} and apply that branch"
    return Blocked(exit=Exit.CONFLICT, reasons=(why,), remedy=remedy)


def _as_declared(facts: ServingFacts, drift: Drift | None, health: HealthStatus) -> Decision:
    notes = (*facts.weakened, *policy_check.notes(facts, deploys=False), *_reported(facts))
    deployed = facts.head.state.artifact if facts.head else None
    if deployed is not None and (blocked := policy_check.serving_rejected(facts, deployed)) is not None:
        steps, reason = _repair(facts, drift), blocked.reasons[0]
        out = SyncStatus.OUT_OF_SYNC
        return Decision(sync=out, health=health, reason=reason, steps=steps, blocked=blocked, notes=notes)
    if (held := facts.environment.policy.hold_of(facts.name)) is not None:
        notes = (*notes, f"held: {held.reason}")
    if drift is None:
        return Decision(sync=SyncStatus.IN_SYNC, health=health, reason="deployed as declared", notes=notes)
    steps, reason = _repair(facts, drift), str(drift)
    if not steps:
        reason += "; this environment only reports drift"
    return Decision(sync=SyncStatus.OUT_OF_SYNC, health=health, reason=reason, steps=steps, notes=notes)


def _repair(facts: ServingFacts, drift: Drift | None) -> tuple[Step, ...]:
    if drift is None or not facts.corrects or facts.head is None:
        return ()
    reason = str(drift)
    return (Step(action=Action.RESTORE, artifact=facts.head.state.artifact, reason=reason),)


def _undeclared(facts: ServingFacts, drift: Drift | None, health: HealthStatus) -> Decision:
    deployed = facts.head.state.artifact if facts.head else None
    if deployed is None:
        if facts.head is None and facts.served is not None:
            reason = "served, but neither declared in git nor deployed by this tool: left alone"
            return Decision(sync=SyncStatus.UNKNOWN, health=health, reason=reason)
        if drift is not None:
            steps, reason = _repair(facts, drift), str(drift)
            return Decision(sync=SyncStatus.OUT_OF_SYNC, health=health, reason=reason, steps=steps)
        return Decision(sync=SyncStatus.IN_SYNC, health=HealthStatus.HEALTHY, reason="retired")
    repair = _repair(facts, drift)  # what is not retired still serves, and is kept whole
    if facts.renamed_to is not None:
        reason = f"renamed to {facts.renamed_to}: left in place"
        sync = SyncStatus.OUT_OF_SYNC if drift is not None else SyncStatus.IN_SYNC
        return Decision(sync=sync, health=health, reason=reason, steps=repair)
    if facts.prune is PrunePolicy.NEVER:
        reason = "not declared any more; this environment never prunes"
        return Decision(sync=SyncStatus.OUT_OF_SYNC, health=health, reason=reason, steps=repair)
    if facts.declared_models == 0:
        blocked = Blocked(
            exit=Exit.CONFLICT,
            reasons=(f"git declares no model at all for {facts.environment.name}: nothing is retired",),
            remedy="if the folder was emptied on purpose, retire one model at a time, keeping one declared",
        )
        reason = blocked.reasons[0]
        return Decision(sync=SyncStatus.OUT_OF_SYNC, health=health, reason=reason, steps=repair, blocked=blocked)
    if (closed := policy_check.freeze(facts)) is not None:
        reason = closed.reasons[0]
        return Decision(sync=SyncStatus.OUT_OF_SYNC, health=health, reason=reason, steps=repair, blocked=closed)
    step = Step(action=Action.RETIRE, artifact=deployed, reason="deployed, but no longer declared in git")
    return Decision(sync=SyncStatus.OUT_OF_SYNC, health=health, reason=step.reason, steps=(step,))


def _health(facts: ServingFacts, drift: Drift | None) -> HealthStatus:
    deployed = facts.head.state.artifact if facts.head else None
    if drift is not None and drift.pending_rollout:
        return HealthStatus.PROGRESSING
    missing = drift is not None and drift.type is DriftType.MISSING
    if missing or (deployed is None and facts.model is not None):
        return HealthStatus.MISSING
    policy = facts.environment.policy
    if drift is not None or facts.weakened or policy.rejection_of(deployed) is not None:
        return HealthStatus.DEGRADED
    if facts.kept is not None or policy.hold_of(facts.name) is not None:
        return HealthStatus.SUSPENDED
    return HealthStatus.HEALTHY if facts.head is not None else HealthStatus.UNKNOWN


def _reported(facts: ServingFacts) -> tuple[str, ...]:
    """What gates would say of a vetted artifact: reported, never enforced."""
    verdict = facts.verdict
    if verdict is None or not verdict.vetted or verdict.verification is None:
        return ()
    return tuple(f"reported, not enforced: {reason}" for reason in verdict.verification.refusals)
