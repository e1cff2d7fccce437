"""Compare training through the reconciler with a bare script, in one run."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.plan_cost import Cost, cost, median_wall, tell, tell_if_busy
from benchmarks.project import make_project, reseed
from reconciler.core.spec.runtime import fixed_environment

ROWS, COLUMNS, RUNS = 100_000, 20, 5

BARE = """
import sys
import numpy as np, pandas as pd, skops.io
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score, log_loss, confusion_matrix
rows = pd.read_parquet("data/rows.parquet").sort_values("id")
chance = np.random.default_rng(0)
holdout = chance.random(len(rows)) < 0.2
X, y = rows.drop(columns=["id", "y"]).to_numpy(), rows["y"].to_numpy()
model = HistGradientBoostingClassifier(max_iter=100, random_state=int(sys.argv[1])).fit(X[~holdout], y[~holdout])
p = model.predict_proba(X[holdout])
guess = p.argmax(axis=1)
accuracy_score(y[holdout], guess), balanced_accuracy_score(y[holdout], guess), log_loss(y[holdout], p)
f1_score(y[holdout], guess, average="macro"), confusion_matrix(y[holdout], guess)
skops.io.dump(model, "data/bare.skops")
"""


def main() -> None:
    """Measure both in turn and print the difference."""
    with tempfile.TemporaryDirectory() as scratch:
        project = make_project(Path(scratch), rows=ROWS, columns=COLUMNS)
        (project / "data/bare.py").write_text(BARE)
        apply = [str(Path(sys.executable).parent / "reconciler"), "apply", "sandbox", "--yes"]
        fixed = fixed_environment(os.environ, architecture=os.uname().machine)  # the same threads and kernels
        cost(apply, project, dict(os.environ))  # takes the snapshot, which is fresh from here on
        bare: list[Cost] = []
        applies: list[Cost] = []
        for run in range(RUNS):
            seed = 100 + run
            reseed(project, seed)
            bare.append(cost([sys.executable, "data/bare.py", str(seed)], project, fixed))
            applies.append(cost(apply, project, dict(os.environ)))
    print(f"{ROWS:,} rows x {COLUMNS} columns, {RUNS} runs in turn, medians [least - most]")
    tell("bare script", bare)
    tell("reconciler apply", applies)
    a, b = median_wall(bare), median_wall(applies)
    bar = a * 1.05 + 0.6
    print(f"{'more':24} {b - a:+7.3f} s, x{b / a:.2f}; the bar is {bar:.2f} s: {'met' if b <= bar else 'MISSED'}")
    tell_if_busy()


if __name__ == "__main__":
    main()
