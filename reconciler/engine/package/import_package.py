"""Import a model package: everything is checked before anything is written, and the log of imports is the commit point.

Order of writes: the store's mark, that the model was begun here, provenance and checks, the artifact (its manifest
last), its evaluations and verifications, its attestations, the model's manifest, then the record of the import. Each
is created unless it is there, so an import that a crash ended is ended by the same command, and a second one is none.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from reconciler.core.artifact.observed_state import JournalHead
from reconciler.core.digest import digest_of_bytes, short
from reconciler.core.evaluation.detailed import COMPUTATION
from reconciler.core.package.import_record import ImportRecord
from reconciler.core.package.refusal import refused
from reconciler.core.package.results import ImportResult
from reconciler.core.spec.environment import Environment
from reconciler.core.spec.gates import Verification
from reconciler.core.spec.model import Model
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.load_desired import Checkout
from reconciler.engine.package.export_package import key_ids
from reconciler.engine.package.judge_import import judge_import, unanswered
from reconciler.engine.package.read_package import PackageContent, read_package
from reconciler.engine.package.trusted_evidence import TrustedEvidence, trusted_evidence
from reconciler.engine.plan import observe_loss
from reconciler.engine.plan import verification as verify
from reconciler.engine.storage import blobs, builds, oci_manifest, register, store_mark
from reconciler.engine.storage.erasures.erased import check_artifact
from reconciler.engine.storage.evaluations import records
from reconciler.engine.storage.packages import imports
from reconciler.engine.storage.yardsticks import Yardsticks, yardsticks
from reconciler.engine.trust import referrers
from reconciler.engine.trust.in_force import trust_observer
from reconciler.engine.trust.pins import PinEvidence
from reconciler.errors import GateRefusedError, UsageError
from reconciler.manifest.yaml.edit import promoted
from reconciler.ports import PackageArchive, Store


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedImport:
    """A package that may be imported: nothing was written yet. `model`: as its manifest would declare it here, with
    the pin; `compared`: what it is compared with here; `evidence`: what of it counts by the keys that are trusted."""

    content: PackageContent
    environment: Environment
    model: Model
    head: JournalHead | None
    compared: Yardsticks
    evidence: TrustedEvidence


def check_import(
    deps: Dependencies, checkout: Checkout, archive: PackageArchive, environment: Environment
) -> CheckedImport:
    """Check all of a package and whether it may come into an environment. Writes nothing but scratch files.

    Raises UsageError E801 for a sandbox; IntegrityError for a package that is not as this tool writes them, E520 for
    one that nobody signed who is trusted here;
    ScoringError, IntegrityError where its model cannot be loaded or gives other outputs than when it was trained;
    GateRefusedError E706, E709; InvalidManifestsError where its manifest does not fit this project.
    """
    if environment.trains:
        raise UsageError(
            f"{environment.name} trains its own models, so nothing is imported there",
            hint="name an environment that deploys models",
            code="E801",
        )
    observe_loss.check_store(deps, checkout.desired, environment)
    work = deps.scratch / f"import-{deps.new_id()}"
    work.mkdir(parents=True)
    content = read_package(archive, work)
    artifact = content.artifact.digest
    if (rejected := environment.policy.rejection_of(artifact)) is not None:
        raise GateRefusedError(
            f"{short(artifact)} is rejected in {environment.name}: {rejected.reason}",
            hint="import another artifact",
            code="E706",
        )
    store = deps.stores[environment.name]
    check_artifact(store, artifact, "import one that was trained without the entity")
    journals = observe_loss.journals_of(deps, checkout.desired)
    head = journals.head(environment.name, content.evidence.model)
    trust = trust_observer(deps, checkout.desired, journals).check(environment.name)
    evidence = trusted_evidence(trust, content, head)
    model = _declared(checkout, environment, content)
    deps.scorer.check(_unpacked(content, deps.scratch / f"check-{deps.new_id()}"), environment.limits)
    compared = yardsticks(journals, model, environment.name, artifact=artifact, now=deps.clock(), head=head)
    return CheckedImport(
        content=content, environment=environment, model=model, head=head, compared=compared, evidence=evidence
    )


def _declared(checkout: Checkout, environment: Environment, content: PackageContent) -> Model:
    """Return the model as the package's manifest would declare it here.

    Raises IntegrityError E509 where that is another recipe than the artifact's."""
    text = promoted(content.records.manifest, artifact=content.artifact.digest, base=None)
    model = checkout.with_model(environment.name, content.evidence.model, text)
    if model.recipe_digest != content.records.build.recipe:
        raise refused("E509", "its model.yaml has another recipe than its artifact was built from", content.name)
    return model


