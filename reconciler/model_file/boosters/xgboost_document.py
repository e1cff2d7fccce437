"""Read and write a model as XGBoost's UBJSON document: what predicting needs, in one form.

What only training or explaining reads (gains, sums of second derivatives, weights of inner nodes, the objective's
parameters) is written as zeros or as the library's defaults; nodes that pruning removed are gone, and the others
numbered anew, a child after its parent. The attribute `classes` names the classes that the model knows.

Format: XGBoost 3, https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html and its schema.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reconciler.model_file.boosters.boosted_model import NotOfThisFormError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Places = NDArray[np.int32]

_NO_PARENT = 2**31 - 1
_LINEAR = {"reg_loss_param": {"scale_pos_weight": "1"}}
OBJECTIVES: dict[str, tuple[str, dict[str, dict[str, str]]]] = {
    "reg:squarederror": ("identity", _LINEAR),
    "reg:squaredlogerror": ("identity", {}),
    "reg:absoluteerror": ("identity", {}),
    "reg:pseudohubererror": ("identity", {"pseudo_huber_param": {"huber_slope": "1"}}),
    "reg:quantileerror": ("identity", {"quantile_loss_param": {"quantile_alpha": "[5E-1]"}}),
    "reg:gamma": ("log", _LINEAR),
    "reg:tweedie": ("log", {"tweedie_regression_param": {"tweedie_variance_power": "1.5"}}),
    "count:poisson": ("log", {"poisson_regression_param": {"max_delta_step": "0.699999988"}}),
    "binary:logistic": ("logistic", _LINEAR),
    "multi:softprob": ("softmax", {}),
}
"""The objectives of models: what the sum of the trees is of the outcome, and parameters that only training reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class XgboostTree:
    """One tree. Per node its children (-1: a leaf), feature, threshold or value, whether missing goes left, and whether
    it asks for a category; per node that does, in order, how many `categories` go right."""

    left: Places
    right: Places
    features: Places
    conditions: NDArray[np.float32]
    missing_left: NDArray[np.uint8]
    asks_category: NDArray[np.uint8]
    sizes: NDArray[np.int64]
    categories: Places


@dataclass(frozen=True, slots=True, kw_only=True)
class XgboostForest:
    """A model. `outputs`: its scores per row; `kinds`: q or c per column; `parallel`: trees of one score per iteration;
    `base`: where its scores begin, as text; `classes`: places of the classes, as text."""

    objective: str
    outputs: int
    kinds: tuple[str, ...]
    parallel: int
    base: str
    version: tuple[int, int, int]
    trees: tuple[XgboostTree, ...]
    classes: str | None = None


def read(document: Any) -> XgboostForest:
    """Read a model's document. What is written again from it may be another document. Raises NotOfThisFormError."""
    try:
        learner = document["learner"]
        model, param = learner["gradient_booster"]["model"], learner["learner_model_param"]
        version = tuple(_whole(number) for number in document["version"])
        return XgboostForest(
            objective=_text(learner["objective"]["name"]),
            outputs=max(1, _number(param["num_class"])),
            kinds=tuple(_text(kind) for kind in learner["feature_types"]),
            parallel=_number(model["gbtree_model_param"]["num_parallel_tree"]),
            base=_text(param["base_score"]),
            version=version,  # type: ignore[arg-type]
            trees=tuple(_tree(tree) for tree in model["trees"]),
            classes=learner["attributes"].get("classes"),
        )
    except (KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
        raise NotOfThisFormError("it lacks what a model has") from error


def write(forest: XgboostForest) -> dict[str, Any]:
    """Return a model's document in its one form."""
    groups = forest.outputs * forest.parallel
    rounds = len(forest.trees) // groups
    _, parameters = OBJECTIVES[forest.objective]
    if forest.outputs > 1:
        parameters = {"softmax_multiclass_param": {"num_class": str(forest.outputs)}}
    return {
        "learner": {
            "attributes": {} if forest.classes is None else {"classes": forest.classes},
            "feature_names": [],
            "feature_types": list(forest.kinds),
            "gradient_booster": {
                "model": {
                    "cats": {"enc": [], "feature_segments": _none("i4"), "sorted_idx": _none("i4")},
                    "gbtree_model_param": {
                        "num_parallel_tree": str(forest.parallel),
                        "num_trees": str(len(forest.trees)),
                    },
                    "iteration_indptr": [groups * number for number in range(rounds + 1)],
                    "tree_info": [place // forest.parallel % forest.outputs for place in range(len(forest.trees))],
                    "trees": [_written(place, tree, len(forest.kinds)) for place, tree in enumerate(forest.trees)],
                },
                "name": "gbtree",
            },
            "learner_model_param": {
                "base_score": forest.base,
                "boost_from_average": "1",
                "num_class": str(forest.outputs if forest.outputs > 1 else 0),
                "num_feature": str(len(forest.kinds)),
                "num_target": "1",
            },
            "objective": {"name": forest.objective, **parameters},
        },
        "version": list(forest.version),
    }


def _written(place: int, tree: XgboostTree, features: int) -> dict[str, Any]:
    import numpy as np

    count = len(tree.left)
    zeros = np.zeros(count, dtype=np.float32)
    parents = np.full(count, _NO_PARENT, dtype=np.int32)
    inner = np.flatnonzero(tree.left >= 0).astype(np.int32)
    parents[tree.left[inner]] = inner
    parents[tree.right[inner]] = inner
    ends = np.cumsum(tree.sizes)
    return {
        "base_weights": zeros,
        "categories": tree.categories,
        "categories_nodes": np.flatnonzero(tree.asks_category).astype(np.int32),
        "categories_segments": ends - tree.sizes,
        "categories_sizes": tree.sizes,
        "default_left": tree.missing_left,
        "id": place,
        "left_children": tree.left,
        "loss_changes": zeros,
        "parents": parents,
        "right_children": tree.right,
        "split_conditions": tree.conditions,
        "split_indices": tree.features,
        "split_type": tree.asks_category,
        "sum_hessian": zeros,
        "tree_param": {
            "num_deleted": "0",
            "num_feature": str(features),
            "num_nodes": str(count),
            "size_leaf_vector": "1",
        },
    }


def _none(kind: str) -> Any:
    import numpy as np

    return np.empty(0, dtype=kind)


def _tree(document: Any) -> XgboostTree:
    return XgboostTree(
        left=_array(document["left_children"], "i4"),
        right=_array(document["right_children"], "i4"),
        features=_array(document["split_indices"], "i4"),
        conditions=_array(document["split_conditions"], "f4"),
        missing_left=_array(document["default_left"], "u1"),
        asks_category=_array(document["split_type"], "u1"),
        sizes=_array(document["categories_sizes"], "i8"),
        categories=_array(document["categories"], "i4"),
    )


def _array(value: Any, kind: str) -> Any:
    if value.dtype.str[1:] != kind:
        raise NotOfThisFormError("an array is of another kind")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise NotOfThisFormError("a text is of another kind")
    return value


def _whole(value: object) -> int:
    if type(value) is not int:
        raise NotOfThisFormError("a number is of another kind")
    return value


def _number(value: object) -> int:
    text = _text(value)
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        raise NotOfThisFormError("a number is of another kind")
    return int(text)
