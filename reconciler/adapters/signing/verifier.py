"""Check signatures. Implements ports.Verifier.

Keys of Ed25519 are checked by cryptography alone, of the extra `signing`; where that is not installed, by
securesystemslib, which has a slow check of its own (7 ms, and 0.2 ms with the extra). Other schemes are checked by
securesystemslib and need the extra; identities by sigstore, of the extra `keyless`. Imported where a signature is
checked.
"""

from __future__ import annotations

import base64
import binascii
import importlib.util
from collections.abc import Collection
from contextlib import suppress
from typing import Any

from reconciler.adapters.signing import ed25519, keyless
from reconciler.core.digest import Digest, hex_of
from reconciler.core.trust.keys import PublicKey, Scheme, Signature
from reconciler.errors import UsageError

EXTRA = "pip install 'model-reconciler[signing]'"
KEY_TYPES = {Scheme.ED25519: "ed25519", Scheme.P256: "ecdsa", Scheme.P384: "ecdsa"}


class DsseVerifier:
    """Checks signatures over the encoding of DSSE. Implements ports.Verifier."""

    def signed_by(
        self, payload_type: str, payload: bytes, signatures: Collection[Signature], keys: Collection[PublicKey]
    ) -> frozenset[Digest]:
        known = {key.id: key for key in keys}
        named = [each for each in signatures if each.key in known]
        if not named:
            return frozenset()
        right: set[Digest] = set()
        for each in named:
            key = known[each.key]
            try:
                signature = base64.b64decode(each.value, validate=True)
            except (binascii.Error, ValueError):
                continue
            if _is_right(key, signature, payload_type, payload):
                right.add(key.id)
        return frozenset(right)


def _is_right(key: PublicKey, signature: bytes, payload_type: str, payload: bytes) -> bool:
    if key.scheme is Scheme.SIGSTORE:
        return keyless.is_right(key, signature, payload_type, payload)
    if key.scheme is Scheme.ED25519:
        with suppress(ImportError):
            return ed25519.is_right(key, signature, payload_type, payload)
    else:
        _check_library(key)
    from securesystemslib.dsse import Envelope
    from securesystemslib.exceptions import VerificationError
    from securesystemslib.signer import Signature as Signed

    keyid = hex_of(key.id)
    try:
        Envelope(payload, payload_type, {keyid: Signed(keyid, signature.hex())}).verify([library_key(key)], 1)
    except VerificationError:
        return False
    return True


def library_key(key: PublicKey) -> Any:
    """Return a public key as securesystemslib has it."""
    from securesystemslib.signer import SSlibKey

    value = key.raw.hex() if key.scheme is Scheme.ED25519 else key.pem
    return SSlibKey(hex_of(key.id), KEY_TYPES[key.scheme], key.scheme.value, {"public": value})


def _check_library(key: PublicKey) -> None:
    """Raise UsageError E610 for a scheme that only the extra can check."""
    if importlib.util.find_spec("cryptography") is not None:
        return
    raise UsageError(
        f"signatures by keys of {key.scheme.value} are checked with the library cryptography, which is not installed",
        hint=f"{EXTRA}; keys of ed25519 need no more than is installed",
        code="E610",
    )
