"""Tell the scale on which a model adds up what it knows of a record, and compute it.

Regression: the value, or its logarithm where the model predicts by one. Classification: log-odds (the logarithm of a
class's probability less the mean of those of all other classes: of two classes, ln(p / (1 - p))), or the probability
itself of models that average votes (trees, forests, neighbours, blends). `possible` and the like come after that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reconciler.core.prediction.prediction_explanation import ExplanationScale
from reconciler.model_file.loaded_model import LoadedModel
from reconciler.scoring.explanation.prepared import PreparedModel, prepared_model

if TYPE_CHECKING:
    from reconciler.model_file.feature_matrix import Matrix

_VOTES = ("DecisionTree", "RandomForest", "ExtraTrees", "KNeighbors", "Voting")
_LOGARITHMIC = ("PoissonRegressor", "GammaRegressor", "TweedieRegressor")
_LEAST = 1e-15  # a probability of 0 has no logarithm


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelScale:
    """The scale of a model's explanations. `classes`: declared ones (1 of a regression); `trained`: the places among
    them that the model knows; `decides`: its decision function is that scale, up to what is common to all classes of a
    row."""

    prepared: PreparedModel
    kind: ExplanationScale
    classes: int = 1
    trained: tuple[int, ...] = (0,)
    decides: bool = False

    def scores(self, matrix: Matrix) -> Matrix:
        """Return the score of each row: (rows, declared classes), or (rows, 1)."""
        return self.of_prepared(self.prepared.prepared(matrix))

    def of_prepared(self, rows: Matrix) -> Matrix:
        """Return the score of each row that is prepared already."""
        import numpy as np

        predictor = self.prepared.predictor
        match self.kind:
            case ExplanationScale.VALUE:
                return _values(predictor, rows)
            case ExplanationScale.LOGARITHM:
                return np.log(np.maximum(_values(predictor, rows), np.finfo(np.float64).tiny))
            case ExplanationScale.PROBABILITY:
                return self.of_raw(_probabilities(predictor, rows))
        if self.decides:
            return self.of_raw(_decisions(predictor, rows))
        return self.of_raw(np.log(np.maximum(_probabilities(predictor, rows), _LEAST)))

    def of_raw(self, raw: Matrix) -> Matrix:
        """Return scores by raw ones: one per trained class, or one of two classes. Linear in them."""
        import numpy as np

        if self.kind in (ExplanationScale.VALUE, ExplanationScale.LOGARITHM):
            return raw
        if raw.shape[1] == 1 and len(self.trained) == 2:
            raw = np.column_stack([np.zeros(len(raw)), raw[:, 0]])
        scores = np.zeros((len(raw), self.classes))
        others = 0.0
        if self.kind is ExplanationScale.LOG_ODDS:
            # Less the mean of all others: what is common to all classes falls out.
            others = (raw.sum(axis=1, keepdims=True) - raw) / max(1, raw.shape[1] - 1)
        scores[:, list(self.trained)] = raw - others
        return scores


def scale_of(model: LoadedModel, background: Matrix) -> ModelScale:
    """Return the scale of a model; `background`: rows on which its decision function is compared with its
    probabilities."""
    import numpy as np

    prepared = prepared_model(model.estimator, model.schema)
    predictor, rows = prepared.predictor, prepared.prepared(background)
    name = type(predictor).__name__
    if not model.schema.classes:
        is_log = _predicts_by_logarithm(predictor, name) and bool((_values(predictor, rows) > 0).all())
        return ModelScale(prepared=prepared, kind=ExplanationScale.LOGARITHM if is_log else ExplanationScale.VALUE)
    trained = tuple(int(place) for place in model.estimator.classes_)
    kind = ExplanationScale.PROBABILITY if name.startswith(_VOTES) else ExplanationScale.LOG_ODDS
    decides = kind is ExplanationScale.LOG_ODDS and hasattr(predictor, "decision_function")
    if decides:
        raw = _decisions(predictor, rows)
        raw = np.column_stack([np.zeros(len(raw)), raw]) if raw.shape[1] == 1 else raw
        powers = np.exp(raw - raw.max(axis=1, keepdims=True))
        shares, known = powers / powers.sum(axis=1, keepdims=True), _probabilities(predictor, rows)
        decides = shares.shape == known.shape and bool(np.allclose(shares, known, rtol=0, atol=1e-9))
    return ModelScale(prepared=prepared, kind=kind, classes=len(model.schema.classes), trained=trained, decides=decides)


def _predicts_by_logarithm(estimator: Any, name: str) -> bool:
    if name == "BoostedRegressor":
        return getattr(estimator, "link", "") == "log"
    if name.startswith("HistGradientBoosting"):
        return getattr(estimator, "loss", None) in ("poisson", "gamma")
    if name == "TweedieRegressor":
        link = getattr(estimator, "link", "auto")
        return link == "log" or (link == "auto" and getattr(estimator, "power", 0.0) > 0)
    return name in _LOGARITHMIC


def _values(predictor: Any, rows: Matrix) -> Matrix:
    import numpy as np

    return np.asarray(predictor.predict(rows), dtype=np.float64).reshape(-1, 1)


def _probabilities(predictor: Any, rows: Matrix) -> Matrix:
    import numpy as np

    return np.asarray(predictor.predict_proba(rows), dtype=np.float64)


def _decisions(predictor: Any, rows: Matrix) -> Matrix:
    """Return one column per trained class, or one of two classes."""
    import numpy as np

    return np.asarray(predictor.decision_function(rows), dtype=np.float64).reshape(len(rows), -1)
