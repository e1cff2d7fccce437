"""The port TrialRunner without a worker process: for tests."""

from __future__ import annotations

from reconciler.ports import ProposeRequest, ProposeResult, TrialRequest, TrialResult
from reconciler.training.experiment import propose, run_trial


class LocalTrialRunner:
    """A TrialRunner in the calling process, without caps."""

    def run(self, request: TrialRequest) -> TrialResult:
        return run_trial.run_trial(request)

    def propose(self, request: ProposeRequest) -> ProposeResult:
        return propose.propose(request)

    def close(self) -> None:
        """Do nothing: there is no worker to stop."""
