"""The port TrialRunner without a worker process: for tests."""

from __future__ import annotations

from reconciler.ports import (
    ProposeRequest,
    ProposeResult,
    SharedRowsRequest,
    SharedRowsResult,
    TrialRequest,
    TrialResult,
)
from reconciler.training.experiment import propose, run_trial
from reconciler.training.experiment.shared_rows import judge_shared_rows


class LocalTrialRunner:
    """A TrialRunner in the calling process, without caps."""

    def run(self, request: TrialRequest) -> TrialResult:
        return run_trial.run_trial(request)

    def shared_rows(self, request: SharedRowsRequest) -> SharedRowsResult:
        return judge_shared_rows(request)

    def propose(self, request: ProposeRequest) -> ProposeResult:
        return propose.propose(request)

    def close(self) -> None:
        """Do nothing: there is no worker to stop."""
