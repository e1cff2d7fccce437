"""Set the best trial of each further arm beside the best one of the first, on the rows that both have.

Arms have other rows or classes, so that figures of their tables cannot be compared; on the same rows, by the same
classes, two of their models can. No row of the holdout is among them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from reconciler.core.experiment.candidates import widest
from reconciler.core.experiment.standings import ScoredTrial, best
from reconciler.core.experiment.trial import SharedRows
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.experiment.prepared import PreparedExperiment
from reconciler.engine.experiment.run_trials import ArmTrials, TrialSeries
from reconciler.engine.storage import builds
from reconciler.ports import ArmRecipe, SharedRowsRequest, TrialRunner


def side_by_side(
    deps: Dependencies,
    prepared: PreparedExperiment,
    series: TrialSeries,
    arms: Sequence[ArmTrials],
    runner: TrialRunner,
) -> tuple[SharedRows, ...]:
    """Return each further arm of which any trial could be trained, beside the first; nothing where that has none."""
    metric = prepared.experiment.metric
    first = best(arms[0].trials, metric)
    if first is None or len(arms) == 1:
        return ()
    deps.progress.start(prepared.experiment.name, "compare the arms on the rows that they share")
    pairs = [(arm, won) for arm, each in enumerate(arms) if arm and (won := best(each.trials, metric)) is not None]
    for arm in (0, *(arm for arm, _ in pairs)):
        series.rows_of(arm)  # one after the other: each is kept
    found: dict[int, SharedRows] = {}

    def compare(arm: int, trial: ScoredTrial) -> None:
        result = runner.shared_rows(
            SharedRowsRequest(
                arm=_of(prepared, series, arm, trial),
                other=_of(prepared, series, 0, first),
                folds=prepared.experiment.folds,
                limits=prepared.environment.limits,
            )
        )
        found[arm] = SharedRows(
            arm=arm,
            trial=trial.number,
            other=first.number,
            rows=result.rows,
            figures=result.figures,
            others=result.others,
            failed=result.failed,
        )

    deps.concurrency.run([partial(compare, arm, trial) for arm, trial in pairs])
    return tuple(found[arm] for arm, _ in pairs)


def _of(prepared: PreparedExperiment, series: TrialSeries, arm: int, trial: ScoredTrial) -> ArmRecipe:
    rows = series.rows_of(arm)
    return ArmRecipe(
        recipe=trial.recipe,
        features=widest(prepared.space, prepared.arms[arm].recipe).features,
        train=rows / "train.parquet",
        days=rows / "days.parquet",
        runtime=builds.runtime_of(prepared.environment, trial.recipe),
    )
