"""Check the structure of a loaded model: one check per estimator of the closed table, by its class's name.

An estimator without a check cannot be loaded; a test holds this table against `training.estimator_catalog`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from reconciler.core.artifact.oci_artifact import ColumnType, Schema
from reconciler.errors import ScoringError
from reconciler.model_file.structure import (
    boosting,
    forests,
    gaussian,
    histogram_boosting,
    linear,
    neighbors,
    trees,
)
from reconciler.model_file.structure.preprocessing import PIPELINE, check_pipeline
from reconciler.model_file.structure.rules import ModelScope, in_words, refuse, type_name

CHECKS: Mapping[str, Callable[[Any, str, ModelScope], None]] = {
    **boosting.CHECKS,
    **forests.CHECKS,
    **gaussian.CHECKS,
    **histogram_boosting.CHECKS,
    **linear.CHECKS,
    **neighbors.CHECKS,
    **trees.CHECKS,
}


def check_structure(model: Any, schema: Schema) -> None:
    """Check every array and number that predicting with a loaded model would read.

    `model`: a pipeline, or an estimator that prepares its features itself; `schema`: what it predicts from and into.
    Raises ScoringError E507 naming the estimator, the array, what was expected and what was found; E511 when another
    version of scikit-learn wrote the model, whose attributes may rightly be others.
    """
    try:
        _check(model, schema)
    except ScoringError as error:
        version = getattr(model, "_sklearn_version", None)
        if type(version) is str and version != (installed := _installed()):
            raise ScoringError(
                f"scikit-learn {version[:20]!r} wrote this model, and {installed} is installed here: {error.message}",
                code="E511",
                hint="install the runtime that the model's environment declared when the model was trained",
            ) from error
        raise


def _installed() -> str:
    import sklearn

    version: str = sklearn.__version__
    return version


def _check(model: Any, schema: Schema) -> None:
    scope = ModelScope(
        features=len(schema.columns),
        classes=len(schema.classes),
        categories={
            index: len(column.categories)
            for index, column in enumerate(schema.columns)
            if column.type == ColumnType.CATEGORICAL
        },
    )
    if type_name(model) in forests.AVERAGES:
        members = forests.check_average(model, scope)
        for member, path in members:
            _check_one(member, f"{path}: ", scope)
        if scope.classes:  # asked of members only now: a pipeline that is not checked computes its answer
            forests.check_same_classes(model, members)
        return
    _check_one(model, "", scope)


def _check_one(model: Any, of: str, scope: ModelScope) -> None:
    """Check one estimator, with its preparation. `of`: which member of a blend it is, to begin a path with."""
    estimator = model
    if type_name(model) == PIPELINE:
        estimator, width = check_pipeline(model, scope)
        scope = ModelScope(features=width, classes=scope.classes, trees=scope.trees)
    name = type(estimator).__name__
    check = CHECKS.get(name)
    if check is None:
        refuse(f"{of}the model", "an estimator of this tool's table", in_words(estimator))
    if hasattr(estimator, "predict_proba") != bool(scope.classes):
        refuse(f"{of}the model", "an estimator that fits the outcome", in_words(estimator))
    check(estimator, f"{of}{name}", scope)
