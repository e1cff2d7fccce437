"""The training child: `python -m reconciler.training`, spoken to as `reconciler.child` says.

train  TrainRequest -> Trained

Libraries are imported before the first request is read: they take longer than many fits.
"""

from __future__ import annotations

from reconciler.child import serve
from reconciler.ports import TrainRequest
from reconciler.training.fit import train


def _import_libraries() -> None:
    import sklearn.compose
    import sklearn.ensemble
    import sklearn.impute
    import sklearn.linear_model
    import sklearn.pipeline
    import sklearn.preprocessing  # noqa: F401


if __name__ == "__main__":
    _import_libraries()
    serve({"train": (TrainRequest, train)})
