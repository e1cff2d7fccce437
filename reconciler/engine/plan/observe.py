"""Observe: read journals, targets and stores, and give the facts that a decision needs. Reads only, writes nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from reconciler.core.artifact.build import Build
from reconciler.core.artifact.data_snapshot import Snapshot
from reconciler.core.artifact.evaluation import Evaluation
from reconciler.core.artifact.journal import RollbackHold
from reconciler.core.artifact.observed_state import CommitOrder, FirstParentChange, JournalHead, LiveDeployment
from reconciler.core.digest import Digest
from reconciler.core.field_diff import changes
from reconciler.core.plan.facts import PinFacts, PolicyFacts, ServingFacts, TrainingFacts, VerificationFacts
from reconciler.core.plan.gate_evaluation import judge
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.core.spec.gates import GateStatus, NoWorseThanIncumbent
from reconciler.core.spec.model import Model
from reconciler.core.spec.policy import Freeze
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.plan import pin_origin, verification
from reconciler.engine.storage import blobs, builds, journal
from reconciler.errors import IntegrityError, ReconcilerError
from reconciler.ports import Source, Store
from reconciler.schedule import freeze_windows


def head_of(deps: Dependencies, desired: DesiredState, environment: str, model: str) -> JournalHead | None:
    store = deps.stores[environment]
    return journal.head(store, project=desired.project, environment=environment, model=model)


def predecessor(
    deps: Dependencies, desired: DesiredState, environment: Environment, model: Model
) -> JournalHead | None:
    """The journal's head under the name that this model had before it was renamed."""
    if model.renamed_from is None:
        return None
    return head_of(deps, desired, environment.name, model.renamed_from)


def forsaken(
    deps: Dependencies, desired: DesiredState, environment: Environment, known: frozenset[str]
) -> tuple[str, ...]:
    """Models that are neither declared nor served and yet, by their journal, deployed: somebody emptied the target.

    A listing only finds their names; what is so is asked of their journals."""
    found = []
    for name in journal.models(deps.stores[environment.name], environment.name):
        if name in known:
            continue
        try:
            head = head_of(deps, desired, environment.name, name)
        except ReconcilerError:
            found.append(name)  # its part of the plan says what is wrong
        else:
            if head is not None and head.state.artifact is not None:
                found.append(name)
    return tuple(found)


def order_of(source: Source, environment: Environment, revision: str | None, head: JournalHead | None) -> CommitOrder:
    """Where `revision` stands against the commit that the environment is at. Sandboxes record any commit."""
    if environment.protect is None or revision is None:
        return CommitOrder.SAME
    before = head.entry.commit if head is not None else None
    return source.order(before or revision, revision, branch=environment.protect)


def training(
    deps: Dependencies,
    desired: DesiredState,
    environment: Environment,
    model: Model,
    *,
    snapshot: Snapshot | None,
    now: datetime,
) -> TrainingFacts:
    """Facts about one model where models are made. `snapshot` is None while a refresh is due."""
    store = deps.stores[environment.name]
    head = head_of(deps, desired, environment.name, model.name)
    requirements = builds.requirements_of(model, environment, snapshot, now)
    build, missing = builds.find(store, requirements, head)
    evaluation = verification.evaluation_of(store, build.artifact) if build else None
    verifications = tuple(
        _verification_for(deps, desired, model, build, evaluation, head, judge_for)
        for judge_for in judged_for(desired, environment)
    )
    return TrainingFacts(
        model=model,
        head=head,
        build=build,
        missing=missing or None,
        verifications=verifications,
        evaluation=evaluation,
    )


def judged_for(desired: DesiredState, environment: Environment) -> tuple[Environment, ...]:
    """Whose gates a candidate of this sandbox is judged by: every environment that promotes from it, else its own."""
    return desired.downstream(environment.name) or (environment,)


