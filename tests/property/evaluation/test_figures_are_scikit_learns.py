"""Every figure of an evaluation in full is scikit-learn's, on random rows: ties, classes without rows, perfect ones."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from reconciler.evaluation.detailed import class_figures, number_figures
from reconciler.evaluation.metrics import confusion_of
from tests.support.effort import examples

pytestmark = pytest.mark.soak
seeds = st.integers(0, 2**32 - 1)
NO_WARNING = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")


def rows_of(seed: int, classes: int, rows: int, ties: bool) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    actual = random.integers(0, random.integers(1, classes + 1), rows)
    raw = random.random((rows, classes)) + random.choice([0.0, 0.5, 3.0]) * np.eye(classes)[actual]
    if ties:
        raw = np.round(raw * 4) + 0.25
    return raw / raw.sum(axis=1, keepdims=True), actual


def same(found: float | None, expected: float) -> bool:
    return found is not None and math.isclose(found, expected, rel_tol=1e-7, abs_tol=1e-9)


@NO_WARNING
@settings(max_examples=examples(25), deadline=None)
@given(seed=seeds, classes=st.integers(2, 6), rows=st.integers(2, 120), ties=st.booleans())
def test_the_figures_of_a_classification(seed: int, classes: int, rows: int, ties: bool) -> None:
    probabilities, actual = rows_of(seed, classes, rows, ties)
    predicted, labels = probabilities.argmax(axis=1), list(range(classes))
    names = tuple(f"c{n}" for n in labels)
    figures, details = class_figures.figures_of(probabilities, actual, confusion_of(actual, predicted, classes), names)
    found = {figure.name: figure for figure in figures}
    occurring = sorted(set(actual) | set(predicted))
    macro = {"average": "macro", "labels": occurring, "zero_division": 0}
    assert same(found["accuracy"].value, metrics.accuracy_score(actual, predicted))
    assert same(found["balanced_accuracy"].value, metrics.balanced_accuracy_score(actual, predicted))
    assert same(found["f1_macro"].value, metrics.f1_score(actual, predicted, **macro))
    assert same(found["precision_macro"].value, metrics.precision_score(actual, predicted, **macro))
    assert same(found["recall_macro"].value, metrics.recall_score(actual, predicted, **macro))
    assert same(found["log_loss"].value, metrics.log_loss(actual, probabilities, labels=labels))
    if len(set(actual)) > 1:
        assert same(found["matthews"].value, metrics.matthews_corrcoef(actual, predicted))
    else:
        assert found["matthews"].value is None
    truth = np.eye(classes)[actual]
    if classes == 2:
        assert same(found["brier"].value, metrics.brier_score_loss(actual, probabilities[:, 1], labels=labels))
    else:
        assert same(found["brier"].value, ((probabilities - truth) ** 2).sum(axis=1).mean())
    if len(set(actual)) == classes:
        ours = (probabilities[:, 1], actual) if classes == 2 else (probabilities, truth)
        assert same(found["roc_auc"].value, metrics.roc_auc_score(ours[1], ours[0], average="macro"))
        assert same(found["average_precision"].value, metrics.average_precision_score(ours[1], ours[0]))
    else:
        assert found["roc_auc"].value is None
        assert found["roc_auc"].why
    for label, detail in enumerate(details):
        each = {"labels": [label], "average": None, "zero_division": 0}
        assert same(detail.figure("precision").value, metrics.precision_score(actual, predicted, **each)[0])
        assert same(detail.figure("recall").value, metrics.recall_score(actual, predicted, **each)[0])
        assert same(detail.figure("f1").value, metrics.f1_score(actual, predicted, **each)[0])
        assert len(detail.roc) <= 200
        assert len(detail.precision_recall) <= 200
        for figure in (*figures, *detail.figures):
            assert figure.interval is None or figure.low - 1e-9 <= figure.value <= figure.high + 1e-9
            assert (figure.interval is None) == (figure.why is not None), figure


@NO_WARNING
@settings(max_examples=examples(25), deadline=None)
@given(seed=seeds, rows=st.integers(2, 400), quantile=st.sampled_from([None, 0.1, 0.5, 0.9]))
def test_the_figures_of_a_regression(seed: int, rows: int, quantile: float | None) -> None:
    random = np.random.default_rng(seed)
    actual = np.round(random.normal(size=rows), random.integers(0, 4))
    predicted = np.round(actual * random.choice([0.0, 0.9, 1.0]) + random.normal(size=rows) * 0.5, 2)
    figures = number_figures.figures_of(predicted, actual, quantile)
    found = {figure.name: figure for figure in figures}
    assert same(found["mae"].value, metrics.mean_absolute_error(actual, predicted))
    assert same(found["rmse"].value, metrics.root_mean_squared_error(actual, predicted))
    if np.ptp(actual) > 0:
        assert same(found["r2"].value, metrics.r2_score(actual, predicted))
    else:
        assert found["r2"].value is None
    if quantile is not None:
        assert same(found["pinball"].value, metrics.mean_pinball_loss(actual, predicted, alpha=quantile))
        assert same(found["coverage"].value, float((actual <= predicted).mean()))
    for figure in figures:
        assert (figure.interval is None) == (figure.why is not None), figure


@NO_WARNING
@settings(max_examples=examples(25), deadline=None)
@given(seed=seeds, rows=st.integers(10, 200))
def test_the_pulls_of_rows_are_what_one_more_row_of_each_kind_changes(seed: int, rows: int) -> None:
    """Of the areas under the curves: the derivative by the weight of a row, tried by doubling rows many times over."""
    from reconciler.evaluation.detailed.ranking import rank

    random = np.random.default_rng(seed)
    actual = np.append(random.integers(0, 2, rows), [0, 1]).astype(bool)
    scores = np.round(random.random(len(actual)) + actual * 0.4, 1)
    ranking = rank(scores, actual)
    assert ranking is not None
    row, small = int(random.integers(0, len(actual))), 1e-6
    weights = np.ones(len(actual))
    weights[row] += small
    by_hand = metrics.roc_auc_score(actual, scores, sample_weight=weights) - ranking.roc_auc
    assert math.isclose(ranking.roc_pulls[row], by_hand / small, abs_tol=1e-4)
    average = metrics.average_precision_score(actual, scores, sample_weight=weights) - ranking.average_precision
    assert math.isclose(ranking.average_pulls[row], average / small, abs_tol=1e-4)
