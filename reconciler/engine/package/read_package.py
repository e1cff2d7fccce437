"""Read a model package and check everything in it, before anything of it is used.

First the documents of the layout: each blob is named by one of them and each that is named is there, with its size.
Then the bytes: each blob is copied out of the archive under its digest. Then the records: they are of this artifact, of
each other, and say nothing else than the artifact does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reconciler.core.artifact.oci_artifact import ARTIFACT_TYPE, MANIFEST_TYPE, Artifact
from reconciler.core.digest import Digest, digest_of_bytes, hex_of
from reconciler.core.names import is_name
from reconciler.core.package import layout
from reconciler.core.package.import_record import PackageEvidence
from reconciler.core.package.layout import Descriptor
from reconciler.core.package.refusal import printable, refused, together
from reconciler.core.size_limits import ENVELOPE_BYTES, PACKAGE_INDEX_BYTES, RECORD_BYTES, RELEASE_BYTES
from reconciler.core.trust.attestation import EMPTY_TYPE, ENVELOPE_TYPE, Attestation
from reconciler.engine.package import oci_documents, package_records
from reconciler.engine.package.package_records import PackageRecords
from reconciler.engine.storage import oci_manifest
from reconciler.engine.trust import envelopes, referrers
from reconciler.errors import IntegrityError
from reconciler.ports import PackageArchive

_LARGEST = {
    layout.LAYOUT_FILE: RELEASE_BYTES,
    layout.INDEX_FILE: PACKAGE_INDEX_BYTES,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageContent:
    """A package that was checked. `files`: the artifact's config and files by digest, copied out of the archive;
    `referring`: the manifests that refer to the artifact; `small`: every other blob but their index, by digest."""

    name: str
    evidence: PackageEvidence
    artifact: Artifact
    artifact_manifest: bytes
    evidence_manifest: bytes
    files: Mapping[Digest, Path]
    records: PackageRecords
    attestations: tuple[Attestation, ...]
    referring: tuple[bytes, ...]
    small: Mapping[Digest, bytes]

    @property
    def blobs(self) -> Mapping[str, Path]:
        """Return the artifact's files by their names in it, with manifest and config left out."""
        return {file.path: self.files[file.digest] for file in self.artifact.files}


class _Reading:
    """One package while it is read: which blobs were named so far, and where the verified ones lie."""

    def __init__(self, archive: PackageArchive, into: Path) -> None:
        self.archive, self.into = archive, into
        self.named: dict[Digest, int] = {}
        self.files: dict[Digest, Path] = {}
        self.bodies: dict[Digest, bytes] = {}

    def document(self, name: str) -> tuple[bytes, str]:
        """Return a file of the layout and where it is; IntegrityError E521 where it is missing, E505 if too large."""
        size = self.archive.sizes.get(name)
        if size is None:
            raise refused("E521", f"{name} is missing from the package", self.archive.name)
        return self._read(name, size, _LARGEST[name]), self.archive.where(name)

    def small(self, descriptor: Descriptor, what: str, where: str, largest: int) -> bytes:
        """Return the verified bytes of a blob that is read into memory."""
        self.check(descriptor, what, where)
        name = layout.blob_name(descriptor.digest)
        body = self._read(name, descriptor.size, largest)
        if digest_of_bytes(body) != descriptor.digest:
            raise self._differs(name, what)
        self.bodies[descriptor.digest] = body
        return body

    def check(self, descriptor: Descriptor, what: str, where: str) -> None:
        """Check that a blob is there with the size that is said of it; IntegrityError E521, E505."""
        name = layout.blob_name(descriptor.digest)
        size = self.archive.sizes.get(name)
        if size is None:
            raise refused("E521", f"{what} ({descriptor.digest}) is missing from the package", where)
        if size != descriptor.size:
            message = f"{what} has {size:,} bytes, and {descriptor.size:,} are said of it"
            raise refused("E505", message, self.archive.where(name))
        self.named[descriptor.digest] = size

    def file(self, descriptor: Descriptor, what: str) -> Path:
        """Copy a blob out of the archive and return the file; IntegrityError E501 where its digest differs."""
        if descriptor.digest not in self.files:
            name, path = layout.blob_name(descriptor.digest), self.into / hex_of(descriptor.digest)
            if self.archive.extract(name, path) != descriptor.digest:
                raise self._differs(name, what)
            self.files[descriptor.digest] = path
        return self.files[descriptor.digest]

    def nothing_else(self) -> None:
        """Check that every blob was named; IntegrityError E521 lists those that were not."""
        problems = [
            refused("E521", f"{printable(name)} is in the package, and nothing in it names that", where)
            for name in sorted(self.archive.sizes)
            if (digest := layout.digest_named(name)) is not None and digest not in self.named
            for where in (self.archive.where(name),)
        ]
        if problems:
            raise together(problems)

    def _read(self, name: str, size: int, largest: int) -> bytes:
        if size > largest:
            message = f"{name} has {size:,} bytes; at most {largest:,} are read"
            raise refused("E505", message, self.archive.where(name))
        return self.archive.read(name)

    def _differs(self, name: str, what: str) -> IntegrityError:
        return refused("E501", f"{what} is damaged: its bytes have another digest", self.archive.where(name))


