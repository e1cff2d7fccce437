"""Ninety days of a model that is looked at and asked for every day: it gets worse on day 40, and is asked for once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from reconciler.core.monitoring.judge import judge
from reconciler.core.monitoring.outcomes import DayOutcomes
from reconciler.core.monitoring.promise import LossKind, Promise
from reconciler.core.monitoring.record import LiveVerdict
from reconciler.engine.monitoring import monitoring_log
from tests.support.effort import count
from tests.unit.engine.monitoring.test_monitoring_log import RECORD
from tests.unit.engine.monitoring.test_request_retrain import Monitored

DAYS, CHANGE, EACH, LATE = 90, 40, 100, 3


def ninety_days(here: Monitored, random: Random, *, fall: float) -> tuple[int, int | None]:
    """Look and ask every day; return how many requests there are, and on which day it was found. A tenth of each day's
    outcomes comes LATE days later, and some are corrected after a week."""
    rows = 2_000
    wrong = sum(random.random() < 0.15 for _ in range(rows))
    promise = Promise(figure="accuracy", value=1 - wrong / rows, rows=rows, kind=LossKind.WRONG)
    course: list[tuple[int, int, int]] = []  # wrong outcomes at once, those that come late, those corrected later on
    found: int | None = None
    for day in range(DAYS):
        rate = 0.15 + (fall if day >= CHANGE else 0.0)
        drawn = [random.random() < rate for _ in range(EACH)]
        course.append((sum(drawn[:90]), sum(drawn[90:]), random.randint(0, 2)))
        known = []
        for then, (now, late, corrected) in enumerate(course):
            there = day - then >= LATE
            loss = float(now + (late if there else 0))
            if day - then < 7:
                loss = min(90.0, loss + corrected)  # mistaken for wrong until they are corrected
            known.append(DayOutcomes(day=f"day {then:03d}", rows=EACH if there else 90, loss=loss, error=loss))
        newest = monitoring_log.last(here.store, "production", "pay")
        before = newest[1] if newest is not None else None
        says = judge(promise, known, f"2026-01-{day:03d}", before if before and before.promise == promise else None)
        monitoring_log.append(
            here.store,
            replace(
                RECORD,
                promise=promise,
                when=RECORD.when + timedelta(days=day),
                verdict=says.verdict,
                known=says.known,
                recent=says.recent,
                evidence=says.evidence,
                found=says.found,
                through=says.through,
                asked=before.asked if before is not None else None,
            ),
        )
        if says.verdict is LiveVerdict.DEGRADED:
            found = day if found is None else found
            here.run()
    return len(here.forge.pulls), found


@pytest.mark.soak
def test_a_model_that_gets_worse_is_asked_for_exactly_once(tmp_path: Path) -> None:
    random, requests = Random(4), list[int]()
    for run in range(count("NINETY_DAYS")):
        here = Monitored(tmp_path / str(run), "pay")
        made, found = ninety_days(here, random, fall=0.10)
        requests.append(made)
        assert found is not None
        assert here.open() == [1]
    assert set(requests) == {1}
