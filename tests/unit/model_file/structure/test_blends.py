"""A blend in a model file: each member is checked as one that stands alone, and so is how they are averaged."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from reconciler.errors import ScoringError
from reconciler.model_file.loaded_model import LoadedModel
from reconciler.model_file.structure.registry import check_structure
from tests.support.small_models import SmallModel, trained


def broken(blend: Any, how: str) -> None:
    """Change one thing of a loaded blend."""
    forest = blend.estimators_[2].steps[1][1]
    match how:
        case "no member":
            blend.estimators_, blend.estimators, blend.weights = [], [], []
        case "six members":
            blend.estimators_, blend.estimators = blend.estimators_ * 2, blend.estimators * 2
            blend.weights = [weight / 2 for weight in blend.weights * 2]
        case "one twice":
            blend.estimators_[1] = blend.estimators_[0]
        case "a blend in it":
            blend.estimators_[1] = trained("VotingClassifier").loaded()
        case "a name that is none":
            blend.estimators[1] = (3, None)
        case "an estimator to fit anew":
            blend.estimators[1] = ("b", blend.estimators_[1])
        case "a weight missing":
            blend.weights = blend.weights[:2]
        case "weights of another sum":
            blend.weights = [0.5, 0.5, 0.5]
        case "a weight that is none":
            blend.weights = [0.5, float("nan"), 0.5]
        case "a weight below 0":
            blend.weights = [1.2, -0.4, 0.2]
        case "votes by class":
            blend.voting = "hard"
        case "other classes":
            blend.estimators_[1].steps[1][1].classes_ = np.array([0, 1], dtype=np.int64)
        case "other classes to tell":
            blend.le_.classes_ = np.array([0, 1], dtype=np.int64)
        case "a column that there is not":
            forest.estimators_[0].tree_.feature[0] = 99
        case "a tree of another member":
            blend.estimators_[0] = blend.estimators_[2]
        case "members of a number":
            blend.estimators_[1] = trained("Ridge").loaded()


HOW = (
    *("no member", "six members", "one twice", "a blend in it", "a name that is none", "an estimator to fit anew"),
    *("a weight missing", "weights of another sum", "a weight that is none", "a weight below 0", "votes by class"),
    *("other classes", "other classes to tell", "a column that there is not", "a tree of another member"),
    "members of a number",
)


@pytest.mark.parametrize("how", HOW)
def test_what_no_training_of_ours_writes_is_refused(how: str) -> None:
    small = trained("VotingClassifier")
    blend = small.loaded()
    check_structure(blend, small.schema)
    broken(blend, how)
    with pytest.raises(ScoringError) as refused:
        check_structure(blend, small.schema)
    assert refused.value.code == "E507"


def test_a_blend_of_classes_is_none_of_numbers() -> None:
    classes, numbers = trained("VotingClassifier"), trained("VotingRegressor")
    for blend, schema in ((classes, numbers.schema), (numbers, classes.schema)):
        with pytest.raises(ScoringError, match="that fits the outcome"):
            check_structure(blend.loaded(), schema)


def test_a_problem_of_a_member_is_told_with_its_place() -> None:
    small = trained("VotingClassifier")
    blend = small.loaded()
    blend.estimators_[2].steps[1][1].n_outputs_ = 2
    with pytest.raises(ScoringError, match=r"VotingClassifier\.estimators_\[2\]: ExtraTreesClassifier\.n_outputs_"):
        check_structure(blend, small.schema)


@pytest.mark.parametrize(
    ("small", "by_row"), [(trained("VotingClassifier"), False), (trained("HistGradientBoostingClassifier"), True)]
)
def test_rows_are_looked_at_one_by_one_where_every_member_does(small: SmallModel, by_row: bool) -> None:
    assert LoadedModel(estimator=small.loaded(), schema=small.schema).by_row == by_row
