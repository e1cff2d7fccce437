"""Explain predictions: what the top three factors of each record cost, beside plain predictions of the same records.

python benchmarks/explain.py [ROWS] [FEATURES] [ESTIMATOR ...]   (default: 100,000 rows x 20 features; all estimators)

Bar: 60 s of processor time for 100,000 records with 20 features, by boosting, by a linear model and by a forest of 200
trees. The ratio to plain predictions (their table written, as the explained ones) is measured in the same run.
"""

from __future__ import annotations

import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(HERE))

from benchmarks import drift  # noqa: E402
from reconciler.core.prediction.prediction_columns import PredictionColumns, TableForm  # noqa: E402
from reconciler.core.spec.recipe import Estimator  # noqa: E402
from reconciler.ports import PredictRequest, SelectionKind  # noqa: E402
from reconciler.scoring.in_process import LocalScorer  # noqa: E402

BAR = 60.0
ESTIMATORS = {
    "linear": Estimator(uses="sklearn", class_name="LogisticRegression", params=(("max_iter", 1000),)),
    "boosting": Estimator(uses="sklearn", class_name="HistGradientBoostingClassifier"),
    "forest": Estimator(
        uses="sklearn", class_name="RandomForestClassifier", params=(("min_samples_leaf", 3), ("n_estimators", 200))
    ),
}


def main(rows: int, features: int, names: list[str]) -> int:
    """Train on 5,000 rows, predict and explain the others, and compare with the bar."""
    slow = False
    with tempfile.TemporaryDirectory() as scratch:
        for name in names or list(ESTIMATORS):
            folder = Path(scratch) / name
            folder.mkdir()
            recipe = replace(drift.recipe_of(features), estimator=ESTIMATORS[name])
            trained = drift.table_of(folder / "trained.parquet", recipe, 5000, seed=1, is_open=False)
            today = drift.table_of(folder / "today.parquet", recipe, rows, seed=2, is_open=True)
            artifact = drift.train(folder / "artifact", recipe, trained)
            drift.select(folder / "selected", recipe, today, SelectionKind.PREDICT)
            plain, explained = (predicted(folder, artifact, top) for top in (0, 3))
            slow |= explained[0] > BAR
            how = explained[1]
            print(
                f"{name}: predict {plain[0]:.2f} s, explain {explained[0]:.2f} s of processor time "
                f"({explained[0] / plain[0]:.1f} times), {how} (bar {BAR:g} s)"
            )
    return int(slow)


def predicted(folder: Path, artifact: Path, top: int) -> tuple[float, str]:
    """Return the processor time of one prediction, and how it was explained."""
    used = time.process_time()
    result = LocalScorer().predict(
        PredictRequest(
            artifact=artifact,
            rows=folder / "selected" / "predict.parquet",
            out=folder / "log.csv",
            limits=drift.LIMITS,
            table=folder / "out.csv",
            form=TableForm.CSV,
            columns=PredictionColumns(key="id", top=top),
        )
    )
    how = result.explained
    return time.process_time() - used, f"{how.method.value}, {how.orders} orders" if how is not None else ""


if __name__ == "__main__":
    numbers = [int(text.replace(",", "")) for text in sys.argv[1:] if text[0].isdigit()]
    chosen = [text for text in sys.argv[1:] if not text[0].isdigit()]
    rows, features = numbers + [100_000, 20][len(numbers) :]
    sys.exit(main(rows, features, chosen))
