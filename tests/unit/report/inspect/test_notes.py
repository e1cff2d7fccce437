"""Reports say what a person can use: no line that is always the same, and none that contradicts another."""

from __future__ import annotations

from dataclasses import replace

from reconciler.core.inspect.status import UNSIGNED, EnvironmentStatus, ModelStatus, Status
from reconciler.core.status_codes import HealthStatus, SyncStatus
from reconciler.report.inspect import predict, status
from tests.golden.report import values
from tests.golden.report.rendering import as_page, on_screen

NOTED = ModelStatus(
    model="a",
    sync=SyncStatus.IN_SYNC,
    health=HealthStatus.SUSPENDED,
    reason="deployed as declared",
    notes=("held: an incident",),
)


def shown(model: ModelStatus) -> Status:
    environment = EnvironmentStatus(
        environment="x", role="production", revision=None, models=(model,), notes=(UNSIGNED,)
    )
    return Status(project="x", environments=(environment,))


def test_a_model_in_sync_with_a_note_has_the_note_alone_below_it() -> None:
    said = on_screen(status, shown(NOTED))
    assert "held: an incident" in said
    assert "deployed as declared" not in said
    waiting = replace(NOTED, sync=SyncStatus.OUT_OF_SYNC, reason="not deployed yet")
    assert "not deployed yet" in on_screen(status, shown(waiting))
    assert "deployed as declared; held: an incident" in as_page(status, shown(NOTED))


def test_what_holds_of_every_verification_is_told_on_pages_only() -> None:
    assert UNSIGNED not in on_screen(status, shown(NOTED))
    assert UNSIGNED in as_page(status, shown(NOTED))


def test_of_two_classes_no_record_is_counted_as_uncertain_unless_one_is() -> None:
    two = replace(values.predictions(), classes=("a", "b"), counts=(300, 100), uncertain=0, expected=())
    assert "uncertain" not in on_screen(predict, two)
    assert "1 record uncertain" in on_screen(predict, replace(two, uncertain=1))
    assert "0 records uncertain" in on_screen(predict, replace(values.predictions(), uncertain=0))
