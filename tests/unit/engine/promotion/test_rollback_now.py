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
from reconciler.engine.find_environment import environment_of
from reconciler.engine.promotion import deployment_history
from reconciler.engine.promotion.open_pull_request import PullRequestRoute
from reconciler.engine.promotion.rollback_now import NO_REASON, propose_only
from reconciler.errors import ConflictError, ForgeError, GateRefusedError, ReconcilerError, UsageError
from reconciler.manifest.unchecked import past_manifest
from reconciler.testing.fault_injection import Counter, Crash, Fault, at
from tests.simulation import sample_manifests, sample_project
from tests.simulation.sample_project import MODEL
from tests.simulation.scenario import Scenario
from tests.unit.engine.plan.test_policy import FINANCE, FRIDAY, FRIDAYS, rejected, with_policy


def twice(scenario: Scenario) -> tuple[Digest, Digest]:
    """Two artifacts, one deployed after the other."""
    return scenario.deployed(10), scenario.deployed(20)


def merged(scenario: Scenario) -> None:
    """Git agrees with the rollback that was proposed last: it pins what it pinned before."""
    commit = scenario.proposer.branches[next(reversed(scenario.proposer.branches))]
    text = scenario.project.source.trees[commit][f"manifests/production/{MODEL}.yaml"]
    scenario.proposer.merge(commit)
    scenario.commit(seed=20, pin=past_manifest.pinned(text), pinned_seed=10)


def test_it_serves_at_once_and_no_apply_puts_back_what_git_still_pins(scenario: Scenario) -> None:
    first, second = twice(scenario)
    proposed = scenario.rollback_now(reason="it fails on refunds")
    assert (scenario.serves, proposed.artifact, proposed.served_by) == (first, first, 2)
    assert proposed.branch == f"rollback/production/{MODEL}/{short(first)}"
    assert proposed.summary == (f"{short(second)} -> {short(first)}, deployed before by journal entry 0",)
    part = scenario.part("production")
    assert (part.health, part.status) == (HealthStatus.SUSPENDED, ResultStatus.DENIED)
    assert "it fails on refunds" in part.reason
    assert "somebody" in part.reason
    assert scenario.writes("production") == []
    assert scenario.serves == first
    merged(scenario)
    assert scenario.plan("production").empty
    assert scenario.part("production").health is HealthStatus.HEALTHY


def test_what_it_left_is_repaired_like_anything_that_serves(scenario: Scenario) -> None:
    first, _ = twice(scenario)
    scenario.rollback_now()
    del scenario.project.target.current[MODEL]
    assert scenario.one("production").status is ResultStatus.DENIED
    assert scenario.serves == first
    head = scenario.head("production")
    assert head is not None
    assert (head.entry.n, head.entry.action, head.state.hold is not None) == (2, Action.DEPLOY, True)
    assert scenario.one("production").status is ResultStatus.DENIED, "and is held still"


def test_any_other_pin_and_the_same_one_brought_anew_are_new_decisions(scenario: Scenario) -> None:
    _, second = twice(scenario)
    scenario.rollback_now()
    scenario.commit(seed=20, pin=second)
    assert scenario.one("production").status is ResultStatus.DENIED, "an unrelated commit changes nothing"
    merged(scenario)
    scenario.apply("production")
    scenario.commit(seed=20, pin=second)
    assert (scenario.one("production").status, scenario.serves) == (ResultStatus.CLEAN, second), (
        "promoted again on purpose"
    )
    scenario.rollback_now()
    third = scenario.deployed(30)
    assert scenario.serves == third


def test_a_request_that_brings_it_anew_is_planned_as_what_its_merge_will_be(scenario: Scenario) -> None:
    _, second = twice(scenario)
    scenario.rollback_now()
    merged(scenario)
    source = scenario.project.source
    again = sample_project.desired(None, seed=20, pin=second)
    head = source.commit(sample_manifests.files(again), on=source.line[-1:])
    asked = scenario.plan("production", replace(again, revision=head)).part(MODEL)
    scenario.merge(again)
    after = scenario.part("production")
    assert asked is not None
    assert asked.basis.controls == after.basis.controls == ()


def test_a_road_that_is_not_there_does_not_keep_it_from_serving(scenario: Scenario) -> None:
    first, _ = twice(scenario)

    def route() -> PullRequestRoute:
        raise ForgeError("there is no token", hint="set one", code="E902")

    with pytest.raises(
        ForgeError, match=r"the rollback is deployed \(entry 2\), but its proposal in git failed: there is no token"
    ):
        scenario.rollback_now(route=route)
    assert scenario.serves == first
    assert scenario.rollback_now().served_by == 2


def test_where_git_agrees_already_nothing_is_asked_for_and_the_good_one_serves(scenario: Scenario) -> None:
    """On-call goes back while the revert is merged and not applied yet."""
    first, _ = twice(scenario)
    scenario.commit(seed=10, pin=first)

    def route() -> PullRequestRoute:
        raise ForgeError("there is no token", hint="set one", code="E902")

    done = scenario.rollback_now(route=route)
    assert (done.served_by, done.branch, scenario.serves) == (2, None, first)


def test_running_it_again_goes_no_further_back(scenario: Scenario) -> None:
    twice(scenario)
    scenario.deployed(30)
    once = scenario.rollback_now()
    again = scenario.rollback_now()
    assert again == once
    entry = scenario.head("production").entry  # type: ignore[union-attr]
    assert entry.n == 3


