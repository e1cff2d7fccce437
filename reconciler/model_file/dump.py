"""Write a fitted estimator as a model file, and load it back."""

from __future__ import annotations

from typing import Any

from reconciler.core.artifact.oci_artifact import MODEL_FILE, Schema
from reconciler.model_file import canonical_skops
from reconciler.model_file.boosters.boosted_model import BoostedClassifier, BoostedRegressor
from reconciler.model_file.load import estimator_of
from reconciler.model_file.loaded_model import LoadedModel


def dump(estimator: Any, schema: Schema) -> tuple[str, bytes, LoadedModel]:
    """Return the name and the canonical bytes of a fitted estimator's file, and the model as loaded back from them.

    Everything measured from here on comes from the bytes that are stored, not from the estimator in memory.
    Raises ScoringError E506 or E507 when the bytes would not pass the checks of loading.
    """
    if isinstance(estimator, (BoostedClassifier, BoostedRegressor)):  # training has loaded it from its file
        return estimator.file.name, estimator.file.body, LoadedModel(estimator=estimator, schema=schema)
    body = canonical_skops.dumps(estimator)
    return MODEL_FILE, body, LoadedModel(estimator=estimator_of(body, schema), schema=schema)
