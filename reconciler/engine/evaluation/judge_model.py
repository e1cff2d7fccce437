"""Collect what is shown of one model of an environment: which artifact, how good it is, what its gates said."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

from reconciler.core.artifact.build import Build, Provenance
from reconciler.core.artifact.observed_state import JournalHead
from reconciler.core.digest import Digest, DigestPrefix
from reconciler.core.evaluation.detailed import DetailedEvaluation
from reconciler.core.evaluation.judged_model import JudgedModel
from reconciler.core.evaluation.question import asked_otherwise
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.core.spec.gates import Verification
from reconciler.core.spec.model import NO_DECLARATION, DeclaredEvaluation, Model
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.evaluation import in_full
from reconciler.engine.evaluation.looks import looks_so_far
from reconciler.engine.evaluation.slice_rows import JudgedBy
from reconciler.engine.find_environment import artifact_named, no_artifact, unknown_model
from reconciler.engine.plan import observe, verification
from reconciler.engine.storage import blobs, builds, journal
from reconciler.engine.storage.erasures.erased import erased
from reconciler.errors import ReconcilerError, UsageError
from reconciler.ports import Store

DEPLOYED, NEWEST, PINNED, BEFORE = "deployed", "newest build", "pinned, not deployed yet", "deployed before"
_BUILDS = 8  # the newest ones of a recipe that are looked at


def judge(
    deps: Dependencies,
    desired: DesiredState,
    environment: Environment,
    model: str,
    prefix: DigestPrefix | None = None,
    *,
    compute: bool = True,
) -> JudgedModel:
    """Return what is to be shown of a model: of the deployed artifact, else of the newest build; `prefix`: of another.

    Its evaluation in full is computed where nobody asked for it before; without `compute` it is left out. Raises
    UsageError: E801 for a model that is not declared, E210, E211 for a digest of none or several of its artifacts;
    IntegrityError where what is stored is damaged.
    """
    declared, head, artifact, (state, build), store = _found(deps, desired, environment, model, prefix)
    judging = JudgedBy(declared=declared_of(desired, environment, model), build=build)
    detailed: DetailedEvaluation | str = "it was not asked for"
    if compute:
        detailed = in_full.in_full(deps, store, artifact, environment.limits, judging)
    full, why = (None, detailed) if isinstance(detailed, str) else (detailed, None)
    deployed = head.state.artifact if head is not None else None
    return JudgedModel(
        model=model,
        environment=environment.name,
        owner=declared.owner if declared is not None else "",
        description=declared.description if declared is not None else "",
        artifact=artifact,
        state=state,
        evaluation=verification.evaluation_of(store, artifact),
        detailed=full,
        unknown=why,
        verifications=tuple(_verifications(deps, desired, environment, model, artifact)),
        provenance=_provenance(deps, desired, environment, build),
        looks=looks_so_far(deps.stores, build),
        incumbent=deployed if deployed != artifact else None,
        incumbent_detailed=_known_in_full(deps, desired, environment, deployed, judging.declared)
        if deployed != artifact
        else None,
        apart=_apart(deps, desired, environment, deployed, artifact),
    )


def declared_of(desired: DesiredState, environment: Environment, model: str) -> DeclaredEvaluation:
    """Return how a model is judged by its manifest: the environment's own, else that of where it is promoted from."""
    for name in (environment.name, *environment.promotes_from):
        if (there := desired.model(name, model)) is not None:
            return there.evaluation
    return NO_DECLARATION


def find_artifact(
    deps: Dependencies, desired: DesiredState, environment: Environment, model: str, prefix: DigestPrefix | None
) -> tuple[Digest, Store, Path | None]:
    """Return the artifact that is shown of a model, a store that has it, and the file of the keys that it was trained
    on; None where no store keeps that. Raises as `judge` does."""
    _, _, artifact, (_, build), store = _found(deps, desired, environment, model, prefix)
    kept = (each for each in (store, *deps.stores.values()) if build is not None)
    keeper = next((each for each in kept if build is not None and blobs.holds(each, build.training_keys)), None)
    keys = blobs.file_of(keeper, build.training_keys) if keeper is not None and build is not None else None
    return artifact, store, keys


def _found(
    deps: Dependencies, desired: DesiredState, environment: Environment, model: str, prefix: DigestPrefix | None
) -> tuple[Model | None, JournalHead | None, Digest, tuple[str, Build | None], Store]:
    """Return the declaration, the journal's head, and the artifact that is shown, with what it is, and its store."""
    declared = desired.model(environment.name, model)
    head = observe.head_of(deps, desired, environment.name, model)
    if declared is None and head is None:
        raise unknown_model(desired, environment.name, model)
    known = _known(deps, desired, environment, model, declared, head)
    if not known:
        raise UsageError(
            f"no artifact of {model} is in {environment.name}: it was not trained yet",
            hint=f"run `reconciler why {model} --in {environment.name}`",
            code="E801",
        )
    artifact = next(iter(known))
    if prefix is not None:
        named = artifact_named(prefix, known)
        if named is None:
            raise no_artifact(prefix, f"no artifact of {model} in {environment.name}", known)
        artifact = named
    store = next((store for store in _stores(deps, desired, environment) if blobs.holds(store, artifact)), None)
    if store is None:
        raise blobs.absent(artifact)
    return declared, head, artifact, known[artifact], store


