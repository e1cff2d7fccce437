"""Sign with a private key that is named by a URI of securesystemslib. Implements ports.Signer.

`file:/path` is a PEM file (PKCS#8) that nobody else may read; a key of Ed25519 in it is used without that library.
`sigstore:` signs without a key (`keyless`). Other schemes of URIs (awskms, azurekms, gcpkms, hsm, hv) go to the library
as they are, with the public key from a file, since not all of them can tell it.
"""

from __future__ import annotations

import base64
import os
import stat
from pathlib import Path
from typing import Any

from reconciler.adapters.signing import ed25519
from reconciler.adapters.signing.keyless import open_keyless
from reconciler.adapters.signing.verifier import EXTRA, library_key
from reconciler.core.trust.keys import PublicKey, Signature, public_key
from reconciler.errors import ReconcilerError, UsageError
from reconciler.ports import Signer

FILE = "file:"
KEYLESS = "sigstore"
LARGEST = 64 * 1024  # bytes of a key file


class KeySigner:
    """Signs with one private key. Implements ports.Signer."""

    def __init__(self, signer: Any, key: PublicKey) -> None:
        self._signer = signer
        self._key = key

    @property
    def key(self) -> PublicKey:
        return self._key

    def sign(self, payload_type: str, payload: bytes) -> Signature:
        from securesystemslib.dsse import Envelope

        try:
            signed = Envelope(payload, payload_type, {}).sign(self._signer)
        except Exception as error:  # each service's library has errors of its own
            raise unusable(f"the signing key does not sign ({type(error).__name__})") from error
        return Signature(key=self._key.id, value=base64.b64encode(bytes.fromhex(signed.signature)).decode())


def open_signer(uri: str, public: str | None, *, inside: Path | None) -> Signer:
    """Open the private key of a URI. `public`: the PEM file of its public key, which a key file does not need;
    `inside`: the repository, in which no private key may lie. Raises UsageError E523."""
    if uri.startswith(FILE):
        return _from_file(uri.removeprefix(FILE), inside)
    if uri.partition(":")[0] == KEYLESS:
        return open_keyless(uri)
    if public is None:
        raise unusable("a key that is not in a file needs the file of its public key: RECONCILER_SIGNING_PUBLIC")
    try:
        key = public_key(Path(public).read_text("ascii"))
    except (OSError, ValueError) as error:
        raise unusable("RECONCILER_SIGNING_PUBLIC names no public key's PEM file") from error
    try:
        from securesystemslib.signer import Signer as LibrarySigner

        return KeySigner(LibrarySigner.from_priv_key_uri(uri, library_key(key)), key)
    except Exception as error:  # each service's library has errors of its own, which may quote the address
        scheme = uri.partition(":")[0][:20]
        raise unusable(f"the key of scheme {scheme!r} cannot be opened ({type(error).__name__})") from error


def _from_file(path: str, inside: Path | None) -> Signer:
    from reconciler.adapters.signing.key_files import check_outside

    file = Path(path).expanduser()
    check_outside(file, inside)
    body = _private_bytes(file)
    try:
        if (quick := ed25519.signer_of(body)) is not None:
            return quick
        from cryptography.hazmat.primitives.serialization import (
            Encoding,
            PublicFormat,
            load_pem_private_key,
        )
        from securesystemslib.signer import CryptoSigner
    except ImportError as error:
        raise UsageError("signing needs the extra `signing`", hint=EXTRA, code="E610") from error
    try:
        private = load_pem_private_key(body, None)
        pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        key = public_key(pem)
        return KeySigner(CryptoSigner(private, library_key(key)), key)
    except (ValueError, TypeError) as error:
        raise unusable("the signing key's file holds no private key of Ed25519, P-256 or P-384 in PEM form") from error


def _private_bytes(file: Path) -> bytes:
    """Read a private key that nobody else may read."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise unusable(f"the signing key's file cannot be read ({error.strerror})") from error
    with os.fdopen(descriptor, "rb") as stream:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise unusable("the signing key's file is no regular file")
        if status.st_mode & 0o077:
            raise unusable("others may read the signing key's file", hint=f"chmod 600 {file}")
        return stream.read(LARGEST)


def unusable(message: str, *, hint: str | None = None) -> ReconcilerError:
    """Return the error E523 for a private key that cannot be used; it never quotes the URI."""
    advice = (
        "set RECONCILER_SIGNING_KEY to file:PATH of a key that `reconciler keys new` wrote, or to a URI of your KMS"
    )
    return UsageError(message, hint=hint or advice, code="E523")
