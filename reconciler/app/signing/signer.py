"""Open the key that signs what a run writes, as the environment of the process names it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from reconciler.adapters.signing.ahead import import_ahead
from reconciler.adapters.signing.verifier import DsseVerifier
from reconciler.ports import Signer, Verifier

SIGNING_KEY = "RECONCILER_SIGNING_KEY"
SIGNING_PUBLIC = "RECONCILER_SIGNING_PUBLIC"
_TRUST = b"trust"
VERIFIER: Verifier = DsseVerifier()


def begin_ahead(document: bytes, environ: Mapping[str, str]) -> None:
    """Begin to import what signs and checks, where an environment's manifest declares keys, or a key is named."""
    if _TRUST in document or environ.get(SIGNING_KEY):
        import_ahead()


def signer_here(root: Path, environ: Mapping[str, str]) -> Signer | None:
    """Return the key that signs what this run writes; None where none is named. Raises UsageError E523."""
    uri = environ.get(SIGNING_KEY)
    if not uri:
        return None
    from reconciler.adapters.signing.signer import open_signer

    return open_signer(uri, environ.get(SIGNING_PUBLIC), inside=repository(root))


def repository(root: Path) -> Path:
    """Return the root of the repository that a project lies in; the project's own where git has none."""
    return next((folder for folder in (root, *root.parents) if (folder / ".git").exists()), root)
