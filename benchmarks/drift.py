"""Measure data drift: rows to predict against the reference of a model, from selected rows to the verdicts.

python benchmarks/drift.py [ROWS] [FEATURES]      (default: 100,000 rows x 100 features, a fifth of them categories)

Bar: 5 s of processor time for the selection from a Parquet table and the measurement together, the model's predictions
included; the time that passed is printed beside it.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(HERE))

import numpy as np  # noqa: E402
import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402

from reconciler.core.artifact.data_snapshot import TableColumn  # noqa: E402
from reconciler.core.digest import digest_of_file  # noqa: E402
from reconciler.core.spec.environment import Limits  # noqa: E402
from reconciler.core.spec.recipe import (  # noqa: E402
    Estimator,
    Features,
    Holdout,
    Outcome,
    OutcomeClass,
    Recipe,
    Selection,
    Task,
)
from reconciler.data.in_process import LocalData  # noqa: E402
from reconciler.ports import MeasureDriftRequest, SelectionKind, SelectRequest, TableFile, TrainRequest  # noqa: E402
from reconciler.scoring.in_process import LocalScorer  # noqa: E402
from reconciler.training import fit  # noqa: E402
from reconciler.training.runtime_check import runtime_here  # noqa: E402

BAR = 5.0
LIMITS = Limits()
SHIFTED = "n0"


def main(rows: int, features: int) -> int:
    """Train on a tenth as many rows, measure, and compare with the bar."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        recipe = recipe_of(features)
        trained = table_of(folder / "trained.parquet", recipe, max(2000, rows // 10), seed=1, is_open=False)
        today = table_of(folder / "today.parquet", recipe, rows, seed=2, is_open=True)
        artifact = train(folder / "artifact", recipe, trained)
        start, used = time.perf_counter(), time.process_time()
        select(folder / "selected", recipe, today, SelectionKind.PREDICT)
        selected = time.perf_counter()
        measured = LocalScorer().measure_drift(
            MeasureDriftRequest(artifact=artifact, rows=folder / "selected" / "predict.parquet", limits=LIMITS)
        )
        end, used = time.perf_counter(), time.process_time() - used
        drift = measured.drift
        assert drift is not None
        assert [each.feature for each in drift.features if each.verdict.rank] == [SHIFTED], "one feature has shifted"
        size = (artifact / "reference.json").stat().st_size
        print(f"{rows:,} rows x {features} features: select {selected - start:.2f} s, measure {end - selected:.2f} s")
        print(f"together {end - start:.2f} s, {used:.2f} s of processor time (bar {BAR:g} s)")
        print(f"reference {size:,} bytes; {SHIFTED} found, no other")
        return 0 if used <= BAR else 1


def recipe_of(features: int) -> Recipe:
    """Return a recipe of so many features, a fifth of them categories."""
    categories = max(1, features // 5)
    return Recipe(
        task=Task.CLASSIFICATION,
        data=Selection(table="t", key="id", predict="y is null"),
        outcome=Outcome(column="y", classes=(OutcomeClass(name="no"), OutcomeClass(name="yes"))),
        features=Features(
            numeric=tuple(f"n{index}" for index in range(features - categories)),
            categorical=tuple(f"c{index}" for index in range(categories)),
        ),
        estimator=Estimator(uses="sklearn", class_name="HistGradientBoostingClassifier", params=(("max_iter", 30),)),
        holdout=Holdout(random=0.2),
        seed=1,
    )


def table_of(path: Path, recipe: Recipe, rows: int, *, seed: int, is_open: bool) -> TableFile:
    """Write a table of random rows, each with its outcome or all of them open; open ones have one feature shifted."""
    chance = np.random.default_rng(seed)
    columns: dict[str, object] = {"id": pa.array([f"{seed}-{index:09d}" for index in range(rows)])}
    for name in recipe.features.numeric:
        values = chance.normal(size=rows) + (1.0 if is_open and name == SHIFTED else 0.0)
        columns[name] = pa.array(values, mask=chance.random(rows) < 0.02)
    for name in recipe.features.categorical:
        columns[name] = pa.array(np.asarray([f"category {n}" for n in range(30)])[chance.integers(0, 30, rows)])
    outcome = [None] * rows if is_open else np.where(chance.random(rows) < 0.5, "yes", "no")
    columns["y"] = pa.array(outcome, type=pa.string())
    pq.write_table(pa.table(columns), path)
    types = dict.fromkeys(columns, "VARCHAR") | dict.fromkeys(recipe.features.numeric, "DOUBLE")
    described = tuple(TableColumn(name=name, type=kind) for name, kind in types.items())
    return TableFile(name="t", path=path, rows=rows, columns=described)


def select(into: Path, recipe: Recipe, table: TableFile, want: SelectionKind) -> object:
    """Select the rows of a table for one purpose."""
    into.mkdir()
    return LocalData().select(
        SelectRequest(recipe=recipe, tables=(table,), as_of="2026-01-01", want=want, into=into, limits=LIMITS)
    )


def train(into: Path, recipe: Recipe, table: TableFile) -> Path:
    """Train a model on a table and return the folder of its artifact."""
    rows = into.with_name("fit")
    selected = select(rows, recipe, table, SelectionKind.FIT)
    fit.train(
        TrainRequest(
            recipe=recipe,
            selected=selected,  # type: ignore[arg-type]
            train=rows / "train.parquet",
            holdout=rows / "holdout.parquet",
            evaluation_rows=digest_of_file(rows / "holdout.parquet"),
            tables=(("t", tuple((column.name, column.type) for column in table.columns)),),
            runtime=runtime_here(),
            into=into,
            limits=LIMITS,
        )
    )
    return into


if __name__ == "__main__":
    numbers = [int(text.replace(",", "")) for text in sys.argv[1:]]
    sys.exit(main(*(numbers + [100_000, 100][len(numbers) :])))
