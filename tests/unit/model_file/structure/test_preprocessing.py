"""Features are prepared by index, too: a one-hot encoder writes its columns natively, without looking."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from reconciler.errors import ScoringError
from reconciler.model_file.structure.registry import check_structure
from tests.support.small_models import trained


def columns(model: Any) -> Any:
    return model.steps[0][1]


def numbers(model: Any, step: str = "impute") -> Any:
    return dict(columns(model).transformers_[0][1].steps)[step]


def categories(model: Any, step: str = "one-hot") -> Any:
    return dict(columns(model).transformers_[1][1].steps)[step]


def put(of: Callable[[Any], Any], name: str, value: Any) -> Callable[[Any], None]:
    """Set an attribute: to `value`, or to what `value` makes of it."""
    return lambda model: setattr(of(model), name, value(getattr(of(model), name)) if callable(value) else value)


def codes(*values: float) -> Callable[[Any], None]:
    return lambda model: categories(model).categories_.__setitem__(0, np.array(values, dtype=float))


def both(*changes: Callable[[Any], None]) -> Callable[[Any], None]:
    return lambda model: [change(model) for change in changes] and None


def moved(attribute: str, place: tuple[Any, ...], value: Any) -> Callable[[Any], None]:
    """Change one item inside the lists and tuples of the column transformer's attribute."""

    def change(model: Any) -> None:
        setattr(columns(model), attribute, replaced(getattr(columns(model), attribute), place, value))

    return change


def replaced(value: Any, place: tuple[Any, ...], new: Any) -> Any:
    if not place:
        return new
    first, *rest = place
    if isinstance(value, dict):
        return {**value, first: replaced(value[first], tuple(rest), new)}
    items = list(value)
    items[first] = replaced(items[first], tuple(rest), new)
    return type(value)(items)


