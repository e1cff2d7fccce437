"""Encode an artifact's OCI image manifest in the CNCF ModelPack form: canonical bytes, no effects.

Formats: OCI image-spec v1.1 image manifest; CNCF ModelPack model-spec v0.0.x config (`descriptor`, `modelfs`,
`config`), without the optional fields that are not a function of the fingerprint (times, names, authors).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from reconciler import codec
from reconciler.codec.artifact_manifest import CONFIG_FILE as CONFIG_FILE  # noqa: PLC0414  (found here, as the rest)
from reconciler.codec.artifact_manifest import MANIFEST_FILE as MANIFEST_FILE  # noqa: PLC0414
from reconciler.codec.artifact_manifest import parse as parse  # noqa: PLC0414
from reconciler.core.artifact.oci_artifact import (
    ARTIFACT_TYPE,
    CONFIG_TYPE,
    FILEPATH,
    MANIFEST_TYPE,
    MODEL_FILE,
    MODEL_FILES,
    ArtifactFile,
    media_type_of,
)
from reconciler.core.digest import digest_of_bytes, digest_of_file


def describe(folder: Path, names: Iterable[str]) -> tuple[ArtifactFile, ...]:
    """Hash the named files of a package folder and return them in the order of their names."""
    return tuple(
        ArtifactFile(
            path=name,
            media_type=media_type_of(name),
            digest=digest_of_file(folder / name),
            size=(folder / name).stat().st_size,
        )
        for name in sorted(names)
    )


def config_of(files: tuple[ArtifactFile, ...]) -> bytes:
    """Return the ModelPack config's bytes; `diffIds` are the layers' digests, since every layer is uncompressed."""
    form = next((MODEL_FILES[file.path] for file in files if file.path in MODEL_FILES), MODEL_FILES[MODEL_FILE])
    return codec.canonical(
        {
            "descriptor": {},
            "modelfs": {"type": "layers", "diffIds": [file.digest for file in files]},
            "config": {"format": form, "modality": {"inputTypes": ["tabular"], "outputTypes": ["tabular"]}},
        }
    )


def manifest_of(config: bytes, files: tuple[ArtifactFile, ...]) -> bytes:
    """Return the manifest's bytes; their digest is the artifact's."""
    return codec.canonical(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "artifactType": ARTIFACT_TYPE,
            "config": {"mediaType": CONFIG_TYPE, "digest": digest_of_bytes(config), "size": len(config)},
            "layers": [
                {
                    "mediaType": file.media_type,
                    "digest": file.digest,
                    "size": file.size,
                    "annotations": {FILEPATH: file.path},
                }
                for file in files
            ],
        }
    )