def _known(
    deps: Dependencies,
    desired: DesiredState,
    environment: Environment,
    model: str,
    declared: Model | None,
    head: JournalHead | None,
) -> dict[Digest, tuple[str, Build | None]]:
    """Return the artifacts of a model with what each of them is here, the one that is shown first."""
    known: dict[Digest, tuple[str, Build | None]] = {}
    if head is not None and head.state.artifact is not None:
        known[head.state.artifact] = (NEWEST if environment.trains else DEPLOYED, head.state.build)
    if declared is not None and declared.artifact is not None:
        known.setdefault(declared.artifact, (PINNED, None))
    origins = [environment.name] if environment.trains else list(environment.promotes_from)
    for name in origins:
        store, there = deps.stores.get(name), desired.model(name, model)
        if store is None or there is None:
            continue
        whose = NEWEST if name == environment.name else f"{NEWEST} of {name}"
        gone = erased(store)
        for build in islice(builds.of_recipe(store, there.recipe_digest), _BUILDS):
            if build.fingerprint not in gone.builds:
                known.setdefault(build.artifact, (whose, build))
                whose = "earlier build" if name == environment.name else f"earlier build of {name}"
        for artifact, build in journal.builds(store, project=desired.project, environment=name, model=model).items():
            known.setdefault(artifact, (f"trained in {name}", build))
    if head is not None:
        before = journal.builds(
            deps.stores[environment.name], project=desired.project, environment=environment.name, model=model
        )
        for artifact, build in before.items():
            known.setdefault(artifact, (BEFORE, build))
            if known[artifact][1] is None:
                known[artifact] = (known[artifact][0], build)
    return known


def _stores(deps: Dependencies, desired: DesiredState, environment: Environment) -> Iterator[Store]:
    """Yield the environment's store, and those of the environments that it promotes from."""
    for name in dict.fromkeys((environment.name, *environment.promotes_from, *desired.upstream(environment.name))):
        if name in deps.stores:
            yield deps.stores[name]


def _verifications(
    deps: Dependencies, desired: DesiredState, environment: Environment, model: str, artifact: Digest
) -> Iterator[Verification]:
    """Yield the newest verification of an artifact by each environment's gates, as its journals know them."""
    told: set[str] = set()
    for name in dict.fromkeys((environment.name, *environment.promotes_from)):
        store = deps.stores.get(name)
        if store is None:
            continue
        head = observe.head_of(deps, desired, name, model)
        newest = {each.gate_set for each in head.state.judged} if head is not None else set()
        # Those of gates that were changed since stay beside them, in the order of their digests.
        for result in sorted(verification.recorded(store, artifact), key=lambda each: each.gate_set not in newest):
            if result.environment not in told and desired.environment(result.environment) is not None:
                told.add(result.environment)
                yield result


def _provenance(
    deps: Dependencies, desired: DesiredState, environment: Environment, build: Build | None
) -> Provenance | None:
    if build is None:
        return None
    for store in _stores(deps, desired, environment):
        if blobs.holds(store, build.provenance):
            return blobs.record(store, build.provenance, Provenance)
    return None


def _apart(
    deps: Dependencies, desired: DesiredState, environment: Environment, deployed: Digest | None, artifact: Digest
) -> str | None:
    """Return why the figures of the deployed artifact do not stand beside another's; None where they do, or where its
    recipe cannot be had."""
    if deployed is None or deployed == artifact:
        return None
    found = []
    for digest in (artifact, deployed):
        for store in _stores(deps, desired, environment):
            with suppress(ReconcilerError):
                if blobs.holds(store, digest):
                    found.append(verification.recipe_of(store, digest).recipe)
                    break
    return asked_otherwise(*found) if len(found) == 2 else None


def _known_in_full(
    deps: Dependencies,
    desired: DesiredState,
    environment: Environment,
    artifact: Digest | None,
    declared: DeclaredEvaluation,
) -> DetailedEvaluation | None:
    """Return the recorded evaluation of another artifact, for a look beside; None where it cannot be had at once."""
    if artifact is None:
        return None
    for store in _stores(deps, desired, environment):
        try:
            if blobs.holds(store, artifact):
                return in_full.recorded(store, artifact, declared)
        except ReconcilerError:
            return None
    return None
