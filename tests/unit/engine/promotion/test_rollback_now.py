"""`rollback --now`: it serves at once, stays until git agrees, and is finished by the same command wherever it died."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.core.artifact.journal import Action
from reconciler.core.digest import Digest, short
from reconciler.core.spec.policy import Hold
from reconciler.core.status_codes import HealthStatus, ResultStatus
from reconciler.engine.promotion.open_pull_request import PullRequestRoute
from reconciler.errors import ConflictError, ForgeError, GateRefusedError, ReconcilerError, UsageError
from reconciler.manifest.loading import past_manifest
from reconciler.testing.fault_injection import Counter, Crash, Fault, at
from tests.simulation import sample_manifests, sample_project
from tests.simulation.sample_project import MODEL
from tests.simulation.scenario import Story
from tests.unit.engine.plan.test_policy import FINANCE, FRIDAY, FRIDAYS, rejected, with_policy


def twice(story: Story) -> tuple[Digest, Digest]:
    """Two artifacts, one deployed after the other."""
    return story.deployed(10), story.deployed(20)


def merged(story: Story) -> None:
    """Git agrees with the rollback that was proposed last: it pins what it pinned before."""
    commit = story.proposer.branches[next(reversed(story.proposer.branches))]
    text = story.town.source.trees[commit][f"manifests/production/{MODEL}.yaml"]
    story.proposer.merge(commit)
    story.commit(seed=20, pin=past_manifest.pinned(text), pinned_seed=10)


def test_it_serves_at_once_and_no_apply_puts_back_what_git_still_pins(story: Story) -> None:
    first, second = twice(story)
    proposed = story.rollback_now(reason="it fails on refunds")
    assert (story.serves, proposed.artifact, proposed.served_by) == (first, first, 2)
    assert proposed.branch == f"rollback/production/{MODEL}/{short(first)}"
    assert proposed.summary == (f"{short(second)} -> {short(first)}, deployed before by entry 0",)
    part = story.part("production")
    assert (part.health, part.status) == (HealthStatus.SUSPENDED, ResultStatus.DENIED)
    assert "it fails on refunds" in part.reason
    assert "somebody" in part.reason
    assert story.writes("production") == []
    assert story.serves == first
    merged(story)
    assert story.plan("production").empty
    assert story.part("production").health is HealthStatus.HEALTHY


def test_what_it_left_is_repaired_like_anything_that_serves(story: Story) -> None:
    first, _ = twice(story)
    story.rollback_now()
    del story.town.target.current[MODEL]
    assert story.one("production").status is ResultStatus.DENIED
    assert story.serves == first
    head = story.head("production")
    assert head is not None
    assert (head.entry.action, head.state.hold is not None) == (Action.RESTORE, True)
    assert story.one("production").status is ResultStatus.DENIED, "and is held still"


def test_any_other_pin_and_the_same_one_brought_anew_are_new_decisions(story: Story) -> None:
    _, second = twice(story)
    story.rollback_now()
    story.commit(seed=20, pin=second)
    assert story.one("production").status is ResultStatus.DENIED, "an unrelated commit changes nothing"
    merged(story)
    story.apply("production")
    story.commit(seed=20, pin=second)
    assert (story.one("production").status, story.serves) == (ResultStatus.CLEAN, second), "promoted again on purpose"
    story.rollback_now()
    third = story.deployed(30)
    assert story.serves == third


def test_a_request_that_brings_it_anew_is_planned_as_what_its_merge_will_be(story: Story) -> None:
    _, second = twice(story)
    story.rollback_now()
    merged(story)
    source = story.town.source
    again = sample_project.desired(None, seed=20, pin=second)
    head = source.commit(sample_manifests.files(again), on=source.line[-1:])
    asked = story.plan("production", replace(again, revision=head)).part(MODEL)
    story.merge(again)
    after = story.part("production")
    assert asked is not None
    assert asked.basis.controls == after.basis.controls == ()


def test_a_road_that_is_not_there_does_not_keep_it_from_serving(story: Story) -> None:
    first, _ = twice(story)

    def route() -> PullRequestRoute:
        raise ForgeError("there is no token", hint="set one", code="E902")

    with pytest.raises(
        ForgeError, match=r"the rollback is deployed \(entry 2\), but its proposal in git failed: there is no token"
    ):
        story.rollback_now(route=route)
    assert story.serves == first
    assert story.rollback_now().served_by == 2


def test_where_git_agrees_already_nothing_is_asked_for_and_the_good_one_serves(story: Story) -> None:
    """On-call goes back while the revert is merged and not applied yet."""
    first, _ = twice(story)
    story.commit(seed=10, pin=first)

    def route() -> PullRequestRoute:
        raise ForgeError("there is no token", hint="set one", code="E902")

    done = story.rollback_now(route=route)
    assert (done.served_by, done.branch, story.serves) == (2, None, first)


def test_running_it_again_goes_no_further_back(story: Story) -> None:
    twice(story)
    story.deployed(30)
    once = story.rollback_now()
    again = story.rollback_now()
    assert again == once
    entry = story.head("production").entry  # type: ignore[union-attr]
    assert entry.n == 3


@pytest.mark.parametrize("flow", ["plain", "retried"])
def test_a_fault_at_any_effect_is_finished_by_running_it_again(tmp_path: Path, flow: str) -> None:
    counter = Counter()
    started = Story(tmp_path / "count")
    twice(started)
    started.rollback_now(script=counter)
    assert [one.split(" ")[0] for one in counter.effects[-3:]] == ["production:", "target:", "git:"]
    cases = 0
    for index in range(len(counter.effects)):
        for fault in (one for one in Fault if one is not Fault.NONE):
            story = Story(tmp_path / f"{index}-{fault}")
            first, second = twice(story)
            with contextlib.suppress(Crash, ReconcilerError):
                story.rollback_now(script=at(index, fault))
            assert story.serves in (first, second)
            if flow == "retried":  # somebody applies in between
                with contextlib.suppress(Crash, ReconcilerError):
                    story.apply("production", script=at(0, fault))
            done = story.rollback_now()
            assert (story.serves, done.artifact) == (first, first)
            assert list(story.proposer.branches) == [done.branch]
            assert story.one("production").status is ResultStatus.DENIED
            merged(story)
            assert story.plan("production").empty
            assert story.oracle.violations == [], (index, fault)
            cases += 1
    print(f"{cases} cases")


def test_an_older_commit_may_not_roll_back(story: Story) -> None:
    twice(story)
    newest = story.desired
    story.town.source.line.append("c9")
    story.desired = replace(newest, revision="c9")
    story.town.source.trees["c9"] = story.town.source.trees[newest.revision or ""]
    story.apply("production")
    story.deployed(30)
    late = story.town.source.line[-3:]
    story.town.source.line, kept = story.town.source.line[:-1], story.town.source.line[-1:]
    story.desired = replace(newest, revision=late[0])
    with pytest.raises(ConflictError):
        story.rollback_now()
    story.town.source.line += kept


def test_a_rejected_artifact_a_held_model_and_a_window_that_says_so_stand_in_its_way(story: Story) -> None:
    first, second = twice(story)
    story.commit(seed=20, pin=second, production=with_policy(rejected=rejected(first)))
    with pytest.raises(GateRefusedError, match="trained on refunds"):
        story.rollback_now()
    story.commit(seed=20, pin=second, production=with_policy(holds=(Hold(model=MODEL, reason="closing"),)))
    with pytest.raises(GateRefusedError, match="closing"):
        story.rollback_now()
    story.town.clock.pass_time(**FRIDAY)
    story.commit(seed=20, pin=second, production=with_policy(freeze=(replace(FRIDAYS, blocks_rollback=True),)))
    with pytest.raises(ConflictError, match="weekend") as refused:
        story.rollback_now()
    assert refused.value.code == "E705"
    assert story.serves == second
    story.commit(seed=20, pin=second, production=with_policy(freeze=(FRIDAYS,), approvals=FINANCE))
    story.rollback_now()
    assert story.serves == first, "an ordinary window and approvals do not: git is asked afterwards"


def test_there_must_be_something_to_go_back_to_and_from(story: Story) -> None:
    pin = story.deployed(10)
    with pytest.raises(UsageError, match="no earlier artifact"):
        story.rollback_now()
    story.commit(seed=10)
    with pytest.raises(UsageError, match="does not declare"):
        story.rollback_now()
    assert story.serves == pin
