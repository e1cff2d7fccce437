"""Fit an estimator of LightGBM or XGBoost on the encoded rows, so that the same rows give the same bytes.

Both take missing values and codes of categories as they are. Neither's bytes depend on the number of threads as they
are set here: LightGBM is told to be deterministic and to sum by rows, XGBoost learns from histograms.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from reconciler.core.artifact.oci_artifact import ColumnType, Schema
from reconciler.core.spec.recipe import Estimator
from reconciler.errors import TrainingError
from reconciler.model_file.boosters import lightgbm_file, xgboost_file
from reconciler.model_file.boosters.boosted_model import BoostedModel, without_library
from reconciler.training.boosters.xgboost_parts import train_in_parts

_LIGHTGBM_SEEDS = 2**31


def fit(
    estimator: Estimator, schema: Schema, matrix: Any, targets: Any, *, seed: int, weights: Any = None
) -> BoostedModel:
    """Fit an estimator, and return it as loaded from its file. `weights`: of the rows, None where all weigh alike.

    Raises TrainingError E610 where the library is not installed or cannot be loaded, and one where the rows are of one
    class.
    """
    import numpy as np

    classes, codes = np.unique(targets, return_inverse=True) if schema.classes else (None, targets)
    if classes is not None and len(classes) < 2:
        raise TrainingError(
            f"{estimator.class_name} needs training rows of two classes or more, and these are of one",
            hint="see in `data` and `outcome` which rows are selected, and what decides their class",
        )
    fitting, file = {"lightgbm": (write_lightgbm, lightgbm_file), "xgboost": (write_xgboost, xgboost_file)}[
        estimator.uses
    ]
    try:
        import_module(estimator.uses)
    except (ImportError, OSError) as error:
        lacking = without_library(estimator.uses, error)
        raise TrainingError(lacking.message, code=lacking.code, hint=lacking.hint) from error
    native = fitting(estimator, schema, matrix, codes, seed, weights)
    known = None if classes is None else tuple(int(place) for place in classes)
    model: BoostedModel = file.load(file.dump(native, known), schema)
    return model


def write_lightgbm(estimator: Estimator, schema: Schema, matrix: Any, targets: Any, seed: int, weights: Any) -> bytes:
    """Fit an estimator of LightGBM, and return the text that the library writes of it."""
    import lightgbm

    columns = [place for place, column in enumerate(schema.columns) if column.type == ColumnType.CATEGORICAL]
    params = _params(estimator)
    if estimator.monotonic:
        params["monotone_constraints"] = monotonic_by_place(estimator, schema)
    if estimator.interactions:
        params["interaction_constraints"] = interactions_by_place(estimator, schema)
    model = getattr(lightgbm, estimator.class_name)(
        **params,
        random_state=seed % _LIGHTGBM_SEEDS,
        n_jobs=_threads(),
        deterministic=True,
        force_row_wise=True,
        verbosity=-1,
    )
    model.fit(matrix, targets, sample_weight=weights, categorical_feature=columns)
    text: str = model.booster_.model_to_string()
    return text.encode("ascii")


def write_xgboost(estimator: Estimator, schema: Schema, matrix: Any, targets: Any, seed: int, weights: Any) -> bytes:
    """Fit an estimator of XGBoost, and return the UBJSON that the library writes of it."""
    import xgboost

    params = _params(estimator)
    if estimator.monotonic:
        params["monotone_constraints"] = tuple(monotonic_by_place(estimator, schema))
    if estimator.interactions:
        params["interaction_constraints"] = json.dumps(interactions_by_place(estimator, schema))
    kinds = ["c" if column.type == ColumnType.CATEGORICAL else "q" for column in schema.columns]
    with xgboost.config_context(verbosity=0):
        model = getattr(xgboost, estimator.class_name)(
            **params,
            random_state=seed,
            n_jobs=_threads(),
            tree_method="hist",
            device="cpu",
            enable_categorical=True,
            feature_types=kinds,
        )
        booster = train_in_parts(model, matrix, targets, weights, kinds)
        return bytes(booster.save_raw("ubj"))


def monotonic_by_place(estimator: Estimator, schema: Schema) -> list[int]:
    """Return per column of the schema whether the prediction rises (1) or falls (-1) with it, or either (0)."""
    signs: Mapping[str, int] = {
        name: 1 if direction == "increasing" else -1 for name, direction in estimator.monotonic or ()
    }
    return [signs.get(column.name, 0) for column in schema.columns]


def interactions_by_place(estimator: Estimator, schema: Schema) -> list[list[int]]:
    """Return the groups of columns that may act together; a column of no group acts alone.

    Columns that the schema leaves out, because they never differ, are in none.
    """
    places = dict(schema.features())
    groups = [
        sorted(place for name in group for place in places.get(name, ())) for group in estimator.interactions or ()
    ]
    grouped = {place for group in groups for place in group}
    alone = [list(columns) for columns in places.values() if not grouped.intersection(columns)]
    return [group for group in groups if group] + alone


def _params(estimator: Estimator) -> dict[str, Any]:
    return dict(estimator.params)


def _threads() -> int:
    """Return the number of threads: the operator's choice, on which no byte depends."""
    given = os.environ.get("OMP_NUM_THREADS", "")
    return int(given) if given.isdecimal() and int(given) > 0 else os.cpu_count() or 1
