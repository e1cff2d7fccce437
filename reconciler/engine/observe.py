"""Observe: read journals, targets and stores, and give the facts that a decision needs. Reads only, writes nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from reconciler import codec
from reconciler.core.diff import changes
from reconciler.core.digest import Digest
from reconciler.core.environment import Desired, Environment, Model
from reconciler.core.facts import ServingFacts, TrainingFacts, Verdict
from reconciler.core.gate import NoWorseThanIncumbent
from reconciler.core.judge import judge
from reconciler.core.record import Build, Snapshot
from reconciler.core.state import Head, Order, Served
from reconciler.engine import blobs, builds, deploy, journal, verify
from reconciler.engine.world import World
from reconciler.errors import IntegrityError, ReconcilerError
from reconciler.ports import Source


def head_of(world: World, desired: Desired, environment: str, model: str) -> Head | None:
    store = world.stores[environment]
    return journal.head(store, project=desired.project, environment=environment, model=model)


def predecessor(world: World, desired: Desired, environment: Environment, model: Model) -> Head | None:
    """The journal's head under the name that this model had before it was renamed."""
    if model.renamed_from is None:
        return None
    return head_of(world, desired, environment.name, model.renamed_from)


def forsaken(world: World, desired: Desired, environment: Environment, known: frozenset[str]) -> tuple[str, ...]:
    """Models that are neither declared nor served and yet, by their journal, deployed: somebody emptied the target.

    A listing only finds their names; what is so is asked of their journals."""
    found = []
    for name in journal.models(world.stores[environment.name], environment.name):
        if name in known:
            continue
        try:
            head = head_of(world, desired, environment.name, name)
        except ReconcilerError:
            found.append(name)  # its part of the plan says what is wrong
        else:
            if head is not None and head.state.artifact is not None:
                found.append(name)
    return tuple(found)


def order_of(source: Source, environment: Environment, revision: str | None, head: Head | None) -> Order:
    """Where `revision` stands against the commit that the environment is at. Sandboxes record any commit."""
    if environment.protect is None or revision is None:
        return Order.SAME
    before = head.entry.commit if head is not None else None
    return source.order(before or revision, revision, branch=environment.protect)


def training(
    world: World,
    desired: Desired,
    environment: Environment,
    model: Model,
    *,
    snapshot: Snapshot | None,
    now: datetime,
) -> TrainingFacts:
    """Facts about one model where models are made. `snapshot` is None while a refresh is due."""
    store = world.stores[environment.name]
    head = head_of(world, desired, environment.name, model.name)
    need = builds.need_of(model, environment, snapshot, now)
    build, missing = builds.meeting(store, need, head)
    verdicts = tuple(
        _verdict_for(world, desired, model, build, head, judge_for) for judge_for in judged_for(desired, environment)
    )
    return TrainingFacts(model=model, head=head, build=build, missing=missing or None, verdicts=verdicts)


def judged_for(desired: Desired, environment: Environment) -> tuple[Environment, ...]:
    """Whose gates a candidate of this sandbox is judged by: every environment that promotes from it, else its own."""
    return desired.downstream(environment.name) or (environment,)


def _verdict_for(
    world: World, desired: Desired, model: Model, build: Build | None, head: Head | None, environment: Environment
) -> Verdict:
    if build is None:
        return Verdict(environment=environment.name)
    store = world.stores[model.environment]
    # Judging for itself, a sandbox has no incumbent: its own journal says what was trained, not what is deployed.
    deployed = head_of(world, desired, environment.name, model.name) if environment.name != model.environment else None
    incumbent = deployed.state.artifact if deployed else None
    gate_set = verify.gate_set_of(model, environment, verify.evaluation_of(store, build.artifact), incumbent)
    verdict = verify.verdict_of(store, gate_set, build.artifact, head=deployed)
    judged = head.state.judged_for(environment.name) if head and head.state.build == build else None
    return replace(verdict, journaled=judged is not None and judged.gate_set == verdict.gate_set)


