"""Read and write a model as LightGBM's text: a header, one block per tree, one `name=values` per line.

Written is what predicting needs. Left out are gains, weights and counts of rows, how many threads there were, and the
range of each feature, which is of single rows; numbers are as short as they can be. A line `classes` of the header
names the classes that the model knows; LightGBM passes over it.

Format: LightGBM 4, `GBDT::SaveModelToString` and `Tree::ToString` (src/boosting/gbdt_model_text.cpp, src/io/tree.cpp).
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reconciler.model_file.boosters.boosted_model import NotOfThisFormError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Doubles = NDArray[np.float64]
    Places = NDArray[np.int64]

_END = b"end of trees\n\npandas_categorical:null\n"
_LINES = 30  # of one tree, at most


@dataclass(frozen=True, slots=True, kw_only=True)
class LightgbmTree:
    """One tree. Of each inner node: its feature, threshold, kind of decision, and children (a leaf's place, inverted);
    of each leaf its value. The categories that go left at a node are bits in `words`, between two `boundaries`."""

    features: Places
    thresholds: Doubles
    decisions: Places
    left: Places
    right: Places
    values: Doubles
    boundaries: Places
    words: Places


@dataclass(frozen=True, slots=True, kw_only=True)
class LightgbmForest:
    """A model. `outputs`: trees per iteration; `features`: columns; `classes`: places of the classes, as text."""

    outputs: int
    features: int
    objective: str
    trees: tuple[LightgbmTree, ...]
    classes: str | None = None


def read(body: bytes) -> LightgbmForest:
    """Read a model's text. What is written again from it may be another text.

    Raises NotOfThisFormError. No more is read than the text's own size suffices for.
    """
    head, found, rest = body.partition(b"\n\n")
    header = _fields(head)
    sizes = _whole(header.get("tree_sizes", ""))
    if not found or len(sizes) * 40 > len(rest) or (sizes <= 0).any() or int(sizes.sum()) > len(rest):
        raise NotOfThisFormError("the sizes of its trees are not those of its text")
    trees, begin = [], 0
    for size in sizes.tolist():
        trees.append(_tree(rest[begin : begin + size]))
        begin += size
    return LightgbmForest(
        outputs=_one(header, "num_tree_per_iteration"),
        features=_one(header, "max_feature_idx") + 1,
        objective=header.get("objective", ""),
        trees=tuple(trees),
        classes=header.get("classes"),
    )


def write(forest: LightgbmForest) -> bytes:
    """Return a model's text in its one form."""
    trees = ["\n".join(_lines(place, tree)).encode() for place, tree in enumerate(forest.trees)]
    names = " ".join(f"Column_{place}" for place in range(forest.features))
    header = [
        "tree",
        "version=v4",
        f"num_class={forest.outputs}",
        f"num_tree_per_iteration={forest.outputs}",
        "label_index=0",
        f"max_feature_idx={forest.features - 1}",
        f"objective={forest.objective}",
        f"feature_names={names}",
        f"feature_infos={' '.join(['none'] * forest.features)}",
        *([f"classes={forest.classes}"] if forest.classes is not None else []),
        f"tree_sizes={' '.join(str(len(tree)) for tree in trees)}",
    ]
    return b"".join(["\n".join(header).encode(), b"\n\n", *trees, _END])


def _lines(place: int, tree: LightgbmTree) -> Iterator[str]:
    yield f"Tree={place}"
    yield f"num_leaves={len(tree.values)}"
    yield f"num_cat={max(0, len(tree.boundaries) - 1)}"
    if len(tree.features):
        yield f"split_feature={_joined(tree.features)}"
        yield f"threshold={_joined(tree.thresholds)}"
        yield f"decision_type={_joined(tree.decisions)}"
        yield f"left_child={_joined(tree.left)}"
        yield f"right_child={_joined(tree.right)}"
    yield f"leaf_value={_joined(tree.values)}"
    if len(tree.boundaries):
        yield f"cat_boundaries={_joined(tree.boundaries)}"
        yield f"cat_threshold={_joined(tree.words)}"
    yield "is_linear=0"
    yield "shrinkage=1"
    yield from ("", "", "")


def _joined(values: Any) -> str:
    return " ".join(map(repr, values.tolist()))


def _tree(body: bytes) -> LightgbmTree:
    if body.count(b"\n") > _LINES:
        raise NotOfThisFormError("a tree has more lines than one has")
    fields = _fields(body)
    if fields.get("is_linear", "0") != "0":
        raise NotOfThisFormError("a tree has linear leaves")
    return LightgbmTree(
        features=_whole(fields.get("split_feature", "")),
        thresholds=_doubles(fields.get("threshold", "")),
        decisions=_whole(fields.get("decision_type", "")),
        left=_whole(fields.get("left_child", "")),
        right=_whole(fields.get("right_child", "")),
        values=_doubles(fields.get("leaf_value", "")),
        boundaries=_whole(fields.get("cat_boundaries", "")),
        words=_whole(fields.get("cat_threshold", "")),
    )


def _fields(body: bytes) -> dict[str, str]:
    if body.count(b"\n") > _LINES:
        raise NotOfThisFormError("it has more lines than a model has")
    lines = body.decode("ascii").split("\n")
    return {name: value for name, _, value in (line.partition("=") for line in lines)}


def _one(fields: dict[str, str], name: str) -> int:
    values = _whole(fields.get(name, "")[:20])
    if len(values) != 1 or not 0 <= values[0] < 1 << 31:
        raise NotOfThisFormError(f"`{name}` is not one whole number")
    return int(values[0])


def _whole(text: str) -> Places:
    import numpy as np

    numbers: Places = _numbers(text, np.int64)
    return numbers


def _doubles(text: str) -> Doubles:
    import numpy as np

    numbers: Doubles = _numbers(text, np.float64)
    return numbers


def _numbers(text: str, kind: Any) -> Any:
    """Return the numbers of a line, read without an object for each."""
    import numpy as np

    if not text:
        return np.empty(0, dtype=kind)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # of a text that is not numbers to its end
        try:
            return np.fromstring(text, dtype=kind, sep=" ")
        except (DeprecationWarning, ValueError) as error:
            raise NotOfThisFormError("what should be numbers is not") from error
