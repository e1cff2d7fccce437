"""Write a model package: an artifact with the evidence of its build and its gates, and its attestations. Reads stores.

No row of any table goes into it, no path of this machine and no address of a store. The same records give the same
bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from reconciler import codec
from reconciler.core.artifact import store_layout
from reconciler.core.artifact.build import Build, Provenance
from reconciler.core.digest import Digest, DigestPrefix, digest_of_bytes, hex_of
from reconciler.core.evaluation.detailed import COMPUTATION, DetailedEvaluation
from reconciler.core.package import layout
from reconciler.core.package.import_record import PackageEvidence
from reconciler.core.package.results import ExportResult
from reconciler.core.spec.desired_state import card_path
from reconciler.core.spec.environment import Environment
from reconciler.core.spec.gates import Verification
from reconciler.core.trust.attestation import EMPTY_CONFIG, Attestation
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.find_environment import artifact_named, no_artifact, unknown_model
from reconciler.engine.load_desired import Checkout, manifest_path
from reconciler.engine.package import oci_documents
from reconciler.engine.plan import observe
from reconciler.engine.plan import verification as verify
from reconciler.engine.promotion.candidate import recipe_text
from reconciler.engine.storage import blobs, builds, journal
from reconciler.engine.storage.erasures.erased import check_artifact
from reconciler.engine.storage.packages import imports
from reconciler.engine.trust import referrers
from reconciler.errors import IntegrityError, UsageError
from reconciler.ports import PackageWriter, Store

_MOST_EVALUATIONS = 100  # in full, of one artifact


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What is exported: an artifact of a model in an environment, and how it was built."""

    environment: Environment
    model: str
    build: Build

    @property
    def artifact(self) -> Digest:
        return self.build.artifact


def exported(
    deps: Dependencies, checkout: Checkout, environment: Environment, model: str | None, digest: DigestPrefix | None
) -> Exported:
    """Find what to export: what is deployed for a model (in a sandbox: its newest build), or the artifact whose digest
    begins so. Raises UsageError E210, E211, E801."""
    desired, store = checkout.desired, deps.stores[environment.name]
    if digest is None:
        head = observe.head_of(deps, desired, environment.name, model or "")
        if head is not None and head.state.build is not None:
            return Exported(environment=environment, model=head.entry.model, build=head.state.build)
        if head is None and desired.model(environment.name, model or "") is None:
            raise unknown_model(desired, environment.name, model or "")
        raise UsageError(
            f"nothing of {model} is {'trained' if environment.trains else 'deployed'} in {environment.name}",
            hint="name the sandbox with --in, or an artifact by its digest",
            code="E210",
        )
    known: dict[Digest, list[tuple[str, Build]]] = {}
    names = sorted({*journal.models(store, environment.name), *imports.models(store, environment.name)})
    for name in names if model is None else (model,):
        found = journal.builds(store, project=desired.project, environment=environment.name, model=name)
        for record in imports.of_model(store, environment.name, name):
            found.setdefault(record.artifact, record.build)
        for artifact, build in found.items():
            known.setdefault(artifact, []).append((name, build))
    whole = artifact_named(digest, known)
    if whole is None:
        raise no_artifact(digest, f"no artifact in {environment.name}", known)
    (name, build), *others = known[whole]
    if others:
        also = ", ".join(each for each, _ in others)
        raise UsageError(
            f"{hex_of(whole)[:12]} was made for {name} and for {also}", hint="name the model instead", code="E211"
        )
    return Exported(environment=environment, model=name, build=build)


def export_package(
    deps: Dependencies, checkout: Checkout, writer: PackageWriter, what: Exported, file: Path, shown: str
) -> ExportResult:
    """Write the package of an artifact to `file`, which must not exist; `shown` is what a person calls it.

    Raises GateRefusedError E709 for an artifact that learnt what was erased, IntegrityError where a record is damaged,
    and what the writer raises.
    """
    origin = blobs.origin_of(deps.stores, what.environment, what.artifact)
    if origin is None:
        raise blobs.absent(what.artifact)
    for name in (what.environment.name, *checkout.desired.upstream(what.environment.name)):
        with suppress(StoreAbsent):
            check_artifact(_there(deps, name), what.artifact, "export one that was trained without the entity")
    artifact, notes = blobs.artifact(origin, what.artifact), list[str]()
    manifest = blobs.get(origin, artifact.digest)
    records, verifications = _records(deps, checkout, what, notes)
    attestations = _attestations(deps, checkout, what)
    keys = key_ids(attestations)
    config = codec.encode(
        PackageEvidence(
            artifact=artifact.digest,
            project=checkout.desired.project,
            environment=what.environment.name,
            model=what.model,
            keys=keys,
        )
    )
    if not attestations:
        notes.append("it is not signed: an environment that requires trusted keys will refuse it")
    evidence = oci_documents.evidence_manifest(config, records, artifact.digest, len(manifest))
    signed = [referrers.manifest_of(each, len(manifest)) for each in attestations]
    index = oci_documents.referrers_index((evidence, *signed))
    contents: dict[Digest, bytes | Path] = {
        digest_of_bytes(body): body
        for body in (
            manifest,
            evidence,
            *signed,
            index,
            config,
            *records.values(),
            *(each.envelope for each in attestations),
            *((EMPTY_CONFIG,) if attestations else ()),
        )
    }
    for entry in (artifact.config, *artifact.files):
        contents[entry.digest] = blobs.file_of(origin, entry.digest)
    members: list[tuple[str, bytes | Path]] = [
        (layout.LAYOUT_FILE, oci_documents.LAYOUT),
        (layout.INDEX_FILE, oci_documents.layout_index(what.model, manifest, index)),
        *((layout.blob_name(digest), contents[digest]) for digest in sorted(contents)),
    ]
    package = writer.write(file, members)
    return ExportResult(
        file=shown,
        package=package,
        size=file.stat().st_size,
        model=what.model,
        environment=what.environment.name,
        artifact=artifact.digest,
        verified_for=tuple(sorted({each.environment for each in verifications if each.passed})),
        attestations=len(attestations),
        keys=keys,
        notes=tuple(notes),
    )


