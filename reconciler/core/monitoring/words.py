"""Say what monitoring found, with its figures."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.evaluation.figures import OutcomeUnit
from reconciler.core.monitoring.record import LiveFigure, LiveVerdict, MonitoringRecord
from reconciler.core.names import seen
from reconciler.core.quality.drift import DriftSummary

DEGRADED = "degraded by known outcomes"


def figure(value: float) -> str:
    """Return a figure as people read it."""
    return f"{value:.3f}" if abs(value) < 1000 else f"{value:,.0f}"


def of_unit(figure: str | None, unit: OutcomeUnit | None) -> str:
    """Return a figure's name, with what it is of where the model predicts a transform: `mae of ln(1 + days)`."""
    return f"{figure} of {seen(unit.predicted)}" if unit is not None else str(figure)


def outcomes(live: LiveFigure) -> str:
    """Say how many outcomes, and of which records."""
    when = f"on {live.first}" if live.first == live.last else f"from {live.first} to {live.last}"
    return f"{live.rows:,} known outcome{'s' * (live.rows != 1)} of records predicted {when}"


def degraded(record: MonitoringRecord, unit: OutcomeUnit | None) -> str:
    """Say why a model is degraded; empty where it is not. `unit`: of what it predicts, where that is a transform."""
    if record.verdict is not LiveVerdict.DEGRADED or record.recent is None:
        return ""
    promise = record.promise
    return (
        f"{DEGRADED}: {of_unit(promise.figure, unit)} {figure(record.recent.value)} in {outcomes(record.recent)}; "
        f"its holdout promised {figure(promise.value)} ({promise.rows:,} rows); found on {record.found}"
        + (f"; asked to train it again: {record.asked.url or record.asked.branch}" if record.asked is not None else "")
    )


def early_sign(drift: DriftSummary | None, day: str | None) -> str | None:
    """Say how far the records that were predicted last had drifted; None where nobody measured it, or they had not."""
    if drift is None or not (drift.some or drift.strong or drift.outcome.verdict.rank):
        return None
    return f"early sign, no proof: of the {drift.rows:,} records predicted on {day}, {', '.join(_drifted(drift))}"


def _drifted(drift: DriftSummary) -> Iterator[str]:
    for count, how in ((drift.strong, "strongly"), (drift.some, "somewhat")):
        if count:
            yield f"{count:,} of {drift.features:,} features had drifted {how}"
    if drift.outcome.verdict.rank:
        yield f"what was predicted had drifted ({drift.outcome.verdict})"