def test_what_was_rolled_back_is_told_and_a_reason_that_comes_too_late_is_not_silently_dropped(
    scenario: Scenario,
) -> None:
    _, second = twice(scenario)
    once = scenario.rollback_now(reason="complaints")
    assert once.held == second
    again = scenario.rollback_now(reason="more complaints")
    late = (
        "already rolled back by journal entry 2; its reason stays 'complaints', and the one given now is not recorded"
    )
    assert again == replace(once, summary=(*once.summary, late))
    assert scenario.rollback_now(reason=NO_REASON) == once
    merged(scenario)
    scenario.apply("production")
    production = environment_of(scenario.desired, "production")
    hold = deployment_history.last_hold(scenario.deps(), scenario.desired, MODEL, production, second)
    assert hold is not None
    assert hold.reason == "complaints"
    assert deployment_history.last_hold(scenario.deps(), scenario.desired, MODEL, production, once.artifact) is None


def test_a_sandbox_is_answered_with_where_a_model_can_be_rolled_back(scenario: Scenario) -> None:
    twice(scenario)
    checkout = sample_manifests.checkout(scenario.project.source, scenario.desired)
    sandbox = environment_of(scenario.desired, "sandbox")
    with pytest.raises(UsageError, match="sandbox trains its models and deploys none") as refused:
        propose_only(scenario.deps(), checkout, scenario.proposer, models=(MODEL,), environment=sandbox, to=None)
    assert refused.value.hint == f"reconciler rollback {MODEL} --in production"


@pytest.mark.soak(every=2)
@pytest.mark.parametrize("flow", ["plain", "retried"])
def test_a_fault_at_any_effect_is_finished_by_running_it_again(tmp_path: Path, flow: str) -> None:
    counter = Counter()
    started = Scenario(tmp_path / "count")
    twice(started)
    started.rollback_now(script=counter)
    assert [one.split(" ")[0] for one in counter.effects[-4:]] == [
        *("production:", "target:", "target:", "git:")  # the target keeps the entry, then serves by it
    ]
    cases = 0
    for index in range(len(counter.effects)):
        for fault in (one for one in Fault if one is not Fault.NONE):
            scenario = Scenario(tmp_path / f"{index}-{fault}")
            first, second = twice(scenario)
            with contextlib.suppress(Crash, ReconcilerError):
                scenario.rollback_now(script=at(index, fault))
            assert scenario.serves in (first, second)
            if flow == "retried":  # somebody applies in between
                with contextlib.suppress(Crash, ReconcilerError):
                    scenario.apply("production", script=at(0, fault))
            done = scenario.rollback_now()
            assert (scenario.serves, done.artifact) == (first, first)
            assert list(scenario.proposer.branches) == [done.branch]
            assert scenario.one("production").status is ResultStatus.DENIED
            merged(scenario)
            assert scenario.plan("production").empty
            assert scenario.oracle.violations == [], (index, fault)
            cases += 1
    print(f"{cases} cases")


def test_an_older_commit_may_not_roll_back(scenario: Scenario) -> None:
    twice(scenario)
    newest = scenario.desired
    scenario.project.source.line.append("c9")
    scenario.desired = replace(newest, revision="c9")
    scenario.project.source.trees["c9"] = scenario.project.source.trees[newest.revision or ""]
    scenario.apply("production")
    scenario.deployed(30)
    late = scenario.project.source.line[-3:]
    scenario.project.source.line, kept = scenario.project.source.line[:-1], scenario.project.source.line[-1:]
    scenario.desired = replace(newest, revision=late[0])
    with pytest.raises(ConflictError):
        scenario.rollback_now()
    scenario.project.source.line += kept


def test_a_rejected_artifact_a_held_model_and_a_window_that_says_so_stand_in_its_way(scenario: Scenario) -> None:
    first, second = twice(scenario)
    scenario.commit(seed=20, pin=second, production=with_policy(rejected=rejected(first)))
    with pytest.raises(GateRefusedError, match="trained on refunds"):
        scenario.rollback_now()
    scenario.commit(seed=20, pin=second, production=with_policy(holds=(Hold(model=MODEL, reason="closing"),)))
    with pytest.raises(GateRefusedError, match="closing"):
        scenario.rollback_now()
    scenario.project.clock.pass_time(**FRIDAY)
    scenario.commit(seed=20, pin=second, production=with_policy(freeze=(replace(FRIDAYS, blocks_rollback=True),)))
    with pytest.raises(ConflictError, match="weekend") as refused:
        scenario.rollback_now()
    assert refused.value.code == "E705"
    assert scenario.serves == second
    scenario.commit(seed=20, pin=second, production=with_policy(freeze=(FRIDAYS,), approvals=FINANCE))
    scenario.rollback_now()
    assert scenario.serves == first, "an ordinary window and approvals do not: git is asked afterwards"


def test_there_must_be_something_to_go_back_to_and_from(scenario: Scenario) -> None:
    pin = scenario.deployed(10)
    with pytest.raises(UsageError, match="no earlier artifact") as refused:
        scenario.rollback_now()
    assert "to withdraw it, `git revert` the merge" in (refused.value.hint or "")
    scenario.commit(seed=10)
    with pytest.raises(UsageError, match="does not declare"):
        scenario.rollback_now()
    assert scenario.serves == pin
