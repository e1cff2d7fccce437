"""Run a peer of `improve` on a table, for so many seconds of processor time on one core, and print its figures.

`python improve_peers.py flaml|sklearn TABLE.parquet TASK QUANTILE SEED SECONDS`. Imports nothing of this project, since
FLAML has an environment of its own. The clock that FLAML asks for the time of day is turned into one of processor time,
so that a machine that is loaded by others takes nothing from it.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from importlib import import_module
from typing import Any

_CLOCK = time.time()
FEWEST_FITS = 3


def main() -> None:
    """Fit the peer on the rows that are not held out, and judge it on the others."""
    import pandas as pd

    who, file, task, quantile, seed, seconds = sys.argv[1:7]
    warnings.simplefilter("ignore")
    rows = pd.read_parquet(file).sort_values(["day", "id"])
    held = rows["held"].to_numpy()
    columns, y = rows.drop(columns=["id", "day", "y", "held"]), rows["y"].to_numpy()
    for name in columns.select_dtypes(exclude="number"):
        columns[name] = columns[name].astype("category")
    share = float(quantile) if quantile != "-" else None
    run = {"flaml": flaml, "sklearn": sklearn}[who]
    model = run(columns[~held], y[~held], task, share, int(seed), float(seconds))
    print(json.dumps({**judged(model, columns[held], y[held], task, share), "seconds": time.process_time()}))


def judged(model: Any, columns: Any, y: Any, task: str, quantile: float | None) -> dict[str, float]:
    """Return the figures of a model on rows."""
    from sklearn.metrics import f1_score, log_loss, mean_absolute_error, mean_pinball_loss

    guess = model.predict(columns)
    if task == "regression":
        if quantile is None:
            return {"mae": mean_absolute_error(y, guess)}
        return {"pinball": mean_pinball_loss(y, guess, alpha=quantile)}
    return {"f1_macro": f1_score(y, guess, average="macro"), "log_loss": log_loss(y, model.predict_proba(columns))}


def flaml(columns: Any, y: Any, task: str, quantile: float | None, seed: int, seconds: float) -> Any:
    """Fit FLAML by F1 macro, by mean absolute error, or a quantile by pinball loss."""
    time.time = lambda: _CLOCK + time.process_time()
    from sklearn.metrics import mean_pinball_loss

    model: Any = import_module("flaml").AutoML()
    given: dict[str, Any] = {"metric": "macro_f1" if task == "classification" else "mae"}
    if quantile is not None:
        base: Any = import_module("flaml.automl.model").LGBMEstimator

        def begin(self: Any, task: str = "regression", **config: Any) -> None:
            base.__init__(self, task, objective="quantile", alpha=quantile, **config)

        def pinball(rows: Any, outcome: Any, estimator: Any, labels: Any, *_: Any, **__: Any) -> tuple[float, Any]:
            del labels
            loss = mean_pinball_loss(outcome, estimator.predict(rows), alpha=quantile)
            return loss, {"pinball": loss}

        model.add_learner("quantile", type("Quantile", (base,), {"__init__": begin}))
        given = {"metric": pinball, "estimator_list": ["quantile"]}
    model.fit(columns, y, task=task, time_budget=seconds, n_jobs=1, seed=seed, verbose=0, **given)
    return model


def sklearn(columns: Any, y: Any, task: str, quantile: float | None, seed: int, seconds: float) -> Any:
    """Fit scikit-learn's histogram boosting with parameters drawn at random, as many as the seconds allow."""
    from scipy.stats import loguniform, randint
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from sklearn.model_selection import ParameterSampler, TimeSeriesSplit, cross_val_score

    space: dict[str, Any] = {
        "learning_rate": loguniform(0.02, 0.3),
        "max_leaf_nodes": randint(7, 64),
        "max_iter": randint(50, 300),
        "min_samples_leaf": randint(5, 100),
        "l2_regularization": loguniform(0.001, 10),
    }
    fixed: dict[str, Any] = {"categorical_features": "from_dtype", "random_state": seed}
    scoring: Any = "f1_macro"
    kind: Any = HistGradientBoostingClassifier
    if task == "classification":
        space["class_weight"] = [None, "balanced"]
    else:
        kind, scoring = HistGradientBoostingRegressor, "neg_mean_absolute_error"
        if quantile is not None:
            from sklearn.metrics import make_scorer, mean_pinball_loss

            fixed |= {"loss": "quantile", "quantile": quantile}
            scoring = make_scorer(mean_pinball_loss, alpha=quantile, greater_is_better=False)
        else:
            space["loss"] = ["squared_error", "absolute_error"]
    best, chosen = float("-inf"), {}
    for fits, params in enumerate(ParameterSampler(space, n_iter=10_000, random_state=seed)):
        if fits >= FEWEST_FITS and time.process_time() * (fits + 2) / (fits + 1) > seconds:
            break
        reached = cross_val_score(kind(**fixed, **params), columns, y, scoring=scoring, cv=TimeSeriesSplit(3)).mean()
        if reached > best:
            best, chosen = reached, params
    return kind(**fixed, **chosen).fit(columns, y)


if __name__ == "__main__":
    main()
