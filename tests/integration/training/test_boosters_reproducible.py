"""LightGBM and XGBoost give the same bytes at 1, 2 and 4 threads, with any hash seed, in any folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.effort import FULL
from tests.support.project import REPOSITORY

pytestmark = pytest.mark.needs("lightgbm")

# In a process of its own: how many threads a library has is decided when it is loaded.
TRAIN = """
import sys
from dataclasses import replace
from pathlib import Path
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from reconciler.core.digest import digest_of_file
from reconciler.core.spec.recipe import Estimator, OutcomeClass
from reconciler.training import fit
from tests.unit.training import test_determinism as cases

into, rows = Path(sys.argv[1]), int(sys.argv[2])
for uses, name, params in (
    ("lightgbm", "LGBM", (("n_estimators", 15), ("subsample", 0.7), ("subsample_freq", 1))),
    ("xgboost", "XGB", (("colsample_bynode", 0.7), ("n_estimators", 15), ("subsample", 0.7))),
):
    for kind in ("Classifier", "Regressor"):
        folder = into / f"{name}{kind}"
        folder.mkdir(parents=True)
        like = {"Classifier": "GaussianNB", "Regressor": "Ridge"}[kind]
        asked = cases.request(folder, like, folder / "artifact")
        pq.write_table(cases.rows(rows, 0, classifies=kind == "Classifier"), asked.train)
        estimator = Estimator(uses=uses, class_name=f"{name}{kind}", params=params, monotonic=None)
        if kind == "Regressor":
            estimator = replace(estimator, monotonic=(("n0", "increasing"),), interactions=(("n0", "account"),))
        made = fit.train(replace(asked, recipe=replace(asked.recipe, estimator=estimator)))
        print(name, kind, *(digest_of_file(folder / "artifact" / file) for file in made.files))
"""


def trained(folder: Path, threads: int) -> str:
    run = subprocess.run(
        [sys.executable, "-c", TRAIN, str(folder), "6000" if FULL else "2500"],
        cwd=REPOSITORY,
        env={
            **os.environ,
            "OMP_NUM_THREADS": str(threads),
            "OPENBLAS_NUM_THREADS": "1",
            "PYTHONHASHSEED": str(threads),
            "PYTHONPATH": str(REPOSITORY),
        },
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return run.stdout


@pytest.mark.soak
def test_the_same_rows_give_the_same_bytes_at_any_number_of_threads(tmp_path: Path) -> None:
    once = trained(tmp_path / "one", 1)
    assert once.count("sha256:") == 4 * 6
    for threads in (2, 4) if FULL else (4,):
        assert trained(tmp_path / f"{threads} threads", threads) == once
