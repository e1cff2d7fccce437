"""Write a fitted estimator as a model file, and load it back."""

from __future__ import annotations

from typing import Any

from reconciler.core.artifact.oci_artifact import Schema
from reconciler.model_file import canonical_skops
from reconciler.model_file.load import estimator_of
from reconciler.model_file.loaded_model import LoadedModel


def dump(estimator: Any, schema: Schema) -> tuple[bytes, LoadedModel]:
    """Return the canonical bytes of a fitted estimator and the model as loaded back from them.

    Everything measured from here on comes from the bytes that are stored, not from the estimator in memory.
    Raises ScoringError E506 or E507 when the bytes would not pass the checks of loading.
    """
    body = canonical_skops.dumps(estimator)
    return body, LoadedModel(estimator=estimator_of(body, schema), schema=schema)
