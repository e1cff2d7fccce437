"""Read and check what follows an estimator in an artifact: numbers that such rules can have, for as many classes.

An artifact may come from anywhere, and one whose recipe decides must not be served without its decision.
"""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path
from typing import Any

from reconciler import codec
from reconciler.core.artifact.oci_artifact import DECISION_FILE, RECIPE_FILE, Schema
from reconciler.core.prediction.output_rules import (
    DECISION_FUNCTION,
    NO_RULES,
    PROBABILITIES,
    ClassDecision,
    OutputRules,
    ProbabilityCalibration,
    SigmoidCurve,
)
from reconciler.core.spec.recipe import BuiltRecipe
from reconciler.errors import ScoringError
from reconciler.model_file import file_sizes

_LARGEST = 1e15


def read_rules(folder: Path, schema: Schema, estimator: Any) -> OutputRules:
    """Return the rules of the artifact in `folder`; none where its recipe asks for none.

    Raises ScoringError E507 for rules that do not fit the model or its recipe, IntegrityError E508 for no canonical
    form of them.
    """
    path = folder / DECISION_FILE
    rules = NO_RULES
    if path.is_file():
        rules = codec.decode(OutputRules, file_sizes.read_decision(path), what=DECISION_FILE)
        check_rules(rules, schema, estimator)
    if (folder / RECIPE_FILE).is_file():
        recipe = codec.decode(BuiltRecipe, file_sizes.read_document(folder / RECIPE_FILE), what=RECIPE_FILE).recipe
        asked = (recipe.calibrate is not None, recipe.decide is not None)
        found = (rules.calibration is not None, rules.decision is not None)
        _require(asked == found, "not what the recipe asks for")
    return rules


def check_rules(rules: OutputRules, schema: Schema, estimator: Any) -> None:
    """Check rules against the model that they follow. Raises ScoringError E507."""
    _require(rules.format == 1, "another format")
    _require(bool(schema.classes), "a decision on classes, and the model predicts a number")
    if rules.calibration is not None:
        _check_calibration(rules.calibration, estimator)
    if rules.decision is not None:
        _check_decision(rules.decision, len(schema.classes))


def _check_calibration(calibration: ProbabilityCalibration, estimator: Any) -> None:
    _require(calibration.of in (DECISION_FUNCTION, PROBABILITIES), "a curve of something unknown")
    _require(hasattr(estimator, calibration.of), "a curve of what the estimator does not say")
    known = len(estimator.classes_)
    _require(len(calibration.curves) == (1 if known == 2 else known), "other curves than classes")
    for curve in calibration.curves:
        if isinstance(curve, SigmoidCurve):
            _require(_all_finite((curve.slope, curve.intercept)), "a curve of no numbers")
            continue
        count = len(curve.thresholds)
        _require(count > 0 and count == len(curve.values), "a curve without points")
        _require(_all_finite(curve.thresholds), "a point that is no number")
        _require(all(a < b for a, b in pairwise(curve.thresholds)), "points out of order")
        _require(all(0.0 <= value <= 1.0 for value in curve.values), "a value that is no probability")
        _require(all(a <= b for a, b in pairwise(curve.values)), "values out of order")


def _check_decision(decision: ClassDecision, classes: int) -> None:
    _require(len(decision.weights) == classes, "other weights than classes")
    _require(_all_finite(decision.weights) and all(weight > 0 for weight in decision.weights), "a weight that is none")
    if decision.costs:
        _require(
            len(decision.costs) == classes and all(len(row) == classes for row in decision.costs),
            "other costs than classes",
        )
        _require(all(_all_finite(row) for row in decision.costs), "a cost that is none")


def _all_finite(numbers: tuple[float, ...]) -> bool:
    return all(math.isfinite(number) and abs(number) <= _LARGEST for number in numbers)


def _require(holds: bool, problem: str) -> None:
    if not holds:
        raise ScoringError(
            f"invalid {DECISION_FILE}: it has {problem}",
            code="E507",
            hint="use an artifact that this tool wrote; `reconciler audit` lists every damaged file",
        )
