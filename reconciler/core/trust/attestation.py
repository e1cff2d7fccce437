"""Attestations: signed statements about an artifact, kept beside it as OCI referrers.

An attestation is a DSSE envelope (bytes that are never changed: their digest is its name) around an in-toto Statement
v1. In a store it is a blob; an OCI image manifest, a blob too, names it and the artifact as its `subject`; the numbered
log `referrers/<artifact>` names the manifests, so that an absent one is never a stale listing.
"""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.core.digest import Checksummed, Digest

ENVELOPE_TYPE = "application/vnd.dsse.envelope.v1+json"
"""The media type of an envelope, and the `artifactType` of the manifest that refers to the artifact."""
STATEMENT_TYPE = "application/vnd.in-toto+json"
"""What the envelope's payload is."""
EMPTY_TYPE = "application/vnd.oci.empty.v1+json"
EMPTY_CONFIG = b"{}"
PREDICATE_ANNOTATION = "in-toto.io/predicate-type"
"""The annotation of the manifest that names the kind of statement. A hint: what counts is in the signed statement."""

STATEMENT_V1 = "https://in-toto.io/Statement/v1"
PROVENANCE = "https://slsa.dev/provenance/v1"
GATE_RESULTS = "https://model-reconciler.dev/gate-results/v1"
"""The predicate types: how an artifact was built; which gates it passed or failed, as a verification summary."""
BUILD_TYPE = "https://model-reconciler.dev/training/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestation:
    """One attestation of `subject`, an artifact: the bytes of its DSSE envelope, as they are stored and signed.

    `predicate_type` is what the manifest says; nothing of it is verified before the envelope is.
    """

    subject: Digest
    predicate_type: str
    envelope: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Referrer(Checksummed):
    """One member of the log of an artifact's referrers: the manifest, by digest, that names one attestation of it."""

    subject: Digest
    manifest: Digest
    format: int = 1
