"""Histogram gradient boosting: nodes, sets of categories and bins point to places that there are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from reconciler.errors import ScoringError
from reconciler.model_file.structure.registry import check_structure
from tests.support.small_models import trained

NAME = "HistGradientBoostingClassifier"


def predictor(model: Any) -> Any:
    """A tree that splits on a category somewhere."""
    return next(tree for trees in model._predictors for tree in trees if len(tree.raw_left_cat_bitsets))


def on_nodes(field: str, value: float, *, categorical: bool = False) -> Callable[[Any], None]:
    def change(model: Any) -> None:
        nodes = predictor(model).nodes
        wanted = nodes["is_leaf"] == 0
        if categorical:
            wanted &= nodes["is_categorical"] == 1
        nodes[field][np.flatnonzero(wanted)[-1]] = value

    return change


def ask_a_number(model: Any) -> None:
    """A set is asked for a column that holds numbers: any of them is cut to a byte."""
    nodes = predictor(model).nodes
    nodes["feature_idx"][nodes["is_categorical"] == 1] = 4


def nodes_become(make: Callable[[Any], Any]) -> Callable[[Any], None]:
    def change(model: Any) -> None:
        tree = predictor(model)
        tree.nodes = make(tree.nodes)

    return change


def narrow(model: Any) -> None:
    tree = predictor(model)
    tree.raw_left_cat_bitsets = np.ascontiguousarray(tree.raw_left_cat_bitsets[:, :4])


def fewer_sets(model: Any) -> None:
    tree = predictor(model)
    tree.raw_left_cat_bitsets, tree.binned_left_cat_bitsets = (
        tree.raw_left_cat_bitsets[:-1],
        tree.binned_left_cat_bitsets[:-1],
    )


def strided(model: Any) -> None:
    tree = predictor(model)
    tree.raw_left_cat_bitsets = np.asfortranarray(np.repeat(tree.raw_left_cat_bitsets, 2, axis=0))
    tree.binned_left_cat_bitsets = np.repeat(tree.binned_left_cat_bitsets, 2, axis=0)


def on_bins(name: str, value: Callable[[Any], Any]) -> Callable[[Any], None]:
    def change(model: Any) -> None:
        setattr(model._bin_mapper, name, value(getattr(model._bin_mapper, name)))

    return change


def first(array: Any, value: float) -> Any:
    changed = array.copy()
    changed[0] = value
    return changed


def on_encoder(codes: Any) -> Callable[[Any], None]:
    def change(model: Any) -> None:
        model._preprocessor.transformers_[0][1].categories_[0] = np.array(codes, dtype=float)

    return change


def on_function(change: Callable[[Any], None]) -> Callable[[Any], None]:
    return lambda model: change(model._preprocessor.transformers_[1][1])


def another_function(step: Any) -> None:
    import functools

    step.func = functools.partial(np.ndarray, (10**12,))


CORRUPTIONS: dict[str, tuple[Callable[[Any], None], str]] = {
    "a left child beyond": (on_nodes("left", 2**32 - 1), "each left child after its node"),
    "a right child before": (on_nodes("right", 0), "each right child after its node"),
    "a feature beyond": (on_nodes("feature_idx", 5), r"feature_idx: expected numbers between 0 and 4"),
    "a feature before all": (on_nodes("feature_idx", -1), "feature_idx: expected"),
    "no threshold": (on_nodes("num_threshold", np.nan), "num_threshold: expected"),
    "no value": (on_nodes("value", np.inf), "value: expected finite"),
    "a set beyond": (on_nodes("bitset_idx", 2**31, categorical=True), "bitset_idx: expected numbers between 0"),
    "a leaf of two": (on_nodes("is_leaf", 2), "is_leaf: expected numbers between 0 and 1"),
    "a category of two": (on_nodes("is_categorical", 2), "is_categorical: expected numbers between 0 and 1"),
    "a side of two": (on_nodes("missing_go_to_left", 2), "missing_go_to_left: expected numbers between 0 and 1"),
    "a set for a number": (ask_a_number, "a categorical column wherever a set is asked"),
    "no nodes": (nodes_become(lambda nodes: nodes[:0]), "at least one"),
    "a table of nodes": (nodes_become(lambda nodes: nodes[None]), "at least one"),
    "other records": (nodes_become(lambda nodes: nodes[["value", "left"]]), "scikit-learn's records"),
    "narrow sets": (narrow, r"raw_left_cat_bitsets: expected an array of uint32 \(any, 8\)"),
    "fewer sets": (fewer_sets, "bitset_idx: expected"),
    "sets across": (strided, "rows one after another"),
    "bins of another column": (
        on_bins("is_categorical_", lambda marks: marks[::-1].copy()),
        "the categorical columns of the schema",
    ),
    "a known category of 300": (
        on_bins("bin_thresholds_", lambda bins: [first(bins[0], 300.0), *bins[1:]]),
        r"bin_thresholds_\[0\]: expected numbers between 0 and 255",
    ),
    "a known category below": (
        on_bins("known_categories", lambda known: [first(known[0], -1.0), *known[1:]]),
        r"known_categories\[0\]: expected numbers",
    ),
    "fewer columns of bins": (
        on_bins("bin_thresholds_", lambda bins: bins[:-1]),
        "bin_thresholds_: expected a list of 5",
    ),
    "more bins than a byte holds": (on_bins("n_bins", lambda _: 257), "n_bins: expected"),
    "missing in another bin": (on_bins("missing_values_bin_idx_", lambda _: 7), "missing_values_bin_idx_"),
    "bins uncounted": (on_bins("n_bins_non_missing_", lambda bins: first(bins, 10**6)), "n_bins_non_missing_"),
    "many threads": (on_bins("n_threads", lambda _: 10**6), "n_threads: expected a whole number between 1 and 1"),
    "codes out of order": (on_encoder([1, 0]), r"categories_\[0\]: expected numbers in rising order"),
    "a code beyond": (on_encoder([0, 1, 6]), r"categories_\[0\]: expected numbers between 0 and 5"),
    "half a code": (on_encoder([0, 0.5]), "whole numbers"),
    "no code": (on_encoder([]), "at least one code"),
    "a missing code in between": (on_encoder([0, np.nan, 1]), r"categories_\[0\]: expected"),
    "no missing code": (on_encoder([0, 1]), "_missing_indices: expected the place of a missing category"),
    "another function": (on_function(another_function), "scikit-learn's check of an array"),
    "a function's other words": (
        on_function(lambda step: step.func.keywords.update(ensure_2d=False)),
        "scikit-learn's check of an array",
    ),
    "a function with more": (
        on_function(lambda step: vars(step.func).update(evil=1)),
        "scikit-learn's check of an array",
    ),
    "other marks": (
        lambda model: model.is_categorical_.fill(True),
        "is_categorical_: expected the categorical columns",
    ),
    "other marks remapped": (lambda model: model._is_categorical_remapped.fill(False), "_is_categorical_remapped"),
    "another categorical column": (
        lambda model: model.categorical_features.__setitem__(0, 2),
        "categorical_features: expected 1",
    ),
    "a round too short": (lambda model: model._predictors[0].pop(), r"_predictors\[0\]: expected a list of 3"),
    "a tree twice": (
        lambda model: model._predictors.__setitem__(1, model._predictors[0]),
        "a tree of its own",
    ),
    "more trees a round": (lambda model: setattr(model, "n_trees_per_iteration_", 10**9), "n_trees_per_iteration_"),
    "another generator": (lambda model: setattr(model, "_feature_subsample_rng", 3), "a Generator, found 3"),
    "another encoder of classes": (
        lambda model: setattr(model._label_encoder, "classes_", np.array([0, 1])),
        "LabelEncoder|_label_encoder",
    ),
}


@pytest.mark.soak(every=2)
@pytest.mark.parametrize("how", CORRUPTIONS)
def test_what_points_anywhere_else_is_refused(how: str) -> None:
    change, message = CORRUPTIONS[how]
    small = trained(NAME)
    model = small.loaded()
    change(model)
    with pytest.raises(ScoringError, match=message) as refused:
        check_structure(model, small.schema)
    assert refused.value.code == "E507"
    assert refused.value.message.startswith(f"invalid model file: {NAME}")