def read_package(archive: PackageArchive, into: Path) -> PackageContent:
    """Check an archive whose headers were checked, and return what is in it; its large files are copied to `into`.

    Raises IntegrityError E501 to E522 with the rule and the position: nothing of it may be used then.
    """
    reading = _Reading(archive, into)
    oci_documents.check_layout(*reading.document(layout.LAYOUT_FILE))
    index, where = reading.document(layout.INDEX_FILE)
    named, beside = _two_entries(oci_documents.index_entries(index, layout.INDEX_FILE, where), where)
    manifest = reading.small(named, "the artifact's manifest", where, RELEASE_BYTES)
    at = archive.where(layout.blob_name(named.digest))
    artifact = _artifact(reading, manifest, at)
    evidence, attestations, referring = _referring(reading, beside, artifact.digest, where)
    reading.nothing_else()
    for file in (artifact.config, *artifact.files):
        descriptor = Descriptor(media_type=file.media_type, digest=file.digest, size=file.size)
        reading.file(descriptor, file.path)
    records = package_records.checked(evidence.records, artifact, reading.files, evidence.where)
    documents = {named.digest, beside.digest, *map(digest_of_bytes, referring)}
    return PackageContent(
        name=archive.name,
        evidence=evidence.config,
        artifact=artifact,
        artifact_manifest=manifest,
        evidence_manifest=evidence.manifest,
        files=reading.files,
        records=records,
        attestations=attestations,
        referring=referring,
        small={digest: body for digest, body in reading.bodies.items() if digest not in documents},
    )


def _two_entries(entries: list[dict[str, object]], where: str) -> tuple[Descriptor, Descriptor]:
    """Return the artifact and the index of what refers to it, which `index.json` names."""
    of_type: dict[str, list[Descriptor]] = {MANIFEST_TYPE: [], layout.INDEX_TYPE: []}
    for entry in entries:
        found = oci_documents.descriptor(entry, layout.INDEX_FILE, where)
        if found.media_type not in of_type:
            message = f"{layout.INDEX_FILE} names something of the type {printable(found.media_type)}"
            raise refused("E521", message, where)
        of_type[found.media_type].append(found)
    artifacts, indexes = of_type.values()
    tags = [oci_documents.ref_name(entry) for entry in entries if entry["mediaType"] == layout.INDEX_TYPE]
    if len(artifacts) != 1 or len(indexes) != 1 or tags != [layout.referrers_tag(artifacts[0].digest)]:
        raise refused(
            "E521",
            f"{layout.INDEX_FILE} does not name one artifact, and beside it the index of its evidence",
            where,
            "export the package with this tool; of a registry, `reconciler pull` fetches both",
        )
    return artifacts[0], indexes[0]


def _artifact(reading: _Reading, manifest: bytes, where: str) -> Artifact:
    """Return the artifact of a manifest, once each of its blobs is known to be there."""
    document, config, layers = oci_documents.manifest_parts(manifest, "the artifact's manifest", where)
    if document.get("artifactType") != ARTIFACT_TYPE:
        raise refused("E521", "the artifact is of an unknown type", where)
    try:
        artifact = oci_manifest.parse(manifest)
    except IntegrityError as error:
        raise refused(error.code or "E511", error.message, where, error.hint or "") from error
    for layer in (config, *layers):
        reading.check(layer, layer.title or "the artifact's config", where)
    return artifact


@dataclass(frozen=True, slots=True, kw_only=True)
class _Referring:
    """The manifest that names the records of an artifact, with their bytes by name."""

    config: PackageEvidence
    manifest: bytes
    records: Mapping[str, bytes]
    where: str


