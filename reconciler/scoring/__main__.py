"""The scoring worker: `python -m reconciler.scoring` answers requests as in `reconciler.workers.request_loop`.

With --fork-server, it forks such workers instead (`reconciler.workers.fork_server`).

check    path of an artifact's folder  -> Schema
compare  CompareRequest                -> Comparison
predict  PredictRequest                -> PredictResult
drift    MeasureDriftRequest           -> MeasuredDrift
judge    JudgeRequest                  -> JudgedFigures
evaluate EvaluateRequest               -> DetailedEvaluation
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from reconciler.core.artifact.oci_artifact import Schema
from reconciler.core.spec.environment import Limits
from reconciler.ports import CompareRequest, EvaluateRequest, JudgeRequest, MeasureDriftRequest, PredictRequest
from reconciler.scoring.in_process import LocalScorer
from reconciler.workers.fork_server import run


def _import_libraries() -> None:
    from sklearn.utils import check_array

    for library in ("pyarrow.compute", "pyarrow.parquet", "rfc8785", "skops.io"):
        import_module(library)
    check_array([[0.0]])  # scikit-learn asks once which kinds of tables there are


if __name__ == "__main__":
    _import_libraries()
    scorer = LocalScorer()

    def check(folder: str) -> Schema:
        return scorer.check(Path(folder), Limits())

    run(
        {
            "check": (str, check),
            "compare": (CompareRequest, scorer.compare),
            "predict": (PredictRequest, scorer.predict),
            "drift": (MeasureDriftRequest, scorer.measure_drift),
            "judge": (JudgeRequest, scorer.judge),
            "evaluate": (EvaluateRequest, scorer.evaluate),
        },
    )
