"""Compare fifty small models in one apply with fifty bare scripts one after the other, in turn in one run.

python benchmarks/fifty_models.py [ROUNDS]      (default: 3)
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.plan_cost import Cost, cost, median_wall, tell, tell_if_busy
from benchmarks.project import make_project
from reconciler.core.spec.runtime import fixed_environment

MODELS, ROWS, COLUMNS, ROUNDS = 50, 2_000, 10, 3
BAR = 0.6  # of the scripts' time

# Module below sklearn, class, parameters: as many of each.
ESTIMATORS: tuple[tuple[str, str, dict[str, int]], ...] = (
    ("linear_model", "LogisticRegression", {}),
    ("tree", "DecisionTreeClassifier", {"max_depth": 5}),
    ("ensemble", "RandomForestClassifier", {"n_estimators": 50}),
    ("ensemble", "HistGradientBoostingClassifier", {"max_iter": 30}),
    ("ensemble", "GradientBoostingClassifier", {"n_estimators": 20}),
)

BARE = """
import numpy as np, pandas as pd, skops.io
from sklearn.MODULE import CLASS
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score, log_loss, confusion_matrix
rows = pd.read_parquet("data/rows.parquet").sort_values("id")
chance = np.random.default_rng(0)
holdout = chance.random(len(rows)) < 0.2
X, y = rows.drop(columns=["id", "y"]).to_numpy(), rows["y"].to_numpy()
model = CLASS(**PARAMS, random_state=SEED).fit(X[~holdout], y[~holdout])
p = model.predict_proba(X[holdout])
guess = p.argmax(axis=1)
accuracy_score(y[holdout], guess), balanced_accuracy_score(y[holdout], guess), log_loss(y[holdout], p)
f1_score(y[holdout], guess, average="macro"), confusion_matrix(y[holdout], guess)
skops.io.dump(model, "data/NAME.skops")
"""


def main(rounds: int) -> None:
    """Measure so many rounds and print medians and share."""
    with tempfile.TemporaryDirectory() as scratch:
        project = make_project(Path(scratch), rows=ROWS, columns=COLUMNS)
        scripts = declare(project)
        apply = [str(Path(sys.executable).parent / "reconciler"), "apply", "sandbox", "--yes"]
        fixed = fixed_environment(os.environ, architecture=os.uname().machine)  # the same threads and kernels
        bare: list[Cost] = []
        applies: list[Cost] = []
        for _ in range(rounds):
            for folder in (".reconciler", ".git/reconciler"):  # the clone remembers what it saw
                shutil.rmtree(project / folder, ignore_errors=True)
            applies.append(cost(apply, project, dict(os.environ)))
            bare.append(one_after_the_other(project, scripts, fixed))
    print(f"{MODELS} models of {ROWS:,} rows x {COLUMNS} columns, {rounds} rounds in turn, medians [least - most]")
    tell(f"{MODELS} bare scripts", bare)
    tell("one apply", applies)
    share = median_wall(applies) / median_wall(bare)
    print(f"{'share':24} {share:7.2f}     the bar is {BAR}: {'met' if share <= BAR else 'MISSED'}")
    tell_if_busy()


def declare(project: Path) -> list[Path]:
    """Commit fifty manifests instead of the project's one; return a script for each that does the same by hand."""
    manifest = project / "manifests/sandbox/wide.yaml"
    text = manifest.read_text()
    manifest.unlink()
    scripts = []
    for number in range(MODELS):
        module, name, params = ESTIMATORS[number % len(ESTIMATORS)]
        model = f"small-{number:02d}"
        arguments = ", ".join(f"{key}: {value}" for key, value in params.items())
        filled = text.replace("name: wide", f"name: {model}").replace("seed: 7", f"seed: {number}")
        filled = filled.replace(
            "HistGradientBoostingClassifier, params: {max_iter: 100}", f"{name}, params: {{{arguments}}}"
        )
        manifest.with_name(f"{model}.yaml").write_text(filled)
        script = BARE.replace("MODULE", module).replace("CLASS", name).replace("PARAMS", repr(params))
        scripts.append(project / f"data/{model}.py")
        scripts[-1].write_text(script.replace("SEED", str(number)).replace("NAME", model))
    subprocess.run(["git", "add", "-A"], cwd=project, check=True)
    subprocess.run(["git", "commit", "-q", "-m", f"{MODELS} models"], cwd=project, check=True)
    return scripts


def one_after_the_other(project: Path, scripts: list[Path], environment: dict[str, str]) -> Cost:
    """Run the scripts one after the other and return their total cost."""
    started = time.perf_counter()
    costs = [cost([sys.executable, str(path)], project, environment) for path in scripts]
    wall = time.perf_counter() - started
    return Cost(wall, sum(run.cpu for run in costs), max(run.memory for run in costs))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)
