"""Check the calibrations and decisions that an experiment tries: each must be one that the model could declare."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from reconciler.core.experiment.candidates import arms_of
from reconciler.core.spec.experiment.declared_experiment import ModelSpace
from reconciler.core.spec.recipe import Recipe, Task
from reconciler.manifest.schema.decisions import declared as decisions

RuleProblem = tuple[tuple[str | int, ...], str, str, str | None]
"""(path in the document, code, message, hint)"""
_SPACE = ("spec", "space")


def rule_problems(metric: str, space: ModelSpace, recipe: Recipe) -> Iterator[RuleProblem]:
    """Yield every problem of `space.calibrate` and `space.decide`."""
    if recipe.task is not Task.CLASSIFICATION:
        for name, what in (("calibrate", "probabilities to calibrate"), ("decide", "classes to decide on")):
            if getattr(space, name) is not None:
                message = f"a regression predicts a number: there are no {what}"
                yield (*_SPACE, name), "E205", message, f"remove `{name}`"
        return
    for name in ("calibrate", "decide"):
        options = getattr(space, name) or ()
        for index, option in enumerate(options):
            if option in options[:index]:
                yield (*_SPACE, name, index), "E207", "the same is given twice", "remove it"
    yield from _decisions(space, recipe)
    if metric == "log_loss" and len(space.decide or ()) > 1:
        message = "log_loss judges probabilities, and no decision changes them: all of these would be equal"
        yield (*_SPACE, "decide"), "E205", message, "judge by another metric, or write one decision"


def _decisions(space: ModelSpace, recipe: Recipe) -> Iterator[RuleProblem]:
    calibrates = (recipe.calibrate,) if space.calibrate is None else space.calibrate
    for index, option in enumerate(space.decide or ()):
        place = (*_SPACE, "decide", index)
        if option is None or option.costs is None:
            continue
        for path, code, message, hint in decisions.problems(
            replace(recipe, decide=option.beside(None), calibrate=None)
        ):
            if path[0] == "decide":
                yield (*place, *path[1:]), code, message, hint
        if option.folds is not None and None not in calibrates:
            message = "nothing is fitted: of calibrated probabilities the expected costs are right as they are"
            yield (*place, "folds"), "E205", message, "remove `folds`"
        if any(arm.recipe.class_names != recipe.class_names for arm in arms_of(space, recipe)):
            message = "these costs do not tell what the classes of `collapse` cost as one"
            yield (*place, "costs"), "E205", message, "leave out `collapse`, or decide otherwise"
