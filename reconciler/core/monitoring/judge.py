"""Judge a deployed model by its promise and the outcomes that are known by now. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.core.artifact.evaluation import FEWEST_JUDGED
from reconciler.core.monitoring.evidence import Losses, evidence
from reconciler.core.monitoring.outcomes import DayOutcomes
from reconciler.core.monitoring.promise import Promise
from reconciler.core.monitoring.record import LiveFigure, LiveVerdict, MonitoringRecord

_DECIMALS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The verdict with its figures; the fields are those of `MonitoringRecord`."""

    verdict: LiveVerdict
    known: LiveFigure | None = None
    recent: LiveFigure | None = None
    evidence: float | None = None
    found: str | None = None
    through: str | None = None


def judge(promise: Promise, days: Sequence[DayOutcomes], today: str, before: MonitoringRecord | None) -> Judgement:
    """Judge by `days`, in order; `before`: the last record of the same artifact and promise.

    What was found degraded stays so, even after better days, as long as the outcomes of then, as they are known now,
    speak for it.
    """
    days = [day for day in days if day.rows]
    known = _figure(promise, days)
    if known is None:
        return Judgement(verdict=LiveVerdict.NOTHING)
    promised = Losses(rows=promise.rows, loss=promise.loss * promise.rows)
    found = evidence(promised, [_losses(day) for day in days])
    recent = _figure(promise, days[found.since or 0 :])
    log = round(found.log, _DECIMALS) if math.isfinite(found.log) else None
    worse = recent is not None and _is_worse(promise, recent.value)
    if found.reaches_limit and worse:
        first = before if before is not None and before.verdict is LiveVerdict.DEGRADED else None
        return Judgement(
            verdict=LiveVerdict.DEGRADED,
            known=known,
            recent=recent,
            evidence=log,
            found=first.found if first is not None else today,
            through=first.through if first is not None else days[-1].day,
        )
    if before is not None and before.verdict is LiveVerdict.DEGRADED and before.through is not None:
        then = [day for day in days if day.day <= before.through]
        of_then = evidence(promised, [_losses(day) for day in then])
        bad = _figure(promise, then[of_then.since or 0 :])
        if of_then.log >= 0.0 and bad is not None and _is_worse(promise, bad.value):
            return Judgement(
                verdict=LiveVerdict.DEGRADED,
                known=known,
                recent=bad,
                evidence=log,
                found=before.found,
                through=before.through,
            )
    verdict = LiveVerdict.KEPT if known.rows >= FEWEST_JUDGED else LiveVerdict.TOO_FEW
    return Judgement(verdict=verdict, known=known, evidence=log)


def _losses(day: DayOutcomes) -> Losses:
    return Losses(rows=day.rows, loss=day.loss)


def _figure(promise: Promise, days: Sequence[DayOutcomes]) -> LiveFigure | None:
    if not days:
        return None
    rows = sum(day.rows for day in days)
    value = promise.figure_of(rows, math.fsum(day.error for day in days))
    return LiveFigure(value=round(value, _DECIMALS), rows=rows, first=days[0].day, last=days[-1].day)


def _is_worse(promise: Promise, value: float) -> bool:
    return value < promise.value if promise.higher_is_better else value > promise.value
