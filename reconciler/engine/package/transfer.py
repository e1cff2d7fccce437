"""Push a package to a registry and fetch one from there. Digests stay as they are; the tag is the last thing written.

What refers to the artifact is found by the registry's API; where it has none, by the tag that OCI's distribution-spec
gives the index of it, which other programs may write, too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reconciler import codec
from reconciler.core.artifact.oci_artifact import MANIFEST_TYPE
from reconciler.core.digest import Digest, digest_of_bytes, hex_of, is_digest
from reconciler.core.names import is_name
from reconciler.core.package import layout
from reconciler.core.package.import_record import PackageEvidence
from reconciler.core.package.layout import Descriptor
from reconciler.core.package.refusal import refused
from reconciler.core.size_limits import PACKAGE_INDEX_BYTES, RECORD_BYTES, REFERRERS, RELEASE_BYTES
from reconciler.core.trust.attestation import ENVELOPE_TYPE
from reconciler.engine.package import oci_documents
from reconciler.engine.package.read_package import PackageContent
from reconciler.engine.storage import oci_manifest
from reconciler.errors import ConflictError, UsageError
from reconciler.ports import PackageRegistry

_OURS = (layout.EVIDENCE_TYPE, ENVELOPE_TYPE)
_TRIES = 5
BY_API, BY_TAG = "api", "tag"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """What a push did: blobs and manifests that were not there, and how referrers are found."""

    uploaded: int
    referrers: str


def push(registry: PackageRegistry, content: PackageContent, tag: str) -> Pushed:
    """Upload a checked package: blobs, then manifests by digest, then what refers to the artifact, then the tag."""
    uploaded = 0
    blobs: list[tuple[Digest, bytes | Path]] = [*sorted(content.files.items()), *sorted(content.small.items())]
    for digest, body in blobs:
        if not registry.holds_blob(digest):
            registry.put_blob(digest, body)
            uploaded += 1
    artifact = content.artifact.digest
    uploaded += _put(registry, content.artifact_manifest)[0]
    by_api = True
    for manifest in content.referring:
        new, listed = _put(registry, manifest)
        uploaded += new
        by_api = by_api and listed
    known = registry.referrers(artifact) if by_api else None
    by_api = known is not None and set(map(digest_of_bytes, content.referring)) <= {
        each.digest for each in _entries(known, "the registry's list", registry.address)
    }
    if not by_api:
        _add_to_index(registry, artifact, content.referring)
    if registry.manifest(tag, RELEASE_BYTES) != content.artifact_manifest:
        registry.put_manifest(tag, MANIFEST_TYPE, content.artifact_manifest)
    return Pushed(uploaded=uploaded, referrers=BY_API if by_api else BY_TAG)


def _put(registry: PackageRegistry, manifest: bytes) -> tuple[int, bool]:
    """Upload a manifest under its digest; return whether it was new, and whether the registry lists referrers.

    One that is there is uploaded again: only then does the registry tell whether it lists it."""
    digest = digest_of_bytes(manifest)
    new = registry.manifest(digest, RELEASE_BYTES) is None
    return int(new), registry.put_manifest(digest, MANIFEST_TYPE, manifest)


def _add_to_index(registry: PackageRegistry, artifact: Digest, manifests: tuple[bytes, ...]) -> None:
    """Add manifests to the tagged index of what refers to an artifact, beside what others put there."""
    tag = layout.referrers_tag(artifact)
    ours = json.loads(oci_documents.referrers_index(manifests))["manifests"]
    for _ in range(_TRIES):
        body = registry.manifest(tag, PACKAGE_INDEX_BYTES)
        what = f"the index {tag}"
        entries = oci_documents.index_entries(body, what, registry.address) if body is not None else []
        there = {entry["digest"] for entry in entries}
        if all(entry["digest"] in there for entry in ours):
            return
        merged = {entry["digest"]: entry for entry in (*entries, *ours)}
        index = {
            "schemaVersion": 2,
            "mediaType": layout.INDEX_TYPE,
            "manifests": [merged[digest] for digest in sorted(merged)],
        }
        registry.put_manifest(tag, layout.INDEX_TYPE, codec.canonical(index))
    raise ConflictError(f"others write to {tag} of {registry.address} all the time", hint="run the same command again")


def fetch(registry: PackageRegistry, reference: str, into: Path) -> list[tuple[str, bytes | Path]]:
    """Fetch an artifact and all of ours that refers to it; return the members of a package, which is not checked yet.

    Raises UsageError E210 where there is no such image, IntegrityError where it is none of ours.
    """
    manifest = registry.manifest(reference, RELEASE_BYTES)
    if manifest is None:
        sign = "@" if is_digest(reference) else ":"
        raise UsageError(
            f"there is no {registry.address}{sign}{reference}",
            hint="name a tag that `reconciler push` wrote there",
            code="E210",
        )
    artifact = oci_manifest.parse(manifest)
    contents: dict[Digest, bytes | Path] = {artifact.digest: manifest}
    for file in (artifact.config, *artifact.files):
        contents[file.digest] = into / hex_of(file.digest)
        if not (into / hex_of(file.digest)).exists():
            registry.blob(file.digest, file.size, into / hex_of(file.digest))
    referring, model = list[bytes](), None
    for entry in _ours(registry, artifact.digest):
        body = registry.manifest(entry.digest, RELEASE_BYTES)
        if body is None:
            raise refused("E521", f"manifest {entry.digest} is missing from the registry", registry.address)
        document, config, layers = oci_documents.manifest_parts(body, "a manifest of its evidence", registry.address)
        if document.get("artifactType") not in _OURS:
            continue  # a scan or a signature of others: no part of a package
        referring.append(body)
        contents[digest_of_bytes(body)] = body
        for part in (config, *layers):
            contents[part.digest] = _small(registry, part, into)
        if document["artifactType"] == layout.EVIDENCE_TYPE:
            said = _small(registry, config, into)
            found = codec.decode(PackageEvidence, said, what="the config of its evidence")
            model = found.model if is_name(found.model) else None
    if model is None:
        raise refused(
            "E521",
            "the image has no evidence beside it",
            registry.address,
            "push the package with this tool, or copy it with all that refers to it",
        )
    index = oci_documents.referrers_index(referring)
    contents[digest_of_bytes(index)] = index
    return [
        (layout.LAYOUT_FILE, oci_documents.LAYOUT),
        (layout.INDEX_FILE, oci_documents.layout_index(model, manifest, index)),
        *((layout.blob_name(digest), contents[digest]) for digest in sorted(contents)),
    ]


def _small(registry: PackageRegistry, part: Descriptor, into: Path) -> bytes:
    if part.size > RECORD_BYTES:
        message = f"{part.title or part.digest} has {part.size:,} bytes; at most {RECORD_BYTES:,} are read"
        raise refused("E505", message, registry.address)
    place = into / hex_of(part.digest)
    if not place.exists():
        registry.blob(part.digest, part.size, place)
    return place.read_bytes()


def _ours(registry: PackageRegistry, artifact: Digest) -> list[Descriptor]:
    """Return the manifests of this tool that may refer to an artifact, by the API and by the tag, each once."""
    tag = layout.referrers_tag(artifact)
    listings = (
        (registry.referrers(artifact), "the registry's list"),
        (registry.manifest(tag, PACKAGE_INDEX_BYTES), f"the index {tag}"),
    )
    found: dict[Digest, Descriptor] = {}
    for body, what in listings:
        for each in _entries(body, what, registry.address) if body is not None else ():
            found.setdefault(each.digest, each)
    return [found[digest] for digest in sorted(found)]


def _entries(body: bytes, what: str, where: str) -> Iterator[Descriptor]:
    entries = oci_documents.index_entries(body, what, where)
    if len(entries) > REFERRERS:
        raise refused("E505", f"{what} names more than {REFERRERS:,} manifests", where)
    for entry in entries:
        if entry["mediaType"] == MANIFEST_TYPE and entry.get("artifactType", _OURS[0]) in _OURS:
            yield oci_documents.descriptor(entry, what, where)
