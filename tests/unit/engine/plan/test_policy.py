"""What the controls of an environment hold up, what they let through, and what is told and recorded of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from reconciler.core.digest import Digest, short
from reconciler.core.forge.review import Account, Contributions, Push, RequestCommit
from reconciler.core.spec.environment import Environment, Policy, PrunePolicy
from reconciler.core.spec.gates import Threshold
from reconciler.core.spec.model import Model
from reconciler.core.spec.policy import Approvals, Control, Freeze, Hold, Override, Rejected
from reconciler.core.status_codes import HealthStatus, ResultStatus, SyncStatus
from reconciler.engine.inspect.audit import audit
from reconciler.engine.inspect.explain_status import why
from reconciler.engine.inspect.history import history
from reconciler.engine.inspect.status import status
from reconciler.engine.plan.plan_expiry import stays_until
from reconciler.errors import ForgeError
from reconciler.report.plan.headlines import is_unchanged
from tests.simulation.sample_project import MODEL, OTHER, PRODUCTION
from tests.simulation.scenario import Scenario

FRIDAYS = Freeze(cron="0 18 * * FRI", duration=60 * 3600, time_zone="UTC", reason="weekend")
OPENS = datetime(2026, 1, 5, 6, tzinfo=UTC)  # the scenario's clock begins on Thursday 1 January 2026
FRIDAY = {"days": 1, "hours": 19}
FINANCE = Approvals(least=1, people=("shop/finance",))


def with_policy(**policy: Any) -> Environment:
    return replace(PRODUCTION, policy=replace(PRODUCTION.policy, **policy))


def candidate(scenario: Scenario, **says: Any) -> Digest:
    """Another one that passed the gates, after what is deployed."""
    scenario.commit(seed=20, pin=scenario.serves, pinned_seed=10, **says)
    scenario.apply("sandbox")
    return scenario.candidate


def override(control: Control, pin: Digest) -> tuple[Override, ...]:
    return (Override(model=MODEL, artifact=pin, control=control, reason="agreed by phone"),)


# --- rejected --------------------------------------------------------------------------------------------------------


def rejected(*artifacts: Digest) -> tuple[Rejected, ...]:
    return tuple(Rejected(artifact=one, reason="trained on refunds") for one in artifacts)


def test_a_rejected_artifact_is_never_deployed_not_even_where_it_was_before(scenario: Scenario) -> None:
    first = scenario.deployed(10)
    newer = candidate(scenario)
    scenario.commit(seed=20, pin=newer, production=with_policy(rejected=rejected(newer)))
    assert scenario.one("production").status is ResultStatus.DENIED
    scenario.commit(seed=20, pin=newer)
    assert scenario.one("production").status is ResultStatus.DENIED, "it was rejected when the pin came in"
    scenario.commit(seed=20, pin=newer, proposed=1)
    assert scenario.one("production").status is ResultStatus.CLEAN
    scenario.commit(seed=20, pin=first, pinned_seed=10, production=with_policy(rejected=rejected(first)))
    back = scenario.one("production")
    assert (back.status, scenario.serves) == (ResultStatus.DENIED, newer), "vetted, and rejected"
    assert "trained on refunds" in (back.problem or "")


def test_what_serves_and_is_rejected_is_degraded_with_what_to_do_and_stays(scenario: Scenario) -> None:
    pin = scenario.deployed(10)
    scenario.commit(seed=10, pin=pin, production=with_policy(rejected=rejected(pin)))
    part = scenario.part("production")
    assert (part.health, part.sync) == (HealthStatus.DEGRADED, SyncStatus.OUT_OF_SYNC)
    assert part.blocked is not None
    assert f"rollback {MODEL} --in production --now" in part.blocked.remedy
    assert all("controls" in effect or "blobs" in effect for effect in scenario.writes("production"))
    assert scenario.writes("production") == []
    assert scenario.serves == pin
    newer = candidate(scenario)
    scenario.commit(seed=20, pin=newer, production=with_policy(rejected=rejected(pin)))
    assert scenario.one("production").status is ResultStatus.CLEAN
    assert scenario.part("production").health is HealthStatus.HEALTHY


# --- holds -----------------------------------------------------------------------------------------------------------

CLOSING = (Hold(model=MODEL, reason="the quarter is being closed"),)


def test_a_held_model_is_not_deployed_and_still_repaired(scenario: Scenario) -> None:
    scenario.deployed(10)
    newer = candidate(scenario)
    scenario.commit(seed=20, pin=newer, production=with_policy(holds=CLOSING))
    part = scenario.part("production")
    assert (part.health, part.status) == (HealthStatus.SUSPENDED, ResultStatus.DENIED)
    assert not any("frozen" in note for note in part.detail.notes)
    del scenario.project.target.current[MODEL]
    told = scenario.one("production")
    assert (told.status, scenario.serves is not None) == (ResultStatus.DENIED, True)
    scenario.commit(seed=20, pin=newer, production=with_policy(holds=(replace(CLOSING[0], model=OTHER),)))
    assert scenario.one("production").status is ResultStatus.CLEAN, "another model's hold"


def test_a_freeze_behind_a_hold_is_told_with_it(scenario: Scenario) -> None:
    scenario.deployed(10)
    newer = candidate(scenario)
    scenario.commit(seed=20, pin=newer, production=with_policy(holds=CLOSING, freeze=(FRIDAYS,)))
    scenario.project.clock.pass_time(**FRIDAY)
    part = scenario.part("production")
    assert part.reason == "held: the quarter is being closed"
    assert "also production is frozen until 2026-01-05 06:00 UTC: weekend" in part.detail.notes
    scenario.commit(seed=20, pin=newer, production=with_policy(freeze=(FRIDAYS,)))
    assert not any("also" in note for note in scenario.part("production").detail.notes), "said once"


def test_a_held_model_that_is_as_declared_is_suspended_and_says_why(scenario: Scenario) -> None:
    pin = scenario.deployed(10)
    scenario.commit(seed=10, pin=pin, production=with_policy(holds=CLOSING))
    part = scenario.part("production")
    assert (part.sync, part.health, part.status) == (SyncStatus.IN_SYNC, HealthStatus.SUSPENDED, ResultStatus.CLEAN)
    assert any("the quarter is being closed" in note for note in part.detail.notes)


# --- freezes ---------------------------------------------------------------------------------------------------------


def test_a_freeze_holds_up_what_is_new_until_it_opens(scenario: Scenario) -> None:
    first = scenario.deployed(10)
    newer = candidate(scenario)
    scenario.commit(seed=20, pin=newer, production=with_policy(freeze=(FRIDAYS,)))
    scenario.project.clock.pass_time(**FRIDAY)
    closed = scenario.part("production")
    assert closed.blocked is not None
    assert (closed.status, closed.blocked.until) == (ResultStatus.CONFLICT, OPENS)
    assert "frozen until 2026-01-05 06:00 UTC: weekend" in closed.reason
    assert (scenario.one("production").status, scenario.serves) == (ResultStatus.CONFLICT, first)
    scenario.project.clock.now = OPENS
    opened = scenario.part("production")
    assert opened.digest == closed.digest, "a digest knows no clock"
    assert (scenario.one("production").status, scenario.serves) == (ResultStatus.CLEAN, newer)


def test_a_plan_reviewed_on_the_other_side_of_a_window_s_edge_is_the_same_plan(scenario: Scenario) -> None:
    scenario.deployed(10)
    newer = candidate(scenario)
    scenario.commit(seed=20, pin=newer, production=with_policy(freeze=(FRIDAYS,)))
    while_open = scenario.plan("production")
    scenario.project.clock.pass_time(**FRIDAY)
    told = scenario.one("production", plan=while_open)
    assert told.status is ResultStatus.CONFLICT
    assert "weekend" in (told.problem or ""), "not: the plan is stale"
    while_closed = scenario.plan("production")
    scenario.project.clock.now = OPENS
    assert scenario.one("production", plan=while_closed).status is ResultStatus.CLEAN
    assert scenario.serves == newer


def test_a_window_that_begins_while_an_apply_runs_stops_it_before_the_commit_point(scenario: Scenario) -> None:
    first = scenario.deployed(10)
    newer = candidate(scenario)
    scenario.commit(seed=20, pin=newer, production=with_policy(freeze=(FRIDAYS,)))
    plan = scenario.plan("production")
    times = iter([scenario.project.clock.now] * 2)

    def clock() -> datetime:
        return next(times, scenario.project.clock.now.replace(day=2, hour=19))

    deps = scenario.deps(clock=clock)
    from reconciler.engine.apply import apply

    (told,) = apply.apply(deps, scenario.desired, scenario.desired.environments[0], plan).results
    assert (told.status, scenario.serves) == (ResultStatus.CONFLICT, first)
    assert "E705" in (told.problem or "")


def test_a_freeze_never_holds_up_a_restore_and_a_rollback_only_when_told_to(scenario: Scenario) -> None:
    first = scenario.deployed(10)
    newer = candidate(scenario)
    scenario.commit(seed=20, pin=newer)
    scenario.apply("production")
    scenario.project.clock.pass_time(**FRIDAY)
    for window, result, serves in (
        (replace(FRIDAYS, blocks_rollback=True), ResultStatus.CONFLICT, newer),
        (FRIDAYS, ResultStatus.CLEAN, first),
    ):
        scenario.commit(seed=20, pin=first, pinned_seed=10, production=with_policy(freeze=(window,)))
        assert (scenario.one("production").status, scenario.serves) == (result, serves)
    del scenario.project.target.current[MODEL]
    scenario.commit(
        seed=20, pin=first, pinned_seed=10, production=with_policy(freeze=(replace(FRIDAYS, blocks_rollback=True),))
    )
    assert (scenario.one("production").status, scenario.serves) == (ResultStatus.CLEAN, first)


def test_a_freeze_holds_up_a_model_s_end(scenario: Scenario) -> None:
    pin = scenario.deployed(10, others=True)
    frozen = with_policy(freeze=(FRIDAYS,), prune=PrunePolicy.AUTO)
    scenario.commit(seed=10, production=frozen, others=True)
    scenario.project.clock.pass_time(**FRIDAY)
    assert (
        next(one for one in scenario.apply("production").results if one.model == MODEL).status is ResultStatus.CONFLICT
    )
    assert scenario.serves == pin
    scenario.project.clock.now = OPENS
    scenario.apply("production")
    assert scenario.serves is None


def test_what_is_settled_stays_settled_through_every_window(scenario: Scenario) -> None:
    """What a plan remembers of a model that is as declared is not moved by a freeze, so no window limits it."""
    pin = scenario.deployed(10)
    scenario.commit(seed=10, pin=pin, production=with_policy(freeze=(FRIDAYS,)))
    before = scenario.plan("production")
    production = scenario.desired.environments[0]
    assert stays_until(before, production, scenario.desired.models, None, scenario.deps().clock()) == {}
    scenario.project.clock.pass_time(**FRIDAY)
    after = scenario.plan("production")
    assert (after.id, after.empty, is_unchanged(after.models[0])) == (before.id, True, True)


# --- weakened gates --------------------------------------------------------------------------------------------------

STRICT = with_policy(gates=(Threshold(metric="f1_macro", at_least=0.55),))
LOOSE = with_policy(gates=(Threshold(metric="f1_macro", at_least=0.45),))
OWNED, OWNED_LOOSE = (replace(one, policy=replace(one.policy, owners=("shop/risk",))) for one in (STRICT, LOOSE))


def weakened(scenario: Scenario, *, before: Environment = STRICT, after: Environment = LOOSE) -> Digest:
    """A candidate that only the weaker gate lets through, promoted by the change that weakens it."""
    first = scenario.deployed(20, production=before)
    scenario.commit(seed=10, pin=first, pinned_seed=20, production=after)
    scenario.apply("sandbox")
    pin = scenario.candidate
    scenario.project.source.line.pop()  # it was judged on a branch
    scenario.commit(seed=10, pin=pin, production=after)
    return pin


def test_a_gate_weakened_with_a_promotion_is_told_and_refused_where_nobody_owns_it(scenario: Scenario) -> None:
    weakened(scenario)
    part = scenario.part("production")
    assert part.status is ResultStatus.DENIED
    assert "GATE WEAKENED f1_macro at least: 0.55 -> 0.45" in (part.blocked.reasons if part.blocked else ())
    assert "promote payments --to production --again" in (part.blocked.remedy if part.blocked else "")
    assert scenario.one("production").status is ResultStatus.DENIED


def test_two_changes_are_two_decisions(scenario: Scenario) -> None:
    first = scenario.deployed(20, production=STRICT)
    scenario.commit(seed=10, pin=first, pinned_seed=20, production=LOOSE)
    scenario.apply("sandbox")
    scenario.apply("production")
    scenario.commit(seed=10, pin=scenario.candidate, production=LOOSE)
    assert not scenario.part("production").detail.notes
    assert scenario.one("production").status is ResultStatus.CLEAN


def test_a_later_edit_does_not_hide_what_came_with_the_pin(scenario: Scenario) -> None:
    pin = weakened(scenario)
    scenario.commit(seed=10, pin=pin, production=with_policy(gates=LOOSE.policy.gates, max_retire=2))
    assert scenario.part("production").status is ResultStatus.DENIED
    scenario.commit(seed=10, pin=pin, production=STRICT)
    assert not any("WEAKENED" in note for note in scenario.part("production").detail.notes), "it was put right"


def test_an_owner_of_before_may_let_a_weakened_gate_count_and_nobody_else(scenario: Scenario) -> None:
    pin = weakened(scenario, before=OWNED, after=OWNED_LOOSE)
    scenario.forge.teams["shop/risk"] = ("rita", "rob")
    request = scenario.requested("ada", "rob", author="rob")
    part = scenario.part("production")
    assert part.steps
    assert part.detail.notes[:2] == (
        "GATE WEAKENED f1_macro at least: 0.55 -> 0.45",
        "needs an approval by a policy owner (shop/risk), checked at apply",
    )
    refused = scenario.one("production")
    assert refused.status is ResultStatus.DENIED, "neither a stranger nor the author"
    assert request.url in (refused.problem or "")
    scenario.forge.approve(request.number, "Rita")
    assert (scenario.one("production").status, scenario.serves) == (ResultStatus.CLEAN, pin)
    entry = scenario.head("production").entry  # type: ignore[union-attr]
    assert entry.approved is not None
    assert [one.by for one in entry.approved.approvals] == ["Rita"]


def test_who_is_made_an_owner_by_the_same_change_has_no_say_in_it(scenario: Scenario) -> None:
    eve = replace(LOOSE, policy=replace(LOOSE.policy, owners=("eve",)))
    weakened(scenario, after=eve)
    scenario.requested("eve")
    assert scenario.one("production").status is ResultStatus.DENIED


def test_a_rollback_brings_its_own_gates_along_and_is_not_refused_for_them(scenario: Scenario) -> None:
    first = scenario.deployed(10)
    scenario.deployed(20, production=STRICT)
    scenario.commit(seed=20, pin=first, pinned_seed=10)
    part = scenario.part("production")
    assert any("GATE WEAKENED" in note for note in part.detail.notes)
    assert (scenario.one("production").status, scenario.serves) == (ResultStatus.CLEAN, first)


# --- approvals -------------------------------------------------------------------------------------------------------


def proposed(scenario: Scenario, approvals: Approvals = FINANCE, **policy: Any) -> Digest:
    """A candidate that is merged, and asks for approvals."""
    scenario.deployed(10, production=with_policy(**policy))
    pin = candidate(scenario, production=with_policy(**policy))
    scenario.commit(seed=20, pin=pin, production=with_policy(approvals=approvals, **policy))
    scenario.forge.teams["shop/finance"] = ("fay", "finn", "author")
    return pin


def test_enough_approvals_let_a_deploy_happen_and_are_kept_with_its_entry(scenario: Scenario) -> None:
    pin = proposed(scenario)
    request = scenario.requested("ada", "fay")
    assert "needs 1 approval by shop/finance, checked at apply" in scenario.part("production").detail.notes
    assert (scenario.one("production").status, scenario.serves) == (ResultStatus.CLEAN, pin)
    approved = scenario.head("production").entry.approved  # type: ignore[union-attr]
    assert approved is not None
    found = (approved.number, approved.url, approved.commit, approved.brought, [one.by for one in approved.approvals])
    assert found == (request.number, request.url, request.commit, scenario.desired.revision, ["fay"])


@pytest.mark.parametrize(
    ("approved", "approvals", "words"),
    [
        ((), FINANCE, "1 approval by shop/finance"),
        (("ada",), FINANCE, "approved by none of them"),
        (("author",), FINANCE, "the approval of author, its author, does not count"),
        (("fay",), replace(FINANCE, least=2), "approved by fay"),
    ],
)
def test_too_few_approvals_are_refused_with_who_may_and_where(
    scenario: Scenario, approved: tuple[str, ...], approvals: Approvals, words: str
) -> None:
    proposed(scenario, approvals)
    request = scenario.requested(*approved)
    before = scenario.serves
    told = scenario.one("production")
    assert (told.status, scenario.serves) == (ResultStatus.DENIED, before)
    assert words in (told.problem or "")
    assert request.url in (told.problem or "")
    assert "E704" in (told.problem or "")
    for name in ("fay", "finn"):
        scenario.forge.approve(request.number, name)
    assert scenario.one("production").status is ResultStatus.CLEAN, "running again finishes it"


def test_an_author_counts_where_the_environment_says_so(scenario: Scenario) -> None:
    proposed(scenario, replace(FINANCE, not_author=False))
    scenario.requested("author")
    assert scenario.one("production").status is ResultStatus.CLEAN


def test_an_approval_that_was_withdrawn_or_was_of_an_older_head_is_none(scenario: Scenario) -> None:
    proposed(scenario)
    request = scenario.requested("fay")
    scenario.forge.withdraw(request.number, "fay")
    assert scenario.one("production").status is ResultStatus.DENIED
    scenario.forge.approve(request.number, "fay")
    scenario.forge.pulls[request.number] = replace(scenario.forge.pulls[request.number], commit="another head")
    assert scenario.one("production").status is ResultStatus.DENIED


def test_an_approval_of_a_request_into_another_branch_is_none(scenario: Scenario) -> None:
    pin = proposed(scenario)
    other = scenario.requested("fay")
    scenario.forge.pulls[other.number] = replace(scenario.forge.pulls[other.number], base="scratch")
    told = scenario.one("production")
    assert told.status is ResultStatus.DENIED
    assert f"{other.url} was merged into scratch" in (told.problem or "")
    ours = scenario.requested()
    assert scenario.one("production").status is ResultStatus.DENIED, "nobody approved this one"
    scenario.forge.approve(ours.number, "fay")
    assert (scenario.one("production").status, scenario.serves) == (ResultStatus.CLEAN, pin)


def test_whoever_pushed_the_commits_of_a_programs_request_does_not_approve_them(scenario: Scenario) -> None:
    proposed(scenario)
    request = scenario.requested("fay", author="promoter[bot]")
    commits = (RequestCommit(id=request.commit, parents=()),)
    push = Push(by=Account(login="fay"), before=None, after=request.commit)
    scenario.forge.work[request.number] = Contributions(commits=commits, pushes=(push,))
    told = scenario.one("production")
    assert told.status is ResultStatus.DENIED
    assert "the approval of fay, who pushed commits of it, does not count" in (told.problem or "")
    assert "have another of them approve the merged commit" in (told.remedy or "")
    scenario.forge.approve(request.number, "finn")
    scenario.forge.work[request.number] = Contributions(commits=commits, pushes=(), gap="nobody tells")
    told = scenario.one("production")
    assert (told.status, "notAuthor: false" in (told.remedy or "")) == (ResultStatus.DENIED, True), told
    scenario.forge.work[request.number] = Contributions(commits=commits, pushes=(push,))
    assert scenario.one("production").status is ResultStatus.CLEAN


def test_without_a_request_or_a_forge_there_is_no_approval(scenario: Scenario) -> None:
    proposed(scenario)
    assert "no pull request merged into main is known" in (scenario.one("production").problem or "")
    scenario.project.forge = None
    told = scenario.one("production")
    assert told.status is ResultStatus.DENIED
    assert "no GitHub or GitLab is known" in (told.problem or "")


class Counting:
    """A forge that counts what it is asked, and may be out of reach."""

    def __init__(self, scenario: Scenario, *, reachable: bool = True) -> None:
        self.forge = scenario.forge
        self.reachable = reachable
        self.asked: list[str] = []

    def __getattr__(self, name: str) -> Any:
        def ask(*arguments: Any) -> Any:
            self.asked.append(" ".join((name, *map(str, arguments))))
            if not self.reachable:
                raise ForgeError("the forge did not answer", code="E901")
            return getattr(self.forge, name)(*arguments)

        return ask


def two_models(scenario: Scenario) -> None:
    """Production deploys two models by one change that asks for approvals."""
    scenario.commit(seed=10)
    scenario.apply("sandbox")
    production = with_policy(approvals=FINANCE)
    desired = scenario.commit(seed=10, pin=scenario.candidate, production=production)
    (pinned,) = desired.models_of("production")
    twin = replace(pinned, name="twin", file="manifests/production/twin.yaml")
    made = desired.models_of("sandbox")[0]
    sandbox = tuple(replace(made, name=name, file=f"manifests/sandbox/{name}.yaml") for name in (MODEL, "twin"))
    everything: tuple[Model, ...] = (*sandbox, pinned, twin)
    scenario.merge(replace(desired, models=everything))
    scenario.apply("sandbox")
    scenario.project.source.line.pop()
    scenario.project.source.line.pop()
    scenario.merge(replace(desired, models=everything))


def test_a_forge_is_asked_once_per_change_and_not_per_model(scenario: Scenario) -> None:
    two_models(scenario)
    scenario.forge.teams["shop/finance"] = ("fay",)
    request = scenario.requested("fay")
    counting = Counting(scenario)
    applied = scenario.apply("production", forge=counting)
    assert [one.status for one in applied.results] == [ResultStatus.CLEAN, ResultStatus.CLEAN]
    commit = scenario.desired.revision
    number = request.number
    assert counting.asked == [
        f"merged_by {commit}", "members shop/finance", f"reviews {number}", "whoami", f"contributions {number}"
    ]  # fmt: skip


def test_a_forge_out_of_reach_leaves_alone_what_it_must_be_asked_for_and_the_others_go_on(scenario: Scenario) -> None:
    pin = proposed(scenario)
    scenario.requested("fay")
    told = scenario.apply("production", forge=Counting(scenario, reachable=False)).results
    assert [one.status for one in told] == [ResultStatus.FAILED]
    assert "E901" in (told[0].problem or "")
    first = scenario.serves
    assert first != pin
    del scenario.project.target.current[MODEL]
    scenario.commit(seed=10, pin=first, pinned_seed=10, production=with_policy(approvals=FINANCE))
    told = scenario.apply("production", forge=Counting(scenario, reachable=False)).results
    assert [one.status for one in told] == [ResultStatus.CLEAN], "a restore asks nobody"


# --- overrides -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("control", [Control.FREEZE, Control.HOLD])
def test_an_override_lets_one_artifact_through_one_control_and_is_seen_and_recorded(
    scenario: Scenario, control: Control
) -> None:
    scenario.deployed(10)
    pin = candidate(scenario)
    both = {"freeze": (FRIDAYS,)} if control is Control.FREEZE else {"holds": CLOSING}
    scenario.project.clock.pass_time(**FRIDAY)
    scenario.commit(seed=20, pin=pin, production=with_policy(**both))
    scenario.apply("production")
    scenario.commit(seed=20, pin=pin, production=with_policy(**both, overrides=override(control, pin)))
    part = scenario.part("production")
    assert f"override of {control}: agreed by phone" in part.detail.notes
    assert (scenario.one("production").status, scenario.serves) == (ResultStatus.CLEAN, pin)
    (recorded,) = scenario.head("production").entry.overrides or ()  # type: ignore[union-attr]
    assert (recorded.control, recorded.reason, recorded.approved) == (control, "agreed by phone", None)
    after = scenario.part("production")
    assert (after.status, f"override of {control}: agreed by phone" in after.detail.notes) == (ResultStatus.CLEAN, True)


def test_an_override_of_another_artifact_or_control_is_none(scenario: Scenario) -> None:
    first = scenario.deployed(10)
    pin = candidate(scenario)
    scenario.project.clock.pass_time(**FRIDAY)
    for one in (override(Control.HOLD, pin), override(Control.FREEZE, first)):
        scenario.commit(seed=20, pin=pin, production=with_policy(freeze=(FRIDAYS,), overrides=one))
        assert scenario.one("production").status is ResultStatus.CONFLICT
    notes = scenario.part("production").detail.notes
    assert any(f"is for {short(first)}, which is not pinned any more: remove it" in note for note in notes)


@pytest.mark.parametrize("control", [Control.APPROVALS, Control.FREEZE])
def test_where_there_are_owners_an_override_counts_when_one_of_them_approved_it(
    scenario: Scenario, control: Control
) -> None:
    pin = proposed(scenario, owners=("rita",), freeze=(FRIDAYS,) if control is Control.FREEZE else ())
    scenario.requested("fay" if control is Control.FREEZE else "nobody")
    if control is Control.FREEZE:
        scenario.project.clock.pass_time(**FRIDAY)
    policy = scenario.desired.environments[0].policy
    overridden = replace(PRODUCTION, policy=replace(policy, overrides=override(control, pin)))
    scenario.commit(seed=20, pin=pin, production=overridden)
    request = scenario.requested("fay", author="eve")
    assert scenario.one("production").status is ResultStatus.DENIED
    scenario.forge.approve(request.number, "rita")
    # A later change of the same file takes nothing away from the one that brought the override.
    scenario.commit(seed=20, pin=pin, production=replace(overridden, policy=replace(overridden.policy, max_retire=3)))
    told = scenario.one("production")
    assert (told.status, told.problem, scenario.serves) == (ResultStatus.CLEAN, None, pin)
    (recorded,) = scenario.head("production").entry.overrides or ()  # type: ignore[union-attr]
    assert recorded.approved is not None
    assert (recorded.approved.number, [one.by for one in recorded.approved.approvals]) == (request.number, ["rita"])


def test_an_override_of_gates_lets_a_weakened_gate_count_and_no_refusal(scenario: Scenario) -> None:
    pin = weakened(scenario, before=OWNED, after=OWNED_LOOSE)
    scenario.forge.teams["shop/risk"] = ("rita",)
    scenario.requested()
    policy = OWNED_LOOSE.policy
    scenario.commit(
        seed=10,
        pin=pin,
        production=replace(OWNED_LOOSE, policy=replace(policy, overrides=override(Control.GATES, pin))),
    )
    scenario.requested("rita")
    assert (scenario.one("production").status, scenario.serves) == (ResultStatus.CLEAN, pin)
    scenario.commit(seed=2, pin=pin, pinned_seed=10, production=OWNED_LOOSE)
    scenario.apply("sandbox")
    bad = scenario.candidate
    scenario.commit(
        seed=2, pin=bad, production=replace(OWNED_LOOSE, policy=replace(policy, overrides=override(Control.GATES, bad)))
    )
    scenario.requested("rita")
    assert (scenario.one("production").status, scenario.serves) == (ResultStatus.DENIED, pin)


def test_a_policy_is_compared_as_it_was_written() -> None:
    """What the tests above write as a commit's files says the same as the values that they plan with."""
    import json

    from reconciler.manifest.unchecked import past_manifest
    from tests.simulation import sample_manifests

    policy = Policy(
        gates=PRODUCTION.policy.gates,
        approvals=FINANCE,
        owners=("ada",),
        freeze=(FRIDAYS,),
        holds=CLOSING,
        rejected=rejected(Digest("sha256:" + "a" * 64)),
        overrides=override(Control.HOLD, Digest("sha256:" + "b" * 64)),
        max_data_age=3600,
    )
    assert past_manifest.policy(json.dumps({"spec": {"policy": sample_manifests.policy(policy)}}).encode()) == policy


