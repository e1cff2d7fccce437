"""Create a temporary project with one wide numeric table, for the benchmarks."""

from __future__ import annotations

import platform
import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
ESTIMATOR = {"max_iter": 100}

FILES = {
    "reconciler.yaml": "apiVersion: reconciler/v1\nkind: Project\nmetadata: {name: bench}\n",
    ".gitignore": "data/\n.reconciler/\nserving/\n",
    "environments/sandbox.yaml": """\
apiVersion: reconciler/v1
kind: Environment
metadata: {name: sandbox}
spec:
  role: sandbox
  data: {copyFrom: production, maxAge: 24h}
  runtime: {lock: requirements.lock, python: "3.11", architecture: ARCHITECTURE}
""",
    "environments/production.yaml": """\
apiVersion: reconciler/v1
kind: Environment
metadata: {name: production}
spec:
  role: production
  promotesFrom: [sandbox]
  data:
    tables:
      rows: {uses: parquet, path: data/rows.parquet}
  target: {uses: directory, root: serving}
  policy:
    gates: [{uses: threshold, metric: accuracy, atLeast: 0.2}]
""",
    "manifests/sandbox/wide.yaml": """\
apiVersion: reconciler/v1
kind: Model
metadata: {name: wide}
spec:
  recipe:
    task: classification
    data: {from: rows, key: id}
    outcome: {column: y, classes: ["0", "1", "2"]}
    features: {numeric: [FEATURES]}
    estimator: {uses: sklearn, class: HistGradientBoostingClassifier, params: {max_iter: 100}}
    holdout: {random: 20%}
    seed: SEED
""",
}


def make_project(folder: Path, *, rows: int, columns: int) -> Path:
    """Create a committed project in `folder`, with a table from a fixed seed."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    chance = np.random.default_rng(1)
    values = chance.normal(size=(rows, columns))
    score = values[:, 0] + 0.5 * values[:, 1] * values[:, 2] + chance.normal(size=rows)
    table = {f"x{index}": values[:, index] for index in range(columns)}
    outcome = np.digitize(score, [-0.7, 0.7])
    for path, text in FILES.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        filled = text.replace("ARCHITECTURE", platform.machine()).replace("FEATURES", ", ".join(table))
        target.write_text(filled.replace("SEED", "7"))
    (folder / "requirements.lock").write_text((REPOSITORY / "requirements.lock").read_text())
    (folder / "data").mkdir()
    ids = [f"{number:08d}" for number in range(rows)]
    pq.write_table(pa.table({"id": ids, **table, "y": outcome}), folder / "data/rows.parquet")
    commit_all(folder)
    return folder


def commit_all(folder: Path) -> None:
    """Make a folder a git repository with one commit of all that is in it."""
    for command in (
        ["init", "-q", "-b", "main"],
        ["config", "user.name", "Bench"],
        ["config", "user.email", "bench@example.org"],
        ["add", "-A"],
        ["commit", "-q", "-m", "Bench"],
    ):
        subprocess.run(["git", *command], cwd=folder, check=True)


def reseed(folder: Path, seed: int) -> None:
    """Commit another seed of the recipe, so that there is a model to train."""
    import re

    path = folder / "manifests/sandbox/wide.yaml"
    path.write_text(re.sub(r"seed: \d+", f"seed: {seed}", path.read_text()))
    subprocess.run(["git", "commit", "-q", "-am", f"Seed {seed}"], cwd=folder, check=True)
