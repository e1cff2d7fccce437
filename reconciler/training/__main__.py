"""The training worker: `python -m reconciler.training` answers requests as in `reconciler.workers.request_loop`.

With --fork-server, it forks such workers instead (`reconciler.workers.fork_server`).

train  TrainRequest -> TrainResult
folds  FoldsRequest -> FoldsResult
trial  TrialRequest -> TrialResult; keeps the rows of the last arms
shared_rows  SharedRowsRequest -> SharedRowsResult
propose  ProposeRequest -> ProposeResult

Libraries are imported before the first request is read: they take longer than many fits.
"""

from __future__ import annotations

from importlib import import_module

from reconciler.ports import FoldsRequest, ProposeRequest, SharedRowsRequest, TrainRequest, TrialRequest
from reconciler.training.experiment.propose import propose
from reconciler.training.experiment.run_trial import run_trial
from reconciler.training.experiment.shared_rows import judge_shared_rows
from reconciler.training.fit import train
from reconciler.training.runtime_check import runtime_here
from reconciler.training.score_folds import score_folds
from reconciler.workers.fork_server import run


def _import_libraries() -> None:
    from sklearn.utils import check_array

    for library in (
        "pyarrow.compute",
        "pyarrow.parquet",
        "rfc8785",
        "sklearn.compose",
        "sklearn.ensemble",
        "sklearn.impute",
        "sklearn.linear_model",
        "sklearn.pipeline",
        "sklearn.preprocessing",
        "skops.io",
    ):
        import_module(library)
    check_array([[0.0]])  # scikit-learn asks once which kinds of tables there are
    runtime_here()


if __name__ == "__main__":
    _import_libraries()
    run(
        {
            "train": (TrainRequest, train),
            "folds": (FoldsRequest, score_folds),
            "trial": (TrialRequest, run_trial),
            "shared_rows": (SharedRowsRequest, judge_shared_rows),
            "propose": (ProposeRequest, propose),
        }
    )
