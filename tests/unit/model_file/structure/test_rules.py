"""Of every object of every model, each attribute is one that a check knows: of its type, its shape and its range."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from reconciler.errors import ScoringError
from reconciler.model_file.structure.registry import check_structure
from reconciler.training.estimator_catalog import ESTIMATORS
from tests.support.effort import FULL, count
from tests.support.small_models import BLENDED, everything, trained

# Every estimator, and blends; of the other models every n-th.
_OTHERS = everything()[len(ESTIMATORS) : -len(BLENDED)]
MODELS = [*everything()[: len(ESTIMATORS)], *_OTHERS[:: count("MODELS")], *BLENDED[1:]]
# Nothing that predicts reads these: their length, and numbers that are none, say how training went.
FREE = {
    *("estimator_errors_", "explained_variance_ratio_", "oob_improvement_", "oob_scores_", "outliers_", "scores_"),
    *("n_iter_", "singular_", "train_score_", "validation_score_"),
}


def objects(value: Any, seen: set[int]) -> Iterator[Any]:
    """Every object with attributes that a model is made of, each once."""
    if id(value) in seen or isinstance(value, (type, np.dtype)):
        return
    seen.add(id(value))
    if type(value) in (list, tuple):
        inner: list[Any] = list(value)
    elif type(value) is dict:
        inner = list(value.values())
    elif isinstance(value, np.ndarray):
        inner = list(value.ravel()) if value.dtype == object else []
    elif type(value).__module__.startswith("sklearn.") and hasattr(value, "__dict__"):
        yield value
        inner = list(vars(value).values())
    else:
        return
    for one in inner:
        yield from objects(one, seen)


def refused(model: Any, schema: Any) -> bool:
    """Whether the model is refused as no model of ours; whatever else is raised is a failure."""
    code, message = None, ""
    try:
        check_structure(model, schema)
    except ScoringError as error:
        code, message = error.code, error.message
    assert code in (None, "E507")
    assert code is None or ("expected" in message and "found" in message)
    return code is not None


def attributes(arguments: tuple[str, int, int, str]) -> Iterator[tuple[Any, Any, str, Any, Any]]:
    """(model, schema, where, the dictionary of an object, a name in it) of each attribute."""
    small = trained(*arguments)
    model = small.loaded()
    for owner in objects(model, set()):
        for name in list(vars(owner)):
            if name not in ("_sklearn_version", "_sklearn_output_config"):
                yield model, small.schema, f"{type(owner).__name__}.{name}", vars(owner), name


@pytest.mark.soak(every=2)
@pytest.mark.parametrize("arguments", everything() if FULL else MODELS, ids=str)
def test_a_good_model_passes(arguments: tuple[str, int, int, str]) -> None:
    small = trained(*arguments)
    check_structure(small.loaded(), small.schema)


@pytest.mark.parametrize("arguments", MODELS, ids=str)
@pytest.mark.soak(every=3)
def test_no_attribute_can_be_of_another_type(arguments: tuple[str, int, int, str]) -> None:
    tried = 0
    for model, schema, where, values, name in attributes(arguments):
        good = values[name]
        for bad in (slice(3), [np.zeros(3)]):
            values[name] = bad
            assert refused(model, schema), f"{where} is {bad}"
        values[name] = good
        tried += 1
    assert tried > 20
    assert not refused(model, schema), "all is as it was"


@pytest.mark.parametrize("arguments", MODELS, ids=str)
@pytest.mark.soak
def test_no_attribute_can_be_added(arguments: tuple[str, int, int, str]) -> None:
    """One could shadow a method, or lead scikit-learn into a branch that only training takes."""
    small = trained(*arguments)
    model = small.loaded()
    for owner in objects(model, set()):
        for name in ("predict", "_in_fit", "feature_names_in_"):
            vars(owner)[name] = True
            assert refused(model, small.schema), f"{type(owner).__name__}.{name}"
            del vars(owner)[name]


@pytest.mark.parametrize("arguments", MODELS, ids=str)
@pytest.mark.soak
def test_a_missing_attribute_is_refused_or_not_needed(arguments: tuple[str, int, int, str]) -> None:
    for model, schema, where, values, name in attributes(arguments):
        good = values.pop(name)
        if name.endswith("_") and not refused(model, schema):
            assert name in FREE | {"rank_", "n_features_in_", "covariance_", "scalings_", "xbar_", "oob_score_"}, where
        values[name] = good


def other(array: np.ndarray[Any, Any]) -> Iterator[tuple[str, np.ndarray[Any, Any]]]:
    """An array in forms that native code would read wrongly."""
    for dtype in ("float32", "int32", ">f8", "complex128", "U3"):
        yield dtype, np.zeros(array.shape, dtype=dtype)
    yield "one dimension more", array[None]
    yield "no dimension", np.zeros((), dtype=array.dtype)


@pytest.mark.parametrize("arguments", MODELS, ids=str)
@pytest.mark.soak(every=2)
def test_no_array_can_have_another_form(arguments: tuple[str, int, int, str]) -> None:
    for model, schema, where, values, name in attributes(arguments):
        good = values[name]
        if type(good) is not np.ndarray:
            continue
        for how, bad in other(good):
            if bad.dtype != good.dtype or bad.ndim != good.ndim:
                values[name] = bad
                assert refused(model, schema), f"{where}: {how}"
        for how, bad in (("longer", np.concatenate([good, good[-1:]])), ("shorter", good[:-1])):
            values[name] = bad
            if len(bad) != len(good) and name not in FREE and not (name == "features_" and how == "shorter"):
                assert refused(model, schema), f"{where}: {how}"
        if good.dtype == np.float64 and good.size and name not in FREE:
            for number in (np.nan, np.inf):
                values[name] = good.copy()
                values[name].ravel()[-1] = number
                assert refused(model, schema), f"{where}: {number}"
        values[name] = good