CORRUPTIONS: dict[str, tuple[Callable[[Any], None], str]] = {
    "fewer one-hot columns than codes": (
        put(categories, "_n_features_outs", [1]),
        r"categories\.one-hot\._n_features_outs\[0\]: expected 7, found 1",
    ),
    "codes out of order": (codes(-1, 1, 0, 2, 3, 4, 5), "numbers in rising order"),
    "a code twice": (codes(-1, 0, 0, 2, 3, 4, 5), "numbers in rising order"),
    "a code beyond the schema": (codes(-1, 0, 1, 2, 3, 4, 6), r"categories_\[0\]: expected numbers between -1 and 5"),
    "half a code": (codes(-1, 0, 1, 2, 3, 4, 4.5), "whole numbers"),
    "a code that is none": (codes(-1, 0, 1, 2, 3, 4, np.nan), "finite numbers"),
    "no codes": (both(codes(), put(categories, "_n_features_outs", [0])), "at least one code"),
    "codes of no column": (put(categories, "categories_", []), "a list of 1, found a list of 0"),
    "columns dropped": (put(categories, "_drop_idx_after_grouping", np.array([0])), "_drop_idx_after_grouping"),
    "rare codes grouped": (put(categories, "_infrequent_enabled", True), "_infrequent_enabled: expected False"),
    "sparse columns": (put(categories, "sparse_output", True), "sparse_output: expected False"),
    "unknown codes are errors": (put(categories, "handle_unknown", "error"), "handle_unknown: expected 'ignore'"),
    "codes of another type": (put(categories, "dtype", lambda _: np.int64), "dtype: expected float64"),
    "a fill of text": (
        lambda model: categories(model, "impute").statistics_.__setitem__(0, "x"),
        "statistics_: expected -1, found 'x'",
    ),
    "a fill of another code": (
        lambda model: categories(model, "impute").statistics_.__setitem__(0, 3),
        "statistics_: expected -1, found 3",
    ),
    "more medians than columns": (put(numbers, "statistics_", lambda old: np.append(old, 0.0)), r"float64 \(4\)"),
    "a median that is none": (put(numbers, "statistics_", lambda old: old * np.nan), "finite numbers"),
    "another dtype of fills": (put(numbers, "_fill_dtype", np.dtype("U3")), "_fill_dtype: expected float64"),
    "an indicator of a column beyond": (
        lambda model: numbers(model).indicator_.features_.__setitem__(-1, 10**6),
        "features_: expected numbers between 0 and 3",
    ),
    "an indicator of a column before all": (
        lambda model: numbers(model).indicator_.features_.__setitem__(0, -5),
        "features_: expected numbers between 0 and 3",
    ),
    "an indicator twice": (
        lambda model: numbers(model).indicator_.features_.__setitem__(1, 0),
        "features_: expected numbers in rising order",
    ),
    "an indicator of other columns": (
        lambda model: setattr(numbers(model).indicator_, "_n_features", 10**6),
        "_n_features: expected",
    ),
    "a scale of zero": (
        lambda model: numbers(model, "scale").scale_.__setitem__(0, 0.0),
        "scale_: expected numbers between 5e-324 and inf",
    ),
    "a negative variance": (lambda model: numbers(model, "scale").var_.__setitem__(0, -1.0), "var_: expected numbers"),
    "a mean that is none": (
        lambda model: numbers(model, "scale").mean_.__setitem__(0, np.inf),
        "mean_: expected finite",
    ),
    "more means than columns": (put(lambda m: numbers(m, "scale"), "mean_", lambda old: np.append(old, 0.0)), "mean_"),
    "a column beyond": (moved("transformers_", (0, 2, 0), 10**6), r"transformers_\[0\]: expected 0, found 1000000"),
    "a column before all": (moved("transformers_", (1, 2, 0), -1), r"transformers_\[1\]: expected 1, found -1"),
    "a column more": (moved("transformers_", (1, 2), [1, 1]), r"transformers_\[1\]: expected a list of 1"),
    "columns as text": (moved("transformers_", (1, 2), "x"), r"transformers_\[1\]: expected a list of 1"),
    "a part of another name": (moved("transformers_", (0, 0), "remainder"), r"transformers_\[0\]: expected 'numbers'"),
    "a part dropped": (moved("transformers_", (0, 1), "drop"), "expected a Pipeline, found 'drop'"),
    "another column of a template": (moved("transformers", (0, 2, 0), 3), r"transformers\[0\]: expected 0"),
    "another column of the columns": (moved("_columns", (0, 0), 3), r"_columns\[0\]: expected 0"),
    "columns left over": (moved("_remainder", (2,), [1]), "no column that is left over"),
    "other input indices": (moved("_transformer_to_input_indices", ("numbers", 0), 9), "the columns of each part"),
    "other output slices": (moved("output_indices_", ("numbers",), slice(0, 10**9)), "the columns of each part"),
    "weights of parts": (put(columns, "transformer_weights", {"numbers": 2.0}), "transformer_weights: expected None"),
    "many jobs": (put(columns, "n_jobs", 10**6), "n_jobs: expected None, found 1000000"),
    "a sparse result": (put(columns, "sparse_output_", True), "sparse_output_: expected False"),
    "another number of columns": (
        put(columns, "n_features_in_", 6),
        "n_features_in_: expected a whole number between 5",
    ),
    "a cache": (lambda model: setattr(model, "memory", "/x"), "memory: expected None"),
    "a step of another name": (
        lambda model: model.steps.__setitem__(0, ("other", model.steps[0][1])),
        "steps: expected",
    ),
    "frames of pandas": (
        lambda model: setattr(columns(model), "_sklearn_output_config", {"transform": "pandas"}),
        "its own form of output",
    ),
}


@pytest.mark.parametrize("how", CORRUPTIONS)
def test_what_points_anywhere_else_is_refused(how: str) -> None:
    change, message = CORRUPTIONS[how]
    small = trained("Ridge")
    model = small.loaded()
    change(model)
    with pytest.raises(ScoringError, match=message) as refused:
        check_structure(model, small.schema)
    assert refused.value.code == "E507"


def test_a_part_that_gives_more_columns_than_the_estimator_has_weights_is_refused() -> None:
    small = trained("Ridge")
    model = small.loaded()
    both(codes(-1, 0, 1, 2, 3, 4), put(categories, "_n_features_outs", [6]))(model)
    columns(model).output_indices_["categories"] = slice(8, 14)
    with pytest.raises(ScoringError, match=r"Ridge\.n_features_in_|output_indices_"):
        check_structure(model, small.schema)
