"""Encode and parse DSSE envelopes: canonical bytes, no effects. What a signature covers is the signer's affair."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any

from reconciler import codec
from reconciler.core.digest import Digest, digest_of_bytes, hex_of, is_digest, short
from reconciler.core.trust.keys import Signature
from reconciler.errors import IntegrityError

MOST_SIGNATURES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedDocument:
    """A document with the signatures that came with it, none of which is checked."""

    payload_type: str
    payload: bytes
    signatures: tuple[Signature, ...]


def encode(document: SignedDocument) -> bytes:
    """Return the envelope's bytes."""
    return codec.canonical(
        {
            "payload": base64.b64encode(document.payload).decode(),
            "payloadType": document.payload_type,
            "signatures": [{"keyid": hex_of(each.key), "sig": each.value} for each in document.signatures],
        }
    )


def parse(envelope: bytes) -> SignedDocument:
    """Parse an envelope's bytes. Raises IntegrityError E520 for what is none, or has one key twice."""
    try:
        document: Any = json.loads(envelope)
        if set(document) != {"payload", "payloadType", "signatures"}:
            raise ValueError("other members")
        signatures = tuple(_signature(each) for each in document["signatures"])
        if len({each.key for each in signatures}) != len(signatures) or len(signatures) > MOST_SIGNATURES:
            raise ValueError("a key signs once")
        payload_type = str(document["payloadType"])
        payload = base64.b64decode(document["payload"], validate=True)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, binascii.Error) as error:
        raise IntegrityError(
            f"attestation {short(digest_of_bytes(envelope))} is no envelope of signatures, each by another key",
            code="E520",
            hint="this tool did not write it: find out who writes to the store, and restore it from a backup",
        ) from error
    return SignedDocument(payload_type=payload_type, payload=payload, signatures=signatures)


def _signature(given: Any) -> Signature:
    key, value = f"sha256:{given['keyid']}", given["sig"]
    if not (is_digest(key) and isinstance(value, str)):
        raise ValueError("no signature")
    return Signature(key=Digest(key), value=value)
