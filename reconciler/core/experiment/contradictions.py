"""Say what no program could have found: records of trials and runs that contradict themselves. Pure."""

from __future__ import annotations

import math

from reconciler.core.experiment.trial import ExperimentRun, TrialRecord
from reconciler.core.spec.experiment.declared_experiment import METRICS


def of_trial(trial: TrialRecord) -> str | None:
    """Say what a trial claims that cannot be; None where nothing is wrong."""
    judged = trial.inputs.judged
    if not judged or len(set(judged)) != len(judged) or not set(judged) <= set(range(trial.inputs.folds)):
        return "judges folds that there are not"
    if len(trial.folds) != (0 if trial.failed is not None else len(judged)):
        return f"has figures of {len(trial.folds)} folds, where {len(judged)} were judged"
    if any(fold.trained < 1 or fold.judged < 1 for fold in trial.folds):
        return "has a fold without rows"
    if trial.size < 0 or not 0 <= trial.seconds < math.inf:
        return "took less than nothing"
    return None


def of_run(run: ExperimentRun) -> str | None:
    """Say what a run claims that cannot be; None where nothing is wrong."""
    if run.inputs.metric not in METRICS:
        return f"is judged by {run.inputs.metric!r}, which is no metric"
    if not run.arms or not all(arm.trials and all(arm.trials) for arm in run.arms):
        return "has an arm without trials"
    last = sum(len(arm.trials) for arm in run.arms) - 1
    if run.winner is not None and not 1 <= run.winner <= last:
        return f"names trial {run.winner} as its winner, and has trials 1 to {last}"
    if (run.winner is None) is not (run.holdout is None):
        return "has a figure on the holdout without a winner, or a winner without one"
    if run.holdout is not None and (run.holdout.rows < 1 or run.holdout.looks < 0):
        return "judged its winner on no rows"
    return _of_shared(run)


def _of_shared(run: ExperimentRun) -> str | None:
    """Say what a run claims of the rows that two arms share that cannot be."""
    ends = [0]
    for arm in run.arms:
        ends.append(ends[-1] + len(arm.trials))
    for each in run.shared or ():
        if not (1 <= each.arm < len(run.arms) and ends[each.arm] <= each.trial < ends[each.arm + 1]):
            return "compares a trial of an arm that it is not in"
        if not 0 <= each.other < ends[1]:
            return "compares an arm with a trial of another one than the first"
        folds = 0 if each.failed is not None else run.inputs.folds
        if each.rows < folds or (len(each.figures), len(each.others)) != (folds, folds):
            return "compares two arms on folds that there are not"
    return None
