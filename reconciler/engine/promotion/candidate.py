"""Find the build to promote, and the manifest text that it was made from. Reads only."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.core.artifact.build import Build, Provenance
from reconciler.core.digest import Digest, DigestPrefix, is_digest, short
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.core.spec.model import Model
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.find_environment import artifact_named, no_artifact, unknown_model
from reconciler.engine.load_desired import Checkout, bodies_at, manifest_path
from reconciler.engine.plan import observe
from reconciler.engine.storage import blobs, journal
from reconciler.engine.storage.packages import imports
from reconciler.errors import ReconcilerError, UsageError


def check_is_promoted_to(environment: Environment) -> None:
    """Raise UsageError E801 where an environment promotes from none, and imports nothing either."""
    if environment.trains:
        raise UsageError(
            f"environment {environment.name} trains its own models, so nothing is promoted to it",
            hint="name an environment that promotes from it",
            code="E801",
        )


def candidate_of(
    deps: Dependencies, checkout: Checkout, model: str, to: Environment, digest: DigestPrefix | None
) -> tuple[str, Build]:
    """Return the source environment and the build to promote; UsageError where there is none."""
    check_is_promoted_to(to)
    known = _imported(deps, to, model)
    if digest is None:
        head = observe.head_of(deps, checkout.desired, to.name, model) if known else None
        deployed = head.state.vetted if head is not None else ()
        if (pending := next((artifact for artifact in known if artifact not in deployed), None)) is not None:
            return known[pending]
    else:
        known = known | _promotable(deps, checkout, to, model, digest, imported=known)
        if (artifact := artifact_named(digest, known)) is not None:
            return known[artifact]
    for origin in to.promotes_from if digest is None else ():
        head = observe.head_of(deps, checkout.desired, origin, model)
        if head is not None and head.state.build is not None:
            return origin, head.state.build
    if digest is not None:
        raise no_artifact(digest, f"no artifact of {model} in {', '.join((to.name, *to.promotes_from))}", known)
    if not to.promotes_from:
        raise UsageError(
            f"no package of {model} was imported into {to.name} that was not deployed yet",
            hint=f"reconciler import FILE --to {to.name}; or name one with --digest",
            code="E210",
        )
    first = to.promotes_from[0]
    if not any(checkout.desired.model(origin, model) for origin in to.promotes_from):
        raise unknown_model(checkout.desired, first, model, code="E210")
    problem, hint = f"{model} was not trained in {', '.join(to.promotes_from)}", f"run `reconciler apply {first}` first"
    raise UsageError(problem, hint=hint, code="E210")


def _imported(deps: Dependencies, to: Environment, model: str) -> dict[Digest, tuple[str, Build]]:
    """Return (environment, build) of each artifact that was imported for a model, the newest first."""
    store = deps.stores[to.name]
    return {record.artifact: (to.name, record.build) for record in imports.of_model(store, to.name, model)}


def pending_imports(deps: Dependencies, desired: DesiredState, to: Environment) -> set[str]:
    """Return the models of which the newest import is neither pinned nor was deployed."""
    names: set[str] = set()
    for name in imports.models(deps.stores[to.name], to.name):
        newest, known = imports.newest(deps.stores[to.name], to.name, name), desired.model(to.name, name)
        head = observe.head_of(deps, desired, to.name, name)
        deployed = head.state.vetted if head is not None else ()
        declared = known.artifact if known is not None else None
        if newest is not None and newest.artifact not in (declared, *deployed):
            names.add(name)
    return names


def _promotable(
    deps: Dependencies,
    checkout: Checkout,
    to: Environment,
    model: str,
    digest: DigestPrefix,
    *,
    imported: Mapping[Digest, object],
) -> dict[Digest, tuple[str, Build]]:
    """Return the artifacts of the environments that are promoted from; none where these are not on this machine and
    one was imported that is meant."""
    try:
        return _builds(deps, checkout, to.promotes_from, model, digest)
    except ReconcilerError:
        if artifact_named(digest, imported) is None:
            raise
        return {}


def _builds(
    deps: Dependencies, checkout: Checkout, origins: tuple[str, ...], model: str, digest: DigestPrefix
) -> dict[Digest, tuple[str, Build]]:
    """Return (environment, build) of each artifact of a model, of the environment that comes first.

    For a whole digest no more is read than it takes to find that artifact.
    """
    known: dict[Digest, tuple[str, Build]] = {}
    for origin in origins:
        store, project = deps.stores[origin], checkout.desired.project
        if is_digest(digest):
            whole = Digest(digest)
            build = journal.build_of(store, project=project, environment=origin, model=model, artifact=whole)
            if build is not None:
                return {whole: (origin, build)}
        builds = journal.builds(store, project=project, environment=origin, model=model)
        known = {artifact: (origin, build) for artifact, build in builds.items()} | known
    return known


def recipe_text(
    deps: Dependencies, checkout: Checkout, origin: str, model: str, wanted: Model | None, build: Build
) -> str:
    """Return the manifest text that the artifact was built from: the one that was imported with it, today's, else that
    of its commit."""
    record = imports.of_artifact(deps.stores[origin], origin, model, build.artifact)
    if record is not None:
        return blobs.get(deps.stores[origin], record.manifest).decode()
    path = manifest_path(origin, model)
    today = checkout.text(path)
    if wanted is not None and today is not None and wanted.recipe_digest == build.recipe:
        return today
    provenance = blobs.record(deps.stores[origin], build.provenance, Provenance)
    if provenance.commit is not None:
        body = bodies_at(deps.source, provenance.commit, (path,)).get(path)
        if body is not None:
            return body.decode()
    raise UsageError(
        f"the recipe in {path} differs from the one {short(build.artifact)} was built from, and the commit of that "
        "build is not known",
        hint=f"run `reconciler apply {origin}` from a commit, or restore the old recipe, and promote again",
        code="E210",
    )
