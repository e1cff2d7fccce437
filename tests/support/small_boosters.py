"""Small models of LightGBM and XGBoost: as stored, as their library has them, and rows as they see them."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pytest

from reconciler.core.artifact.oci_artifact import LIGHTGBM_FILE, ColumnType, Schema
from reconciler.core.spec.recipe import Estimator, Param
from reconciler.model_file.dump import dump
from reconciler.model_file.load import booster_of
from reconciler.training.boosters import fit as boosters
from tests.support import small_models

NO_OPENMP = "lightgbm: the system has no OpenMP runtime: apt-get install libgomp1"
lightgbm: Any = pytest.importorskip("lightgbm", reason=NO_OPENMP, exc_type=OSError)
xgboost: Any = pytest.importorskip("xgboost", reason=NO_OPENMP, exc_type=OSError)
CLASSES = {"lightgbm": ("LGBMClassifier", "LGBMRegressor"), "xgboost": ("XGBClassifier", "XGBRegressor")}
Params = tuple[tuple[str, Param], ...]


@dataclass(frozen=True, slots=True)
class SmallBooster:
    """A model file of this `name`, its schema, and rows; `native`: what its library wrote."""

    name: str
    body: bytes
    schema: Schema
    matrix: Any
    native: bytes

    def loaded(self, body: bytes | None = None) -> Any:
        """Return the model of these bytes, or of its own."""
        return booster_of(self.name, self.body if body is None else body, self.schema)


def rows(classes: int, columns: str, seed: int = 3) -> tuple[Schema, Any, Any]:
    """Return a schema of so many classes (0: a number), encoded rows, and their outcomes."""
    of = small_models.schema(classes, columns)
    chance = np.random.default_rng(seed)
    matrix = small_models.matrix(of, chance)
    score = np.nan_to_num(matrix).sum(axis=1) + chance.normal(size=len(matrix))
    shares = np.linspace(0, 1, classes + 1)[1:-1]
    return of, matrix, np.digitize(score, np.quantile(score, shares)) if classes else np.exp(score / 4)


@cache
def trained(uses: str, classes: int = 3, columns: str = "ncnbn", params: Params = (), seed: int = 3) -> SmallBooster:
    """Return a small model that a library trained."""
    of, matrix, targets = rows(classes, columns, seed)
    few = () if "n_estimators" in dict(params) else (("n_estimators", 3),)
    estimator = Estimator(uses=uses, class_name=CLASSES[uses][not classes], params=(*few, *params))
    classes, codes = np.unique(targets, return_inverse=True) if classes else (None, targets)
    write = {"lightgbm": boosters.write_lightgbm, "xgboost": boosters.write_xgboost}[uses]
    native = write(estimator, of, matrix, codes, seed, None)
    name, body, _ = dump(boosters.fit(estimator, of, matrix, targets, seed=seed), of)
    return SmallBooster(name=name, body=body, schema=of, matrix=matrix, native=native)


def own_scores(name: str, body: bytes, schema: Schema, matrix: Any) -> Any:
    """What the library itself adds up for the rows, from what it wrote or from our file of this name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if name == LIGHTGBM_FILE:
            booster = lightgbm.Booster(model_str=body.decode())
            return booster.predict(matrix, raw_score=True).reshape(len(matrix), -1)
        other = xgboost.Booster()
        other.load_model(bytearray(body))
        kinds = ["c" if column.type == ColumnType.CATEGORICAL else "q" for column in schema.columns]
        rows = xgboost.DMatrix(matrix, feature_types=kinds, enable_categorical=True)
        return other.predict(rows, output_margin=True).reshape(len(matrix), -1)


def everything() -> list[tuple[str, int, str, Params]]:
    """Return the arguments of `trained` for each kind of model: of classes, numbers, columns, shapes of trees."""
    cases: list[tuple[str, int, str, Params]] = []
    for uses in CLASSES:
        cases += [(uses, classes, "ncnbn", ()) for classes in (0, 2, 3)]
        cases += [(uses, 2, "nn", ()), (uses, 3, "cc", ()), (uses, 0, "c", ())]
    cases += [
        ("lightgbm", 0, "ncn", (("boosting_type", "dart"), ("reg_sqrt", True))),
        ("lightgbm", 0, "ncn", (("alpha", 0.9), ("objective", "quantile"))),
        ("lightgbm", 2, "ncn", (("max_cat_to_onehot", 1), ("min_data_per_group", 2), ("num_leaves", 40))),
        ("lightgbm", 2, "ncn", (("min_child_samples", 100),)),
        ("xgboost", 0, "ncn", (("objective", "reg:quantileerror"), ("quantile_alpha", 0.9))),
        ("xgboost", 0, "ncn", (("gamma", 3.0), ("objective", "reg:gamma"))),
        ("xgboost", 3, "ncn", (("max_cat_to_onehot", 1), ("num_parallel_tree", 2), ("subsample", 0.5))),
        ("xgboost", 2, "ncn", (("grow_policy", "lossguide"), ("max_depth", 0), ("max_leaves", 40))),
    ]
    return cases
