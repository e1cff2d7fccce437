"""What an experiment found, as people are told of it: a table per arm, and the winner's figure on the holdout."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from reconciler.core.artifact.evaluation import Evaluation
from reconciler.core.digest import Digest
from reconciler.core.experiment.describe import changes_of
from reconciler.core.experiment.standings import (
    Interval,
    ScoredTrial,
    best,
    figure_of,
    interval_of,
    leaves_out_zero,
    standings,
    values_of,
)
from reconciler.core.experiment.trial import HoldoutFigure, SharedRows
from reconciler.core.spec.experiment.declared_experiment import METRICS, Search


@dataclass(frozen=True, slots=True, kw_only=True)
class TableLine:
    """A trial in a table. `changes`: what it has otherwise than the model as it is in its arm; none for that itself.
    `figure`, `better`: over its folds; `certain`: the interval of the difference leaves out zero. `whole`: all folds
    judged it, else it was left out before."""

    number: int
    changes: tuple[str, ...]
    figure: Interval | None
    better: Interval | None
    certain: bool
    folds: int
    whole: bool
    seconds: float
    size: int
    failed: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmTable:
    """The trials of an arm, best first. `best`: the number of the best one."""

    label: str
    lines: tuple[TableLine, ...]
    best: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedLine:
    """The best trial of an arm beside the best one of the rows and classes as they are, on the rows that both have.

    `figure` and `other_figure` are over the folds of the arm, judged by its classes; `better`: how much the arm's is,
    more being better; `certain`: the interval leaves out zero. `failed`: why they could not be compared.
    """

    label: str
    trial: int
    other: int
    rows: int
    figure: Interval | None
    other_figure: Interval | None
    better: Interval | None
    certain: bool
    failed: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentOrigin:
    """How a run came about. `trials`: how many it was to try; `library`: of the sampler, with its version; `identity`:
    names what was found; `seconds`: of all trials together, on the machines that ran them first."""

    trials: int
    search: Search
    library: str
    identity: Digest
    when: datetime
    who: str
    commit: str | None
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentTable:
    """A run of an experiment. `winner`: its number; None where the model as it is did best. `holdout`: what it reaches
    there. `notes`: what was guessed, or left out. `new`: how many trials were run now, and not found again; None where
    somebody only looks. `tried`: distinct recipes. `outdated`: why another run would find something else now. `shared`:
    each further arm beside the first, on the rows that both have."""

    experiment: str
    model: str
    environment: str
    metric: str
    higher_is_better: bool
    folds: int
    in_time: bool
    snapshot: int
    tried: int
    failed: int
    stopped: int
    arms: tuple[ArmTable, ...]
    winner: int | None
    changes: tuple[str, ...]
    holdout: HoldoutFigure | None
    origin: ExperimentOrigin
    shared: tuple[SharedLine, ...] = ()
    notes: tuple[str, ...] = ()
    new: int | None = None
    outdated: str | None = None
    format: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentPage:
    """A page of an experiment that was written. `file`: where; `bytes`: its size."""

    experiment: str
    environment: str
    file: str
    bytes: int
    format: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedExperiment:
    """An experiment in a list. `runs`: how many came to their end; the others are of the last of them."""

    experiment: str
    model: str
    environment: str
    metric: str
    trials: int
    runs: int
    declared: bool
    winner: int | None = None
    value: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentList:
    """The experiments of a project: those that git declares, and those that `improve` ran."""

    experiments: tuple[ListedExperiment, ...]
    format: int = 1


def table_of(label: str, trials: Sequence[ScoredTrial], metric: str) -> ArmTable:
    """Return the table of an arm's trials, of which the first is the model as it is."""
    base, top = trials[0], best(trials, metric)
    return ArmTable(
        label=label,
        lines=tuple(
            TableLine(
                number=each.trial.number,
                changes=changes_of(each.trial.recipe, base.recipe),
                figure=each.figure,
                better=each.better,
                certain=each.certain,
                folds=len(each.trial.folds),
                whole=each.trial.whole,
                seconds=each.trial.seconds,
                size=each.trial.size,
                failed=each.trial.failed,
            )
            for each in standings(trials, metric)
        ),
        best=top.number if top is not None else None,
    )


def shared_line(label: str, shared: SharedRows, metric: str) -> SharedLine:
    """Return what is told of two arms on the rows that they share."""
    own, others = values_of(shared.figures, metric), values_of(shared.others, metric)
    figure = other_figure = better = None
    failed = shared.failed
    if failed is None and (own is None or others is None):
        failed = f"{metric} is not defined on these rows"
    elif own is not None and others is not None:
        sign = 1 if METRICS[metric] else -1
        figure, other_figure = (
            figure_of(own, shared.figures, metric),
            figure_of(others, shared.others, metric),
        )
        better = interval_of([sign * (a - b) for a, b in zip(own, others, strict=True)], shared.figures)
    return SharedLine(
        label=label,
        trial=shared.trial,
        other=shared.other,
        rows=shared.rows,
        figure=figure,
        other_figure=other_figure,
        better=better,
        certain=leaves_out_zero(better),
        failed=failed,
    )


def naive_of(evaluation: Evaluation, metric: str) -> float | None:
    """Return what the naive guess reaches by a metric on the rows of an evaluation; None where it is not defined.

    Of log loss the guess are the shares of the classes there.
    """
    if not evaluation.classes:
        return evaluation.naive if metric == ("mae" if evaluation.quantile is None else "pinball") else None
    import math

    shares = [score.rows / evaluation.rows for score in evaluation.classes if score.rows]
    if metric == "accuracy":
        return evaluation.naive
    if metric == "balanced_accuracy":
        return 1 / len(shares)
    if metric == "f1_macro":
        return 2 * evaluation.naive / (1 + evaluation.naive) / len(shares)
    return -sum(share * math.log(share) for share in shares) if metric == "log_loss" else None