def _verification_for(
    deps: Dependencies,
    desired: DesiredState,
    model: Model,
    build: Build | None,
    evaluation: Evaluation | None,
    head: JournalHead | None,
    environment: Environment,
) -> VerificationFacts:
    if build is None or evaluation is None:
        return VerificationFacts(environment=environment.name)
    store = deps.stores[model.environment]
    # Judging for itself, a sandbox has no incumbent: its own journal says what was trained, not what is deployed.
    deployed = head_of(deps, desired, environment.name, model.name) if environment.name != model.environment else None
    incumbent = deployed.state.artifact if deployed else None
    gate_set = verification.gate_set_of(model, environment, evaluation, incumbent)
    verdict = verification.known_verification(store, gate_set, build.artifact, head=deployed)
    judged = head.state.judged_for(environment.name) if head and head.state.build == build else None
    return replace(verdict, journaled=judged is not None and judged.gate_set == verdict.gate_set)


def serving(
    deps: Dependencies,
    desired: DesiredState,
    environment: Environment,
    name: str,
    *,
    served: LiveDeployment | None,
    now: datetime,
) -> ServingFacts:
    """Read the facts about one model where models are only promoted to."""
    model = desired.model(environment.name, name)
    head = head_of(deps, desired, environment.name, name)
    not_ahead(environment, name, head, served)
    facts = ServingFacts(
        environment=environment,
        name=name,
        model=model,
        head=head,
        served=served,
        order=order_of(deps.source, environment, desired.revision, head),
        declared_models=desired.count_in(environment.name),
        renamed_to=_renamed(desired, environment, name) if model is None else None,
    )
    policy = PolicyFacts()
    if facts.pinned != facts.deployed:
        policy = _freezes(environment.policy.freeze, now)
    if model is None or model.artifact is None:
        return replace(facts, policy=policy)
    pin = _pin(deps, desired, environment, model, model.artifact, head)
    if pin.evaluation is None or pin.build is None:
        return replace(facts, policy=policy, pin=pin)
    age, limit = int((now - pin.build.taken).total_seconds()), environment.policy.max_data_age
    policy = replace(
        _with_change(deps.source, desired, facts, policy),
        stale_data_age=age if limit is not None and age > limit else None,
        policy_violations=policy_violations(deps.stores[environment.name], environment, model, pin.evaluation, head),
    )
    return replace(facts, policy=policy, pin=pin)


def _pin(
    deps: Dependencies,
    desired: DesiredState,
    environment: Environment,
    model: Model,
    artifact: Digest,
    head: JournalHead | None,
) -> PinFacts:
    """Read the pinned artifact from the stores that this environment may use."""
    build = build_of(deps, desired, environment, model, artifact, head)
    origin = blobs.origin_of(deps, environment, artifact)
    if origin is None or build is None:
        return PinFacts(build=build, artifact_missing=True)
    package = blobs.artifact(origin, artifact)
    evaluation = verification.evaluation_in(origin, package)
    mismatch = None
    if not verification.is_made_by(origin, package, model.recipe_digest):
        mismatch = next(iter(changes(verification.recipe_in(origin, package).recipe, model.recipe)), None)
    return PinFacts(
        build=build,
        evaluation=evaluation,
        verification=_verification_here(deps, desired, environment, model, evaluation, head),
        recipe_mismatch=mismatch,
    )


def _freezes(windows: tuple[Freeze, ...], now: datetime) -> PolicyFacts:
    """The freeze windows in force now."""
    if not windows:
        return PolicyFacts()
    return PolicyFacts(
        frozen=freeze_windows.closed(windows, now),
        rollback_frozen=freeze_windows.closed(tuple(one for one in windows if one.blocks_rollback), now),
    )


def _with_change(source: Source, desired: DesiredState, facts: ServingFacts, policy: PolicyFacts) -> PolicyFacts:
    """Add what the change that introduced the pin means for it, where the pin is to be deployed."""
    environment, model = facts.environment, facts.model
    if model is None:
        return policy
    if facts.pinned == facts.deployed or environment.protect is None or desired.revision is None:
        return replace(policy, rollback_hold=_rollback_hold(source, environment, model, facts.head, None))
    change = pin_origin.change_of_pin(source, desired, environment, model)
    weakened = pin_origin.weakened(source, environment, model, change) if change is not None else ()
    return replace(
        policy,
        rollback_hold=_rollback_hold(source, environment, model, facts.head, change),
        weakened_gates=weakened,
        gate_owners=pin_origin.owners_before(source, environment, change) if change is not None and weakened else (),
    )


