"""Verify what a computation says that it built, by reading it: a digest that another process names is a claim."""

from __future__ import annotations

from reconciler.core.artifact.oci_artifact import MEDIA_TYPES, MODEL_FILES, ArtifactFile, media_type_of
from reconciler.core.digest import Digest, is_digest, short
from reconciler.core.spec.recipe import Recipe
from reconciler.engine.plan import verification
from reconciler.engine.storage import blobs
from reconciler.errors import TrainingError
from reconciler.ports import BuiltModel, Store


def verified(store: Store, built: BuiltModel) -> tuple[tuple[ArtifactFile, ...], Digest, Digest]:
    """Return the files of an artifact, the digest of its holdout and that of its training keys, all read and hashed.

    Raises TrainingError for names or digests that no training gives, IntegrityError E501, E604 where the store holds
    something else.
    """
    names = [name for name, _ in built.files]
    rows, keys = built.evaluation_rows, built.training_keys
    claimed = [digest for _, digest in built.files] + [rows, keys]
    if (
        rows is None
        or keys is None
        or len(set(names)) != len(names)
        or not set(names) <= MEDIA_TYPES.keys() | MODEL_FILES.keys()
        or not names
        or not all(digest is not None and is_digest(digest) for digest in claimed)
    ):
        raise TrainingError("a training gave files that none gives", hint="run the same command again")
    files = tuple(
        ArtifactFile(
            path=name,
            media_type=media_type_of(name),
            digest=digest,
            size=blobs.file_of(store, digest).stat().st_size,
        )
        for name, digest in sorted(built.files)
    )
    for digest in (rows, keys):
        blobs.file_of(store, digest)
    return files, rows, keys


def check_claims(store: Store, artifact: Digest, recipe: Recipe, rows: Digest) -> None:
    """Check that an artifact that was built elsewhere is of the recipe, and judged on the rows, that were asked for.

    Raises TrainingError.
    """
    own = verification.evaluation_of(store, artifact)
    if own.evaluation_rows != rows or verification.recipe_of(store, artifact).recipe != recipe:
        raise TrainingError(
            f"{short(artifact)} was built elsewhere, and is of another recipe, or judged on other rows, than asked for",
            hint="find out which worker of the cluster says so; nothing was recorded",
        )
