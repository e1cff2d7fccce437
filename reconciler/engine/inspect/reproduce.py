"""Reproduce: train an artifact again from its provenance and compare digests.

Where they agree and a key is at hand, the training is attested beside the artifact, as one that happened by itself.
Nothing else is recorded.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from reconciler import __version__, codec
from reconciler.core.artifact.build import Build, Inputs, Provenance
from reconciler.core.digest import Digest, DigestPrefix, is_digest, short
from reconciler.core.inspect.audit import ReproduceResult
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.trust.attestation import PROVENANCE
from reconciler.engine.compute.request import train_request
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.find_environment import artifact_named, no_artifact
from reconciler.engine.plan import verification
from reconciler.engine.storage import blobs, builds, data_snapshots, journal, oci_manifest
from reconciler.engine.trust import envelopes, referrers
from reconciler.engine.trust.attest import attest_reproduction
from reconciler.engine.trust.statements import claim_of
from reconciler.errors import UsageError
from reconciler.ports import SelectionKind, SelectRequest, Signer, Store


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
    signer, started = deps.signer(), deps.clock()
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
    signed: Digest | None = None
    unsigned: str | None = None
    if signer is not None and manifest.digest == digest:
        inputs = builds.inputs_by(recipe, codec.digest_of(recipe), snapshot, provenance.runtime)
        unsigned = _sign(deps, own, signer, provenance, inputs, digest, started)
        signed = signer.key.id if unsigned is None else None
    elif signer is not None:
        unsigned = "the bytes differ"
    return ReproduceResult(
        expected=digest,
        found=manifest.digest,
        differing=differing,
        fingerprint=build.fingerprint,
        trained=provenance.finished.isoformat(),
        signed=signed,
        unsigned=unsigned,
    )


def _sign(
    deps: Dependencies,
    store: Store,
    signer: Signer,
    first: Provenance,
    inputs: Inputs,
    artifact: Digest,
    started: datetime,
) -> str | None:
    """Attest a training that gave the same bytes; return why not: another one by this key is no independent one."""
    if (codec.digest_of(inputs), artifact) != (first.fingerprint, first.artifact):
        return "the store says that it was made of other inputs than these"
    for attestation in referrers.of_artifact(store, first.artifact):
        document = envelopes.parse(attestation.envelope)
        by_us = any(each.key == signer.key.id for each in document.signatures)
        if attestation.predicate_type == PROVENANCE and by_us and claim_of(document.payload).trainer == signer.key.id:
            return "this key signed a training of it before"
    record = replace(
        first,
        inputs=inputs,
        builder=f"model-reconciler {__version__}",
        started=started,
        finished=deps.clock(),
        who=deps.actor(),
    )
    attest_reproduction(store, signer, record)
    return None


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
