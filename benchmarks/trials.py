"""Compare the trials of an experiment with a bare script that fits and judges the same recipes on folds, in one run.

`python benchmarks/trials.py [--trials N]`. What a trial costs is the difference of a long and a short experiment,
so that starting up, selecting the rows and judging the winner, which are done once, do not count.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.plan_cost import cost, tell_if_busy
from benchmarks.project import make_project
from reconciler.core.spec.runtime import fixed_environment

ROWS, COLUMNS, FEW, BAR = 10_000, 10, 8, 0.10
EXPERIMENT = """\
apiVersion: reconciler/v1
kind: Experiment
metadata: {name: NAME}
spec:
  model: wide
  environment: sandbox
  metric: f1_macro
  folds: {count: 3}
  trials: TRIALS
  search: {uses: random, batch: 8, seed: 1}
  space:
    estimator:
      - uses: sklearn
        class: HistGradientBoostingClassifier
        params:
          learning_rate: {log: [0.02, 0.3]}
          max_iter: {int: [10, 30]}
          max_leaf_nodes: {int: [7, 31]}
"""
BARE = """
import json, sys
import numpy as np, pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score, log_loss
from sklearn.model_selection import StratifiedKFold
rows = pd.read_parquet("data/rows.parquet").sort_values("id")[: int(sys.argv[2])]
X, y = rows.drop(columns=["id", "y"]).to_numpy(), rows["y"].to_numpy()
folds = [(X[a], y[a], X[b], y[b]) for a, b in StratifiedKFold(3, shuffle=True, random_state=0).split(X, y)]
for params in json.loads(open(sys.argv[1]).read()):
    for x_train, y_train, x_test, y_test in folds:
        model = HistGradientBoostingClassifier(random_state=7, early_stopping=False, **params).fit(x_train, y_train)
        p = model.predict_proba(x_test)
        guess = p.argmax(axis=1)
        f1_score(y_test, guess, average="macro"), accuracy_score(y_test, guess)
        balanced_accuracy_score(y_test, guess), log_loss(y_test, p)
"""


def main() -> None:
    """Measure both and print what a trial costs in each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=200)
    trials = parser.parse_args().trials
    reconciler = str(Path(sys.executable).parent / "reconciler")
    with tempfile.TemporaryDirectory() as scratch:
        project = make_project(Path(scratch), rows=ROWS, columns=COLUMNS)
        (project / "data/bare.py").write_text(BARE)
        (project / "experiments").mkdir()
        wanted = {"short": FEW, "long": FEW + trials}
        for name, count in wanted.items():
            text = EXPERIMENT.replace("NAME", name).replace("TRIALS", str(count))
            seeded = text.replace("seed: 1", f"seed: {count}")  # no trial of the one is found again by the other
            (project / f"experiments/{name}.yaml").write_text(seeded)
        for command in ("add -A", "commit -qm Trials"):
            subprocess.run(["git", *command.split()], cwd=project, check=True)
        cost([reconciler, "apply", "sandbox", "--yes"], project, dict(os.environ))
        fixed = fixed_environment(os.environ, architecture=os.uname().machine) | {"OMP_NUM_THREADS": "1"}
        ours, bare, known = {}, {}, set[str]()
        for name in wanted:
            run = [reconciler, "experiment", "run", name, "--jobs", "1"]
            ours[name] = cost(run, project, dict(os.environ)).cpu
            found = {path.name: json.loads(path.read_text()) for path in project.glob(".reconciler/sandbox/trials/*")}
            tried = [found[key]["recipe"]["estimator"]["params"] for key in sorted(found.keys() - known)]
            known |= found.keys()
            (project / f"data/{name}.json").write_text(json.dumps(tried))
            rows = str(ROWS * 4 // 5)
            bare[name] = cost([sys.executable, "data/bare.py", f"data/{name}.json", rows], project, fixed).cpu
    per_trial = {name: (each["long"] - each["short"]) / trials for name, each in (("ours", ours), ("bare", bare))}
    more = per_trial["ours"] / per_trial["bare"] - 1
    print(f"{ROWS:,} rows x {COLUMNS} columns, {trials} trials on 3 folds, processor time of a trial")
    print(f"{'bare scikit-learn':24} {per_trial['bare'] * 1000:8.1f} ms")
    print(f"{'experiment run':24} {per_trial['ours'] * 1000:8.1f} ms")
    print(f"{'more':24} {more:+8.1%}; the bar is {BAR:.0%}: {'met' if more <= BAR else 'MISSED'}")
    print(f"{'once for an experiment':24} {ours['short'] - FEW * per_trial['ours']:8.1f} s")
    tell_if_busy()


if __name__ == "__main__":
    main()
