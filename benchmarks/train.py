"""Training through the reconciler against a bare script, in one run: what does the loop cost?"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.project import make_project, reseed
from reconciler.core.runtime import fixed_environment

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


def timed(command: list[str], folder: Path, environment: dict[str, str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, cwd=folder, env=environment)
    return time.perf_counter() - started


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        project = make_project(Path(scratch), rows=ROWS, columns=COLUMNS)
        reconciler = str(Path(sys.executable).parent / "reconciler")
        (project / "data/bare.py").write_text(BARE)
        fixed = fixed_environment(os.environ, architecture=os.uname().machine)  # the same threads and kernels
        ours_environment = dict(os.environ)
        timed(
            [reconciler, "apply", "sandbox", "--yes"], project, ours_environment
        )  # the snapshot is fresh from here on
        bare, ours = [], []
        for run in range(RUNS):
            reseed(project, 100 + run)
            bare.append(timed([sys.executable, "data/bare.py", str(100 + run)], project, fixed))
            ours.append(timed([reconciler, "apply", "sandbox", "--yes"], project, ours_environment))
        a, b = statistics.median(bare), statistics.median(ours)
        bar = a * 1.05 + 0.6
        print(f"bare script            {a:.2f} s  [{min(bare):.2f} - {max(bare):.2f}]")
        print(f"reconciler apply       {b:.2f} s  [{min(ours):.2f} - {max(ours):.2f}]")
        verdict = "met" if b <= bar else "MISSED"
        print(f"more                   {b - a:+.2f} s, x{b / a:.2f}; the bar is {bar:.2f} s: {verdict}")


if __name__ == "__main__":
    main()