def _referring(
    reading: _Reading, beside: Descriptor, artifact: Digest, where: str
) -> tuple[_Referring, tuple[Attestation, ...], tuple[bytes, ...]]:
    """Return the evidence of an artifact, its attestations, and the manifests of both."""
    what = "the index of its evidence"
    index = reading.small(beside, what, where, PACKAGE_INDEX_BYTES)
    at = reading.archive.where(layout.blob_name(beside.digest))
    evidence: list[_Referring] = []
    attestations: list[Attestation] = []
    manifests: list[bytes] = []
    for entry in oci_documents.index_entries(index, what, at):
        descriptor = oci_documents.descriptor(entry, what, at)
        if descriptor.media_type != MANIFEST_TYPE:
            raise refused("E521", f"{what} names something of the type {printable(descriptor.media_type)}", at)
        body = reading.small(descriptor, "a manifest of its evidence", at, RELEASE_BYTES)
        manifests.append(body)
        here = reading.archive.where(layout.blob_name(descriptor.digest))
        document, config, layers = oci_documents.manifest_parts(body, "a manifest of its evidence", here)
        subject = oci_documents.descriptor(document.get("subject"), "a manifest of its evidence", here)
        if subject.digest != artifact:
            raise oci_documents.another_artifact("a manifest of its evidence", here)
        if document.get("artifactType") == layout.EVIDENCE_TYPE:
            evidence.append(_evidence(reading, body, config, layers, here))
        elif document.get("artifactType") == ENVELOPE_TYPE:
            attestations.append(_attestation(reading, body, config, here))
        else:
            raise refused("E521", f"it holds evidence of the type {printable(str(document.get('artifactType')))}", here)
    if len(evidence) != 1:
        message = f"a package has one set of records, and this one has {len(evidence) or 'none'}"
        raise refused("E521", message, at)
    if evidence[0].config.artifact != artifact:
        raise oci_documents.another_artifact("its evidence", evidence[0].where)
    return evidence[0], tuple(attestations), tuple(manifests)


def _evidence(
    reading: _Reading, manifest: bytes, config: Descriptor, layers: tuple[Descriptor, ...], where: str
) -> _Referring:
    if config.media_type != layout.EVIDENCE_TYPE:
        raise refused("E521", "the config of its evidence is of an unknown type", where)
    said = reading.small(config, "the config of its evidence", where, RELEASE_BYTES)
    if oci_documents.parsed(said, "the config of its evidence", where).get("format", 1) != 1:
        raise refused("E522", "its evidence has another format than 1", where, oci_documents.NEWER)
    records: dict[str, bytes] = {}
    for layer in layers:
        name = layer.title or ""
        if layout.type_of_record(name) != layer.media_type:
            raise refused("E521", f"its evidence names {printable(name)}, which is no record of a package", where)
        if name in records:
            raise refused("E504", f"its evidence names {name} twice", where)
        records[name] = reading.small(layer, name, where, RECORD_BYTES)
    if missing := sorted(layout.REQUIRED - records.keys()):
        raise refused("E521", f"its evidence lacks {', '.join(missing)}", where)
    found = package_records.decoded(PackageEvidence, said, "the config of its evidence", where)
    for name in (found.project, found.environment, found.model):
        if not is_name(name):
            raise refused("E508", f"its evidence names {printable(name)}, which is no name", where)
    return _Referring(config=found, manifest=manifest, records=records, where=where)


def _attestation(reading: _Reading, manifest: bytes, config: Descriptor, where: str) -> Attestation:
    if config.media_type != EMPTY_TYPE:
        raise refused("E521", "the config of an attestation is of an unknown type", where)
    reading.small(config, "the config of an attestation", where, RELEASE_BYTES)
    try:
        subject, kind, envelope, size = referrers.parse(manifest)
    except IntegrityError as error:
        raise refused(error.code or "E511", error.message, where, error.hint or "") from error
    named = Descriptor(media_type=ENVELOPE_TYPE, digest=envelope, size=size)
    body = reading.small(named, "an attestation", where, ENVELOPE_BYTES)
    try:
        envelopes.parse(body)
    except IntegrityError as error:
        raise refused(error.code or "E520", error.message, where) from error
    return Attestation(subject=subject, predicate_type=kind, envelope=body)
