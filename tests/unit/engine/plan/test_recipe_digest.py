"""Whether an artifact was made by a declared recipe, told without reading all of what it keeps: never otherwise than
by reading it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reconciler import codec
from reconciler.core.artifact.oci_artifact import MEDIA_TYPES, RECIPE_FILE, Artifact, ArtifactFile
from reconciler.core.digest import digest_of_bytes
from reconciler.core.spec.recipe import BuiltRecipe, Preprocessing
from reconciler.engine.plan import verification
from reconciler.engine.storage import blobs
from reconciler.errors import IntegrityError
from reconciler.testing.memory import MemoryStore
from tests.simulation import sample_project

DECLARED = sample_project.recipe(7)
PREPROCESSING = Preprocessing(numeric="impute", categorical='a,"recipe":{}}', boolean="as it is", rare=10, most=20)
KEPT = codec.encode(BuiltRecipe(recipe=DECLARED, preprocessing=PREPROCESSING))


def told(folder: Path, body: bytes) -> bool:
    store = MemoryStore(folder)
    digest = blobs.put(store, body)
    file = ArtifactFile(path=RECIPE_FILE, media_type=MEDIA_TYPES[RECIPE_FILE], digest=digest, size=len(body))
    one = Artifact(digest=digest_of_bytes(b"manifest"), config=file, files=(file,))
    return verification.is_made_by(store, one, codec.digest_of(DECLARED))


def test_its_own_recipe_is_known_and_another_is_not(tmp_path: Path) -> None:
    assert told(tmp_path, KEPT)
    assert not told(tmp_path, codec.encode(BuiltRecipe(recipe=sample_project.recipe(8), preprocessing=PREPROCESSING)))


@pytest.mark.parametrize("missing", ["format", "preprocessing"])
def test_what_stands_beside_the_recipe_is_read_too(tmp_path: Path, missing: str) -> None:
    """As when a newer version wrote it: who deploys it could not predict with it."""
    document = json.loads(KEPT)
    del document[missing]
    with pytest.raises(IntegrityError):
        told(tmp_path, codec.canonical(document))
    with pytest.raises(IntegrityError, match="unknown field"):
        told(tmp_path, codec.canonical({**json.loads(KEPT), "added": 1}))


def test_a_file_that_is_cut_or_longer_is_not_taken(tmp_path: Path) -> None:
    for body in (KEPT[:-1], KEPT[:-2], KEPT + b"}", KEPT[:-1] + b"]", b"{}", b","):
        assert not told(tmp_path, body), body
