"""The form of a model package: an OCI image layout in one tar archive, and the names and types in it.

Formats: OCI image-spec v1.1 (image layout, image index, image manifest with `subject`), POSIX ustar. `index.json` names
two things: the artifact, under its model's name, and an index of all that refers to the artifact (its evidence, its
attestations), under the tag that the OCI distribution specification gives it: so tools that know no referrers copy it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from reconciler.core.artifact.oci_artifact import MANIFEST_TYPE
from reconciler.core.digest import Digest, hex_of

LAYOUT_FILE = "oci-layout"
INDEX_FILE = "index.json"
BLOB_FOLDER = "blobs/sha256/"
FOLDERS = ("blobs/", "blobs/sha256/")
LAYOUT_VERSION = "1.0.0"

INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
REF_NAME = "org.opencontainers.image.ref.name"
TITLE = "org.opencontainers.image.title"

EVIDENCE_TYPE = "application/vnd.model-reconciler.evidence.v1+json"
"""The `artifactType` of the manifest that names the records of an artifact, and the media type of its config."""
RECORD_TYPE = "application/vnd.model-reconciler.record.v1+json"
MANIFEST_TEXT_TYPE = "application/yaml"
CARD_TYPE = "text/markdown"

BUILD = "build.json"
PROVENANCE = "provenance.json"
CHECKS = "checks.json"
MODEL_MANIFEST = "model.yaml"
CARD = "card.md"
VERIFICATION = re.compile(r"verification-([0-9a-f]{64})\.json")
EVALUATION = re.compile(r"evaluation-([0-9]{1,4})\.json")
REQUIRED = frozenset((BUILD, PROVENANCE, MODEL_MANIFEST))

_BLOB = re.compile(r"blobs/sha256/([0-9a-f]{64})")
_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")
LONGEST_NAME = 100  # characters: more than any name in a package has


@dataclass(frozen=True, slots=True, kw_only=True)
class Descriptor:
    """One entry of an index or a manifest: a blob by type, digest and size; `title`: the name that it gives it."""

    media_type: str
    digest: Digest
    size: int
    title: str | None = None


def type_of_record(name: str) -> str | None:
    """Return the media type of a record in the evidence by its name; None for a name that no record has."""
    if name == MODEL_MANIFEST:
        return MANIFEST_TEXT_TYPE
    if name == CARD:
        return CARD_TYPE
    known = name in (BUILD, PROVENANCE, CHECKS) or VERIFICATION.fullmatch(name) or EVALUATION.fullmatch(name)
    return RECORD_TYPE if known else None


def blob_name(digest: Digest) -> str:
    """Return the name of a blob in an archive."""
    return BLOB_FOLDER + hex_of(digest)


def digest_named(name: str) -> Digest | None:
    """Return the digest that a blob's name says; None for any other name."""
    match = _BLOB.fullmatch(name)
    return Digest(f"sha256:{match[1]}") if match is not None else None


def is_known(name: str) -> bool:
    """Tell whether a file of this name belongs into a package."""
    return name in (LAYOUT_FILE, INDEX_FILE) or digest_named(name) is not None


def is_safe(name: str) -> bool:
    """Tell whether a name leads nowhere else, and is the same everywhere: no `..`, no root, no `./`, plain ASCII."""
    return len(name) <= LONGEST_NAME and _SAFE.fullmatch(name) is not None


def referrers_tag(artifact: Digest) -> str:
    """Return the tag of the index of all that refers to an artifact (OCI distribution-spec v1.1, referrers tag)."""
    return f"sha256-{hex_of(artifact)}"


def descriptor_of(media_type: str, digest: Digest, size: int) -> dict[str, object]:
    """Return the JSON form of a descriptor."""
    return {"mediaType": media_type, "digest": digest, "size": size}


def is_manifest(media_type: str) -> bool:
    """Tell whether a descriptor is of an image manifest or an index of them."""
    return media_type in (MANIFEST_TYPE, INDEX_TYPE)
