"""The training child: `python -m reconciler.training`, spoken to as `reconciler.child` says; with --nursery, what forks
such children (`reconciler.nursery`).

train  TrainRequest -> Trained

Libraries are imported before the first request is read: they take longer than many fits.
"""

from __future__ import annotations

from importlib import import_module

from reconciler.nursery import run
from reconciler.ports import TrainRequest
from reconciler.scoring.threads import share
from reconciler.training.fit import train
from reconciler.training.versions import runtime_here


def _import_libraries() -> None:
    for library in (
        "pyarrow.compute",
        "pyarrow.parquet",
        "sklearn.compose",
        "sklearn.ensemble",
        "sklearn.impute",
        "sklearn.linear_model",
        "sklearn.pipeline",
        "sklearn.preprocessing",
        "skops.io",
    ):
        import_module(library)
    runtime_here()


if __name__ == "__main__":
    _import_libraries()
    run({"train": (TrainRequest, train)}, share=share)
