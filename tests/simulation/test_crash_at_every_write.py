"""A crash, or a lost answer, at every effect of each flow, by index: the next run converges in one pass.

Of the pairs `make test` tries every ninth, `make soak` all.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from reconciler.core.digest import hex_of
from reconciler.errors import ReconcilerError
from reconciler.testing.fault_injection import Crash, Fault, Script, at
from tests.simulation import sample_project
from tests.simulation.scenario import Story
from tests.support.effort import spread

FAULTS = [fault for fault in Fault if fault is not Fault.NONE]
FLOWS = ["first sandbox", "first production", "next sandbox", "next production", "repair", "retire", "rollback"]


def prepared(folder: Path, flow: str) -> tuple[Story, str]:
    """A town just before a flow, and where to apply."""
    story = Story(folder)
    story.commit(seed=10)
    if flow == "first sandbox":
        return story, "sandbox"
    story.apply("sandbox")
    first = story.candidate
    story.commit(seed=10, pin=first)
    if flow == "first production":
        return story, "production"
    story.apply("production")
    story.commit(seed=20, pin=first, pinned_seed=10)
    if flow == "next sandbox":
        return story, "sandbox"
    story.apply("sandbox")
    newer = story.candidate
    story.commit(seed=20, pin=newer)
    if flow == "next production":
        return story, "production"
    story.apply("production")
    assert story.serves == newer
    match flow:
        case "repair":
            story.town.target.releases[sample_project.MODEL][hex_of(newer)]["model.skops"] += b"!"
        case "retire":
            story.commit(seed=20, others=True)
        case "rollback":
            story.commit(seed=20, pin=first, pinned_seed=10)
    return story, "production"


def effects_of(folder: Path, flow: str) -> int:
    story, environment = prepared(folder, flow)
    return len(story.writes(environment))


def attempt(story: Story, environment: str, script: Script) -> None:
    with contextlib.suppress(Crash, ReconcilerError):
        story.apply(environment, script=script)


def assert_converges(story: Story, environment: str) -> None:
    clean = story.apply(environment)
    assert [one.problem for one in clean.results if one.model == sample_project.MODEL and one.problem] == []
    again = story.plan(environment)
    assert again.empty, again.models
    assert story.writes(environment) == []
    assert story.oracle.violations == []


@pytest.mark.parametrize("flow", FLOWS)
def test_a_fault_at_any_effect_is_healed_by_the_next_run(tmp_path: Path, flow: str) -> None:
    count = effects_of(tmp_path / "count", flow)
    assert count >= 2
    cases = 0
    for index in range(count):
        for fault in FAULTS:
            story, environment = prepared(tmp_path / f"{index}-{fault}", flow)
            before = len(story.town.trainer.trained)
            attempt(story, environment, at(index, fault))
            assert story.oracle.violations == [], (flow, index, fault)
            assert_converges(story, environment)
            assert len(story.town.trainer.trained) - before <= 2, "at most one training is repeated"
            cases += 1
    print(f"{flow}: {cases} cases")


@pytest.mark.soak
def test_a_crash_during_recovery_is_healed_too(tmp_path: Path) -> None:
    """All pairs: a crash at effect j of the deploy, then one at effect k of the run that recovers."""
    flow = "next production"
    count = effects_of(tmp_path / "count", flow)
    crashes = (Fault.BEFORE, Fault.AFTER)
    for first in spread(range(count), "CRASH_STRIDE"):
        for second in spread(range(count), "CRASH_STRIDE"):
            for fault in crashes:
                story, environment = prepared(tmp_path / f"{first}-{second}-{fault}", flow)
                attempt(story, environment, at(first, Fault.AFTER))
                attempt(story, environment, at(second, fault))
                assert_converges(story, environment)
