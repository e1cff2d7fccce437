"""Sign and check with keys of Ed25519 by the library cryptography alone, over the encoding of DSSE.

securesystemslib does the same by the same calls, but imports the signers of all services before: that takes five times
as long as these imports. What is made here it can check, and the other way round.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING

from reconciler.adapters.signing.ahead import settled
from reconciler.core.trust.keys import PublicKey, Scheme, Signature, public_key_of

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_PKCS8 = bytes.fromhex("302e020100300506032b657004220420")  # what comes before the 32 bytes of a private key
_PEM = re.compile(rb"-----BEGIN PRIVATE KEY-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END PRIVATE KEY-----\s*")


class Ed25519Signer:
    """Signs with a private key of a file. Implements ports.Signer."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self._key = public_key_of(Scheme.ED25519, private.public_key().public_bytes_raw())

    @property
    def key(self) -> PublicKey:
        return self._key

    def sign(self, payload_type: str, payload: bytes) -> Signature:
        made = self._private.sign(encoded(payload_type, payload))
        return Signature(key=self._key.id, value=base64.b64encode(made).decode())


def encoded(payload_type: str, payload: bytes) -> bytes:
    """Return what DSSE signs of a document: its type and its bytes, each with its length before it."""
    name = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(name), name, len(payload), payload)


def signer_of(pem: bytes) -> Ed25519Signer | None:
    """Return what signs with the private key of a PEM file; None where it is of another kind or form, or nothing."""
    match = _PEM.fullmatch(pem)
    if match is None:
        return None
    try:
        der = base64.b64decode(b"".join(match[1].split()), validate=True)
    except binascii.Error:
        return None
    if not der.startswith(_PKCS8) or len(der) != len(_PKCS8) + 32:
        return None
    settled()
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519Signer(Ed25519PrivateKey.from_private_bytes(der[len(_PKCS8) :]))


def is_right(key: PublicKey, signature: bytes, payload_type: str, payload: bytes) -> bool:
    """Tell whether a key of Ed25519 signed a document. Raises ImportError where the library is not installed."""
    settled()
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(key.raw).verify(signature, encoded(payload_type, payload))
    except (InvalidSignature, ValueError):  # the latter: bytes that are no point of the curve
        return False
    return True
