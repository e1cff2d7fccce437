"""Write a new private key where only its owner reads it: outside of the repository, and never over another file."""

from __future__ import annotations

import os
from pathlib import Path

from reconciler.adapters.signing.verifier import EXTRA
from reconciler.core.trust.keys import PublicKey, Scheme, public_key
from reconciler.errors import UsageError


def check_outside(file: Path, repository: Path | None) -> None:
    """Raise UsageError E523 for a path inside the repository, links resolved, where git could come by it."""
    resolved = file.parent.resolve() / file.name
    real = file.resolve()
    if repository is not None and any(path.is_relative_to(repository.resolve()) for path in (resolved, real)):
        raise UsageError(
            "a private key lies inside the repository, from where it could be committed",
            hint="name a path outside of it, such as ~/.config/reconciler/trainer.pem",
            code="E523",
        )


def write_key(file: Path, repository: Path | None, scheme: Scheme = Scheme.ED25519) -> PublicKey:
    """Make a key, write its private half to a new file (mode 0600) and return the public one.

    Raises UsageError E523 where the file exists, lies inside the repository or cannot be written, E610 without the
    extra `signing`.
    """
    try:
        from cryptography.hazmat.primitives.asymmetric import ec, ed25519
        from cryptography.hazmat.primitives.serialization import (
            Encoding,
            NoEncryption,
            PrivateFormat,
            PublicFormat,
        )
    except ImportError as error:
        raise UsageError("making a key needs the extra `signing`", hint=EXTRA, code="E610") from error
    file = file.expanduser()
    check_outside(file, repository)
    private: ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey
    if scheme is Scheme.ED25519:
        private = ed25519.Ed25519PrivateKey.generate()
    else:
        private = ec.generate_private_key(ec.SECP256R1() if scheme is Scheme.P256 else ec.SECP384R1())
    body = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        why = "there is a file already, which is never overwritten" if isinstance(error, FileExistsError) else None
        raise UsageError(
            f"the private key cannot be written: {why or error.strerror}",
            hint="name a path that does not exist yet, in a folder that you may write",
            code="E523",
        ) from error
    with os.fdopen(descriptor, "wb") as stream:
        os.fchmod(descriptor, 0o600)
        stream.write(body)
        stream.flush()
        os.fsync(descriptor)
    return public_key(private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode())
