"""Attest what was trained and verified: a signed statement beside the artifact. Nothing without a key."""

from __future__ import annotations

from datetime import datetime

from reconciler import codec
from reconciler.core.artifact.build import Provenance
from reconciler.core.digest import Digest, digest_of_bytes
from reconciler.core.spec.gates import Verification
from reconciler.core.trust.attestation import GATE_RESULTS, PROVENANCE, STATEMENT_TYPE, Attestation
from reconciler.engine.storage import blobs
from reconciler.engine.trust import envelopes, referrers, statements
from reconciler.engine.trust.envelopes import SignedDocument
from reconciler.ports import Signer, Store


def attest_training(store: Store, signer: Signer | None, provenance: Digest, *, trained: bool = False) -> None:
    """Sign how an artifact was built, as the record of this digest says; nothing where this key did so before.
    `trained`: this process did it just now; else it is vouched for."""
    if signer is None:
        return
    record = blobs.record(store, provenance, Provenance)
    trainer = signer.key.id if trained else None
    _add(store, signer, record.artifact, PROVENANCE, statements.provenance_statement(record, provenance, trainer))


def attest_reproduction(store: Store, signer: Signer, record: Provenance) -> None:
    """Sign that an artifact was trained again and came out the same. The record is in the statement, and nowhere else:
    the artifact's build keeps its own."""
    digest = digest_of_bytes(codec.encode(record))
    payload = statements.provenance_statement(record, digest, signer.key.id)
    _add(store, signer, record.artifact, PROVENANCE, payload)


def attest_verification(store: Store, signer: Signer | None, verification: Verification, when: datetime) -> None:
    """Sign the results of gates that were just run; nothing where this key signed this very record before."""
    if signer is None or is_attested(store, signer, verification):
        return
    _add(store, signer, verification.artifact, GATE_RESULTS, statements.gate_statement(verification, when))


def is_attested(store: Store, signer: Signer, verification: Verification) -> bool:
    """Tell whether this key signed this very verification. By the records: whoever relies on it checks signatures."""
    wanted = statements.verification_digest(verification)
    for attestation in referrers.of_artifact(store, verification.artifact):
        if attestation.predicate_type == GATE_RESULTS:
            document = envelopes.parse(attestation.envelope)
            by_us = any(each.key == signer.key.id for each in document.signatures)
            if by_us and statements.claim_of(document.payload).record == wanted:
                return True
    return False


def _add(store: Store, signer: Signer, artifact: Digest, kind: str, payload: bytes) -> None:
    for attestation in referrers.of_artifact(store, artifact):
        document = envelopes.parse(attestation.envelope)
        if document.payload == payload and any(each.key == signer.key.id for each in document.signatures):
            return
    signed = SignedDocument(
        payload_type=STATEMENT_TYPE, payload=payload, signatures=(signer.sign(STATEMENT_TYPE, payload),)
    )
    referrers.add(store, Attestation(subject=artifact, predicate_type=kind, envelope=envelopes.encode(signed)))
