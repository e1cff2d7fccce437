"""What a notice says, and what makes it another one."""

from __future__ import annotations

from dataclasses import replace

from reconciler.core.artifact.observed_state import DriftType
from reconciler.core.digest import digest_of_bytes
from reconciler.core.inspect.drift import DriftFinding, EnvironmentDrift
from reconciler.core.monitoring.record import LiveFigure, LiveVerdict
from reconciler.core.monitoring.results import MonitoredModel, Monitoring
from reconciler.core.notices.notice import Notice, degradations, drifts, messages
from reconciler.core.spec.notify import NoticeEvent

WORSE = MonitoredModel(
    model="churn",
    artifact=digest_of_bytes(b"a"),
    verdict=LiveVerdict.DEGRADED,
    figure="accuracy",
    promised=0.7412,
    promised_rows=640,
    recent=LiveFigure(value=0.6331, rows=412, first="2026-10-01", last="2026-11-12"),
    found="2026-11-20",
)


def of(*models: MonitoredModel) -> tuple[Notice, ...]:
    return degradations(Monitoring(environment="production", role="production", revision=None, models=models))


def test_a_degraded_model_is_told_with_its_figures_and_once_per_artifact() -> None:
    kept = replace(WORSE, model="orders", verdict=LiveVerdict.KEPT)
    (notice,) = of(WORSE, kept)
    assert notice.text == (
        "accuracy 0.633 in 412 known outcomes of records predicted from 2026-10-01 to 2026-11-12; its holdout promised "
        "0.741 (640 rows)"
    )
    more = replace(WORSE, recent=LiveFigure(value=0.6, rows=500, first="2026-10-01", last="2026-11-20"))
    assert of(more)[0].about == notice.about, "more outcomes are no other event"
    assert of(replace(WORSE, artifact=digest_of_bytes(b"b")))[0].about != notice.about


def test_drift_that_comes_back_after_it_was_corrected_is_another_event() -> None:
    finding = DriftFinding(model="churn", kind=DriftType.TAMPERED, what="model.skops: not the bytes that were applied")
    drift = EnvironmentDrift(environment="production", role="production", findings=(finding,))
    first, again, later = (drifts(drift, {"churn": n})[0] for n in (3, 3, 5))
    assert first == again
    assert later.about != first.about


def test_a_message_stays_short_and_counts_what_it_leaves_out() -> None:
    many = tuple(
        Notice(environment="production", event=NoticeEvent.REFUSED, model=f"m{n:03}", about="", text="x\n" * 900)
        for n in range(200)
    )
    ((message, told),) = messages(many, project="shop")
    assert message.title == "shop/production: 200 models refused"
    assert told == many
    lines = message.body.splitlines()
    assert lines[-1] == "and 170 more"
    assert len(message.body) < 13_000
