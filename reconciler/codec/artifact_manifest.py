"""Parse an artifact's OCI image manifest: the files that it names, by digest and size. `engine.storage` writes it."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from reconciler.core.artifact import object_sizes
from reconciler.core.artifact.oci_artifact import (
    ARTIFACT_TYPE,
    DECISION_FILE,
    FILEPATH,
    LATER_FILES,
    MEDIA_TYPES,
    MODEL_FILE,
    MODEL_FILES,
    REFERENCE_FILE,
    Artifact,
    ArtifactFile,
)
from reconciler.core.digest import Digest, digest_of_bytes, is_digest
from reconciler.core.size_limits import (
    BLOB_BYTES,
    BOOSTER_BYTES,
    DECISION_BYTES,
    MODEL_BYTES,
    REFERENCE_BYTES,
    RELEASE_BYTES,
)
from reconciler.errors import IntegrityError

MANIFEST_FILE = "manifest.json"
CONFIG_FILE = "config.json"
_LARGEST = {
    **dict.fromkeys(MODEL_FILES, BOOSTER_BYTES),
    MODEL_FILE: MODEL_BYTES,
    REFERENCE_FILE: REFERENCE_BYTES,
    DECISION_FILE: DECISION_BYTES,
}


@lru_cache(maxsize=1024)
def parse(manifest: bytes) -> Artifact:
    """Parse manifest bytes, already verified.

    Raises IntegrityError E511 when they are not of this tool's form, E612 for a file that is larger than is read.
    """
    if len(manifest) > RELEASE_BYTES:
        raise object_sizes.too_large(f"manifest {digest_of_bytes(manifest)}", len(manifest), RELEASE_BYTES)
    try:
        document: Any = json.loads(manifest)
        config = _file(document["config"], CONFIG_FILE)
        files = tuple(_file(layer, layer["annotations"][FILEPATH]) for layer in document["layers"])
        types = {MODEL_FILE if file.path in MODEL_FILES else file.path: file.media_type for file in files}
        known = LATER_FILES | types.keys() == MEDIA_TYPES.keys() and types.items() <= MEDIA_TYPES.items()
        if not known or len(files) != len(types) or document["artifactType"] != ARTIFACT_TYPE:
            raise ValueError("not the files of a model package")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise IntegrityError(
            f"manifest {digest_of_bytes(manifest)} does not describe a model package of this tool",
            code="E511",
            hint="a newer version may have written it: upgrade and try again",
        ) from error
    for file in (config, *files):
        largest = _LARGEST.get(file.path, BLOB_BYTES)
        if not 0 < file.size <= largest:
            raise IntegrityError(
                f"artifact {digest_of_bytes(manifest)} declares {file.size:,} bytes of {file.path}; "
                f"from 1 to {largest:,} are read",
                code="E612",
                hint="this tool did not write it: deploy another artifact; nothing of it was read",
            )
    return Artifact(digest=digest_of_bytes(manifest), config=config, files=files)


def _file(descriptor: Any, path: str) -> ArtifactFile:
    digest, size, media_type = descriptor["digest"], descriptor["size"], descriptor["mediaType"]
    if not (isinstance(digest, str) and is_digest(digest) and isinstance(size, int) and isinstance(media_type, str)):
        raise ValueError("not a descriptor")
    return ArtifactFile(path=path, media_type=media_type, digest=Digest(digest), size=size)
