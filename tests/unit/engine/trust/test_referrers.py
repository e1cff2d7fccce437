"""Attestations beside an artifact: OCI referrers, found again, of no other artifact, never fewer than there were."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reconciler import codec
from reconciler.core.artifact import store_layout
from reconciler.core.digest import Digest, digest_of_bytes, hex_of
from reconciler.core.size_limits import ENVELOPE_BYTES
from reconciler.core.trust.attestation import ENVELOPE_TYPE, PREDICATE_ANNOTATION, PROVENANCE, Attestation, Referrer
from reconciler.engine.storage import blobs
from reconciler.engine.trust import referrers
from reconciler.errors import IntegrityError
from reconciler.testing.memory import MemoryStore

ARTIFACT = b'{"a":"manifest"}'


@pytest.fixture
def store(tmp_path: Path) -> MemoryStore:
    return MemoryStore(tmp_path)


def attestation(store: MemoryStore, body: bytes = b"envelope", of: bytes = ARTIFACT) -> Attestation:
    return Attestation(subject=blobs.put(store, of), predicate_type=PROVENANCE, envelope=body)


def log_of(subject: Digest, n: int = 0) -> str:
    return store_layout.member(store_layout.referrers(subject), n)


def test_attestations_are_found_in_the_order_in_which_they_came_and_each_once(store: MemoryStore) -> None:
    first, second = attestation(store, b"first"), attestation(store, b"second")
    for each in (first, second, first):
        referrers.add(store, each)
    assert referrers.of_artifact(store, first.subject) == (first, second)


def test_the_manifest_is_an_oci_referrer_of_the_artifact(store: MemoryStore) -> None:
    one = attestation(store)
    referrers.add(store, one)
    (record,) = referrers.records(store, one.subject)
    manifest = json.loads(blobs.get(store, record.manifest))
    assert manifest["subject"] == {
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "digest": one.subject,
        "size": len(ARTIFACT),
    }
    assert manifest["artifactType"] == ENVELOPE_TYPE
    assert manifest["annotations"] == {PREDICATE_ANNOTATION: PROVENANCE}
    assert blobs.get(store, manifest["config"]["digest"]) == b"{}"


def test_a_copy_has_the_same_digests(store: MemoryStore, tmp_path: Path) -> None:
    one, other = attestation(store), MemoryStore(tmp_path / "other")
    referrers.add(store, one)
    blobs.put(other, ARTIFACT)
    for _ in range(2):
        referrers.copy(store, other, one.subject)
    assert list(referrers.records(other, one.subject)) == list(referrers.records(store, one.subject))
    assert referrers.of_artifact(other, one.subject) == (one,)


def test_an_attestation_of_another_artifact_is_not_one_of_this(store: MemoryStore) -> None:
    mine, other = attestation(store), attestation(store, of=b'{"b":"manifest"}')
    referrers.add(store, other)
    moved = codec.decode(Referrer, store.objects[log_of(other.subject)], what="it")
    store.put(log_of(mine.subject), store.objects[log_of(other.subject)])
    with pytest.raises(IntegrityError, match="E509"):
        referrers.of_artifact(store, mine.subject)
    record = Referrer(subject=mine.subject, manifest=moved.manifest)
    store.put(log_of(mine.subject), codec.encode(record))
    with pytest.raises(IntegrityError, match="E509"):
        referrers.of_artifact(store, mine.subject)


def test_one_that_is_gone_or_changed_is_an_error_not_one_fewer(store: MemoryStore) -> None:
    first, second = attestation(store, b"first"), attestation(store, b"second")
    referrers.add(store, first)
    referrers.add(store, second)
    kept = store.objects.pop(log_of(first.subject))
    with pytest.raises(IntegrityError, match="E603"):
        referrers.of_artifact(store, first.subject)
    store.put(log_of(first.subject), kept)
    store.put(f"blobs/sha256/{hex_of(digest_of_bytes(b'first'))}", b"other")
    with pytest.raises(IntegrityError, match="E501"):
        referrers.of_artifact(store, first.subject)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda manifest: manifest.update(artifactType="text/plain"), "E511"),
        (lambda manifest: manifest["layers"].append(manifest["layers"][0]), "E511"),
        (lambda manifest: manifest.pop("subject"), "E511"),
        (lambda manifest: manifest["layers"][0].update(size=ENVELOPE_BYTES + 1), "E612"),
        (lambda manifest: manifest["layers"][0].update(size=True), "E511"),
        (lambda manifest: manifest.update(annotations={"more": "x" * 70_000}), "E612"),
    ],
)
def test_a_manifest_of_another_form_is_refused_before_an_envelope_is_read(change: object, code: str) -> None:
    one = Attestation(subject=digest_of_bytes(ARTIFACT), predicate_type=PROVENANCE, envelope=b"envelope")
    manifest = json.loads(referrers.manifest_of(one, len(ARTIFACT)))
    change(manifest)  # type: ignore[operator]
    with pytest.raises(IntegrityError, match=code):
        referrers.parse(json.dumps(manifest).encode())
