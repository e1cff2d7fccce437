"""Compare `improve` with FLAML and with scikit-learn's own search: same rows, about the same processor time.

`python benchmarks/improve.py [--seeds N] [--trials N] [--only TABLE]`. FLAML needs an environment of its own: the
variable FLAML names its interpreter; where it is not set, FLAML is left out and said so. Rows of the last fifth of the
days judge, and nothing is chosen by them.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.plan_cost import cost, tell_if_busy
from benchmarks.project import FILES, REPOSITORY

DAYS, HELD_OUT = 1000, 200
MODEL = """\
apiVersion: reconciler/v1
kind: Model
metadata: {name: wide}
spec:
  recipe:
    task: classification
    data: {from: rows, key: id}
    outcome: {column: y, classes: [CLASSES]}
    features: {numeric: [NUMERIC], categorical: [CATEGORICAL]}
    estimator: {uses: sklearn, class: HistGradientBoostingClassifier, params: {max_iter: 100}}
    holdout: {last: 20%, by: day}
    seed: SEED
"""
SHARED = """
import json, sys
import numpy as np, pandas as pd
from sklearn.metrics import f1_score, log_loss
seed, budget, trials = int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
rows = pd.read_parquet("data/rows.parquet").sort_values(["day", "id"])
day = rows["day"].rank(method="dense").to_numpy() - 1
X, y = rows.drop(columns=["id", "day", "y"]), rows["y"].to_numpy()
for name in X.select_dtypes(exclude="number"):
    X[name] = X[name].astype("category")
held = day >= 800
"""
TOLD = """
p = model.predict_proba(X[held])
guess = model.predict(X[held])
print(json.dumps({"f1_macro": f1_score(y[held], guess, average="macro"), "log_loss": log_loss(y[held], p)}))
"""
SKLEARN = (
    SHARED
    + """
from scipy.stats import loguniform, randint
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import RandomizedSearchCV, TimeSeriesSplit
space = {"learning_rate": loguniform(0.02, 0.3), "max_leaf_nodes": randint(7, 64), "max_iter": randint(50, 300),
         "min_samples_leaf": randint(5, 100), "l2_regularization": loguniform(0.001, 10),
         "class_weight": [None, "balanced"]}
search = RandomizedSearchCV(HistGradientBoostingClassifier(categorical_features="from_dtype", random_state=seed), space,
                            n_iter=trials, scoring="f1_macro", cv=TimeSeriesSplit(3), random_state=seed)
model = search.fit(X[~held], y[~held])
"""
    + TOLD
)
FLAML = (
    SHARED
    + """
from flaml import AutoML
model = AutoML()
model.fit(X[~held], y[~held], task="classification", metric="macro_f1", time_budget=budget, n_jobs=2, seed=seed,
          verbose=0)