# --- what is asked and told ------------------------------------------------------------------------------------------


def advice(scenario: Scenario, **ports: Any) -> str:
    environment = scenario.desired.environments[0]
    return " | ".join(one.reason for one in why(scenario.deps(**ports), scenario.desired, environment, MODEL).advice)


def test_why_asks_the_forge_and_says_who_approved_who_is_missing_or_that_nobody_can_tell(scenario: Scenario) -> None:
    proposed(scenario)
    request = scenario.requested("ada")
    assert f"needs 1 approval by shop/finance: {request.url}" in advice(scenario)
    scenario.forge.approve(request.number, "fay")
    assert f"{request.url} is approved by fay" in advice(scenario)
    assert "the forge did not answer" in advice(scenario, forge=Counting(scenario, reachable=False))
    scenario.project.forge = None
    assert "no GitHub or GitLab is known" in advice(scenario)


def test_history_and_audit_show_what_a_deploy_rested_on(scenario: Scenario) -> None:
    pin = proposed(scenario, freeze=(FRIDAYS,))
    scenario.requested("fay")
    scenario.project.clock.pass_time(**FRIDAY)
    scenario.apply("production")
    policy = scenario.desired.environments[0].policy
    scenario.commit(
        seed=20,
        pin=pin,
        production=replace(PRODUCTION, policy=replace(policy, overrides=override(Control.FREEZE, pin))),
    )
    scenario.requested("fay")
    assert scenario.one("production").status is ResultStatus.CLEAN
    event = history(scenario.deps(), scenario.desired, ("production",), (MODEL,)).events[0]
    assert event.approved is not None
    assert [one.by for one in event.approved.approvals] == ["fay"]
    assert [one.control for one in event.overrides or ()] == [Control.FREEZE]
    found = audit(scenario.deps(), scenario.desired, ("production",))
    assert (found.findings, dict(found.checked)["approved deploys"], dict(found.checked)["overrides"]) == ((), 1, 1)


def test_status_says_that_an_environment_is_frozen_and_until_when(scenario: Scenario) -> None:
    pin = scenario.deployed(10)
    scenario.commit(seed=10, pin=pin, production=with_policy(freeze=(FRIDAYS,)))
    scenario.project.clock.pass_time(**FRIDAY)
    (environment,) = status(scenario.deps(), scenario.desired, ("production",)).environments
    assert "production is frozen until 2026-01-05 06:00 UTC: weekend" in environment.notes
    assert environment.models[0].health is HealthStatus.HEALTHY
