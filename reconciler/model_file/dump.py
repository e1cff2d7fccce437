"""Write a fitted estimator as a model file, and load it back."""

from __future__ import annotations

from typing import Any

from reconciler.core.artifact.oci_artifact import LIGHTGBM_FILE, MODEL_FILE, XGBOOST_FILE, Schema
from reconciler.model_file import canonical_skops
from reconciler.model_file.boosters import lightgbm_file, xgboost_file
from reconciler.model_file.boosters.boosted_model import TrainedBooster
from reconciler.model_file.load import booster_of, estimator_of
from reconciler.model_file.loaded_model import LoadedModel


def dump(estimator: Any, schema: Schema) -> tuple[str, bytes, LoadedModel]:
    """Return the name and the canonical bytes of a fitted estimator's file, and the model as loaded back from them.

    Everything measured from here on comes from the bytes that are stored, not from the estimator in memory.
    Raises ScoringError E506 or E507 when the bytes would not pass the checks of loading.
    """
    if isinstance(estimator, TrainedBooster):
        name, body = _booster(estimator)
        return name, body, LoadedModel(estimator=booster_of(name, body, schema), schema=schema)
    body = canonical_skops.dumps(estimator)
    return MODEL_FILE, body, LoadedModel(estimator=estimator_of(body, schema), schema=schema)


def loaded(estimator: Any, schema: Schema) -> LoadedModel:
    """Return a fitted estimator as a model that predicts: one of another library as its file would."""
    return (
        dump(estimator, schema)[2]
        if isinstance(estimator, TrainedBooster)
        else LoadedModel(estimator=estimator, schema=schema)
    )


def _booster(trained: TrainedBooster) -> tuple[str, bytes]:
    if trained.uses == "lightgbm":
        return LIGHTGBM_FILE, lightgbm_file.dump(trained.native, trained.classes)
    return XGBOOST_FILE, xgboost_file.dump(trained.native, trained.classes)
