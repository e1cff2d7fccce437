"""Open the key that signs what a run writes, as the environment of the process names it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from reconciler.adapters.signing.verifier import DsseVerifier
from reconciler.ports import Signer, Verifier

SIGNING_KEY = "RECONCILER_SIGNING_KEY"
SIGNING_PUBLIC = "RECONCILER_SIGNING_PUBLIC"
VERIFIER: Verifier = DsseVerifier()


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
