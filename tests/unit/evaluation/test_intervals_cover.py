"""Intervals hold the truth as often as they say: 95 % of random draws, of each figure, wherever they are given."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from reconciler.core.evaluation.figures import Figure
from reconciler.evaluation.detailed import class_figures, number_figures
from reconciler.evaluation.metrics import confusion_of
from tests.support.effort import FULL, count

pytestmark = pytest.mark.soak
Rows = tuple[Any, Any]

# Of each: rows, how far the classes are apart, how sure the model is of itself (1: calibrated), shares of the classes.
CLASSES = {
    "two": (200, 1.0, 1.0, (0.5, 0.5)),
    "two, told apart well": (600, 3.0, 1.0, (0.7, 0.3)),
    "two, of which one is rare, overconfident": (1_500, 1.5, 1.5, (0.95, 0.05)),
    "three": (350, 1.5, 1.0, (0.5, 0.3, 0.2)),
    "five, overconfident": (600, 2.0, 2.0, (0.3, 0.2, 0.2, 0.15, 0.15)),
}
AT_THE_EDGE = ("expected_calibration_error",)
"""A figure that is never below 0, and is near it: its interval holds more."""


def classified(n: int, apart: float, sure: float, shares: tuple[float, ...], random: Any) -> Rows:
    actual = random.choice(len(shares), size=n, p=shares)
    raw = random.normal(size=(n, len(shares))) + np.log(shares) / apart
    raw[np.arange(n), actual] += apart
    odds = np.exp(apart * sure * (raw - raw.max(axis=1, keepdims=True)))
    return odds / odds.sum(axis=1, keepdims=True), actual


def figures_of_classes(probabilities: Any, actual: Any) -> list[tuple[str, Figure]]:
    classes = probabilities.shape[1]
    confusion = confusion_of(actual, probabilities.argmax(axis=1), classes)
    figures, details = class_figures.figures_of(probabilities, actual, confusion, tuple(map(str, range(classes))))
    named = [(figure.name, figure) for figure in figures]
    return named + [(f"{figure.name}:{each.name}", figure) for each in details for figure in each.figures]


def coverage(figures: Callable[[Any], list[tuple[str, Figure]]], population: Callable[[Any], Any], draw: Any) -> None:
    """Draw rows again and again: of each figure with an interval, count how often it holds that of the population."""
    truth = {name: figure.value for name, figure in figures(population(np.random.default_rng(1)))}
    random, held, given = np.random.default_rng(2), Counter[str](), Counter[str]()
    draws = count("SIMULATED_ROWS")
    for _ in range(draws):
        for name, figure in figures(draw(random)):
            if figure.interval is not None:
                given[name] += 1
                held[name] += bool(figure.holds(truth[name]))
    shown = {name: held[name] / given[name] for name in given if given[name] > draws * 0.9}
    chance = 4 * math.sqrt(0.95 * 0.05 / draws) if not FULL else 0.0
    low = {name: share for name, share in shown.items() if share < 0.92 - chance}
    high = {name: share for name, share in shown.items() if share > 0.97 and ":" not in name and FULL}
    assert len(shown) >= 4
    assert not low, shown
    assert not set(high) - set(AT_THE_EDGE), shown


@pytest.mark.soak(every=2)
@pytest.mark.parametrize("name", CLASSES)
def test_of_classifications(name: str) -> None:
    rows, apart, sure, shares = CLASSES[name]

    def figures(rows: Rows) -> list[tuple[str, Figure]]:
        return figures_of_classes(*rows)

    coverage(
        figures,
        lambda random: classified(1_500_000 if FULL else 100_000, apart, sure, shares, random),
        lambda random: classified(rows, apart, sure, shares, random),
    )


def regression(n: int, noise: str, random: Any) -> Rows:
    known = random.normal(size=n)
    errors = {
        "normal": lambda: 0.5 * random.normal(size=n),
        "skewed": lambda: 0.7 * (random.exponential(size=n) - 1),
        "with outliers": lambda: 0.6 * random.standard_t(6, size=n),
        "much of it": lambda: 2 * random.normal(size=n),
    }[noise]()
    return 0.9 * known, known + errors


@pytest.mark.parametrize("noise", ["normal", "skewed", "with outliers", "much of it"])
def test_of_regressions(noise: str) -> None:
    def figures(rows: Rows) -> list[tuple[str, Figure]]:
        predicted, actual = rows
        removed = number_figures.removed(np.abs(predicted - actual), np.abs(actual - 0.05))
        found = number_figures.figures_of(predicted + 0.4, actual, 0.8)
        plain = number_figures.figures_of(predicted, actual, None)
        return [(figure.name, figure) for figure in (*found[:2], *plain, removed)]

    coverage(
        figures,
        lambda random: regression(2_000_000 if FULL else 100_000, noise, random),
        lambda random: regression(300, noise, random),
    )


def test_with_too_few_rows_there_is_no_interval_and_it_says_why() -> None:
    random = np.random.default_rng(3)
    few = dict(figures_of_classes(*classified(171, 2.0, 1.0, (0.5, 0.3, 0.2), random)))
    assert {figure.interval for figure in few.values()} == {None}
    assert few["accuracy"].why == "171 rows: too few for an interval, which needs 200"
    rare = dict(figures_of_classes(*classified(600, 2.0, 1.0, (0.96, 0.04), random)))
    assert rare["accuracy"].interval is not None
    assert rare["f1_macro"].why is not None
    assert "of class 1: too few for an interval" in rare["f1_macro"].why
    assert rare["recall:1"].interval is None
    assert rare["recall:0"].interval is not None
