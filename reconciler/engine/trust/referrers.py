"""Keep attestations beside their artifact: OCI referrers, in the order in which they came.

Nothing here looks at a signature: `engine.trust` does. Bytes are checked by digest, and sizes before they are read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from reconciler import codec
from reconciler.core.artifact import object_sizes, store_layout
from reconciler.core.artifact.oci_artifact import MANIFEST_TYPE
from reconciler.core.digest import Digest, digest_of_bytes, is_digest, short
from reconciler.core.size_limits import ENVELOPE_BYTES, REFERRERS, RELEASE_BYTES
from reconciler.core.trust.attestation import (
    EMPTY_CONFIG,
    EMPTY_TYPE,
    ENVELOPE_TYPE,
    PREDICATE_ANNOTATION,
    Attestation,
    Referrer,
)
from reconciler.engine.storage import blobs, numbered_log
from reconciler.errors import IntegrityError
from reconciler.ports import Store


def manifest_of(attested: Attestation, subject_size: int) -> bytes:
    """Return the bytes of the OCI manifest that refers to the artifact, whose own manifest has `subject_size` bytes."""
    envelope = attested.envelope
    return codec.canonical(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "artifactType": ENVELOPE_TYPE,
            "config": {
                "mediaType": EMPTY_TYPE,
                "digest": digest_of_bytes(EMPTY_CONFIG),
                "size": len(EMPTY_CONFIG),
            },
            "layers": [{"mediaType": ENVELOPE_TYPE, "digest": digest_of_bytes(envelope), "size": len(envelope)}],
            "subject": {"mediaType": MANIFEST_TYPE, "digest": attested.subject, "size": subject_size},
            "annotations": {PREDICATE_ANNOTATION: attested.predicate_type},
        }
    )


def parse(manifest: bytes) -> tuple[Digest, str, Digest, int]:
    """Parse the bytes of a referring manifest, already verified: its subject, the kind of statement, and the digest and
    size of the envelope. Raises IntegrityError E511 where they are not of this form, E612 for an envelope that is
    larger than is read."""
    name = f"referrer {short(digest_of_bytes(manifest))}"
    if len(manifest) > RELEASE_BYTES:
        raise object_sizes.too_large(name, len(manifest), RELEASE_BYTES)
    try:
        document: Any = json.loads(manifest)
        (layer,) = document["layers"]
        subject, kind = document["subject"]["digest"], document["annotations"][PREDICATE_ANNOTATION]
        envelope, size = layer["digest"], layer["size"]
        if (document["artifactType"], layer["mediaType"]) != (ENVELOPE_TYPE, ENVELOPE_TYPE):
            raise ValueError("another type")
        if not (is_digest(subject) and is_digest(envelope) and isinstance(kind, str) and type(size) is int):
            raise ValueError("not a referrer")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise IntegrityError(
            f"{name} does not describe an attestation of this tool",
            code="E511",
            hint="a newer version may have written it: upgrade and try again",
        ) from error
    if not 0 < size <= ENVELOPE_BYTES:
        raise object_sizes.too_large(f"the envelope of {name}", size, ENVELOPE_BYTES)
    return Digest(subject), kind, Digest(envelope), size


def add(store: Store, attested: Attestation) -> None:
    """Keep an attestation of an artifact that the store holds; nothing where it is there already.

    Order of writes: envelope, config, manifest (each read back), then the log: what it names is whole.
    """
    size = len(blobs.get(store, attested.subject))
    manifest = manifest_of(attested, size)
    known = {record.manifest for record in records(store, attested.subject)}
    if digest_of_bytes(manifest) in known:
        return
    if len(known) >= REFERRERS:
        raise _too_many(attested.subject)
    blobs.put(store, attested.envelope)
    blobs.put(store, EMPTY_CONFIG)
    record = Referrer(subject=attested.subject, manifest=blobs.put(store, manifest))
    numbered_log.append_next(store, store_layout.referrers(attested.subject), codec.encode(record))


def of_artifact(store: Store, artifact: Digest) -> tuple[Attestation, ...]:
    """Return the attestations of an artifact, in the order in which they came; none of their signatures is checked.

    Raises IntegrityError where one is damaged, missing, or of another artifact.
    """
    return tuple(attestation(store, record) for record in records(store, artifact))


def records(store: Store, artifact: Digest) -> Iterator[Referrer]:
    """Yield the records of an artifact's referrers; IntegrityError E509 for another artifact's, E603 for a gap."""
    prefix = store_layout.referrers(artifact)
    n = 0
    while (body := store.read(store_layout.member(prefix, n))) is not None:
        if n >= REFERRERS:
            raise _too_many(artifact)
        key = store_layout.member(prefix, n)
        record = codec.decode(Referrer, body, what=key)
        if record.subject != artifact:
            raise numbered_log.misplaced(key, f"a referrer of {short(record.subject)}")
        yield record
        n += 1
    numbered_log.last(store, prefix)  # a gap is a loss, not the end


def copy(origin: Store, destination: Store, artifact: Digest) -> None:
    """Copy every attestation of an artifact that `destination` holds already."""
    for each in of_artifact(origin, artifact):
        add(destination, each)


def attestation(store: Store, record: Referrer) -> Attestation:
    """Read the attestation that a record names; raises as `of_artifact` does."""
    subject, kind, envelope, size = parse(blobs.get(store, record.manifest))
    if subject != record.subject:
        raise IntegrityError(
            f"an attestation beside {short(record.subject)} is of another artifact, {short(subject)}",
            code="E509",
            hint="the store was edited by hand; restore it from a backup",
        )
    body = blobs.get(store, envelope)
    if len(body) != size:
        raise blobs.damaged(envelope)
    return Attestation(subject=subject, predicate_type=kind, envelope=body)


def _too_many(artifact: Digest) -> IntegrityError:
    return IntegrityError(
        f"artifact {short(artifact)} has more than {REFERRERS:,} attestations",
        code="E612",
        hint="this tool did not write them: find out who writes to the store, and restore it from a backup",
    )