def _rollback_hold(
    source: Source, environment: Environment, model: Model, head: JournalHead | None, change: FirstParentChange | None
) -> RollbackHold | None:
    """The hold of a `rollback --now`, in force: git declares the very pin since before. Brought anew, also by a request
    that is not merged yet, it is a new decision."""
    found = head.state.hold if head is not None else None
    if found is None or found.pin != model.artifact:
        return None
    if change is None or found.commit is None or environment.protect is None:
        return found
    order = source.order(found.commit, change.commit, branch=environment.protect)
    return found if order in (CommitOrder.SAME, CommitOrder.BEFORE) else None


def _renamed(desired: DesiredState, environment: Environment, name: str) -> str | None:
    return next((one.name for one in desired.models_of(environment.name) if one.renamed_from == name), None)


def build_of(
    deps: Dependencies,
    desired: DesiredState,
    environment: Environment,
    model: Model,
    artifact: Digest,
    head: JournalHead | None = None,
) -> Build | None:
    """How an artifact was built: by our own journal, else by the journals of the environments we promote from. `head`:
    that of our own, where it was just read."""
    for name in (environment.name, *environment.promotes_from):
        for called in (model.name, model.renamed_from):
            if called is None or name not in deps.stores:
                continue
            found = journal.build_of(
                deps.stores[name],
                project=desired.project,
                environment=name,
                model=called,
                artifact=artifact,
                after=head if (name, called) == (environment.name, model.name) else None,
            )
            if found is not None:
                return found
    return None


def _verification_here(
    deps: Dependencies,
    desired: DesiredState,
    environment: Environment,
    model: Model,
    evaluation: Evaluation,
    head: JournalHead | None,
) -> VerificationFacts:
    """What the stores upstream say of the pinned artifact under today's gates and incumbent."""
    artifact = model.artifact
    if artifact is None:
        return VerificationFacts(environment=environment.name)
    deployed = head.state.artifact if head else None
    incumbent = deployed if deployed != artifact else None
    gate_set = verification.gate_set_of(model, environment, evaluation, incumbent)
    found = VerificationFacts(environment=environment.name)
    vetting = head or predecessor(deps, desired, environment, model)
    for name in (*desired.upstream(environment.name), environment.name):
        store = deps.stores.get(name)
        if store is None:
            continue
        found = verification.known_verification(store, gate_set, artifact, head=vetting)
        if found.verification is not None:
            return found
    return found


def policy_violations(
    store: Store, environment: Environment, model: Model, evaluation: Evaluation, head: JournalHead | None
) -> tuple[str, ...]:
    """Say why today's policy would deny the deployed artifact: shown, never acted upon. `store`: the environment's."""
    deployed = head.state.artifact if head else None
    if deployed is None or deployed != model.artifact or not blobs.holds(store, deployed):
        return ()
    gates = tuple(
        gate for gate in verification.gates_for(model, environment) if not isinstance(gate, NoWorseThanIncumbent)
    )
    results = judge(gates, evaluation, {})
    return tuple(
        f"today's policy would deny it: {result.reason}"
        for result in results
        if result.verdict is not GateStatus.PASSED
    )


def not_ahead(environment: Environment, name: str, head: JournalHead | None, served: LiveDeployment | None) -> None:
    """A target that knows a higher entry than its journal means that the journal lost its tail."""
    n = served.current.n if served is not None and served.current is not None else -1
    last = head.entry.n if head is not None else -1
    if n > last:
        again = "" if last >= 0 else " (its journal is empty)"
        raise IntegrityError(
            f"{environment.name}/{name} serves entry {n}, but its journal ends at {max(last, 0)}{again}",
            code="E603",
            hint="the journal lost entries: restore the store from a backup",
        )
