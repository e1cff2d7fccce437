"""Random honest models of LightGBM and XGBoost: parameters from the table, rows and columns of chance.

`python -m tests.inputs.random_boosters SEED COUNT` trains each in a forked process, writes and loads its file, compares
what both add up, and prints how each ended, as JSON. What a library refuses is no model; it must not end the process.
"""

from __future__ import annotations

import json
import random
import sys
import warnings
from typing import Any

import numpy as np

from reconciler.core.spec.recipe import Estimator, Param
from reconciler.errors import ReconcilerError
from reconciler.manifest.schema.estimators import table
from reconciler.model_file.boosters import lightgbm_file, xgboost_file
from reconciler.training.boosters import fit as boosters
from tests.inputs.mutated_models import sweep
from tests.support import small_models
from tests.support.small_boosters import CLASSES, own_scores

_SMALL = {
    "n_estimators": 12,
    "num_leaves": 60,
    "max_leaves": 60,
    "max_depth": 9,
    "num_parallel_tree": 3,
    "max_bin": 400,
}


def value(name: str, forms: list[dict[str, Any]], chance: random.Random) -> Param:
    form = chance.choice(forms)
    low, high = form.get("min", 0), form.get("max", 50)
    match form["type"]:
        case "none":
            return None
        case "boolean":
            return chance.random() < 0.5
        case "choice":
            choice: Param = chance.choice(form["values"])
            return choice
        case "integer":
            return chance.randint(low, min(high, _SMALL.get(name, 200)))
        case _:
            drawn = chance.choice((low, high, low + 1e-3, chance.uniform(low, min(high, low + 3))))
            beside = (drawn == low and form.get("minOpen")) or (drawn == high and form.get("maxOpen"))
            return float(low + 0.25 if beside else drawn)


def case(seed: int, number: int, models: list[Any]) -> tuple[str, Any, bytes]:
    """The n-th estimator of a seed, its classes and columns."""
    del models
    chance = random.Random(f"{seed}-{number}")
    uses = chance.choice(sorted(CLASSES))
    classes = chance.choice((0, 0, 2, 2, 3, 5))
    name = CLASSES[uses][not classes]
    params = table()[name]["params"]
    chosen = chance.sample(sorted(params), chance.randint(0, 6))
    given = {each: value(each, params[each], chance) for each in {*chosen, "n_estimators"}}
    columns = "".join(chance.choice("nnncb") for _ in range(chance.randint(1, 7)))
    monotonic = tuple((f"c{place}", chance.choice(("increasing", "decreasing"))) for place in range(len(columns)))
    estimator = Estimator(
        uses=uses,
        class_name=name,
        params=tuple(sorted(given.items())),
        monotonic=tuple(pair for pair in monotonic if columns[int(pair[0][1:])] != "c")[:2] or None
        if chance.random() < 0.3 and classes < 3
        else None,
        interactions=(("c0", f"c{len(columns) - 1}"),) if chance.random() < 0.3 and len(columns) > 1 else None,
    )
    return f"{estimator}, {columns}, {classes}", (estimator, columns, classes, number), b""


def outcome(small: Any, body: bytes) -> str:
    """How training, writing and loading ended."""
    del body
    estimator, columns, classes, number = small
    of = small_models.schema(classes, columns)
    chance = np.random.default_rng(number)
    matrix = small_models.matrix(of, chance)
    score = np.nan_to_num(matrix).sum(axis=1) + chance.normal(size=len(matrix))
    targets = np.digitize(score, np.quantile(score, np.linspace(0, 1, classes + 1)[1:-1])) if classes else np.exp(score)
    write = {"lightgbm": boosters.write_lightgbm, "xgboost": boosters.write_xgboost}[estimator.uses]
    file = {"lightgbm": lightgbm_file, "xgboost": xgboost_file}[estimator.uses]
    try:
        native = write(estimator, of, matrix, targets, number, chance.random(len(matrix)) + 0.1)
    except Exception as error:  # noqa: BLE001 - the library says no
        return f"refused by the library: {type(error).__name__}"
    try:
        model = file.load(file.dump(native, tuple(range(classes)) or None), of)
    except ReconcilerError as error:
        return f"UNEXPECTED {error}"
    if not (own_scores(model.file.name, native, of, matrix) == model.raw(matrix)).all():
        return "UNEXPECTED scores"
    outputs = model.predict_proba(matrix) if classes else model.predict(matrix)
    return "the same" if np.isfinite(outputs).all() else "not finite"


def main() -> None:
    warnings.simplefilter("ignore")
    print(json.dumps(sweep(int(sys.argv[1]), int(sys.argv[2]), [], case, outcome)))


if __name__ == "__main__":
    main()
