"""Words that a plan's digest is made from stay what they are: a reviewed plan holds across versions."""

from __future__ import annotations

import pytest

from reconciler.core.artifact.observed_state import DriftType, LiveDeployment
from reconciler.engine.plan.plan_inputs import served_inputs


@pytest.mark.parametrize(
    ("drift", "words"),
    [
        (DriftType.UNMANAGED, "unreadable foreign current"),
        (DriftType.UNREADABLE, "unreadable unreadable current"),
    ],
)
def test_a_pointer_that_cannot_be_used_keeps_its_words(drift: DriftType, words: str) -> None:
    served = LiveDeployment(model="payments", current=None, drift=drift, files=("current",))
    assert served_inputs(served) == words


def test_nothing_served_keeps_its_word() -> None:
    assert served_inputs(None) == "nothing"
