"""Find the top factors of predictions: exactly for linear models and small trees, by sampling for all others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reconciler.core.prediction.prediction_explanation import Explained, ExplanationMethod
from reconciler.core.quality.reference import NO_REFERENCE
from reconciler.errors import ScoringError
from reconciler.model_file.loaded_model import LoadedModel
from reconciler.scoring.explanation.background import ROWS, background_of
from reconciler.scoring.explanation.linear import linear_effects
from reconciler.scoring.explanation.sampled import SampledEffects
from reconciler.scoring.explanation.scale import scale_of
from reconciler.scoring.explanation.tree_effects import tree_effects

if TYPE_CHECKING:
    from reconciler.model_file.feature_matrix import Matrix

_NOTHING = 1e-9  # of the largest effect of a record: what rounding leaves


@dataclass(frozen=True, slots=True, kw_only=True)
class TopFactors:
    """The factors of each record, the strongest first: `features` are places in the schema (-1: there is none any
    more), `effects` on the scale of `explained`; both (rows, top)."""

    features: Any
    effects: Matrix
    explained: Explained


def effects_of(model: LoadedModel, matrix: Matrix, wanted: Any, *, top: int) -> tuple[Matrix, Explained]:
    """Return the effect of each feature (rows, features) on what is predicted: the class `wanted` of each row, as its
    place in the declared classes, or 0 of a regression. Raises ScoringError E516 without a reference."""
    if model.reference is None:
        raise ScoringError(
            f"the top factors of a prediction are told against the training rows, and {NO_REFERENCE}",
            code="E516",
            hint="train it again, or leave out --top",
        )
    background = background_of(model, model.reference)
    scale = scale_of(model, background)
    for method, find in ((ExplanationMethod.LINEAR, linear_effects), (ExplanationMethod.TREES, tree_effects)):
        if (exact := find(scale, background)) is not None:
            explained = Explained(method=method, scale=scale.kind, top=top, background=ROWS, followed=_followed(model))
            return exact.of(matrix, wanted), explained
    sampled = SampledEffects(scale, background)
    explained = Explained(
        method=ExplanationMethod.SAMPLED,
        scale=scale.kind,
        top=top,
        background=ROWS,
        orders=sampled.orders,
        together=sampled.together,
        followed=_followed(model),
    )
    return sampled.of(matrix, wanted), explained


def _followed(model: LoadedModel) -> str | None:
    """Return what is done to the estimator's probability, which is what is explained."""
    done = [
        word
        for word, rule in (("calibrated", model.rules.calibration), ("decided on", model.rules.decision))
        if rule is not None
    ]
    return " and ".join(done) or None


def top_factors(model: LoadedModel, matrix: Matrix, wanted: Any, *, top: int) -> TopFactors:
    """Return the `top` features that moved each row's prediction most, equal ones in the order of the schema."""
    import numpy as np

    effects, explained = effects_of(model, matrix, wanted, top=top)
    sizes = np.abs(effects)
    order = np.argsort(-sizes, axis=1, kind="stable")[:, :top]
    chosen = np.take_along_axis(effects, order, axis=1)
    largest = sizes.max(axis=1, keepdims=True, initial=0.0)
    features = np.where((np.abs(chosen) > _NOTHING * largest) & np.isfinite(chosen), order, -1)
    return TopFactors(features=features, effects=chosen, explained=explained)
