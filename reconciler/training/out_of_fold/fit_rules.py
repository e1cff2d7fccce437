"""Fit the rules that follow an estimator, as its recipe asks: the calibration first, then the decision on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler.core.prediction.output_rules import ClassDecision, OutputRules, ProbabilityCalibration
from reconciler.core.spec.decisions.declared import Decide
from reconciler.evaluation.metrics import rates_of
from reconciler.model_file.loaded_model import LoadedModel
from reconciler.model_file.outputs.calibrated import calibrated, calibrates, scores_of
from reconciler.model_file.outputs.decided import decided
from reconciler.training.out_of_fold.fit_calibration import fit_curves
from reconciler.training.out_of_fold.fit_cost_weights import fit_cost_weights, mean_cost
from reconciler.training.out_of_fold.fit_decision import fit_weights
from reconciler.training.out_of_fold.predictions import OutOfFold, TrainingRows, predict_out_of_fold

if TYPE_CHECKING:
    from reconciler.model_file.feature_matrix import Matrix

COST = "cost"


def fit_rules(training: TrainingRows, estimator: Any) -> OutputRules:
    """Return the rules of the recipe for its fitted `estimator`. Raises TrainingError where no fold can be made."""
    recipe = training.recipe
    calibration, found = None, None
    if recipe.calibrate is not None:
        of = calibrates(estimator)
        folds = recipe.calibrate.folds
        found = predict_out_of_fold(
            training, folds=folds, say=lambda fitted, rows: scores_of(fitted, rows, of), what="calibrate"
        )
        curves = fit_curves(
            recipe.calibrate.uses, found.said, training.targets[found.rows], _of(training.weights, found)
        )
        calibration = ProbabilityCalibration(
            of=of, curves=curves, rows=len(found.rows), folds=found.folds, left_out=found.left_out
        )
    decision = None
    if recipe.decide is not None:
        same = recipe.calibrate is not None and recipe.decide.folds == recipe.calibrate.folds
        decision = _decision(training, recipe.decide, estimator, calibration, found if same else None)
    return OutputRules(calibration=calibration, decision=decision)


def _decision(
    training: TrainingRows,
    decide: Decide,
    estimator: Any,
    calibration: ProbabilityCalibration | None,
    found: OutOfFold | None,
) -> ClassDecision:
    """Return the decision. `found`: scores out of the same folds, where the calibration was fitted on them."""
    classes = training.schema.classes
    costs = decide.cost_matrix(classes)
    plain = (1.0,) * len(classes)
    if decide.folds is None:
        return ClassDecision(weights=plain, costs=costs)
    rules = OutputRules(calibration=calibration)
    if found is not None and calibration is not None:
        probabilities = _all_classes(training, estimator, calibrated(calibration, found.said))
    else:
        found = predict_out_of_fold(
            training,
            folds=decide.folds,
            say=lambda fitted, rows: LoadedModel(estimator=fitted, schema=training.schema, rules=rules).outputs(rows),
            what="decide",
        )
        probabilities = found.said
    labels, counted = training.targets[found.rows], _of(training.weights, found)
    if decide.maximise is not None:
        metric = decide.maximise.value
        weights = fit_weights(decide.maximise, probabilities, labels, counted)
        before, after = (_rate(metric, each, probabilities, labels, counted) for each in (plain, weights))
        if after <= before:  # a mean of what is best of resamples need not be better: of very few rows that count
            weights, after = plain, before
    else:
        metric = COST
        weights = fit_cost_weights(costs, probabilities, labels, counted)
        before, after = (mean_cost(costs, each, probabilities, labels, counted) for each in (plain, weights))
    return ClassDecision(
        weights=weights,
        costs=costs,
        metric=metric,
        plain=before,
        decided=after,
        rows=len(labels),
        folds=found.folds,
        left_out=found.left_out,
    )


def _of(weights: Any | None, found: OutOfFold) -> Any | None:
    return weights[found.rows] if weights is not None else None


def _all_classes(training: TrainingRows, estimator: Any, known: Matrix) -> Matrix:
    """Return probabilities of all declared classes by those of the classes that the estimator knows."""
    import numpy as np

    probabilities = np.zeros((len(known), len(training.schema.classes)))
    probabilities[:, np.asarray(estimator.classes_, dtype=np.int64)] = known
    return probabilities


def _rate(metric: str, weights: tuple[float, ...], probabilities: Matrix, labels: Any, counted: Any | None) -> float:
    """Return the metric of what is decided, by rows as they count where the weights are fitted."""
    import numpy as np

    chosen, classes = decided(ClassDecision(weights=weights), probabilities), probabilities.shape[1]
    cells = np.bincount(labels * classes + chosen, weights=counted, minlength=classes * classes)
    return float(rates_of(cells.reshape(classes, classes).astype("float64"))[metric])
