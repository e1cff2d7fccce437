"""Releases as a target has them, of models that are trained here: for tests that serve."""

from __future__ import annotations

from pathlib import Path

from reconciler.core.digest import Digest, digest_of_bytes, digest_of_file
from reconciler.core.spec.environment import Limits
from reconciler.core.spec.recipe import Recipe
from reconciler.data.in_process import LocalData
from reconciler.engine.storage import oci_manifest
from reconciler.ports import TrainRequest
from reconciler.training.fit import train
from reconciler.training.runtime_check import runtime_here
from tests.support.invoice_tables import Ledger


def release_of(recipe: Recipe, books: Ledger) -> tuple[Path, Digest]:
    """Train a recipe on its books and return the release's folder, and its digest."""
    request = books.request(recipe, into=f"fit-{recipe.seed}")
    selected = LocalData().select(request)
    folder = request.into / "artifact"
    trained = train(
        TrainRequest(
            recipe=recipe,
            selected=selected,
            train=request.into / "train.parquet",
            holdout=request.into / "holdout.parquet",
            evaluation_rows=digest_of_file(request.into / "holdout.parquet"),
            tables=tuple((table.name, tuple((c.name, c.type) for c in table.columns)) for table in books.tables),
            runtime=runtime_here(),
            into=folder,
            limits=Limits(),
            days=request.into / "days.parquet" if recipe.reads_moments else None,
        )
    )
    files = oci_manifest.describe(folder, trained.files)
    config = oci_manifest.config_of(files)
    manifest = oci_manifest.manifest_of(config, files)
    (folder / oci_manifest.CONFIG_FILE).write_bytes(config)
    (folder / oci_manifest.MANIFEST_FILE).write_bytes(manifest)
    return folder, digest_of_bytes(manifest)
