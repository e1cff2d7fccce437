"""A model of XGBoost: write its file, and load one once every index in it has been checked.

XGBoost's reader takes indexes as they are, and ends the process at a wrong one. It reads only a document that was
written here again from what was checked, byte for byte.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from reconciler.core.artifact.oci_artifact import XGBOOST_FILE, ColumnType, Schema
from reconciler.model_file.boosters import ubjson, xgboost_document
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
from reconciler.model_file.boosters.xgboost_document import OBJECTIVES, XgboostForest, XgboostTree
from reconciler.model_file.structure.rules import check_range, refuse
from reconciler.model_file.structure.trees import check_nodes

if TYPE_CHECKING:
    from reconciler.model_file.feature_matrix import Matrix

_LARGEST = 3.4028234663852886e38  # that a single-precision number holds
_ROOM = 4  # parts of the largest number: what is added up from so many stays finite
_BASE = re.compile(r"-?[0-9](?:\.[0-9]{1,9})?E-?[0-9]{1,2}")
_OLDEST, _NEXT = (3, 2, 0), (4, 0, 0)
_FEWEST_BYTES = 500  # of one tree, at least


def dump(native: bytes, classes: tuple[int, ...] | None) -> bytes:
    """Return the file of a trained model. `native`: its UBJSON as XGBoost writes it; `classes`: the places of its
    classes among the declared ones, None of a number."""
    forest = xgboost_document.read(ubjson.read(native))
    return _written(
        replace(
            forest,
            trees=tuple(_compact(tree) for tree in forest.trees),
            classes=None if classes is None else classes_text(classes),
        )
    )


def load(body: bytes, schema: Schema) -> BoostedModel:
    """Check a model's file and load it.

    Raises ScoringError E507 (not a valid file), E610 (XGBoost is not installed).
    """
    try:
        forest = xgboost_document.read(ubjson.read(body))
    except (NotOfThisFormError, ubjson.NotUbjsonError, UnicodeDecodeError) as error:
        refuse("the model", "a document that this tool wrote from a model of XGBoost", f"another ({error})"[:80])
    link = _check(forest, schema)
    if len(forest.trees) * _FEWEST_BYTES > len(body) or _written(forest) != body:
        refuse("the model", "a document in the form that this tool writes", "another form of it")
    return _model(body, forest, schema, link)


def bounded(matrix: Matrix) -> Matrix:
    """Return rows as XGBoost takes them: numbers larger than single precision holds become the largest that it does."""
    import numpy as np

    largest = float(np.finfo(np.float32).max)
    return np.clip(matrix, -largest, largest)


def _written(forest: XgboostForest) -> bytes:
    return ubjson.write(xgboost_document.write(forest))


def _model(body: bytes, forest: XgboostForest, schema: Schema, link: str) -> BoostedModel:
    try:
        import xgboost
    except (ImportError, OSError) as error:
        raise without_library("xgboost", error) from error
    with xgboost.config_context(verbosity=0):
        booster = xgboost.Booster()
        booster.load_model(bytearray(body))

    def raw(matrix: Matrix) -> Matrix:
        import numpy as np

        with xgboost.config_context(verbosity=0):
            rows = xgboost.DMatrix(
                bounded(matrix), feature_types=list(forest.kinds), enable_categorical=True, missing=np.nan
            )
            scores = booster.predict(rows, output_margin=True, validate_features=False)
        return np.asarray(scores, dtype=np.float64).reshape(len(matrix), -1)

    file = BoosterFile(name=XGBOOST_FILE, body=body)
    if not schema.classes:
        return BoostedRegressor(raw=raw, file=file, link=link)
    return BoostedClassifier(raw=raw, file=file, classes_=checked_classes(forest.classes, schema))


def _compact(tree: XgboostTree) -> XgboostTree:
    """Return a tree without the nodes that pruning removed, each child after its parent; children of one node together.

    A node that asks for a category has no threshold, whatever was left where it stands."""
    import numpy as np

    order = [0]
    for node in order:
        if tree.left[node] >= 0:
            order += (int(tree.left[node]), int(tree.right[node]))
    places = np.asarray(order)
    numbers = np.full(len(tree.left) + 1, -1, dtype=np.int32)
    numbers[places] = np.arange(len(places), dtype=np.int32)
    asks = np.flatnonzero(tree.asks_category)
    sizes = dict(zip(asks.tolist(), tree.sizes.tolist(), strict=True))
    begins = dict(zip(asks.tolist(), (np.cumsum(tree.sizes) - tree.sizes).tolist(), strict=True))
    leaf = tree.left[places] < 0
    kept = [node for node, is_leaf in zip(order, leaf.tolist(), strict=True) if not is_leaf and node in sizes]
    parts = [np.sort(tree.categories[begins[node] : begins[node] + sizes[node]]) for node in kept]
    asks_category = np.where(leaf, 0, tree.asks_category[places]).astype(np.uint8)
    return XgboostTree(
        left=numbers[tree.left[places]],
        right=numbers[tree.right[places]],
        features=np.where(leaf, 0, tree.features[places]).astype(np.int32),
        conditions=np.where(asks_category == 1, np.float32(0), tree.conditions[places]).astype(np.float32),
        missing_left=np.where(leaf, 0, tree.missing_left[places]).astype(np.uint8),
        asks_category=asks_category,
        sizes=np.asarray([sizes[node] for node in kept], dtype=np.int64),
        categories=np.concatenate([*parts, np.empty(0, dtype=np.int32)]).astype(np.int32),
    )


def _check(forest: XgboostForest, schema: Schema) -> str:
    """Check a model against its schema, and return its link."""
    categories = {
        place: len(column.categories)
        for place, column in enumerate(schema.columns)
        if column.type == ColumnType.CATEGORICAL
    }
    if forest.kinds != tuple("c" if place in categories else "q" for place in range(len(schema.columns))):
        refuse("feature_types", "those of the schema's columns", "others")
    known = len(checked_classes(forest.classes, schema)) if schema.classes else 0
    if not schema.classes and forest.classes is not None:
        refuse("classes", "none, of a number", "some")
    outputs = known if known > 2 else 1
    link, _ = OBJECTIVES.get(forest.objective, ("", {}))
    expected = {"softmax"} if known > 2 else {"logistic"} if known else {"identity", "log"}
    if link not in expected:
        refuse("objective", "one that fits the outcome", "another")
    if forest.outputs != outputs:
        refuse("num_class", f"{outputs} scores", f"{forest.outputs}")
    groups = outputs * forest.parallel
    if not forest.trees or not groups or len(forest.trees) % groups:
        refuse("trees", f"a multiple of {outputs} x {forest.parallel}", f"{len(forest.trees)}")
    _check_base(forest.base, outputs, link)
    if not _OLDEST <= forest.version < _NEXT or not all(0 <= number < 1000 for number in forest.version):
        refuse("version", "one of XGBoost 3, from 3.2", "another")
    for place, tree in enumerate(forest.trees):
        _check_tree(tree, f"trees[{place}]", len(schema.columns), categories, len(forest.trees))
    return link


def _check_base(base: str, outputs: int, link: str) -> None:
    parts = base[1:-1].split(",") if len(base) <= 20 * outputs + 2 else []
    if base[:1] + base[-1:] != "[]" or len(parts) != outputs or not all(map(_BASE.fullmatch, parts)):
        refuse("base_score", f"{outputs} numbers", "others")
    numbers = [float(part) for part in parts]
    low, high = {"logistic": (0.0, 1.0), "log": (0.0, _LARGEST)}.get(link, (-_LARGEST, _LARGEST))
    if not all(low < number < high for number in numbers):
        refuse("base_score", f"numbers between {low} and {high}", "others")


def _check_tree(tree: XgboostTree, path: str, features: int, categories: dict[int, int], trees: int) -> None:
    import numpy as np

    count = len(tree.left)
    if not count:
        refuse(path, "one node or more", "none")
    for name in ("right", "features", "conditions", "missing_left", "asks_category"):
        if len(getattr(tree, name)) != count:
            refuse(f"{path}: {name}", f"{count}, one per node", f"{len(getattr(tree, name))}")
    leaf = tree.left == -1
    check_range(tree.left, -1, count - 1, f"{path}.left_children")
    if ((tree.right == -1) != leaf).any():
        refuse(f"{path}.right_children", "two children or none", "one")
    check_nodes(tree.left, tree.right, leaf, path)
    check_range(tree.features, 0, features - 1, f"{path}.split_indices")
    check_range(tree.missing_left, 0, 1, f"{path}.default_left")
    check_range(tree.asks_category, 0, 1, f"{path}.split_type")
    check_range(tree.conditions, -_LARGEST, _LARGEST, f"{path}.split_conditions")
    check_range(tree.conditions[leaf], -_LARGEST / trees / _ROOM, _LARGEST / trees / _ROOM, f"{path}: leaves")
    asks = tree.asks_category == 1
    if (asks[leaf]).any() or (np.isin(tree.features[~leaf], list(categories)) != asks[~leaf]).any():
        refuse(f"{path}.split_type", "sets of categories at columns of categories, and only there", "others")
    _check_categories(tree, path, tree.features[asks], categories)


def _check_categories(tree: XgboostTree, path: str, features: Any, categories: dict[int, int]) -> None:
    import numpy as np

    if len(tree.sizes) != len(features):
        refuse(f"{path}.categories_sizes", f"{len(features)} sets of categories", f"{len(tree.sizes)}")
    if not len(features):
        if len(tree.categories):
            refuse(f"{path}.categories", "none", f"{len(tree.categories)}")
        return
    # The code after the last category is the rare bucket.
    most = np.array([categories[int(feature)] for feature in features])
    if (tree.sizes < 1).any() or (tree.sizes > most + 1).any() or int(tree.sizes.sum()) != len(tree.categories):
        refuse(f"{path}.categories_sizes", "sets of the categories that there are", "others")
    check_range(tree.categories, 0, int(most.max()), f"{path}.categories")
    owner = np.repeat(np.arange(len(tree.sizes)), tree.sizes)
    rising = (np.diff(tree.categories) > 0) | (np.diff(owner) > 0)
    if not rising.all() or (tree.categories > most[owner]).any():
        refuse(f"{path}.categories", "categories that there are, each once and ascending", "others")