class StoreAbsent(Exception):  # noqa: N818  (no error: what is not here adds nothing)
    """An environment's store is not on this machine."""


def _there(deps: Dependencies, name: str) -> Store:
    store = deps.stores.get(name)
    if store is None:
        raise StoreAbsent(name)
    return store


def _stores(deps: Dependencies, checkout: Checkout, environment: Environment) -> Iterator[Store]:
    """Yield the stores whose records of an artifact count: the environment's own, then those that it promotes from."""
    for name in (environment.name, *checkout.desired.upstream(environment.name)):
        with suppress(StoreAbsent):
            yield _there(deps, name)


def _records(
    deps: Dependencies, checkout: Checkout, what: Exported, notes: list[str]
) -> tuple[dict[str, bytes], tuple[Verification, ...]]:
    """Return the records of an artifact by name, and its verifications among them."""
    place = blobs.origin_of(deps.stores, what.environment, what.build.provenance)
    if place is None:
        raise blobs.absent(what.build.provenance)
    records = {
        layout.BUILD: codec.encode(what.build),
        layout.PROVENANCE: blobs.get(place, what.build.provenance),
        layout.MODEL_MANIFEST: _manifest(deps, checkout, what).encode(),
    }
    found = {each.gate_set: each for each in reversed(tuple(_verifications(deps, checkout, what)))}
    for gate_set, verification in found.items():
        records[f"verification-{hex_of(gate_set)}.json"] = codec.encode(verification)
    if not any(each.passed for each in found.values()):
        notes.append("no environment's gates passed it yet")
    report = builds.checks_of(_stores(deps, checkout, what.environment), what.build.fingerprint)
    if report is not None:
        records[layout.CHECKS] = codec.encode(report)
    for number, body in enumerate(_evaluations(deps, checkout, what)):
        records[f"evaluation-{number}.json"] = body
    card = _card(checkout, what)
    if card is not None:
        records[layout.CARD] = card
    else:
        notes.append("no card: git pins this artifact nowhere")
    return records, tuple(found.values())


def _verifications(deps: Dependencies, checkout: Checkout, what: Exported) -> Iterator[Verification]:
    for store in _stores(deps, checkout, what.environment):
        yield from verify.recorded(store, what.artifact)


def _evaluations(deps: Dependencies, checkout: Checkout, what: Exported) -> list[bytes]:
    """Return the evaluations in full of an artifact, each once; one that is damaged is derived data, and left out."""
    found: dict[str, bytes] = {}
    for store in _stores(deps, checkout, what.environment):
        for key in store.keys(f"{store_layout.evaluations_of(what.artifact)}/"):
            body = store.read(key)
            with suppress(IntegrityError):
                detailed = codec.decode(DetailedEvaluation, body, what=key) if body is not None else None
                if detailed is not None and detailed.computation == COMPUTATION:
                    found.setdefault(key, codec.encode(detailed))
    return [found[key] for key in sorted(found)][:_MOST_EVALUATIONS]


def _manifest(deps: Dependencies, checkout: Checkout, what: Exported) -> str:
    """Return the manifest text with the recipe that the artifact was built from."""
    own = deps.stores[what.environment.name]
    record = imports.of_artifact(own, what.environment.name, what.model, what.artifact)
    if record is not None:
        return blobs.get(own, record.manifest).decode()
    declared = checkout.desired.model(what.environment.name, what.model)
    text = checkout.text(manifest_path(what.environment.name, what.model))
    if declared is not None and text is not None and declared.recipe_digest == what.build.recipe:
        return text
    place = blobs.origin_of(deps.stores, what.environment, what.build.provenance) or own
    made = blobs.record(place, what.build.provenance, Provenance)
    origin = made.environment if made.environment in deps.stores else what.environment.name
    wanted = checkout.desired.model(origin, made.model)
    return recipe_text(deps, checkout, origin, made.model, wanted, what.build)


def _card(checkout: Checkout, what: Exported) -> bytes | None:
    """Return the card that git has of the artifact: where it is exported from, else downstream."""
    desired = checkout.desired
    for environment in (what.environment, *desired.downstream(what.environment.name)):
        pinned = desired.model(environment.name, what.model)
        card = checkout.files.get(card_path(environment.name, what.model))
        if pinned is not None and pinned.artifact == what.artifact and card is not None:
            return card
    return None


def _attestations(deps: Dependencies, checkout: Checkout, what: Exported) -> tuple[Attestation, ...]:
    """Return the attestations of an artifact from every store that may hold some, each once."""
    found: dict[bytes, Attestation] = {}
    for store in _stores(deps, checkout, what.environment):
        for each in referrers.of_artifact(store, what.artifact):
            found.setdefault(each.envelope, each)
    return tuple(found.values())


def key_ids(attestations: tuple[Attestation, ...]) -> tuple[str, ...]:
    """Return the ids of the keys that attestations name as their signers, sorted; nothing of it is verified."""
    named: set[str] = set()
    for each in attestations:
        with suppress(ValueError, KeyError, TypeError):
            named.update(str(signature["keyid"]) for signature in json.loads(each.envelope)["signatures"])
    return tuple(sorted(named))
