"""One small trained model of each estimator of the closed table, as stored and as loaded."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from reconciler.core.artifact.oci_artifact import ColumnType, Schema, SchemaColumn
from reconciler.core.spec.recipe import Estimator
from reconciler.model_file import canonical_skops
from reconciler.model_file.load import estimator_of
from reconciler.training import estimator_catalog, estimator_pipeline, voting

ROWS = 150
CATEGORIES = ("AT", "CH", "DE", "FR", "IT")
# So few rounds that a model is small; what is in it is the same.
FEW: dict[str, Any] = {"n_estimators": 3, "max_iter": 3}

# Of some estimators more than one: what their parameters make different in the file.
VARIANTS: dict[str, tuple[dict[str, Any], ...]] = {
    "BayesianRidge": ({"compute_score": True},),
    "ExtraTreesClassifier": ({"bootstrap": True, "class_weight": "balanced_subsample"},),
    "GradientBoostingClassifier": ({"n_iter_no_change": 2}, {"subsample": 0.5}),
    "GradientBoostingRegressor": ({"loss": "huber"}, {"loss": "quantile"}),
    "HistGradientBoostingRegressor": ({"loss": "gamma"}, {"early_stopping": True}, {"loss": "absolute_error"}),
    "KNeighborsClassifier": ({"weights": "distance", "metric": "cosine"}, {"p": 3.5}),
    "LinearDiscriminantAnalysis": ({"solver": "lsqr", "shrinkage": "auto"}, {"solver": "eigen", "shrinkage": 0.5}),
    "LinearRegression": ({"positive": True},),
    "LogisticRegression": ({"solver": "newton-cholesky"}, {"solver": "saga", "fit_intercept": False}),
    "RandomForestClassifier": ({"class_weight": "balanced", "max_samples": 0.5},),
    "RandomForestRegressor": ({"max_leaf_nodes": 5}, {"ccp_alpha": 0.01}),
    "Ridge": ({"solver": "sag"}, {"positive": True}),
    "TweedieRegressor": ({"power": 1.5}, {"link": "log"}),
}
# Averages, and what they are averages of.
BLENDS = {
    "VotingClassifier": ("HistGradientBoostingClassifier", "LogisticRegression", "ExtraTreesClassifier"),
    "VotingRegressor": ("HistGradientBoostingRegressor", "Ridge", "DecisionTreeRegressor"),
}
BLENDED = [
    ("VotingClassifier", 0, 3, "ncnbn"),
    ("VotingClassifier", 0, 2, "nc"),
    ("VotingRegressor", 0, 3, "ncnbn"),
]
# Of these, scikit-learn fits or predicts no single class.
TWO_OR_MORE = {
    *("GradientBoostingClassifier", "HistGradientBoostingClassifier", "LinearDiscriminantAnalysis"),
    "LogisticRegression",
}


@dataclass(frozen=True, slots=True)
class SmallModel:
    """A model file, its schema, and rows as it sees them: some like those it learnt from, some unlike any."""

    name: str
    body: bytes
    schema: Schema
    matrix: Any

    def loaded(self) -> Any:
        """Return the model, loaded anew: a test may change it."""
        return estimator_of(self.body, self.schema)


def schema(classes: int, columns: str = "ncnbn") -> Schema:
    """Return a schema of so many classes (0: a number). `columns`: of each its type's first letter."""
    types = {"n": ColumnType.NUMERIC, "c": ColumnType.CATEGORICAL, "b": ColumnType.BOOLEAN}
    return Schema(
        task="classification" if classes else "regression",
        columns=tuple(
            SchemaColumn(name=f"c{index}", type=types[kind], categories=CATEGORIES if kind == "c" else ())
            for index, kind in enumerate(columns)
        ),
        classes=tuple(f"class {index}" for index in range(classes)),
        key="key",
        tables=(),
    )


def matrix(of: Schema, chance: np.random.Generator) -> Any:
    """Return encoded rows of a schema; some values are missing, some categories the rare bucket."""
    columns = []
    for column in of.columns:
        match column.type:
            case ColumnType.CATEGORICAL:
                values = chance.integers(0, len(CATEGORIES) + 1, ROWS).astype(float)
            case ColumnType.BOOLEAN:
                values = chance.integers(0, 2, ROWS).astype(float)
            case _:
                values = chance.normal(size=ROWS)
        values[chance.random(ROWS) < 0.05] = np.nan
        columns.append(values)
    return np.ascontiguousarray(np.column_stack(columns))


@cache
def trained(name: str, variant: int = 0, classes: int = 3, columns: str = "ncnbn") -> SmallModel:
    """Return a trained model. `variant`: 0 for the defaults, n for the n-th of `VARIANTS`; `classes`: that occur."""
    classifies = name in BLENDS or estimator_pipeline.table()[name]["task"] == "classification"
    of = schema(max(classes, 2) if classifies and name != "VotingRegressor" else 0, columns)
    chance = np.random.default_rng(3)
    rows = matrix(of, chance)
    score = np.nan_to_num(rows).sum(axis=1) + chance.normal(size=ROWS)
    targets = np.digitize(score, np.quantile(score, [0.4, 0.7])[: classes - 1]) if of.classes else np.exp(score / 4)
    if name in BLENDS:
        members = [(f"member-{place}", _fitted(each, 0, of, rows, targets)) for place, each in enumerate(BLENDS[name])]
        estimator = voting.average_of(members, [0.45, 0.35, 0.2], classifies=bool(of.classes))
    else:
        estimator = _fitted(name, variant, of, rows, targets)
    return SmallModel(name=name, body=canonical_skops.dumps(estimator), schema=of, matrix=rows)


def _fitted(name: str, variant: int, of: Schema, rows: Any, targets: Any) -> Any:
    taken = estimator_pipeline.table()[name]["params"]
    few = {key: value for key, value in FEW.items() if key in taken and (key != "max_iter" or "Hist" in name)}
    params = {**few, **(VARIANTS[name][variant - 1] if variant else {})}
    estimator = estimator_pipeline.make(
        Estimator(uses="sklearn", class_name=name, params=tuple(params.items())), of, seed=3
    )
    return estimator.fit(rows, targets)


def everything() -> list[tuple[str, int, int, str]]:
    """Return the arguments of `trained` for every estimator and variant, for fewer classes, and for fewer columns."""
    cases = [(name, 0, 3, "ncnbn") for name in sorted(estimator_catalog.ESTIMATORS)]
    cases += [(name, index + 1, 3, "ncnbn") for name, more in sorted(VARIANTS.items()) for index in range(len(more))]
    for name, (_, task, family, _) in sorted(estimator_catalog.ESTIMATORS.items()):
        if task == "classification":
            cases.append((name, 0, 2, "ncnbn"))
            if name not in TWO_OR_MORE:
                cases.append((name, 0, 1, "ncnbn"))
        if family in ("histogram-boosting", "forest"):
            cases += [(name, 0, 3, "nn"), (name, 0, 3, "cc")]
    return [*cases, *BLENDED]