def serving(
    world: World,
    desired: Desired,
    environment: Environment,
    name: str,
    *,
    served: Served | None,
    now: datetime,
) -> tuple[ServingFacts, Build | None]:
    """Facts about one model where models are only promoted to, and how the pinned artifact was built, if known."""
    model = desired.model(environment.name, name)
    head = head_of(world, desired, environment.name, name)
    not_ahead(environment, name, head, served)
    facts = ServingFacts(
        environment=environment,
        name=name,
        model=model,
        head=head,
        served=served,
        order=order_of(world.source, environment, desired.revision, head),
        declared_models=len(desired.models_of(environment.name)),
        renamed_to=_renamed(desired, environment, name) if model is None else None,
    )
    if model is None or model.artifact is None:
        return facts, None
    build = build_of(world, desired, environment, model, model.artifact, head)
    origin = deploy.origin_of(world, environment, model.artifact)
    if origin is None or build is None:
        return replace(facts, unknown=origin is None or build is None), build
    verdict = _verdict_here(world, desired, environment, model, build, head)
    built = verify.recipe_of(origin, model.artifact).recipe
    foreign = changes(built, model.recipe)[:1] if codec.digest_of(built) != model.recipe_digest else ()
    age = int((now - build.taken).total_seconds())
    limit = environment.policy.max_data_age
    return (
        replace(
            facts,
            verdict=verdict,
            foreign_recipe=foreign[0] if foreign else None,
            stale_data=age if limit is not None and age > limit else None,
            weakened=weakened(world, environment, model, head),
        ),
        build,
    )


def _renamed(desired: Desired, environment: Environment, name: str) -> str | None:
    return next((one.name for one in desired.models_of(environment.name) if one.renamed_from == name), None)


def build_of(
    world: World,
    desired: Desired,
    environment: Environment,
    model: Model,
    artifact: Digest,
    head: Head | None = None,
) -> Build | None:
    """How an artifact was built: by our own journal, else by the journals of the environments we promote from. `head`:
    that of our own, where it was just read."""
    for name in (environment.name, *environment.promotes_from):
        for called in (model.name, model.renamed_from):
            if called is None or name not in world.stores:
                continue
            found = journal.build_of(
                world.stores[name],
                project=desired.project,
                environment=name,
                model=called,
                artifact=artifact,
                after=head if (name, called) == (environment.name, model.name) else None,
            )
            if found is not None:
                return found
    return None


def _verdict_here(
    world: World, desired: Desired, environment: Environment, model: Model, build: Build, head: Head | None
) -> Verdict:
    """What the stores upstream say of the pinned artifact under today's gates and incumbent."""
    artifact = build.artifact
    origin = deploy.origin_of(world, environment, artifact)
    if origin is None:
        raise blobs.absent(artifact)
    deployed = head.state.artifact if head else None
    incumbent = deployed if deployed != artifact else None
    gate_set = verify.gate_set_of(model, environment, verify.evaluation_of(origin, artifact), incumbent)
    found = Verdict(environment=environment.name)
    vetting = head or predecessor(world, desired, environment, model)
    for name in (*desired.upstream(environment.name), environment.name):
        store = world.stores.get(name)
        if store is None:
            continue
        found = verify.verdict_of(store, gate_set, artifact, head=vetting)
        if found.verification is not None:
            return found
    return found


def weakened(world: World, environment: Environment, model: Model, head: Head | None) -> tuple[str, ...]:
    """What today's policy would refuse of the artifact that is deployed: shown, never acted upon."""
    deployed = head.state.artifact if head else None
    own = world.stores[environment.name]
    if deployed is None or deployed != model.artifact or not blobs.holds(own, deployed):
        return ()
    gates = tuple(g for g in verify.gates_for(model, environment) if not isinstance(g, NoWorseThanIncumbent))
    results = judge(gates, verify.evaluation_of(own, deployed), {})
    return tuple(f"today's policy would refuse it: {one.reason}" for one in results if one.verdict != "passed")


def not_ahead(environment: Environment, name: str, head: Head | None, served: Served | None) -> None:
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
