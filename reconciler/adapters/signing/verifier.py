"""Check signatures with securesystemslib. Implements ports.Verifier.

Ed25519 needs nothing but the library itself, which has a slow check of its own (7 ms); with the extra `signing` it
takes 0.2 ms. Other schemes need the extra. Imported where a signature is checked.
"""

from __future__ import annotations

import base64
import binascii
import importlib.util
from collections.abc import Collection

from reconciler.adapters.signing.ahead import settled
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
        settled()
        from securesystemslib.dsse import Envelope
        from securesystemslib.exceptions import VerificationError
        from securesystemslib.signer import Signature as Signed
        from securesystemslib.signer import SSlibKey

        right: set[Digest] = set()
        for each in named:
            key = known[each.key]
            _check_library(key)
            try:
                signature = Signed(hex_of(key.id), base64.b64decode(each.value, validate=True).hex())
            except (binascii.Error, ValueError):
                continue
            value = key.raw.hex() if key.scheme is Scheme.ED25519 else key.pem
            one = SSlibKey(hex_of(key.id), KEY_TYPES[key.scheme], key.scheme.value, {"public": value})
            try:
                Envelope(payload, payload_type, {hex_of(key.id): signature}).verify([one], 1)
            except VerificationError:
                continue
            right.add(key.id)
        return frozenset(right)


def _check_library(key: PublicKey) -> None:
    """Raise UsageError E610 for a scheme that only the extra can check."""
    if key.scheme is Scheme.ED25519 or importlib.util.find_spec("cryptography") is not None:
        return
    raise UsageError(
        f"signatures by keys of {key.scheme.value} are checked with the library cryptography, which is not installed",
        hint=f"{EXTRA}; keys of ed25519 need no more than is installed",
        code="E610",
    )
