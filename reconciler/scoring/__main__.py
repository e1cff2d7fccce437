"""The scoring child: `python -m reconciler.scoring`, spoken to as `reconciler.child` says; with --nursery, what forks
such children (`reconciler.nursery`).

check    path of an artifact's folder  -> Schema
compare  CompareRequest                -> Comparison
predict  PredictRequest                -> Predicted
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from reconciler.core.artifact import Schema
from reconciler.core.environment import Limits
from reconciler.nursery import run
from reconciler.ports import CompareRequest, PredictRequest
from reconciler.scoring.local import LocalScorer
from reconciler.scoring.threads import share


def _import_libraries() -> None:
    for library in ("pyarrow.compute", "pyarrow.parquet", "skops.io"):
        import_module(library)


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
        },
        share=share,
    )
