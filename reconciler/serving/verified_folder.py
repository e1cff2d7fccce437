"""Hold the files of a release against its digest: the manifest by the digest, each file by the manifest."""

from __future__ import annotations

from pathlib import Path

from reconciler.codec.artifact_manifest import MANIFEST_FILE, parse
from reconciler.core.artifact.oci_artifact import Artifact, ArtifactFile
from reconciler.core.digest import Digest, digest_of_bytes, digest_of_file, short
from reconciler.core.size_limits import RELEASE_BYTES
from reconciler.errors import IntegrityError


def verified_artifact(folder: Path, digest: Digest) -> Artifact:
    """Return the artifact whose files are in a folder, all of them read and hashed.

    Raises IntegrityError E501 for a file that is missing or has other bytes, E511, E612 as `codec.artifact_manifest`.
    """
    artifact = parse(_manifest(folder, digest))
    wrong = [file.path for file in (artifact.config, *artifact.files) if not _is(folder / file.path, file)]
    if wrong:
        raise _differs(digest, ", ".join(wrong))
    return artifact


def _manifest(folder: Path, digest: Digest) -> bytes:
    path = folder / MANIFEST_FILE
    try:
        body = path.read_bytes() if path.stat().st_size <= RELEASE_BYTES else b""
    except OSError:
        body = b""
    if digest_of_bytes(body) != digest:
        raise _differs(digest, MANIFEST_FILE)
    return body


def _is(path: Path, file: ArtifactFile) -> bool:

    try:
        return path.stat().st_size == file.size and digest_of_file(path) == file.digest
    except OSError:
        return False


def _differs(digest: Digest, files: str) -> IntegrityError:
    return IntegrityError(
        f"{files}: not the bytes of {short(digest)}",
        code="E501",
        hint="take the release from a target or a store again; `reconciler audit` names what is damaged there",
    )
