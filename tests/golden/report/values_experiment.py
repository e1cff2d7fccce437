"""A run of an experiment whose best trial looks far better on the folds than it turns out on the holdout."""

from __future__ import annotations

from datetime import UTC, datetime

from reconciler.core.digest import Digest
from reconciler.core.experiment.results import ArmTable, ExperimentOrigin, ExperimentTable, TableLine
from reconciler.core.experiment.standings import Interval
from reconciler.core.experiment.trial import HoldoutFigure
from reconciler.core.spec.comparison import Comparability, Comparison
from reconciler.core.spec.experiment.declared_experiment import Sampler, Search

ON_FOLDS = "0.876"
"""The winner's figure on the folds, as a report would write it."""


def searched() -> ExperimentTable:
    """Return a run of `improve`."""
    changes = ("LogisticRegression C 0.3, max_iter 1000", "with prior_days_late", "decide f1_macro, 3 folds")
    lines = (
        _line(20, 0.876, changes, better=0.2065),
        _line(4, 0.71, changes[:2], better=0.04),
        _line(0, 0.67, ()),
        _line(7, 0.69, ("ExtraTreesClassifier max_features 0.5",), better=0.03, folds=1),
        _line(9, None, ("Ridge alpha 1",)),
    )
    return ExperimentTable(
        experiment="improve-payments",
        model="payments",
        environment="sandbox",
        metric="f1_macro",
        higher_is_better=True,
        folds=3,
        in_time=True,
        snapshot=2,
        tried=60,
        failed=1,
        stopped=41,
        arms=(ArmTable(label="", lines=lines, best=20),),
        winner=20,
        changes=changes,
        notes=(
            "that earlier rows with the same customer_id tell something is a guess: the model declares no `past`",
            "lightgbm and xgboost not tried: the runtime's lock does not pin them"
            " (`pip install 'model-reconciler[lightgbm,xgboost]'`)",
        ),
        holdout=HoldoutFigure(
            artifact=Digest("sha256:" + "a" * 64),
            base=Digest("sha256:" + "b" * 64),
            evaluation_rows=Digest("sha256:" + "c" * 64),
            rows=492,
            value=0.693,
            low=0.652,
            high=0.734,
            naive=0.279,
            looks=2,
            against=Comparison(
                state=Comparability.COMPARED,
                metric="f1_macro",
                rows=492,
                candidate=0.693,
                incumbent=0.668,
                difference=0.025,
                lower=-0.004,
                upper=0.054,
            ),
        ),
        new=58,
        origin=ExperimentOrigin(
            trials=60,
            search=Search(sampler=Sampler.TPE, prune=True),
            library="optuna 5.0.0",
            identity=Digest("sha256:" + "d" * 64),
            when=datetime(2026, 11, 29, 10, tzinfo=UTC),
            who="somebody",
            commit="ab" * 20,
            seconds=95.0,
        ),
    )


def unimproved() -> ExperimentTable:
    """Return a run in which nothing did better than the model as it is."""
    from dataclasses import replace

    found = searched()
    (arm,) = found.arms
    return replace(
        found, winner=None, holdout=None, changes=(), new=0, arms=(replace(arm, lines=arm.lines[2:], best=0),)
    )


def _line(
    number: int, mean: float | None, changes: tuple[str, ...], *, better: float | None = None, folds: int = 3
) -> TableLine:
    def interval(value: float | None) -> Interval | None:
        if value is None:
            return None
        wide = folds > 1
        return Interval(mean=value, low=value - 0.05 if wide else None, high=value + 0.05 if wide else None)

    return TableLine(
        number=number,
        changes=changes,
        figure=interval(mean),
        better=interval(better),
        certain=better is not None and better > 0.05,
        folds=folds,
        whole=folds == 3,
        seconds=1.25,
        size=1020 if mean is not None else 0,
        failed=None if mean is not None else "Ridge could not be fitted on 1,974 rows (ValueError)",
    )