def _unpacked(content: PackageContent, into: Path) -> Path:
    """Lay out the artifact's files as a release has them: hard links to the verified copies."""
    into.mkdir(parents=True)
    for path, file in content.blobs.items():
        (into / path).hardlink_to(file)
    (into / oci_manifest.CONFIG_FILE).hardlink_to(content.files[content.artifact.config.digest])
    (into / oci_manifest.MANIFEST_FILE).write_bytes(content.artifact_manifest)
    return into


def write_import(deps: Dependencies, checkout: Checkout, checked: CheckedImport, shown: str) -> ImportResult:
    """Write what was checked into the environment's store; `shown` is what a person calls the package."""
    content, environment, model = checked.content, checked.environment, checked.model
    store, artifact = deps.stores[environment.name], content.artifact
    record = ImportRecord(
        environment=environment.name,
        model=model.name,
        artifact=artifact.digest,
        build=content.records.build,
        evidence=digest_of_bytes(content.evidence_manifest),
        manifest=digest_of_bytes(content.records.manifest.encode()),
        origin=f"{content.evidence.project}/{content.evidence.environment}",
        who=deps.actor(),
        when=deps.clock(),
        attestations=len(content.attestations),
    )
    store_mark.claim(store, checkout.desired.project, environment.name)
    register.add(store, environment.name, begun=[model.name])
    blobs.put(store, content.records.provenance)
    if content.records.checks is not None:
        builds.record_checks(store, content.records.checks)
    _put_artifact(store, content)
    for detailed in content.records.evaluations:
        if detailed.computation == COMPUTATION:
            records.record(store, detailed)
    for verification in checked.evidence.verifications:
        verify.write(store, verification)
    for attestation in content.attestations:
        referrers.add(store, attestation)
    judged = _judged(store, checked)
    blobs.put(store, content.records.manifest.encode())
    imported = imports.add(store, record)
    return _result(deps, checked, judged, record, imported=imported, shown=shown)


def _put_artifact(store: Store, content: PackageContent) -> None:
    """Store the artifact's files, its manifest last: a manifest in a store means a complete artifact."""
    for file in (content.artifact.config, *content.artifact.files):
        if blobs.holds(store, file.digest):
            blobs.file_of(store, file.digest)
        else:
            blobs.put_file(store, content.files[file.digest])
    blobs.put(store, content.artifact_manifest)


def _judged(store: Store, checked: CheckedImport) -> Verification | None:
    """Record and return the verification by today's gates of the environment, as far as the evidence answers them.

    Raises IntegrityError E520 where another is recorded that nobody signed who is trusted."""
    content = checked.content
    pin = PinEvidence(checked.evidence.trust, (store,), content.artifact.digest)
    (signed,) = pin.signed_records()
    judged = judge_import(
        signed,
        checked.model,
        checked.environment,
        content.records.evaluation,
        checked.evidence.verifications,
        checked.compared,
        content.artifact.digest,
    )
    if judged is None:
        return None
    recorded = verify.write(store, judged)
    if recorded != judged and checked.evidence.trust.sets and not pin.is_signed(recorded):
        pin.check_refused()
    return recorded


def _result(
    deps: Dependencies,
    checked: CheckedImport,
    judged: Verification | None,
    record: ImportRecord,
    *,
    imported: bool,
    shown: str,
) -> ImportResult:
    content, environment, model = checked.content, checked.environment, checked.model
    notes, refusals = list(checked.evidence.told), judged.refusals if judged is not None else ()
    deployed_before = checked.compared.previously_deployed
    if judged is None and not deployed_before:
        left = unanswered(
            deps.stores[environment.name],
            model,
            environment,
            content.records.evaluation,
            checked.evidence.verifications,
            checked.compared,
            content.artifact.digest,
        )
        refusals = tuple(f"nothing in the package answers the gate {name}" for name in left)
    if not content.attestations:
        notes.append("it is not signed: nothing proves who exported it")
    head = checked.head
    return ImportResult(
        file=shown,
        environment=environment.name,
        model=model.name,
        artifact=content.artifact.digest,
        origin=record.origin,
        imported=imported,
        verified=deployed_before or (judged is not None and judged.passed),
        refusals=refusals,
        deployed=head is not None and head.state.artifact == content.artifact.digest,
        attestations=len(content.attestations),
        keys=key_ids(content.attestations),
        trusted=checked.evidence.trusted,
        notes=tuple(notes),
    )
