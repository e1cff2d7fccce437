"""What a stale plan depends on is named in words, never by the name of a field."""

from __future__ import annotations

from dataclasses import fields

import pytest

from reconciler.core.plan.plan import PlanInputs, inputs_in_words


@pytest.mark.parametrize("name", [*(field.name for field in fields(PlanInputs)), "inputs"])
def test_each_input_of_a_plan_has_words(name: str) -> None:
    assert inputs_in_words([name]).startswith("the ")


def test_several_are_joined_as_in_a_sentence() -> None:
    assert inputs_in_words(["head"]) == "the journal"
    assert inputs_in_words(["head", "served"]) == "the journal and the served files"
    assert inputs_in_words(["pin", "head", "served"]) == "the pinned artifact, the journal and the served files"
