"""Files of LightGBM and XGBoost: what the library predicts is predicted, in one form, and every index is checked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from reconciler.core.artifact.oci_artifact import LIGHTGBM_FILE, XGBOOST_FILE, Schema
from reconciler.errors import ScoringError
from reconciler.model_file.boosters import lightgbm_text, ubjson, xgboost_document
from reconciler.model_file.load import BOOSTERS
from reconciler.model_file.loaded_model import LoadedModel
from tests.support import small_models
from tests.support.each import hold_for_each
from tests.support.small_boosters import SmallBooster, everything, lightgbm, own_scores, trained


def test_a_file_adds_up_to_what_the_library_wrote_and_the_library_reads_it_by_itself() -> None:
    def check(arguments: tuple[Any, ...]) -> None:
        small = trained(*arguments)
        expected = own_scores(small.name, small.native, small.schema, small.matrix)
        assert (small.loaded().raw(small.matrix) == expected).all()
        assert (own_scores(small.name, small.body, small.schema, small.matrix) == expected).all()

    hold_for_each(check, everything())


def test_classes_numbers_and_probabilities_are_those_of_the_library() -> None:
    three, two, number = (trained("lightgbm", classes) for classes in (3, 2, 0))
    for small in (three, two, number):
        booster = lightgbm.Booster(model_str=small.native.decode())
        outputs = LoadedModel(estimator=small.loaded(), schema=small.schema).outputs(small.matrix)
        own = booster.predict(small.matrix)
        own = np.column_stack([1 - own, own]) if small is two else own.reshape(len(own), -1)
        np.testing.assert_allclose(outputs, own, rtol=1e-12, atol=1e-15)
    small = trained("xgboost", 0, "ncn", (("gamma", 3.0), ("objective", "reg:gamma")))
    np.testing.assert_allclose(
        small.loaded().predict(small.matrix),
        np.exp(own_scores(small.name, small.native, small.schema, small.matrix)[:, 0]),
    )


def test_a_file_is_one_form_and_holds_no_counts_gains_or_ranges_of_rows() -> None:
    for arguments in everything():
        small = trained(*arguments)
        if small.name == LIGHTGBM_FILE:
            assert lightgbm_text.write(lightgbm_text.read(small.body)) == small.body
            for name in (b"leaf_count", b"leaf_weight", b"split_gain", b"num_threads", b"internal_", b"parameters"):
                assert name in small.native, "the library writes it"
                assert name not in small.body
            assert b"feature_infos=none" in small.body
        else:
            forest = xgboost_document.read(ubjson.read(small.body))
            assert ubjson.write(xgboost_document.write(forest)) == small.body
            for tree in ubjson.read(small.body)["learner"]["gradient_booster"]["model"]["trees"]:
                for name in ("loss_changes", "sum_hessian", "base_weights"):
                    assert not tree[name].any(), "sums over rows"


def test_a_class_that_no_row_had_keeps_the_places_of_the_others() -> None:
    for uses in ("lightgbm", "xgboost"):
        small = trained(uses, 3)
        wider = replace(small.schema, classes=("none", *small.schema.classes))
        body = small.body.replace(b"classes=0 1 2", b"classes=1 2 3")
        if uses == "xgboost":
            document = ubjson.read(small.body)
            document["learner"]["attributes"]["classes"] = "1 2 3"
            body = ubjson.write(document)
        model = LoadedModel(estimator=BOOSTERS[small.name](body, wider), schema=wider)
        outputs = model.outputs(small.matrix)
        assert (outputs[:, 0] == 0).all()
        assert (
            outputs[:, 1:] == LoadedModel(estimator=small.loaded(), schema=small.schema).outputs(small.matrix)
        ).all()


def refused(small: SmallBooster, body: bytes, schema: Schema | None = None) -> str:
    assert body != small.body or schema is not None
    with pytest.raises(ScoringError) as error:
        BOOSTERS[small.name](body, schema or small.schema)
    assert error.value.code == "E507", error.value
    return error.value.message


def text_of(change: Callable[[list[Any]], object], place: int = 0, **changes: Any) -> Callable[[SmallBooster], bytes]:
    """Change one tree of LightGBM, by a function of the arrays that `changes` names."""

    def make(small: SmallBooster) -> bytes:
        forest = lightgbm_text.read(small.body)
        tree = forest.trees[place]
        arrays = [getattr(tree, name).copy() for name in changes]
        change(arrays)
        tree = replace(tree, **dict(zip(changes, arrays, strict=True)))
        trees = (*forest.trees[:place], tree, *forest.trees[place + 1 :])
        return lightgbm_text.write(replace(forest, trees=trees))

    return make


def put(name: str, place: int, value: float) -> Callable[[SmallBooster], bytes]:
    def change(arrays: list[Any]) -> None:
        arrays[0][place] = value

    return text_of(change, **{name: None})


BOXES: list[tuple[str, Callable[[SmallBooster], bytes], str]] = [
    ("a feature that there is not", put("features", 0, 5), "split_feature"),
    ("a feature below 0", put("features", 0, -1), "split_feature"),
    ("a child that is its parent", put("left", 0, 0), "child after its node"),
    ("a child far away", put("right", 0, 10**6), "children"),
    ("a leaf far away", put("left", 0, -(10**6)), "children"),
    ("an infinite leaf", put("values", 0, float("inf")), "leaf_value"),
    ("a leaf that is no number", put("values", 0, float("nan")), "leaf_value"),
    ("an infinite threshold", put("thresholds", 0, float("inf")), "threshold"),
    ("a decision of no kind", put("decisions", 0, 200), "decision_type"),
    ("linear leaves", lambda small: small.body.replace(b"is_linear=0", b"is_linear=1", 1), "linear"),
    ("a cut text", lambda small: small.body[: len(small.body) // 2], "sizes of its trees"),
    ("more after its end", lambda small: small.body + b"\n", "form"),
    ("a line twice", lambda small: small.body.replace(b"label_index=0", b"label_index=0\nlabel_index=0"), "form"),
    ("another version", lambda small: small.body.replace(b"version=v4", b"version=v9"), "form"),
    ("another objective", lambda small: small.body.replace(b"multiclass num", b"lambdarank num"), "objective"),
    ("one class too many", lambda small: small.body.replace(b"num_class=3", b"num_class=4"), "form"),
    ("trees of four classes", lambda small: small.body.replace(b"iteration=3", b"iteration=4"), "num_tree_per"),
    ("classes that are not", lambda small: small.body.replace(b"classes=0 1 2", b"classes=0 1 3"), "classes"),
    ("classes twice", lambda small: small.body.replace(b"classes=0 1 2", b"classes=0 1 1"), "classes"),
    ("a huge count of leaves", lambda small: small.body.replace(b"num_leaves=", b"num_leaves=9999999", 1), "form"),
    ("a longer number", lambda small: small.body.replace(b"shrinkage=1", b"shrinkage=1.0", 1), "sizes|form"),
    ("a million lines", lambda small: b"\n\n" * 10**6 + small.body, "whole number"),
    ("nothing", lambda small: b"", "sizes"),
    ("a pickle", lambda small: b"\x80\x04\x95", "sizes|text"),
]


@pytest.mark.parametrize(("change", "said"), [pytest.param(make, said, id=name) for name, make, said in BOXES])
def test_a_changed_text_of_lightgbm_is_refused_by_what_is_wrong_with_it(
    change: Callable[[SmallBooster], bytes], said: str
) -> None:
    import re

    small = trained("lightgbm", 3)
    assert re.search(said, refused(small, change(small))), said


def in_tree(name: str, place: int, value: float) -> Callable[[Any], None]:
    def change(document: Any) -> None:
        document["learner"]["gradient_booster"]["model"]["trees"][0][name][place] = value

    return change


def at(*path: str, value: Any) -> Callable[[Any], None]:
    def change(document: Any) -> None:
        for key in path[:-1]:
            document = document[key]
        document[path[-1]] = value

    return change


def twice(document: Any) -> None:
    trees = document["learner"]["gradient_booster"]["model"]["trees"]
    trees.append(trees[0])


MODEL = ("learner", "gradient_booster", "model")
DOCUMENTS: list[tuple[str, Callable[[Any], None], str]] = [
    ("a feature that there is not", in_tree("split_indices", 0, 5), "split_indices"),
    ("a child that is its parent", in_tree("left_children", 0, 0), "child after its node"),
    ("a child far away", in_tree("left_children", 0, 2**31 - 1), "left_children"),
    ("one child only", in_tree("right_children", 0, -1), "right_children"),
    ("another parent", in_tree("parents", 1, 2), "form"),
    ("an infinite threshold", in_tree("split_conditions", 0, float("inf")), "split_conditions"),
    ("a leaf that is no number", in_tree("split_conditions", -1, float("nan")), "split_conditions"),
    ("a leaf whose sum is infinite", in_tree("split_conditions", -1, 3e38), "leaves"),
    ("a split of no kind", in_tree("split_type", 0, 2), "split_type"),
    ("a set where there are no categories", in_tree("split_type", -1, 1), "split_type"),
    ("a way of missing of no kind", in_tree("default_left", 0, 9), "default_left"),
    ("a tree too many", twice, "multiple"),
    ("trees of another count", at(*MODEL, "gbtree_model_param", "num_trees", value="1000000"), "form"),
    ("parallel trees", at(*MODEL, "gbtree_model_param", "num_parallel_tree", value="0"), "multiple"),
    ("a class of a tree", at(*MODEL, "tree_info", value=[9] * 9), "form"),
    ("places of iterations", at(*MODEL, "iteration_indptr", value=[0, 3, 6, 900]), "form"),
    ("another count of features", at("learner", "learner_model_param", "num_feature", value="9"), "form"),
    ("more classes", at("learner", "learner_model_param", "num_class", value="4"), "num_class"),
    ("a base that is no number", at("learner", "learner_model_param", "base_score", value="[NaN]"), "base_score"),
    ("another objective", at("learner", "objective", "name", value="rank:ndcg"), "objective"),
    ("another booster", at("learner", "gradient_booster", "name", value="dart"), "form"),
    ("categories of its own", at(*MODEL, "cats", "enc", value=[1]), "form"),
    ("a version of the future", at("version", value=[9, 0, 0]), "version"),
    ("another kind of feature", at("learner", "feature_types", value=["q"] * 5), "feature_types"),
    ("an attribute more", at("learner", "attributes", "scikit_learn", value="{}"), "form"),
    ("no trees", at(*MODEL, "trees", value=[]), "multiple"),
    ("a text for a tree", at(*MODEL, "trees", value=["tree"]), "lacks"),
]


@pytest.mark.parametrize(("change", "said"), [pytest.param(make, said, id=name) for name, make, said in DOCUMENTS])
def test_a_changed_document_of_xgboost_is_refused_by_what_is_wrong_with_it(
    change: Callable[[Any], None], said: str
) -> None:
    small = trained("xgboost", 3)
    document = ubjson.read(small.body)
    change(document)
    assert said in refused(small, ubjson.write(document))


def test_sets_of_categories_are_those_that_there_are() -> None:
    small = trained("xgboost", 3, "cc")
    for name, value in (("categories", 6), ("categories", -1), ("categories_sizes", 10**9), ("categories_nodes", 99)):
        document = ubjson.read(small.body)
        in_tree(name, 0, value)(document)
        assert "categories" in refused(small, ubjson.write(document)) or name == "categories_nodes"
    text = trained("lightgbm", 2, "ncn", (("max_cat_to_onehot", 1), ("min_data_per_group", 2), ("num_leaves", 40)))
    assert "threshold" in refused(text, put_category("thresholds", 7)(text))
    assert "cat_threshold" in refused(text, put("words", 0, 2**33)(text))
    assert "cat_boundaries" in refused(text, put("boundaries", -1, 10**6)(text))


def put_category(name: str, value: float) -> Callable[[SmallBooster], bytes]:
    """Change the first node that asks for a category."""

    def change(arrays: list[Any]) -> None:
        arrays[0][int(np.flatnonzero(arrays[1] & 1)[0])] = value

    return text_of(change, **{name: None, "decisions": None})


def test_a_model_of_another_schema_is_refused() -> None:
    for uses in ("lightgbm", "xgboost"):
        small = trained(uses, 3)
        for other in (small_models.schema(3, "ncnb"), small_models.schema(4), small_models.schema(0)):
            wrong = replace(other, classes=()) if not other.classes else other
            if other.classes == small.schema.classes or len(other.columns) != 5 or not other.classes:
                assert refused(small, small.body, wrong)
    few = trained("lightgbm", 2)
    assert refused(few, few.body, small_models.schema(2, "ccccc"))


def test_a_tree_as_deep_as_it_has_leaves_is_read_and_walked() -> None:
    leaves = 20_000
    places = np.arange(leaves - 1)
    chain = lightgbm_text.LightgbmTree(
        features=np.zeros(leaves - 1, dtype=np.int64),
        thresholds=np.linspace(0, 1, leaves - 1),
        decisions=np.full(leaves - 1, 2),
        left=~places,
        right=np.append(places[1:], ~(leaves - 1)),
        values=np.linspace(0, 1, leaves),
        boundaries=np.empty(0, dtype=np.int64),
        words=np.empty(0, dtype=np.int64),
    )
    forest = lightgbm_text.LightgbmForest(outputs=1, features=1, objective="regression", trees=(chain,))
    schema = small_models.schema(0, "n")
    model = BOOSTERS[LIGHTGBM_FILE](lightgbm_text.write(forest), schema)
    assert model.predict(np.array([[2.0], [-1.0]])).tolist() == [1.0, 0.0]
    nodes = 2 * leaves - 1
    inner = np.arange(nodes) % 2 == 0
    inner[-1] = False
    places = np.arange(nodes, dtype=np.int32)
    tree = xgboost_document.XgboostTree(
        left=np.where(inner, places + 1, -1).astype(np.int32),
        right=np.where(inner, places + 2, -1).astype(np.int32),
        features=np.zeros(nodes, dtype=np.int32),
        conditions=np.linspace(0, 1, nodes).astype(np.float32),
        missing_left=np.zeros(nodes, dtype=np.uint8),
        asks_category=np.zeros(nodes, dtype=np.uint8),
        sizes=np.empty(0, dtype=np.int64),
        categories=np.empty(0, dtype=np.int32),
    )
    deep = xgboost_document.XgboostForest(
        objective="reg:squarederror",
        outputs=1,
        kinds=("q",),
        parallel=1,
        base="[0E0]",
        version=(3, 2, 0),
        trees=(tree,),
    )
    model = BOOSTERS[XGBOOST_FILE](ubjson.write(xgboost_document.write(deep)), schema)
    assert model.predict(np.array([[2.0]])).tolist() == [1.0]
