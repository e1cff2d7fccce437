"""Define how a recipe weighs its rows, calibrates probabilities and decides on a class; check it against the recipe."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterator
from typing import Literal

from pydantic import Field, model_validator

from reconciler.core.spec import recipe as core
from reconciler.core.spec.decisions.declared import FOLDS
from reconciler.manifest.schema import estimators
from reconciler.manifest.schema.decisions.estimator import MOST_FOLDS
from reconciler.manifest.schema.field_types import ColumnName, Document, Duration, Label, refuse

MOST_COST = 1e12
_MOST = 1e6

Problem = tuple[tuple[str | int, ...], str, str, str | None]
"""(path below the recipe, code, message, hint)"""


class Calibrate(Document):
    """Calibrated probabilities: of the rows that get 80 %, about 80 % have the class."""

    uses: Literal["sigmoid", "isotonic"] = Field(
        description="Form of the curve, by scikit-learn's names: sigmoid for few rows, isotonic from some thousands on."
    )
    folds: int = Field(
        default=FOLDS, ge=2, le=MOST_FOLDS, description="Folds of the training rows that it is fitted out of."
    )


class Decide(Document):
    """How the predicted class follows from the probabilities; without it, it is the most likely class."""

    maximise: Literal["f1_macro", "balanced_accuracy"] | None = Field(
        default=None, description="Metric that the predicted classes are made to maximise."
    )
    costs: dict[Label, dict[Label, float]] | None = Field(
        default=None,
        min_length=1,
        description="Actual class: {predicted class: cost}, for all classes; of the right class 0 where it is left "
        "out. A gain is a negative cost. The class of least expected cost is predicted.",
    )
    folds: int | None = Field(
        default=None, ge=2, le=MOST_FOLDS, description="Folds of the training rows that it is fitted out of; else 5."
    )

    @model_validator(mode="after")
    def _one_form(self) -> Decide:
        if (self.maximise is None) == (self.costs is None):
            message = "expected `maximise: f1_macro`, `maximise: balanced_accuracy`, or `costs`, and one of them only"
            raise refuse("E204" if self.maximise is None else "E205", message)
        return self


class Recency(Document):
    """Weights by age: a training row weighs half as much as one that is half a life newer."""

    half_life: Duration = Field(description="Age at which a row weighs half, such as 180d.")
    by: ColumnName = Field(description="Date column that tells how old a row is.")


class Weights(Document):
    """How much each training row weighs."""

    recency: Recency = Field(description="By how long ago the row happened.")


def problems(recipe: core.Recipe) -> Iterator[Problem]:
    """Yield every problem of a recipe's estimator, weights, calibration and decision."""
    for below, code, message, hint in estimators.problems_of(recipe):
        yield ("estimator", *below), code, message, hint
    yield from _for_classes(recipe)
    yield from _class_weights(recipe)
    yield from _costs(recipe)
    yield from problems_of_weights(recipe)


def problems_of_weights(recipe: core.Recipe) -> Iterator[Problem]:
    """Yield that a recipe's estimator cannot weigh rows, where it is to."""
    for _, estimator in recipe.estimator.members:
        entry = estimators.table().get(estimator.class_name)
        if recipe.weights is not None and entry is not None and not entry.get("weighsRows", False):
            able = [
                name
                for name, known in sorted(estimators.table().items())
                if known["task"] == recipe.task.value and known.get("weighsRows", False)
            ]
            message = f"{estimator.class_name} cannot weigh rows: it would learn from all of them alike"
            yield ("weights", "recency"), "E213", message, f"those that can: {', '.join(able)}"


def _for_classes(recipe: core.Recipe) -> Iterator[Problem]:
    if recipe.task is core.Task.CLASSIFICATION:
        return
    for name, what in (("calibrate", "probabilities to calibrate"), ("decide", "classes to decide on")):
        if getattr(recipe, name) is not None:
            yield (name,), "E205", f"a regression predicts a number: there are no {what}", f"remove `{name}`"


def _class_weights(recipe: core.Recipe) -> Iterator[Problem]:
    for member, estimator in recipe.estimator.members:
        place = ("estimator", *(("members", member) if member else ()), "params", "class_weight")
        for name, weight in estimator.class_weights or ():
            if name not in recipe.class_names:
                yield (*place, name), "E203", *_no_class(name, recipe.class_names)
            elif not (math.isfinite(weight) and 0 < weight <= _MOST):
                yield (*place, name), "E205", f"expected a number above 0, at most {_MOST:,.0f}", None


def _costs(recipe: core.Recipe) -> Iterator[Problem]:
    decide, classes = recipe.decide, recipe.class_names
    if decide is None or decide.costs is None or not classes:
        return
    place = ("decide", "costs")
    given = dict(decide.costs)
    for actual, row in decide.costs:
        if actual not in classes:
            yield (*place, actual), "E203", *_no_class(actual, classes)
            continue
        for predicted, cost in row:
            if predicted not in classes:
                yield (*place, actual, predicted), "E203", *_no_class(predicted, classes)
            elif not (math.isfinite(cost) and abs(cost) <= MOST_COST):
                message = f"expected a number from -{MOST_COST:,.0f} to {MOST_COST:,.0f}"
                yield (*place, actual, predicted), "E205", message, None
        missing = [name for name in classes if name != actual and name not in dict(row)]
        if missing and set(dict(row)) <= set(classes):
            message = f"what it costs to predict {_listed(missing)} where {actual} is true is missing"
            yield (*place, actual), "E204", message, "write it, also where it is 0"
    absent = [name for name in classes if name not in given]
    if absent and set(given) <= set(classes):
        message = f"what it costs where {_listed(absent)} is true is missing"
        yield place, "E204", message, f"add such as `{absent[0]}: {{{_other(absent[0], classes)}: 1}}`"
    elif not absent and all(len(set(row)) == 1 for row in decide.cost_matrix(classes)):
        yield place, "E205", "every mistake costs nothing: any class would be as good", "write what mistakes cost"
    if recipe.calibrate is not None and decide.folds is not None:
        message = "nothing is fitted: of calibrated probabilities the expected costs are right as they are"
        yield ("decide", "folds"), "E205", message, "remove `folds`"


def _other(name: str, classes: tuple[str, ...]) -> str:
    return next((other for other in classes if other != name), name)


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def _no_class(name: str, classes: tuple[str, ...]) -> tuple[str, str]:
    close = difflib.get_close_matches(name, classes, n=1)
    hint = f"did you mean `{close[0]}`?" if close else f"classes: {', '.join(classes)}"
    return f"{name!r} is not one of the classes", hint
