"""Reproduce: train an artifact again from its provenance and compare digests. Records nothing."""

from __future__ import annotations

from reconciler.core.artifact.build import Build, Provenance
from reconciler.core.digest import Digest, DigestPrefix, is_digest, short
from reconciler.core.inspect.audit import ReproduceResult
from reconciler.core.spec.desired_state import DesiredState
from reconciler.engine.compute.request import train_request
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.find_environment import artifact_named, no_artifact
from reconciler.engine.plan import verification
from reconciler.engine.storage import blobs, data_snapshots, journal, oci_manifest
from reconciler.errors import UsageError
from reconciler.ports import SelectionKind, SelectRequest


def reproduce(deps: Dependencies, desired: DesiredState, prefix: DigestPrefix) -> ReproduceResult:
    """Train the artifact whose digest begins with `prefix` from the same recipe, data and runtime; compare the bytes.

    Raises UsageError when it is not known how the artifact was trained here.
    """
    environment, build = _built_in(deps, desired, prefix)
    digest = build.artifact
    store = deps.stores[environment]
    provenance = blobs.record(store, build.provenance, Provenance)
    origin = desired.environment(provenance.environment)
    if origin is None or not origin.trains or deps.trainer is None:
        raise UsageError(f"{short(digest)} was trained in {provenance.environment}, which is not a sandbox here")
    own = deps.stores[origin.name]
    recipe = verification.recipe_of(store, digest).recipe
    snapshot = data_snapshots.numbered(own, provenance.snapshot)
    work = deps.scratch / f"reproduce-{deps.new_id()}"
    work.mkdir(parents=True)
    deps.progress.start(short(digest), "train again")
    deps.trainer.warm(origin.limits)
    selected = deps.data.select(
        SelectRequest(
            recipe=recipe,
            tables=data_snapshots.table_files(own, snapshot, recipe.tables),
            as_of=snapshot.as_of,
            want=SelectionKind.FIT,
            into=work,
            limits=origin.limits,
        )
    )
    trained = deps.trainer.train(
        train_request(recipe, snapshot, selected, work, runtime=provenance.runtime, limits=origin.limits)
    )
    files = oci_manifest.describe(work / "artifact", trained.files)
    manifest = oci_manifest.parse(oci_manifest.manifest_of(oci_manifest.config_of(files), files))
    before = blobs.artifact(store, digest)
    digests = [{file.path: file.digest for file in artifact.files} for artifact in (before, manifest)]
    names = sorted(digests[0].keys() | digests[1].keys())
    differing = tuple(name for name in names if digests[0].get(name) != digests[1].get(name))
    return ReproduceResult(
        expected=digest,
        found=manifest.digest,
        differing=differing,
        fingerprint=build.fingerprint,
        trained=provenance.finished.isoformat(),
    )


def _built_in(deps: Dependencies, desired: DesiredState, prefix: DigestPrefix) -> tuple[str, Build]:
    """Return the environment whose journal knows how this artifact was built (sandboxes first), and that build.

    Raises UsageError E210 when no journal knows it, E211 when several artifacts begin so.
    """
    known: dict[Digest, tuple[str, Build]] = {}
    for environment in sorted(desired.environments, key=lambda declared: (not declared.trains, declared.name)):
        store, name = deps.stores[environment.name], environment.name
        for model in journal.models(store, name):
            if is_digest(prefix):
                whole = Digest(prefix)
                build = journal.build_of(store, project=desired.project, environment=name, model=model, artifact=whole)
                if build is not None:
                    return name, build
            else:
                builds = journal.builds(store, project=desired.project, environment=name, model=model)
                known = {artifact: (name, build) for artifact, build in builds.items()} | known
    if (artifact := artifact_named(prefix, known)) is not None:
        return known[artifact]
    raise no_artifact(prefix, "no artifact of this project", known)
