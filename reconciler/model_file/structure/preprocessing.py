"""Check what prepares the features of a model: imputers, a scaler, an encoder, and the pipeline around them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from reconciler.model_file.structure.columns import ColumnPart, check_columns
from reconciler.model_file.structure.rules import (
    Attributes,
    ModelScope,
    check_array,
    check_equal,
    check_items,
    check_range,
    check_rising,
    check_template,
    refuse,
)

if TYPE_CHECKING:
    from reconciler.model_file.structure.rules import Array

PIPELINE = "sklearn.pipeline.Pipeline"
_INDICATOR = "sklearn.impute._base.MissingIndicator"
_KINDS = {
    "impute": "sklearn.impute._base.SimpleImputer",
    "scale": "sklearn.preprocessing._data.StandardScaler",
    "one-hot": "sklearn.preprocessing._encoders.OneHotEncoder",
}
_NUMBERS = (("impute",), ("impute", "scale"))
_CATEGORIES = (("impute",), ("impute", "one-hot"))
_MISSING = -1  # the code of a category that is missing


def check_pipeline(value: Any, scope: ModelScope) -> tuple[Any, int]:
    """Check a pipeline up to its estimator. Return the estimator and how many columns it gets."""
    steps = _steps(value, "Pipeline", (("prepare", "estimator"),))
    others = tuple(index for index in range(scope.features) if index not in scope.categories)
    parts = (
        ColumnPart("numbers", others, lambda part, path: _check_numbers(part, path, len(others)), _check_unfitted),
        ColumnPart(
            "categories",
            tuple(sorted(scope.categories)),
            lambda part, path: _check_categories(part, path, scope),
            _check_unfitted,
        ),
    )
    used = [part for part in parts if part.columns]
    width = check_columns(steps["prepare"], "prepare", features=scope.features, parts=used, masks=False, density=0.0)
    return steps["estimator"], width


def _steps(value: Any, path: str, allowed: tuple[tuple[str, ...], ...]) -> dict[str, Any]:
    """Return the steps of a pipeline by name; their names are one of the allowed sequences."""
    attributes = Attributes(value, PIPELINE, path)
    steps = check_items(attributes.take("steps"), list, None, attributes.at("steps"))
    for step in steps:
        check_items(step, tuple, 2, attributes.at("steps"))
    check_equal(tuple(name for name, _ in steps), allowed, attributes.at("steps"))
    attributes.close()
    return dict(steps)


def _check_unfitted(value: Any, path: str) -> None:
    for name, step in _steps(value, path, (*_NUMBERS, *_CATEGORIES)).items():
        check_template(step, _KINDS[name], f"{path}.{name}")


def _check_numbers(value: Any, path: str, features: int) -> int:
    """Check the numeric part and return its width: every number, and an indicator where training rows missed one."""
    steps = _steps(value, path, _NUMBERS)
    attributes = _imputer(steps["impute"], f"{path}.impute", features)
    attributes.equal("strategy", "median")
    attributes.equal("add_indicator", True)
    attributes.equal("keep_empty_features", True)
    attributes.array("statistics_", features)
    width = features + _check_indicator(attributes.take("indicator_"), attributes.at("indicator_"), features)
    attributes.close()
    if "scale" in steps:
        _check_scaler(steps["scale"], f"{path}.scale", width)
    return width


def _check_categories(value: Any, path: str, scope: ModelScope) -> int:
    """Check the categorical part and return its width: a code for each column, or a column for each code."""
    features = len(scope.categories)
    steps = _steps(value, path, _CATEGORIES)
    attributes = _imputer(steps["impute"], f"{path}.impute", features)
    attributes.equal("strategy", "constant")
    attributes.equal("fill_value", _MISSING)
    attributes.equal("add_indicator", False)
    attributes.equal("keep_empty_features", False)
    attributes.equal("indicator_", None)
    fills = attributes.array("statistics_", features, dtype="object")
    for fill in fills:
        check_equal(fill, (_MISSING,), attributes.at("statistics_"))
    attributes.close()
    return _check_one_hot(steps["one-hot"], f"{path}.one-hot", scope) if "one-hot" in steps else features


def _imputer(value: Any, path: str, features: int) -> Attributes:
    attributes = Attributes(value, _KINDS["impute"], path)
    attributes.whole("n_features_in_", features, features)
    attributes.equal("missing_values", math.nan)
    for dtype in ("_fit_dtype", "_fill_dtype"):
        if str(attributes.take(dtype)) != "float64":
            refuse(attributes.at(dtype), "float64", "another type")
    return attributes


def _check_indicator(value: Any, path: str, features: int) -> int:
    """Check an indicator of missing numbers, and return for how many columns it tells them."""
    attributes = Attributes(value, _INDICATOR, path)
    attributes.whole("n_features_in_", features, features)
    attributes.whole("_n_features", features, features)
    attributes.equal("_precomputed", True)
    attributes.equal("missing_values", math.nan)
    attributes.equal("features", "missing-only")
    attributes.equal("sparse", "auto")
    attributes.equal("error_on_new", False)
    told = attributes.array("features_", None, dtype="int64")
    check_range(told, 0, features - 1, attributes.at("features_"))
    check_rising(told, attributes.at("features_"))
    attributes.close()
    return len(told)


def _check_scaler(value: Any, path: str, width: int) -> None:
    attributes = Attributes(value, _KINDS["scale"], path)
    attributes.whole("n_features_in_", width, width)
    attributes.equal("with_mean", True)
    attributes.equal("with_std", True)
    attributes.number("n_samples_seen_")
    attributes.array("mean_", width)
    check_range(attributes.array("var_", width), 0, math.inf, attributes.at("var_"))
    # The smallest number above 0: features are divided by it.
    check_range(attributes.array("scale_", width), math.ulp(0.0), math.inf, attributes.at("scale_"))
    attributes.close()


def _check_one_hot(value: Any, path: str, scope: ModelScope) -> int:
    """Check a one-hot encoder and return its width. Its widths are where native code writes without looking."""
    features = len(scope.categories)
    attributes = Attributes(value, _KINDS["one-hot"], path)
    attributes.whole("n_features_in_", features, features)
    attributes.equal("categories", "auto")
    attributes.equal("handle_unknown", "ignore")
    attributes.equal("sparse_output", False)
    for unused in ("drop", "min_frequency", "max_categories", "_drop_idx_after_grouping", "drop_idx_"):
        attributes.equal(unused, None)
    attributes.equal("_infrequent_enabled", False)
    known = check_items(attributes.take("categories_"), list, features, attributes.at("categories_"))
    widths = check_items(attributes.take("_n_features_outs"), list, features, attributes.at("_n_features_outs"))
    counts = [scope.categories[index] for index in sorted(scope.categories)]
    for index, (codes, count) in enumerate(zip(known, counts, strict=True)):
        place = f"{attributes.at('categories_')}[{index}]"
        check_codes(codes, place, least=_MISSING, most=count)
        check_equal(widths[index], (len(codes),), f"{attributes.at('_n_features_outs')}[{index}]")
    attributes.close()
    return sum(len(codes) for codes in known)


def check_codes(value: object, path: str, *, least: int, most: int, missing: bool = False) -> Array:
    """Check an encoder's codes of one column: whole numbers in rising order. `missing`: NaN may be the last."""
    import numpy as np

    codes = check_array(value, path, shape=(None,), finite=not missing)
    known = codes[:-1] if missing and len(codes) and np.isnan(codes[-1]) else codes
    if not len(codes):
        refuse(path, "at least one code", "none")
    check_range(known, least, most, path)
    check_rising(known, path)
    if (known != np.floor(known)).any():
        refuse(path, "whole numbers", "others")
    return codes
