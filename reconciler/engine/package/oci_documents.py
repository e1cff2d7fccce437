"""Write and read the JSON documents of an OCI image layout: strict, and with the size looked at before."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from reconciler import codec
from reconciler.core.artifact.oci_artifact import ARTIFACT_TYPE, FILEPATH, MANIFEST_TYPE
from reconciler.core.digest import Digest, digest_of_bytes, is_digest
from reconciler.core.package import layout
from reconciler.core.package.layout import Descriptor, descriptor_of
from reconciler.core.package.refusal import ANOTHER, refused
from reconciler.errors import IntegrityError

LAYOUT = codec.canonical({"imageLayoutVersion": layout.LAYOUT_VERSION})
NEWER = "a newer version of this tool may have written it: upgrade, and run the same command again"


def evidence_manifest(config: bytes, records: Mapping[str, bytes], artifact: Digest, size: int) -> bytes:
    """Return the manifest that names the records of an artifact, whose own manifest has `size` bytes."""
    return codec.canonical(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "artifactType": layout.EVIDENCE_TYPE,
            "config": descriptor_of(layout.EVIDENCE_TYPE, digest_of_bytes(config), len(config)),
            "layers": [
                {
                    **descriptor_of(layout.type_of_record(name) or "", digest_of_bytes(body), len(body)),
                    "annotations": {layout.TITLE: name},
                }
                for name, body in sorted(records.items())
            ],
            "subject": descriptor_of(MANIFEST_TYPE, artifact, size),
        }
    )


def referrers_index(manifests: Iterable[bytes]) -> bytes:
    """Return the index of the manifests that refer to one artifact, in the order of their digests."""
    entries = []
    for manifest in sorted(set(manifests), key=digest_of_bytes):
        document = json.loads(manifest)
        entry = descriptor_of(MANIFEST_TYPE, digest_of_bytes(manifest), len(manifest))
        annotations = document.get("annotations")
        entries.append(
            {
                **entry,
                "artifactType": document["artifactType"],
                **({"annotations": annotations} if annotations else {}),
            }
        )
    return codec.canonical({"schemaVersion": 2, "mediaType": layout.INDEX_TYPE, "manifests": entries})


def layout_index(model: str, artifact: bytes, referrers: bytes) -> bytes:
    """Return the `index.json` of a package: the artifact under its model's name, and all that refers to it."""
    digest = digest_of_bytes(artifact)
    named = [
        {
            **descriptor_of(MANIFEST_TYPE, digest, len(artifact)),
            "artifactType": ARTIFACT_TYPE,
            "annotations": {layout.REF_NAME: model},
        },
        {
            **descriptor_of(layout.INDEX_TYPE, digest_of_bytes(referrers), len(referrers)),
            "annotations": {layout.REF_NAME: layout.referrers_tag(digest)},
        },
    ]
    return codec.canonical({"schemaVersion": 2, "mediaType": layout.INDEX_TYPE, "manifests": named})


def parsed(body: bytes, what: str, where: str) -> dict[str, Any]:
    """Parse a JSON object strictly: UTF-8, no key twice, no NaN. Raises IntegrityError E508."""
    try:
        document = json.loads(body.decode(), object_pairs_hook=_no_duplicates, parse_constant=_no_constant)
        if type(document) is not dict:
            raise ValueError("it is no object")
    except (ValueError, RecursionError) as error:
        reason = str(error).splitlines()[0][:100] if isinstance(error, ValueError) else "it is nested too deeply"
        raise refused("E508", f"{what} is no JSON document of an image layout: {reason}", where) from error
    return document


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ValueError("a key is given twice")
    return document


def _no_constant(name: str) -> Any:
    raise ValueError(f"it holds {name}")


def check_layout(body: bytes, where: str) -> None:
    """Check the version of an image layout; IntegrityError E522 for another one."""
    version = parsed(body, layout.LAYOUT_FILE, where).get("imageLayoutVersion")
    if version != layout.LAYOUT_VERSION:
        raise refused("E522", f"the image layout has another version than {layout.LAYOUT_VERSION}", where, NEWER)


def index_entries(body: bytes, what: str, where: str) -> list[dict[str, Any]]:
    """Return the entries of an index, each with a valid descriptor. Raises IntegrityError E508, E521, E522."""
    document = parsed(body, what, where)
    if document.get("schemaVersion") != 2:
        raise refused("E522", f"{what} has another schemaVersion than 2", where, NEWER)
    if document.get("mediaType", layout.INDEX_TYPE) != layout.INDEX_TYPE:
        raise refused("E521", f"{what} is no image index", where)
    entries = document.get("manifests")
    if type(entries) is not list or not all(type(entry) is dict for entry in entries):
        raise refused("E508", f"{what} lists no manifests", where)
    for entry in entries:
        descriptor(entry, what, where)
    return entries


def descriptor(entry: Any, what: str, where: str) -> Descriptor:
    """Read a descriptor; IntegrityError E508 where it is none, E521 where its bytes are to come from elsewhere."""
    try:
        media_type, digest, size = entry["mediaType"], entry["digest"], entry["size"]
        annotations = entry.get("annotations") or {}
        title = annotations.get(layout.TITLE) or annotations.get(FILEPATH)
        well_formed = type(media_type) is str and type(size) is int and is_digest(digest)
        if not (well_formed and size > 0 and isinstance(title, str | None)):
            raise ValueError("not a descriptor")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise refused("E508", f"{what} holds no valid descriptor (mediaType, digest, size)", where) from error
    if "urls" in entry or "data" in entry:
        raise refused("E521", f"{what} names bytes that are elsewhere (urls, data)", where)
    return Descriptor(media_type=media_type, digest=Digest(digest), size=size, title=title)


def ref_name(entry: Mapping[str, Any]) -> str | None:
    """Return the name that an index gives a manifest."""
    annotations = entry.get("annotations")
    name = annotations.get(layout.REF_NAME) if isinstance(annotations, dict) else None
    return name if isinstance(name, str) else None


def manifest_parts(body: bytes, what: str, where: str) -> tuple[dict[str, Any], Descriptor, tuple[Descriptor, ...]]:
    """Return a manifest with the descriptors of its config and layers; raises as `index_entries` does."""
    document = parsed(body, what, where)
    if document.get("schemaVersion") != 2:
        raise refused("E522", f"{what} has another schemaVersion than 2", where, NEWER)
    if document.get("mediaType") != MANIFEST_TYPE:
        raise refused("E521", f"{what} is no image manifest", where)
    layers = document.get("layers")
    if type(layers) is not list:
        raise refused("E508", f"{what} lists no layers", where)
    config = descriptor(document.get("config"), what, where)
    return document, config, tuple(descriptor(layer, what, where) for layer in layers)


def another_artifact(what: str, where: str) -> IntegrityError:
    """Return the error E509 for a manifest that refers to another artifact than the package's."""
    return refused("E509", f"{what} is of another artifact than this package", where, ANOTHER)
