"""The same fingerprint gives the same digest: other folders, hash seeds, thread counts, CPU settings, one core.

`make test` tries the settings at once on small tables, `make soak` each on 5,000 rows of 30 columns; all of it is
`ROWS=10000 make soak`.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reconciler.core.artifact.oci_artifact import DECISION_FILE, MEDIA_TYPES
from tests.support.effort import FULL, count
from tests.support.warm_start import warm_workers

ROWS, COLUMNS = count("ROWS"), count("COLUMNS")

# What every script below begins with: `request` for one training.
REQUEST = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from reconciler.adapters.executors.worker_process import WorkerProcess
from reconciler.adapters.executors.compute import TrainingWorker
from reconciler.core.digest import digest_of_file
from reconciler.core.spec.environment import Limits
from reconciler.core.spec.recipe import Estimator, Features, Holdout, Outcome, OutcomeClass, Recipe, Selection, Task
from reconciler.core.spec.recipe import blend_of
from reconciler.errors import TrainingError
from reconciler.ports import SelectResult, TrainResult, TrainRequest
from reconciler.training.runtime_check import runtime_here

def request(folder, into, name, columns):
    task = Task.REGRESSION if name == "Ridge" else Task.CLASSIFICATION
    classes = () if name == "Ridge" else tuple(OutcomeClass(name=label) for label in ("a", "b", "c"))
    params = {
        "HistGradientBoostingClassifier": (("max_iter", 10),),
        "RandomForestClassifier": (("n_estimators", 10),),
        "GradientBoostingClassifier": (("n_estimators", 5),),
    }
    def alone(name):
        return Estimator(uses="sklearn", class_name=name, params=params.get(name, ()))
    members = ("HistGradientBoostingClassifier", "LogisticRegression", "RandomForestClassifier")
    blend = blend_of(tuple((f"m{place}", alone(member)) for place, member in enumerate(members)), 2)
    recipe = Recipe(
        task=task, data=Selection(table="t", key="key"), outcome=Outcome(column="y", classes=classes),
        features=Features(numeric=tuple(f"x{i}" for i in range(columns)), categorical=("account",)),
        estimator=blend if name == "Blend" else alone(name),
        holdout=Holdout(random=0.2), seed=3,
    )
    holdout = folder / f"holdout-{task.value}.parquet"
    return TrainRequest(
        recipe=recipe, selected=SelectResult(rows=1, holdout_rows=1, holdout_from=None, left_out=()),
        train=folder / f"train-{task.value}.parquet", holdout=holdout, evaluation_rows=digest_of_file(holdout),
        tables=(), runtime=runtime_here(), into=into, limits=Limits(),
    )

folder, into, columns, names = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]
"""

# Each estimator in a worker of the real adapter, started by a process with its own environment.
TRAIN = f"""{REQUEST}
trainer = TrainingWorker()
for name in names:
    trainer.train(request(folder, into / name, name, columns))
trainer.close()
"""

# Each estimator in a process of its own, that nothing was forked from or for.
COLD = f"""{REQUEST}
for name in names:
    worker = WorkerProcess("reconciler.training", failure=TrainingError)
    worker.call("train", request(folder, into / name, name, columns), TrainResult, Limits())
    worker.close()
"""

# One trainer, four trainings at once.
SEVERAL = f"""{REQUEST}
trainer = TrainingWorker()
trainer.warm(Limits(), at_once=4)
asked = [request(folder, into / f"{{place}}", name, columns) for place, name in enumerate(names)]
with ThreadPoolExecutor(4) as pool:
    list(pool.map(trainer.train, asked))
trainer.close()
"""

