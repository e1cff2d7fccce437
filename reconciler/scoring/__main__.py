"""The scoring child: `python -m reconciler.scoring`, spoken to as `reconciler.child` says.

check    path of an artifact's folder  -> Schema
compare  CompareRequest                -> Comparison
predict  PredictRequest                -> Predicted
"""

from __future__ import annotations

from pathlib import Path

from reconciler.child import serve
from reconciler.core.artifact import Schema
from reconciler.core.environment import Limits
from reconciler.ports import CompareRequest, PredictRequest
from reconciler.scoring.local import LocalScorer

if __name__ == "__main__":
    scorer = LocalScorer()

    def check(folder: str) -> Schema:
        return scorer.check(Path(folder), Limits())

    serve(
        {
            "check": (str, check),
            "compare": (CompareRequest, scorer.compare),
            "predict": (PredictRequest, scorer.predict),
        }
    )
