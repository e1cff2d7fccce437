"""Read the trees of an ensemble as one form: nodes that ask about a feature, and leaves that add to the scores."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reconciler.core.prediction.prediction_explanation import ExplanationScale
from reconciler.scoring.explanation.scale import ModelScale

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from reconciler.model_file.feature_matrix import Matrix


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """One tree. `left`, `right`: nodes, -1 of a leaf; `features`: the model's feature that a node asks about; `scores`:
    what each leaf adds to the score of each declared class (regression: to the value); `goes_left`: the answers of all
    nodes for prepared rows (nodes, rows)."""

    left: Any
    right: Any
    features: Any
    scores: Matrix
    goes_left: Callable[[Matrix], NDArray[np.bool_]]


def trees_of(scale: ModelScale) -> Iterator[Tree] | None:
    """Return the trees of a model whose scores are sums of trees, None of any other."""
    predictor = scale.prepared.predictor
    name = type(predictor).__name__
    is_sum = scale.decides or scale.kind is ExplanationScale.VALUE
    if name.startswith("HistGradientBoosting") and (is_sum or scale.kind is ExplanationScale.LOGARITHM):
        return _histogram(scale, predictor)
    if name.startswith("GradientBoosting") and is_sum:
        return _boosted(scale, predictor)
    if name.startswith(("RandomForest", "ExtraTrees")):
        trees = predictor.estimators_
        return (_plain(scale, tree.tree_, 1 / len(trees)) for tree in trees)
    if name.startswith("DecisionTree"):
        return iter([_plain(scale, predictor.tree_, 1.0)])
    return None


def _boosted(scale: ModelScale, predictor: Any) -> Iterator[Tree]:
    for each in predictor.estimators_:
        for output, tree in enumerate(each):
            yield _plain(scale, tree.tree_, predictor.learning_rate, (output, len(each)))


def _plain(scale: ModelScale, tree: Any, factor: float, output: tuple[int, int] | None = None) -> Tree:
    """Read one of scikit-learn's trees; `output`: the place of its only value among so many raw values."""
    import numpy as np

    values = tree.value[:, 0, :] * factor
    if output is not None:
        raw = np.zeros((len(values), output[1]))
        raw[:, output[0]] = values[:, 0]
        values = raw
    columns, thresholds = np.maximum(tree.feature, 0), tree.threshold
    missing = np.asarray(tree.missing_go_to_left, dtype=bool)

    def goes_left(rows: Matrix) -> NDArray[np.bool_]:
        cells = np.ascontiguousarray(rows.astype(np.float32).T)[columns]
        answers: NDArray[np.bool_] = (cells <= thresholds[:, None]) | (np.isnan(cells) & missing[:, None])
        return answers

    return Tree(
        left=tree.children_left,
        right=tree.children_right,
        features=np.asarray(scale.prepared.features)[columns],
        scores=scale.of_raw(values),
        goes_left=goes_left,
    )


def _histogram(scale: ModelScale, predictor: Any) -> Iterator[Tree]:
    import numpy as np

    categorical = predictor.is_categorical_
    count = predictor.n_features_in_
    # Categories come first where there are any, as codes.
    order = np.arange(count)
    if categorical is not None:
        order = np.concatenate([np.flatnonzero(categorical), np.flatnonzero(~np.asarray(categorical))])
    for each in predictor._predictors:
        for output, tree in enumerate(each):
            yield _histogram_tree(scale, predictor, tree, order, (output, len(each)))


def _histogram_tree(scale: ModelScale, predictor: Any, tree: Any, order: Any, output: tuple[int, int]) -> Tree:
    import numpy as np

    nodes = tree.nodes
    is_leaf = nodes["is_leaf"].astype(bool)
    columns = np.where(is_leaf, 0, nodes["feature_idx"]).astype(np.intp)
    thresholds, missing = nodes["num_threshold"], nodes["missing_go_to_left"].astype(bool)
    sets = np.unpackbits(
        np.ascontiguousarray(tree.raw_left_cat_bitsets).view(np.uint8), axis=1, bitorder="little"
    ).astype(bool)
    asks_category = np.flatnonzero(nodes["is_categorical"].astype(bool) & ~is_leaf)

    def goes_left(rows: Matrix) -> NDArray[np.bool_]:
        encoded = predictor._preprocess_X(rows, reset=False)
        cells = np.ascontiguousarray(np.asarray(encoded, dtype=np.float64).T)[columns]
        gone = np.isnan(cells)
        answers: NDArray[np.bool_] = cells <= thresholds[:, None]
        for node in asks_category:
            codes = np.where(gone[node], 0, cells[node]).astype(np.intp)
            answers[node] = sets[nodes["bitset_idx"][node]][codes]
        answers[gone] = np.broadcast_to(missing[:, None], gone.shape)[gone]
        return answers

    raw = np.zeros((len(nodes), output[1]))
    raw[:, output[0]] = np.where(is_leaf, nodes["value"], 0.0)
    return Tree(
        left=np.where(is_leaf, -1, nodes["left"].astype(np.int64)),
        right=np.where(is_leaf, -1, nodes["right"].astype(np.int64)),
        features=np.asarray(scale.prepared.features)[order[columns]],
        scores=scale.of_raw(raw),
        goes_left=goes_left,
    )
