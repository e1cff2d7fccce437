"""Keys in memory, whose signatures are keyed hashes: for tests of what is done with signatures, never for real ones."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Collection

from reconciler.core.digest import Digest, digest_of_bytes
from reconciler.core.trust.keys import PublicKey, Scheme, Signature


def key_of(name: str) -> PublicKey:
    """Return the public key of a name, of Ed25519 by its form."""
    der = bytes.fromhex("302a300506032b6570032100") + hashlib.sha256(name.encode()).digest()
    return PublicKey(id=digest_of_bytes(der), scheme=Scheme.ED25519, der=base64.b64encode(der).decode())


def _signature(key: PublicKey, payload_type: str, payload: bytes) -> Signature:
    secret = hashlib.sha256(f"private {key.id}".encode()).digest()
    body = hmac.new(secret, payload_type.encode() + b"\0" + payload, hashlib.sha256).digest()
    return Signature(key=key.id, value=base64.b64encode(body).decode())


class MemorySigner:
    """Signs as the key of a name. Implements ports.Signer."""

    def __init__(self, name: str) -> None:
        self._key = key_of(name)

    @property
    def key(self) -> PublicKey:
        return self._key

    def sign(self, payload_type: str, payload: bytes) -> Signature:
        return _signature(self._key, payload_type, payload)


class MemoryVerifier:
    """Checks signatures of memory keys. Implements ports.Verifier. `asked`: how often."""

    def __init__(self) -> None:
        self.asked = 0

    def signed_by(
        self, payload_type: str, payload: bytes, signatures: Collection[Signature], keys: Collection[PublicKey]
    ) -> frozenset[Digest]:
        self.asked += 1
        known = {key.id: key for key in keys}
        named = (each for each in signatures if each.key in known)
        return frozenset(each.key for each in named if each == _signature(known[each.key], payload_type, payload))
