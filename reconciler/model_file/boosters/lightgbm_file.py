"""A model of LightGBM: write its file, and load one once every index in it has been checked.

LightGBM's reader takes indexes as they are, and ends the process at a wrong one. It reads only text that was written
here again from what was checked, byte for byte.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.core.artifact.oci_artifact import LIGHTGBM_FILE, ColumnType, Schema
from reconciler.model_file.boosters import lightgbm_text
from reconciler.model_file.boosters.boosted_model import (
    BoostedClassifier,
    BoostedModel,
    BoostedRegressor,
    BoosterFile,
    NotOfThisFormError,
    classes_text,
    without_library,
)
from reconciler.model_file.boosters.checked_classes import checked_classes
from reconciler.model_file.boosters.lightgbm_text import LightgbmForest, LightgbmTree
from reconciler.model_file.structure.rules import check_range, refuse
from reconciler.model_file.structure.trees import check_nodes

if TYPE_CHECKING:
    from reconciler.model_file.feature_matrix import Matrix

LINKS = {
    "regression": "identity",
    "regression sqrt": "root",
    "regression_l1": "identity",
    "huber": "identity",
    "fair": "identity",
    "quantile": "identity",
    "mape": "identity",
    "poisson": "log",
    "gamma": "log",
    "tweedie": "log",
}
"""The objectives of models of a number, as files name them; what the sum of the trees is of the number."""
_BINARY = re.compile(r"binary sigmoid:((?:0|[1-9][0-9]{0,3})(?:\.[0-9]{1,20})?(?:e-[0-9]{2})?)")
_CATEGORY, _WORD = 1, 32
_DECISIONS = (0, 1, 2, 3, 8, 9, 10, 11)  # asks for a category (1), missing goes left (2), missing is not a number (8)


def dump(native: bytes, classes: tuple[int, ...] | None) -> bytes:
    """Return the file of a trained model. `native`: its text as LightGBM writes it; `classes`: the places of its
    classes among the declared ones, None of a number."""
    forest = lightgbm_text.read(native)
    return lightgbm_text.write(
        replace(
            forest,
            trees=tuple(replace(tree, thresholds=bounded(tree.thresholds)) for tree in forest.trees),
            classes=None if classes is None else classes_text(classes),
        )
    )


def bounded(numbers: Matrix) -> Matrix:
    """Return numbers with the largest ones in place of infinite ones: a threshold that only a missing value passes is
    infinite in LightGBM."""
    import numpy as np

    return np.clip(numbers, -_LARGEST, _LARGEST)


def load(body: bytes, schema: Schema) -> BoostedModel:
    """Check a model's file and load it.

    Raises ScoringError E507 (not a valid file), E610 (LightGBM is not installed).
    """
    try:
        forest = lightgbm_text.read(body)
    except (NotOfThisFormError, UnicodeDecodeError) as error:
        refuse("the model", "a text that this tool wrote from a model of LightGBM", f"another ({error})"[:80])
    link = _check(forest, schema)
    if lightgbm_text.write(forest) != body:
        refuse("the model", "a text in the form that this tool writes", "another form of it")
    return _model(body, forest, schema, link)


def _model(body: bytes, forest: LightgbmForest, schema: Schema, link: str | float) -> BoostedModel:
    try:
        import lightgbm
    except (ImportError, OSError) as error:
        raise without_library("lightgbm", error) from error
    booster = lightgbm.Booster(model_str=body.decode("ascii"))

    def raw(matrix: Matrix) -> Matrix:
        import numpy as np

        return np.asarray(booster.predict(bounded(matrix), raw_score=True), dtype=np.float64).reshape(len(matrix), -1)

    file = BoosterFile(name=LIGHTGBM_FILE, body=body)
    if isinstance(link, str):
        return BoostedRegressor(raw=raw, file=file, link=link)
    return BoostedClassifier(raw=raw, file=file, classes_=checked_classes(forest.classes, schema), slope=link)


def _check(forest: LightgbmForest, schema: Schema) -> str | float:
    """Check a model against its schema. Return the link of a model of a number, the slope of a classifier."""
    if forest.features != len(schema.columns):
        refuse("max_feature_idx", f"{len(schema.columns)} features", f"{forest.features}")
    known = len(checked_classes(forest.classes, schema)) if schema.classes else 0
    if not schema.classes and forest.classes is not None:
        refuse("classes", "none, of a number", "some")
    outputs = known if known > 2 else 1
    if forest.outputs != outputs:
        refuse("num_tree_per_iteration", f"{outputs}", f"{forest.outputs}")
    link: str | float | None = 1.0
    if known > 2:
        link = 1.0 if forest.objective == f"multiclass num_class:{known}" else None
    elif known:
        slope = _BINARY.fullmatch(forest.objective)
        link = float(slope[1]) if slope is not None and 0 < float(slope[1]) < math.inf else None
    else:
        link = LINKS.get(forest.objective)
    if link is None:
        refuse("objective", "one that fits the outcome", "another")
    if not forest.trees or len(forest.trees) % outputs:
        refuse("tree_sizes", f"a multiple of {outputs} trees", f"{len(forest.trees)}")
    categories = {
        place: len(column.categories)
        for place, column in enumerate(schema.columns)
        if column.type == ColumnType.CATEGORICAL
    }
    for place, tree in enumerate(forest.trees):
        _check_tree(tree, f"Tree={place}", forest.features, categories)
    return link


def _check_tree(tree: LightgbmTree, path: str, features: int, categories: dict[int, int]) -> None:
    import numpy as np

    leaves = len(tree.values)
    if not leaves:
        refuse(f"{path}.leaf_value", "one value or more", "none")
    for name in ("features", "thresholds", "decisions", "left", "right"):
        if len(getattr(tree, name)) != leaves - 1:
            refuse(f"{path}: {name}", f"{leaves - 1}, one less than its leaves", f"{len(getattr(tree, name))}")
    check_range(tree.values, -_LARGEST, _LARGEST, f"{path}.leaf_value")
    check_range(tree.thresholds, -_LARGEST, _LARGEST, f"{path}.threshold")
    check_range(tree.features, 0, features - 1, f"{path}.split_feature")
    if not np.isin(tree.decisions, _DECISIONS).all():
        refuse(f"{path}.decision_type", "decisions that are made of these models", "others")
    inner = leaves - 1
    if inner:
        for side in (tree.left, tree.right):
            check_range(side, -leaves, inner - 1, f"{path}: children")
        # Leaves after all inner nodes: then each child lies after its parent.
        children = [np.where(side < 0, inner + ~side, side) for side in (tree.left, tree.right)]
        left, right = (np.concatenate([side, np.full(leaves, -1)]) for side in children)
        check_nodes(left, right, np.arange(inner + leaves) >= inner, path)
    _check_categories(tree, path, categories)


def _check_categories(tree: LightgbmTree, path: str, categories: dict[int, int]) -> None:
    import numpy as np

    asks = (tree.decisions & _CATEGORY).astype(bool)
    if (np.isin(tree.features, list(categories)) != asks).any():
        refuse(f"{path}.decision_type", "sets of categories at columns of categories, and only there", "others")
    count = int(asks.sum())
    if len(tree.boundaries) != (count + 1 if count else 0) or (not count and len(tree.words)):
        refuse(f"{path}.cat_boundaries", f"{count} sets of categories", f"{max(0, len(tree.boundaries) - 1)}")
    if not count:
        return
    places = tree.thresholds[asks]
    if (np.sort(places) != np.arange(count)).any():
        refuse(f"{path}.threshold", "each set of categories once", "others")
    sizes = np.diff(tree.boundaries)
    if tree.boundaries[0] != 0 or (sizes < 1).any() or tree.boundaries[-1] != len(tree.words):
        refuse(f"{path}.cat_boundaries", "sets one after another, to the last word", "others")
    # The code after the last category is the rare bucket.
    most = np.array([categories[int(feature)] // _WORD + 1 for feature in tree.features[asks]])
    if (sizes[places.astype(np.int64)] > most).any():
        refuse(f"{path}.cat_threshold", "sets of the categories that there are", "larger ones")
    check_range(tree.words, 0, 2**_WORD - 1, f"{path}.cat_threshold")


_LARGEST = 1.7976931348623157e308
