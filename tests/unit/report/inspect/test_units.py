"""Figures of a model that predicts a transform say what they are of, wherever figures of several models stand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from reconciler.core.digest import digest_of_bytes
from reconciler.core.evaluation.figures import OutcomeUnit
from reconciler.core.inspect.history import EventEvaluation
from reconciler.core.inspect.status import ModelStatus, with_live_outcomes
from reconciler.core.monitoring import words
from reconciler.core.monitoring.promise import LossKind, Promise
from reconciler.core.monitoring.record import LiveFigure, LiveVerdict, MonitoringRecord
from reconciler.core.monitoring.results import MonitoredModel, Monitoring
from reconciler.core.notices.notice import degradations
from reconciler.core.spec.grade import Grade
from reconciler.core.status_codes import HealthStatus, SyncStatus
from reconciler.report.inspect import history, status
from reconciler.report.monitoring import monitoring
from tests.golden.report import values
from tests.golden.report.rendering import on_screen
from tests.unit.report.inspect.test_notes import shown

LOG_DAYS = OutcomeUnit(unit="days", predicted="ln(1 + days)")
ARTIFACT = digest_of_bytes(b"log days")
RECENT = LiveFigure(value=0.61, rows=300, first="2026-10-01", last="2026-11-12")
DEGRADED = MonitoringRecord(
    environment="production",
    model="days-late",
    artifact=ARTIFACT,
    when=datetime(2026, 11, 20, tzinfo=UTC),
    who="Ada",
    verdict=LiveVerdict.DEGRADED,
    promise=Promise(figure="mae", value=0.4, rows=500, kind=LossKind.ABSOLUTE),
    waiting=0,
    gone=0,
    known=RECENT,
    recent=RECENT,
    found="2026-11-20",
)
IN_ORDER = ModelStatus(
    model="days-late",
    sync=SyncStatus.IN_SYNC,
    health=HealthStatus.HEALTHY,
    reason="deployed as declared",
    artifact=ARTIFACT,
    grade="B",
    headline=0.512,
    figure="r2",
    unit=LOG_DAYS,
)


def flat(text: str) -> str:
    """Return what was printed without its line breaks."""
    return " ".join(text.split())


def test_the_history_says_what_grade_and_figure_are_of_and_how_to_see_them_in_the_unit() -> None:
    told = values.history()
    brought = next(event for event in told.events if event.evaluation is not None)
    evaluation = EventEvaluation(grade=Grade.B, metric="r2", value=0.5, rows=400, unit=LOG_DAYS)
    event = replace(brought, model="days-late", artifact=ARTIFACT, evaluation=evaluation)
    said = flat(on_screen(history, replace(told, events=(event,))))
    command = f"reconciler show days-late --in production --digest {ARTIFACT[7:19]}"
    assert f"grade and R2 are of ln(1 + days): `{command}` judges it in days" in said
    plain = replace(event, evaluation=replace(evaluation, unit=None))
    assert "are of" not in flat(on_screen(history, replace(told, events=(plain,))))


def test_what_live_outcomes_show_is_told_of_what_the_model_predicts() -> None:
    said = "mae of ln(1 + days) 0.610 in 300 known outcomes"
    assert said in words.degraded(DEGRADED, LOG_DAYS)
    assert "mae 0.610 in 300 known outcomes" in words.degraded(DEGRADED, None)
    assert any(said in note for note in with_live_outcomes(IN_ORDER, DEGRADED).notes)
    model = MonitoredModel(
        model="days-late",
        artifact=ARTIFACT,
        verdict=LiveVerdict.DEGRADED,
        figure="mae",
        promised=0.4,
        promised_rows=500,
        known=RECENT,
        recent=RECENT,
        found="2026-11-20",
        unit=LOG_DAYS,
    )
    found = Monitoring(environment="production", role="production", revision=None, models=(model,))
    assert said in flat(on_screen(monitoring, found))
    (notice,) = degradations(found)
    assert notice.text.startswith(said)


def test_a_figure_that_is_neither_of_the_columns_name_says_what_it_is() -> None:
    assert "pinball 0.512" in on_screen(status, shown(replace(IN_ORDER, figure="pinball")))
    assert "r2" not in on_screen(status, shown(IN_ORDER))
