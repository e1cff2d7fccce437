"""Runs of experiments, made by hand: hostile names, two arms, a trial that failed, one that was left out, a winner."""

from __future__ import annotations

from datetime import UTC, datetime

from reconciler.core.digest import digest_of_bytes
from reconciler.core.experiment.results import (
    ArmTable,
    ExperimentOrigin,
    ExperimentTable,
    SharedLine,
    TableLine,
)
from reconciler.core.experiment.standings import Interval
from reconciler.core.experiment.trial import HoldoutFigure
from reconciler.core.spec.comparison import Comparability, Comparison
from reconciler.core.spec.experiment.declared_experiment import Sampler, Search
from tests.support.model_reports import HOSTILE, SCRIPT


def line(
    number: int, *changes: str, mean: float = 0.5, better: float | None = 0.01, certain: bool = False
) -> TableLine:
    """A trial that three folds judged."""
    return TableLine(
        number=number,
        changes=changes,
        figure=Interval(mean=mean, low=mean - 0.1, high=mean + 0.1),
        better=Interval(mean=better, low=better - (0.005 if certain else 0.1), high=better + 0.1)
        if better is not None
        else None,
        certain=certain,
        folds=3,
        whole=True,
        seconds=1.25,
        size=2048,
    )


def _ended(number: int, *, failed: str | None) -> TableLine:
    return TableLine(
        number=number,
        changes=(f"max_depth {number}",),
        figure=None if failed is not None else Interval(mean=0.3, low=None, high=None),
        better=None,
        certain=False,
        folds=0 if failed is not None else 1,
        whole=False,
        seconds=0.2,
        size=0,
        failed=failed,
    )


def experiment_table(*, trials: int = 8, arms: int = 2, won: bool = True) -> ExperimentTable:
    """A run of so many trials in each arm, with hostile words wherever words can stand."""
    found, number = [], 0
    for arm in range(arms):
        base = line(number, mean=0.5, better=None)
        tried = [
            line(
                number + n,
                f"LogisticRegression C {n}",
                f"without {HOSTILE[n % len(HOSTILE)]}",
                mean=0.6 - n / 1000,
                better=0.1 - n / 1000,
                certain=n < 3,
            )
            for n in range(1, trials - 1)
        ]
        ends = [_ended(number + trials - 1, failed=None), _ended(number + trials, failed=SCRIPT)]
        lines = (*tried, base, *ends)
        label = f"where note <> '{SCRIPT}'" if arm else ""
        found.append(ArmTable(label=label, lines=lines, best=number + 1))
        number += trials + 1
    artifact = digest_of_bytes(b"winner")
    compared = Comparison(
        state=Comparability.COMPARED,
        metric="f1_macro",
        rows=492,
        candidate=0.564,
        incumbent=0.549,
        difference=0.0149,
        lower=-0.0301,
        upper=0.0612,
    )
    figure = HoldoutFigure(
        artifact=artifact,
        base=digest_of_bytes(b"base"),
        evaluation_rows=digest_of_bytes(b"rows"),
        rows=492,
        value=0.564,
        low=0.51,
        high=0.61,
        naive=0.279,
        looks=7,
        against=compared,
    )
    return ExperimentTable(
        experiment="search",
        model="late-payments",
        environment="sandbox",
        metric="f1_macro",
        higher_is_better=True,
        folds=3,
        in_time=True,
        snapshot=4,
        tried=arms * trials,
        failed=arms,
        stopped=arms,
        arms=tuple(found),
        winner=1 if won else None,
        changes=found[0].lines[0].changes if won else (),
        holdout=figure if won else None,
        origin=ExperimentOrigin(
            trials=arms * trials,
            search=Search(sampler=Sampler.TPE, seed=3, prune=True),
            library="optuna 5.0",
            identity=digest_of_bytes(b"experiment"),
            when=datetime(2026, 11, 29, 10, tzinfo=UTC),
            who=SCRIPT,
            commit="ab" * 20,
            seconds=95.0,
        ),
        shared=tuple(
            SharedLine(
                label=arm.label,
                trial=10,
                other=1,
                rows=240,
                figure=Interval(mean=0.61, low=0.5, high=0.72),
                other_figure=Interval(mean=0.59, low=0.5, high=0.68),
                better=Interval(mean=0.02, low=0.01, high=0.03),
                certain=True,
            )
            for arm in found[1:]
        ),
        outdated="the data changed since this run",
    )
