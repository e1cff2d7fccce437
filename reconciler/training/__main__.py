"""The training child: `python -m reconciler.training`, spoken to as `reconciler.workers.request_loop` says.

With --nursery, the process that forks such children (`reconciler.workers.fork_server`).

train  TrainRequest -> Trained

Libraries are imported before the first request is read: they take longer than many fits.
"""

from __future__ import annotations

from importlib import import_module

from reconciler.ports import TrainRequest
from reconciler.training.fit import train
from reconciler.training.runtime_check import runtime_here
from reconciler.workers.fork_server import run
from reconciler.workers.openmp_threads import share


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
