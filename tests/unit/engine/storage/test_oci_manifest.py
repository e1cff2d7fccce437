"""The files of an artifact: all of them, but for those that an earlier version did not write."""

from __future__ import annotations

import pytest

from reconciler.core.artifact.oci_artifact import LATER_FILES, MEDIA_TYPES, ArtifactFile
from reconciler.core.digest import digest_of_bytes
from reconciler.core.size_limits import REFERENCE_BYTES
from reconciler.engine.storage import oci_manifest
from reconciler.errors import IntegrityError


def manifest(names: set[str], **sizes: int) -> bytes:
    files = tuple(
        ArtifactFile(
            path=name,
            media_type=MEDIA_TYPES.get(name, "text/plain"),
            digest=digest_of_bytes(name.encode()),
            size=sizes.get(name.partition(".")[0], 10),
        )
        for name in sorted(names)
    )
    return oci_manifest.manifest_of(oci_manifest.config_of(files), files)


@pytest.mark.parametrize("lacking", [set(), set(LATER_FILES)])
def test_an_artifact_of_an_earlier_version_is_whole(lacking: set[str]) -> None:
    names = set(MEDIA_TYPES) - lacking
    assert {file.path for file in oci_manifest.parse(manifest(names)).files} == names


@pytest.mark.parametrize("name", sorted(set(MEDIA_TYPES) - LATER_FILES))
def test_no_other_file_may_lack(name: str) -> None:
    with pytest.raises(IntegrityError, match="E511"):
        oci_manifest.parse(manifest(set(MEDIA_TYPES) - {name}))


def test_no_other_file_may_be_there_and_a_reference_has_a_largest_size() -> None:
    with pytest.raises(IntegrityError, match="E511"):
        oci_manifest.parse(manifest({*MEDIA_TYPES, "more.json"}))
    with pytest.raises(IntegrityError, match="E612"):
        oci_manifest.parse(manifest(set(MEDIA_TYPES), reference=REFERENCE_BYTES + 1))