"""
    + TOLD
)


def credit(seed: int) -> tuple[Any, Any]:
    """Return 30,000 rows x 23 numbers with 22 % positives, and their outcome."""
    import numpy as np
    import pandas as pd

    chance = np.random.default_rng(seed)
    values = chance.normal(size=(30_000, 23))
    values[:, 12:] = np.exp(values[:, 12:])
    score = 0.9 * values[:, 0] + values[:, 1] * values[:, 2] + np.log(values[:, 12]) - 0.6 * (values[:, 3] > 1)
    score += chance.logistic(size=30_000) * 1.4
    return pd.DataFrame(values, columns=[f"x{i}" for i in range(23)]), score > np.quantile(score, 0.78)


def mixed(seed: int) -> tuple[Any, Any]:
    """Return 12,000 rows x 17 columns of numbers and texts, and their outcome of three classes."""
    import numpy as np
    import pandas as pd

    chance = np.random.default_rng(seed)
    table = pd.DataFrame(chance.normal(size=(12_000, 10)), columns=[f"x{i}" for i in range(10)])
    for index, many in enumerate((2, 3, 5, 8, 20, 60, 4)):
        table[f"c{index}"] = [f"v{value}" for value in chance.integers(0, many, 12_000)]
    effect = {f"v{value}": size for value, size in enumerate(chance.normal(size=60) * 0.9)}
    score = (
        table["x0"] + 0.8 * table["x1"] * (table["c1"] == "v0") + table["c5"].map(effect) + chance.logistic(size=12_000)
    )
    return table.mask(chance.random(table.shape) < 0.02), np.digitize(score, np.quantile(score, [0.6, 0.88]))


TABLES = {"credit": credit, "mixed": mixed}


def make(folder: Path, table: str, seed: int) -> None:
    """Write a committed project of a table."""
    values, outcome = TABLES[table](seed)
    numeric = list(values.select_dtypes(include="number"))
    labels = [str(int(label)) for label in outcome]
    filled = MODEL.replace("CLASSES", ", ".join(f'"{label}"' for label in sorted(set(labels))))
    filled = filled.replace("NUMERIC", ", ".join(numeric)).replace("SEED", str(seed))
    filled = filled.replace("CATEGORICAL", ", ".join(name for name in values if name not in numeric))
    for path, text in {**FILES, "manifests/sandbox/wide.yaml": filled}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text.replace("ARCHITECTURE", platform.machine()))
    (folder / "requirements.lock").write_text((REPOSITORY / "requirements.lock").read_text())
    (folder / "data").mkdir()
    import pandas as pd

    values["id"] = [f"{number:08d}" for number in range(len(values))]
    values["day"] = pd.Timestamp("2022-01-01") + pd.to_timedelta(
        [n * DAYS // len(values) for n in range(len(values))], unit="D"
    )
    values["y"] = labels
    values.to_parquet(folder / "data/rows.parquet")
    for command in (
        ["init", "-q", "-b", "main"],
        ["add", "-A"],
        ["-c", "user.name=B", "-c", "user.email=b@b.example", "commit", "-qm", "B"],
    ):
        subprocess.run(["git", *command], cwd=folder, check=True, capture_output=True)


def improve(folder: Path, trials: int) -> tuple[dict[str, float], float]:
    """Return the winner's figures on the held-out rows, and the processor time of all of it."""
    reconciler = str(Path(sys.executable).parent / "reconciler")
    subprocess.run([reconciler, "data", "refresh", "sandbox", "--yes"], cwd=folder, check=True, capture_output=True)
    command = [
        reconciler,
        "improve",
        "wide",
        "--trials",
        str(trials),
        "-o",
        "json",
    ]
    took = cost(command, folder, dict(os.environ))
    told = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)  # found again
    figures = json.loads(told.stdout)["holdout"]["against"]["metrics"]
    return {each["metric"]: each["candidate"] for each in figures}, took.cpu


def peer(folder: Path, interpreter: str, script: str, *arguments: object) -> dict[str, float]:
    """Return the figures of a peer's model."""
    (folder / "data/peer.py").write_text(script)
    told = subprocess.run(
        [interpreter, "data/peer.py", *map(str, arguments)], cwd=folder, check=True, capture_output=True, text=True
    )
    figures: dict[str, float] = json.loads(told.stdout.splitlines()[-1])
    return figures


def main() -> None:
    """Print the figures of each table and seed, and the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--trials", type=int, default=60)
    parser.add_argument("--only", choices=sorted(TABLES))
    chosen = parser.parse_args()
    flaml = os.environ.get("FLAML")
    if flaml is None:
        print("(FLAML names no interpreter: not compared with it)")
    for table in [chosen.only] if chosen.only else TABLES:
        found: dict[str, list[dict[str, float]]] = {}
        for seed in range(1, chosen.seeds + 1):
            with tempfile.TemporaryDirectory() as scratch:
                folder = Path(scratch)
                make(folder, table, seed)
                figures, cpu = improve(folder, chosen.trials)
                found.setdefault("improve", []).append(figures)
                budget = cpu / 2  # two processors
                found.setdefault("scikit-learn", []).append(
                    peer(folder, sys.executable, SKLEARN, seed, budget, chosen.trials)
                )
                if flaml is not None:
                    found.setdefault("FLAML", []).append(peer(folder, flaml, FLAML, seed, budget, chosen.trials))
            line = "  ".join(
                f"{who} {each[-1]['f1_macro']:.3f} / {each[-1]['log_loss']:.3f}" for who, each in found.items()
            )
            print(f"{table} seed {seed}: {line}   ({cpu:.0f} s of processor time)", flush=True)
        for who, each in found.items():
            f1, loss = (statistics.median(one[name] for one in each) for name in ("f1_macro", "log_loss"))
            print(f"{table:8} {who:14} median F1 macro {f1:.3f}   log loss {loss:.3f}")
    tell_if_busy()


if __name__ == "__main__":
    main()
