"""`retrain.every` that is shorter than the sandbox takes snapshots is told, where it silently meant something else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.core.spec.model import Retrain
from reconciler.engine.refresh.refresh_notes import capped_everywhere, capped_notes
from tests.simulation.sample_project import PRODUCTION, SANDBOX, desired
from tests.simulation.scenario import Scenario

HOUR, DAY = 3600, 86_400


@pytest.mark.parametrize(
    ("every", "max_age", "told"),
    [
        (DAY, 36 * HOUR, "retrain.every is 1d for payments, but sandbox takes a snapshot every 36h (data.maxAge)"),
        (DAY, None, "sandbox declares no data.maxAge, so no snapshot is taken by age"),
        (36 * HOUR, 36 * HOUR, None),
        (7 * DAY, 36 * HOUR, None),
        (None, 36 * HOUR, None),
        (None, None, None),
    ],
)
def test_it_is_told_where_it_cannot_be_meant(every: int | None, max_age: int | None, told: str | None) -> None:
    sandbox = replace(SANDBOX, data=replace(SANDBOX.data, max_age=max_age))
    declared = desired("c0", seed=10, sandbox=sandbox, retrain=Retrain(every=every))
    found = capped_everywhere(declared)
    assert len(found) == (told is not None)
    assert told is None or told in found[0]
    assert capped_notes(declared, PRODUCTION) == ()


def test_models_that_say_the_same_are_one_note() -> None:
    declared = desired("c0", seed=10, retrain=Retrain(every=HOUR))
    [model] = declared.models_of("sandbox")
    many = replace(declared, models=tuple(replace(model, name=f"m{n:04d}") for n in range(1_000)))
    [note] = capped_notes(many, SANDBOX)
    assert "m0000, m0001, m0002 and 997 more" in note
    assert len(note) < 300


def test_a_plan_that_trains_or_refreshes_tells_it_and_one_with_nothing_to_do_says_nothing(scenario: Scenario) -> None:
    scenario.commit(seed=10, retrain=Retrain(every=HOUR))
    assert any("retrain.every is 1h" in note for note in scenario.plan("sandbox").notes or ())
    scenario.apply("sandbox")
    assert scenario.plan("sandbox").notes is None
