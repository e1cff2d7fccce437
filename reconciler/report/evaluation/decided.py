"""Say in words how a class follows from the probabilities, as git declares it and as an artifact keeps it."""

from __future__ import annotations

from reconciler.core.artifact.evaluation import BlendWeights
from reconciler.core.duration import in_words
from reconciler.core.prediction.output_rules import ClassDecision
from reconciler.core.spec.decisions.declared import Calibrate, Decide, RowWeights
from reconciler.report.layout.formatting import count, metric, percent


def decision(rule: ClassDecision, names: tuple[str, ...]) -> str:
    """Return what an artifact decides by: its weights, of two classes the share from which the second is predicted."""
    told = "the least expected cost" if rule.costs else f"weights that maximise {rule.metric}"
    if rule.metric is None:
        return told
    if not rule.costs and len(names) == 2:
        first, second = rule.weights
        told += f": {names[1]} from {percent(first / (first + second))} on"
    elif any(weight != 1 for weight in rule.weights):
        each = ", ".join(f"{name} {weight:.3g}" for name, weight in zip(names, rule.weights, strict=True))
        told += f", with weights: {each}" if rule.costs else f": {each}"
    return f"{told}; fitted out of fold on {count(rule.rows, 'training row')}{_gain(rule)}"


def _gain(rule: ClassDecision) -> str:
    """Return what the weights changed on the rows that they were fitted on: more than they change elsewhere."""
    if rule.plain is None or rule.decided is None:
        return ""
    left = f"; {count(rule.left_out, 'fold')} without all classes left out" if rule.left_out else ""
    return f", there {rule.metric} {metric(rule.plain)} -> {metric(rule.decided)}{left}"


def shares(weights: tuple[tuple[str, float], ...]) -> str:
    """Return how much each member of a blend counts."""
    return ", ".join(f"{name} {weight:.2g}" for name, weight in weights)


def blended(found: BlendWeights) -> str:
    """Return what the weights of a blend were fitted by: on those rows the blend is a little better than elsewhere."""
    alone = ", ".join(f"{name} {metric(loss)}" for name, loss in found.losses)
    left = f"; {count(found.left_out, 'fold')} without all classes left out" if found.left_out else ""
    told = f"fitted out of fold on {count(found.rows, 'training row')}, there {found.metric} {metric(found.loss)}"
    return f"{told}; alone {alone}{left}"


def declared_decision(given: Decide) -> str:
    """Return what a recipe says of the decision."""
    folds = f", out of {given.folds} folds" if given.folds is not None else ""
    return f"maximises {given.maximise}{folds}" if given.maximise is not None else f"costs least{folds}"


def declared_calibration(given: Calibrate) -> str:
    """Return what a recipe says of the calibration."""
    return f"{given.uses}, out of {given.folds} folds"


def declared_weights(given: RowWeights) -> str:
    """Return what a recipe says of the weights of its rows."""
    return f"half for each {in_words(given.recency.half_life)} of age by {given.recency.by}"
