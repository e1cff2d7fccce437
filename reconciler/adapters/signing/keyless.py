"""Sign and check without keys (Sigstore), by the library `sigstore` of the extra `keyless`. Implements ports.Signer.

Who signs shows a token of an identity provider, such as that of a CI job, to a certificate authority, which certifies a
key of ten minutes for the identity in it; the signature goes into a public log. A signature here is the bundle of that:
certificate, signature over the encoding of DSSE, and the log's proof. It is checked without a network, against the
authority's and the logs' keys: those of the public instance that the library brings, or of one's own instance, in the
file that RECONCILER_SIGSTORE_CONFIG names (a client trust config).
"""

from __future__ import annotations

import base64
import os
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from reconciler.adapters.signing.ed25519 import encoded
from reconciler.core.trust.keys import PublicKey, Signature, identity_key
from reconciler.errors import ReconcilerError, UsageError

if TYPE_CHECKING:
    from sigstore.models import ClientTrustConfig, TrustedRoot

SIGSTORE_CONFIG = "RECONCILER_SIGSTORE_CONFIG"
EXTRA = "pip install 'model-reconciler[keyless]'"
LARGEST = 256 * 1024  # bytes of a bundle
LARGEST_CONFIG = 4 * 1024**2
_URI = "sigstore:?identity=IDENTITY&issuer=https://ISSUER"


class KeylessSigner:
    """Signs as an identity; asks for a token when it signs, and not before. Implements ports.Signer."""

    def __init__(self, key: PublicKey) -> None:
        self._key = key

    @property
    def key(self) -> PublicKey:
        return self._key

    def sign(self, payload_type: str, payload: bytes) -> Signature:
        try:
            from sigstore.oidc import IdentityToken, detect_credential
            from sigstore.sign import SigningContext
        except ImportError as error:
            raise not_installed() from error
        config = _config(os.environ.get(SIGSTORE_CONFIG))
        try:
            token = detect_credential()
            if not token:
                raise _unusable("keyless signatures need a token of the CI job, and this process has none")
            with SigningContext.from_trust_config(config).signer(IdentityToken(token)) as signer:
                bundle = signer.sign_artifact(encoded(payload_type, payload)).to_json().encode()
        except ReconcilerError:
            raise
        except Exception as error:  # of the library, its HTTP client and the provider's detection
            raise _unusable(f"a keyless signature could not be made ({type(error).__name__})") from error
        if not is_right(self._key, bundle, payload_type, payload):
            raise _unusable(
                "who checks it would not take this signature: the token of this process is of another identity or "
                "issuer than RECONCILER_SIGNING_KEY says, or Sigstore's logs have newer keys than the library"
            )
        return Signature(key=self._key.id, value=base64.b64encode(bundle).decode())


def open_keyless(uri: str) -> KeylessSigner:
    """Return what signs as the identity that a URI names. Raises UsageError E523."""
    scheme, _, query = uri.partition("?")
    try:
        # A plus is one: mailboxes have it, and no name has a space.
        given = parse_qs(query.replace("+", "%2B"), strict_parsing=True, max_num_fields=4)
        (identity,), (issuer,) = given.pop("identity"), given.pop("issuer")
        if given or scheme != "sigstore:":
            raise ValueError
        return KeylessSigner(identity_key(identity, issuer))
    except (ValueError, KeyError):
        pass
    raise _unusable("keyless signatures (Sigstore) are made as an identity of an issuer, which the URI must name")


def is_right(key: PublicKey, bundle: bytes, payload_type: str, payload: bytes) -> bool:
    """Tell whether the bundle is of a signature of a document by the identity that a key stands for.

    Raises UsageError E610 without the library, E523 for a configuration that cannot be read.
    """
    if len(bundle) > LARGEST:
        return False
    verifier = _verifier(os.environ.get(SIGSTORE_CONFIG))
    from sigstore.models import Bundle
    from sigstore.verify.policy import Identity

    issuer, identity = key.identity
    try:
        found = Bundle.from_json(bundle)
        verifier.verify_artifact(encoded(payload_type, payload), found, Identity(identity=identity, issuer=issuer))
    except Exception:  # noqa: BLE001  (a stranger's bytes: the library raises errors of many kinds)
        return False
    return True


def not_installed() -> UsageError:
    """Return the error E610 for a process without the library."""
    return UsageError("keyless signatures (Sigstore) need the extra `keyless`", hint=EXTRA, code="E610")


@cache
def _verifier(config: str | None) -> Any:
    try:
        from sigstore.verify import Verifier
    except ImportError as error:
        raise not_installed() from error
    return Verifier(trusted_root=_public() if config is None else _config(config).trusted_root)


def _public() -> TrustedRoot:
    """Return the keys of the public instance, as the package has them: its own way offline believes a cache folder,
    which jobs of other branches may have filled."""
    try:
        from sigstore._internal.tuf import DEFAULT_TUF_URL
        from sigstore._utils import read_embedded
        from sigstore.models import TrustedRoot

        with tempfile.NamedTemporaryFile() as file:
            file.write(read_embedded("trusted_root.json", DEFAULT_TUF_URL))
            file.flush()
            return TrustedRoot.from_file(file.name)
    except Exception as error:
        said = f"the keys of the public instance of Sigstore are not in the library ({type(error).__name__})"
        raise _unusable(said, f"{EXTRA}, or {SIGSTORE_CONFIG}=FILE of a client trust config (JSON)") from error


def _config(path: str | None) -> ClientTrustConfig:
    """Return what names an instance, its services and its keys; of the public one as of now, which asks for updates."""
    from sigstore.models import ClientTrustConfig

    try:
        if path is None:
            return ClientTrustConfig.production()
        with Path(path).open("rb") as stream:
            return ClientTrustConfig.from_json(stream.read(LARGEST_CONFIG).decode())
    except Exception as error:
        named = (
            f"{SIGSTORE_CONFIG} names no client trust config" if path is not None else "Sigstore's own cannot be read"
        )
        hint = f"{SIGSTORE_CONFIG}=FILE of a client trust config (JSON) of your instance; unset: the public one"
        raise _unusable(f"the keys of Sigstore are not known: {named} ({type(error).__name__})", hint) from error


def _unusable(message: str, hint: str | None = None) -> UsageError:
    advice = f"RECONCILER_SIGNING_KEY={_URI}, in a CI job that may ask for tokens; see docs/how-to/sign.md"
    return UsageError(message, hint=hint or advice, code="E523")