SETTINGS: dict[str, tuple[dict[str, str], tuple[str, ...]]] = {
    "as it is": ({}, ()),
    "another hash seed": ({"PYTHONHASHSEED": "123"}, ()),
    "one OpenMP thread": ({"OMP_NUM_THREADS": "1"}, ()),
    "four OpenMP threads": ({"OMP_NUM_THREADS": "4"}, ()),
    "four BLAS threads": ({"OPENBLAS_NUM_THREADS": "4", "MKL_NUM_THREADS": "4"}, ()),
    "CPU features set": ({"NPY_DISABLE_CPU_FEATURES": "", "NPY_ENABLE_CPU_FEATURES": ""}, ()),
    "one core": ({}, ("taskset", "-c", "0")),
    "all of them at once": (
        {"PYTHONHASHSEED": "123", "OMP_NUM_THREADS": "4", "OPENBLAS_NUM_THREADS": "4", "NPY_ENABLE_CPU_FEATURES": ""},
        ("taskset", "-c", "0"),
    ),
}
# What such a training writes: none of these recipes declares how to decide.
FILES = MEDIA_TYPES.keys() - {DECISION_FILE}
QUICK = ("one OpenMP thread", "all of them at once")
ESTIMATORS = (
    "HistGradientBoostingClassifier",
    "RandomForestClassifier",
    "GradientBoostingClassifier",
    "LogisticRegression",
    "Ridge",
    "Blend",
)


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tables")
    for part, rows in (("train", ROWS), ("holdout", ROWS // 5)):
        chance = np.random.default_rng(len(part))
        x = chance.normal(size=(rows, COLUMNS)).astype(np.float64)
        account = chance.integers(0, 200, rows)
        score = x[:, 0] + x[:, 1] * (account % 3) + chance.normal(size=rows)
        columns = {f"x{index}": x[:, index] for index in range(COLUMNS)}
        common = {"key": [f"{n:09d}" for n in range(rows)], **columns, "account": [f"{10**12 + a}" for a in account]}
        labels = np.digitize(score, [-0.5, 0.5]).astype(np.int32)
        for task, outcome in (("classification", labels), ("regression", score)):
            pq.write_table(pa.table({**common, "outcome": outcome}), folder / f"{part}-{task}.parquet")
    return folder


@pytest.mark.soak
@pytest.mark.needs("taskset")
def test_surroundings_do_not_change_a_byte(tables: Path, tmp_path: Path) -> None:
    found: dict[str, dict[str, str]] = {}
    for label in SETTINGS if FULL else QUICK:
        changes, prefix = SETTINGS[label]
        into = tmp_path / label
        into.mkdir()
        # What is the same in any surroundings is the same in a worker that is forked from the tests' warm process, too.
        worker = warm_workers() if label == "one OpenMP thread" and not FULL else sys.executable
        script = f"import sys; sys.executable = {worker!r}\n{TRAIN}"
        subprocess.run(
            [*prefix, sys.executable, "-c", script, str(tables), str(into), str(COLUMNS), *ESTIMATORS],
            check=True,
            env={**os.environ, **changes},
            cwd=into,
        )
        found[label] = {
            str(path.relative_to(into)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(into.rglob("*"))
            if path.is_file()
        }
    first = next(iter(found.values()))
    assert set(first) == {f"{name}/{file}" for name in ESTIMATORS for file in FILES}
    assert {label: files for label, files in found.items() if files != first} == {}


@pytest.mark.soak(only=True)
def test_forks_of_one_warm_process_several_at_once_give_the_bytes_of_a_cold_one(tables: Path, tmp_path: Path) -> None:
    names = ESTIMATORS * 2
    subprocess.run([sys.executable, "-c", SEVERAL, str(tables), str(tmp_path), str(COLUMNS), *names], check=True)
    cold = tmp_path / "cold"
    cold.mkdir()
    subprocess.run([sys.executable, "-c", COLD, str(tables), str(cold), str(COLUMNS), *ESTIMATORS], check=True)
    for place, name in enumerate(ESTIMATORS):
        expected = {path.name: path.read_bytes() for path in (cold / name).iterdir()}
        assert set(expected) == FILES
        for warm in (tmp_path / str(place), tmp_path / str(place + len(ESTIMATORS))):
            assert {path.name: path.read_bytes() for path in warm.iterdir()} == expected, name
