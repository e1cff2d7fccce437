"""Reproduce: train an artifact again from its provenance and compare digests. Records nothing."""

from __future__ import annotations

from reconciler.core.artifact.oci_artifact import MEDIA_TYPES
from reconciler.core.artifact.records import Build, Provenance
from reconciler.core.digest import Digest, digest_of_file, short
from reconciler.core.inspect.status import ReproduceResult
from reconciler.core.spec.environment import DesiredState
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.plan import verification as verify
from reconciler.engine.storage import blobs, journal
from reconciler.engine.storage import data_snapshots as snapshots
from reconciler.engine.storage import oci_manifest as package
from reconciler.errors import UsageError
from reconciler.ports import SelectionKind, SelectRequest, TrainRequest


def reproduce(world: Dependencies, desired: DesiredState, digest: Digest) -> ReproduceResult:
    """Same recipe, same data, same runtime: the same bytes? UsageError when it is not known how it was made here."""
    environment, build = _found(world, desired, digest)
    store = world.stores[environment]
    provenance = blobs.record(store, build.provenance, Provenance)
    origin = desired.environment(provenance.environment)
    if origin is None or not origin.trains or world.trainer is None:
        raise UsageError(f"{short(digest)} was trained in {provenance.environment}, which is not a sandbox here")
    own = world.stores[origin.name]
    recipe = verify.recipe_of(store, digest).recipe
    snapshot = snapshots.numbered(own, provenance.snapshot)
    work = world.scratch / f"reproduce-{world.new_id()}"
    work.mkdir(parents=True)
    world.progress.start(short(digest), "train it again")
    world.trainer.warm(origin.limits)
    selected = world.data.select(
        SelectRequest(
            recipe=recipe,
            tables=snapshots.table_files(own, snapshot, recipe.tables),
            as_of=snapshot.as_of,
            want=SelectionKind.FIT,
            into=work,
            limits=origin.limits,
        )
    )
    trained = world.trainer.train(
        TrainRequest(
            recipe=recipe,
            selected=selected,
            train=work / "train.parquet",
            holdout=work / "holdout.parquet",
            evaluation_rows=digest_of_file(work / "holdout.parquet"),
            tables=snapshots.column_types(snapshot, recipe.tables),
            runtime=provenance.runtime,
            into=work / "artifact",
            limits=origin.limits,
        )
    )
    files = package.describe(work / "artifact", trained.files)
    manifest = package.parse(package.manifest_of(package.config_of(files), files))
    before = blobs.artifact(store, digest)
    differing = tuple(name for name in sorted(MEDIA_TYPES) if before.file(name).digest != manifest.file(name).digest)
    return ReproduceResult(
        expected=digest,
        found=manifest.digest,
        differing=differing,
        fingerprint=build.fingerprint,
        trained=provenance.finished.isoformat(),
    )


def _found(world: Dependencies, desired: DesiredState, digest: Digest) -> tuple[str, Build]:
    """The environment whose journal knows how this artifact was built, sandboxes first."""
    for environment in sorted(desired.environments, key=lambda one: (not one.trains, one.name)):
        store = world.stores[environment.name]
        for model in journal.models(store, environment.name):
            build = journal.build_of(
                store, project=desired.project, environment=environment.name, model=model, artifact=digest
            )
            if build is not None:
                return environment.name, build
    raise UsageError(
        f"no environment of this project ever held {digest}",
        hint="`reconciler history` lists the digests that there are",
        code="E210",
    )
