"""The files that a target is given to serve: checked against the artifact before any of them is sent anywhere."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from reconciler.adapters.filesystem.durable_files import read_regular
from reconciler.adapters.filesystem.release_folder import MANIFEST, ReleaseFile, is_plain, layers_of
from reconciler.core.digest import Digest, digest_of_bytes, digest_of_file
from reconciler.core.size_limits import RELEASE_BYTES
from reconciler.errors import IntegrityError


def layers(manifest: bytes) -> tuple[ReleaseFile, ...]:
    """Return the files that a manifest names; none where it is no manifest of ours."""
    try:
        return layers_of(manifest)
    except ValueError:
        return ()


def given_release(artifact: Digest, files: Mapping[str, Path]) -> tuple[bytes, dict[str, ReleaseFile]]:
    """Return the manifest of a release and its other files by name; IntegrityError E501 where they are not those of the
    artifact."""
    manifest = read_regular(files[MANIFEST], RELEASE_BYTES) if MANIFEST in files else b""
    named = {layer.path: layer for layer in layers(manifest)}
    wrong = {name for name in files if not is_plain(name)} | (files.keys() ^ {MANIFEST, *named})
    wrong |= {name for name in named.keys() - wrong if digest_of_file(files[name]) != named[name].digest}
    if wrong or digest_of_bytes(manifest) != artifact:
        names = ", ".join(name[:80] for name in sorted(wrong or {MANIFEST}))
        raise IntegrityError(f"the files to serve are not those of {artifact}: {names}", code="E501")
    return manifest, named
