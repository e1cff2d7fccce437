"""Check histogram gradient boosting: its trees are walked natively, with sets of categories as bits beside them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from reconciler.model_file.structure.columns import ColumnPart, check_columns
from reconciler.model_file.structure.losses import check_loss
from reconciler.model_file.structure.preprocessing import check_codes
from reconciler.model_file.structure.rules import (
    Attributes,
    ModelScope,
    check_array,
    check_equal,
    check_items,
    check_random_state,
    check_range,
    check_template,
    check_whole,
    in_words,
    refuse,
    type_name,
)
from reconciler.model_file.structure.trees import check_nodes

if TYPE_CHECKING:
    from reconciler.model_file.structure.rules import Array

_ROOM = "sklearn.ensemble._hist_gradient_boosting"
_ENCODER = "sklearn.preprocessing._encoders.OrdinalEncoder"
_FUNCTION = "sklearn.preprocessing._function_transformer.FunctionTransformer"
_WORDS = 8  # of 32 bits each: a set of up to 256 categories
_MOST_CODES = 255


def _check_histogram_boosting(name: str) -> Callable[[Any, str, ModelScope], None]:
    def check(value: Any, path: str, scope: ModelScope) -> None:
        attributes = Attributes(value, f"{_ROOM}.gradient_boosting.{name}", path)
        features = attributes.whole("n_features_in_", scope.features, scope.features)
        attributes.whole("_n_features", features, features)
        classes = _check_classes(attributes, scope) if scope.classes else 0
        per_round = classes if classes > 2 else 1
        attributes.whole("n_trees_per_iteration_", per_round, per_round)
        attributes.array("_baseline_prediction", 1, per_round)
        check_loss(attributes.take("_loss"), attributes.at("_loss"), classes=classes)
        remapped = _check_preparation(attributes, scope)
        _check_binning(attributes.take("_bin_mapper"), attributes.at("_bin_mapper"), remapped)
        _check_rounds(attributes, per_round, remapped, scope)
        _check_training(attributes)
        attributes.close()

    return check


def _check_classes(attributes: Attributes, scope: ModelScope) -> int:
    classes = attributes.classes(scope, least=2)
    encoder = Attributes(
        attributes.take("_label_encoder"),
        "sklearn.preprocessing._label.LabelEncoder",
        attributes.at("_label_encoder"),
    )
    check_whole(encoder.classes(scope), classes, classes, encoder.at("classes_"))
    encoder.close()
    return classes


def _check_training(attributes: Attributes) -> None:
    """Check what only training reads."""
    attributes.equal("do_early_stopping_", True, False)
    attributes.equal("_use_validation_data", True, False)
    attributes.equal("_scorer", None)
    attributes.numbers("train_score_", "validation_score_")
    check_random_state(attributes.take("_random_seed"), attributes.at("_random_seed"))
    generator = attributes.take("_feature_subsample_rng")
    if type_name(generator) != "numpy.random._generator.Generator":
        refuse(attributes.at("_feature_subsample_rng"), "a Generator", in_words(generator))


def _check_preparation(attributes: Attributes, scope: ModelScope) -> tuple[bool, ...]:
    """Check the encoder of categories; return per column, as the trees see them, whether it is one.

    The encoder puts categorical columns first.
    """
    categorical = tuple(sorted(scope.categories))
    others = tuple(index for index in range(scope.features) if index not in scope.categories)
    remapped = (True,) * len(categorical) + (False,) * len(others)
    if not categorical:
        for unused in ("categorical_features", "is_categorical_", "_is_categorical_remapped", "_preprocessor"):
            attributes.equal(unused, None)
        return remapped
    given = attributes.at("categorical_features")
    for index, column in zip(
        check_items(attributes.take("categorical_features"), list, len(categorical), given), categorical, strict=True
    ):
        check_equal(index, (column,), given)
    marks = tuple(index in scope.categories for index in range(scope.features))
    _check_marks(attributes.take("is_categorical_"), marks, attributes.at("is_categorical_"), "bool")
    _check_marks(
        attributes.take("_is_categorical_remapped"), remapped, attributes.at("_is_categorical_remapped"), "bool"
    )
    counts = [scope.categories[index] for index in categorical]
    parts = (
        ColumnPart(
            "encoder",
            categorical,
            lambda part, path: _check_encoder(part, path, counts),
            lambda part, path: check_template(part, _ENCODER, path),
        ),
        ColumnPart(
            "numerical",
            others,
            lambda part, path: _check_function(part, path, len(others)),
            _check_function_unfitted,
        ),
    )
    path = attributes.at("_preprocessor")
    check_columns(attributes.take("_preprocessor"), path, features=scope.features, parts=parts, masks=True, density=0.3)
    return remapped


def _check_marks(value: object, expected: tuple[bool, ...], path: str, dtype: str) -> None:
    marks = check_array(value, path, shape=(len(expected),), dtype=dtype)
    if tuple(mark == 1 for mark in marks.tolist()) != expected:
        refuse(path, "the categorical columns of the schema", "others")


def _check_encoder(value: Any, path: str, counts: list[int]) -> int:
    attributes = Attributes(value, _ENCODER, path)
    attributes.whole("n_features_in_", len(counts), len(counts))
    attributes.equal("categories", "auto")
    attributes.equal("handle_unknown", "use_encoded_value")
    attributes.equal("unknown_value", math.nan)
    attributes.equal("encoded_missing_value", math.nan)
    attributes.equal("min_frequency", None)
    attributes.equal("max_categories", None)
    attributes.equal("_infrequent_enabled", False)
    known = check_items(attributes.take("categories_"), list, len(counts), attributes.at("categories_"))
    missing: dict[int, int] = {}
    for index, count in enumerate(counts):
        codes = check_codes(
            known[index],
            f"{attributes.at('categories_')}[{index}]",
            least=0,
            most=min(count, _MOST_CODES),
            missing=True,
        )
        if math.isnan(codes[-1]):
            missing[index] = len(codes) - 1
    if check_items(attributes.take("_missing_indices"), dict, None, path) != missing:
        refuse(attributes.at("_missing_indices"), "the place of a missing category", "another")
    attributes.close()
    return len(counts)


def _check_function(value: Any, path: str, features: int) -> int:
    """Check the step that only looks at numbers. Its function is named, so that no other can be called."""
    import numpy as np
    from sklearn.utils.validation import check_array as checked

    attributes = Attributes(value, _FUNCTION, path)
    function = attributes.take("func")
    named = type_name(function) == "functools.partial" and function.func is checked and function.args == ()
    if not named or function.keywords != {"dtype": [np.float64], "ensure_all_finite": False} or vars(function):
        refuse(attributes.at("func"), "scikit-learn's check of an array", in_words(function))
    for unused in ("inverse_func", "feature_names_out", "kw_args", "inv_kw_args"):
        attributes.equal(unused, None)
    attributes.equal("validate", False)
    if features and attributes.holds("n_features_in_"):
        attributes.whole("n_features_in_", features, features)
    attributes.close()
    return features


def _check_function_unfitted(value: Any, path: str) -> None:
    _check_function(value, path, 0)


def _check_binning(value: Any, path: str, remapped: tuple[bool, ...]) -> None:
    """Check the bins: the categories that were known are read from them, and set as bits."""
    features = len(remapped)
    attributes = Attributes(value, f"{_ROOM}.binning._BinMapper", path)
    bins = attributes.whole("n_bins", 3, _MOST_CODES + 1)
    attributes.whole("subsample", 1)
    attributes.whole("n_threads", 1, 1)
    attributes.whole("missing_values_bin_idx_", bins - 1, bins - 1)
    check_random_state(attributes.take("random_state"), attributes.at("random_state"))
    _check_marks(attributes.take("is_categorical_"), remapped, attributes.at("is_categorical_"), "uint8")
    counts = attributes.array("n_bins_non_missing_", features, dtype="uint32")
    check_range(counts, 0, bins, attributes.at("n_bins_non_missing_"))
    for name in ("bin_thresholds_", "known_categories"):
        values = attributes.take(name)
        if name == "known_categories" and not any(remapped):
            check_equal(values, (None,), attributes.at(name))
            continue
        for index, column in enumerate(check_items(values, list, features, attributes.at(name))):
            place = f"{attributes.at(name)}[{index}]"
            if remapped[index]:
                check_range(check_array(column, place, shape=(None,)), 0, _MOST_CODES, place)
            elif name == "known_categories":
                check_equal(column, (None,), place)
            else:
                check_array(column, place, shape=(None,), finite=False)
    marks = attributes.take("is_categorical")
    if any(remapped):
        _check_marks(marks, remapped, attributes.at("is_categorical"), "bool")
    else:
        check_equal(marks, (None,), attributes.at("is_categorical"))
    attributes.close()


def _check_rounds(attributes: Attributes, per_round: int, remapped: tuple[bool, ...], scope: ModelScope) -> None:
    import numpy as np

    categorical = np.array(remapped, dtype=bool)
    rounds = check_items(attributes.take("_predictors"), list, None, attributes.at("_predictors"))
    for number, trees in enumerate(rounds):
        place = f"{attributes.at('_predictors')}[{number}]"
        for index, tree in enumerate(check_items(trees, list, per_round, place)):
            if id(tree) in scope.trees:
                refuse(place, "a tree of its own", "one that is used twice")
            scope.trees.add(id(tree))
            _check_predictor(tree, f"{place}[{index}]", categorical)


def _check_predictor(value: Any, path: str, categorical: Array) -> None:
    import numpy as np
    from sklearn.ensemble._hist_gradient_boosting.common import PREDICTOR_RECORD_DTYPE

    attributes = Attributes(value, f"{_ROOM}.predictor.TreePredictor", path)
    nodes = attributes.take("nodes")
    place = attributes.at("nodes")
    if type(nodes) is not np.ndarray or nodes.dtype != PREDICTOR_RECORD_DTYPE or nodes.ndim != 1 or not len(nodes):
        refuse(place, "an array of scikit-learn's records of nodes, at least one", in_words(nodes))
    leaf = np.ascontiguousarray(nodes["is_leaf"])
    for flag in ("is_leaf", "is_categorical", "missing_go_to_left"):
        check_range(nodes[flag], 0, 1, f"{place}.{flag}")
    leaf = leaf.astype(bool)
    check_nodes(np.ascontiguousarray(nodes["left"]), np.ascontiguousarray(nodes["right"]), leaf, place)
    inner = nodes[~leaf]
    check_range(inner["feature_idx"], 0, len(categorical) - 1, f"{place}.feature_idx")
    check_range(inner["num_threshold"], -math.inf, math.inf, f"{place}.num_threshold")
    check_array(np.ascontiguousarray(nodes["value"]), f"{place}.value", shape=(len(nodes),))
    sets = attributes.array("raw_left_cat_bitsets", None, _WORDS, dtype="uint32", rows=True)
    attributes.array("binned_left_cat_bitsets", len(sets), _WORDS, dtype="uint32", rows=True)
    split = inner[inner["is_categorical"] == 1]
    check_range(split["bitset_idx"], 0, len(sets) - 1, f"{place}.bitset_idx")
    if not categorical[split["feature_idx"]].all():
        refuse(f"{place}.is_categorical", "a categorical column wherever a set is asked", "another column")
    attributes.close()


CHECKS = {
    name: _check_histogram_boosting(name)
    for name in ("HistGradientBoostingClassifier", "HistGradientBoostingRegressor")
}
