"""A pin is judged by what was in force before it came in, in its change, and today: each way to get around that."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.core.digest import Digest, short
from reconciler.core.spec.data import DataBinding, Table
from reconciler.core.spec.environment import Environment, Role
from reconciler.core.spec.gates import Threshold
from reconciler.core.spec.model import Model
from reconciler.core.spec.policy import Approvals, Control, Freeze, Hold, Override
from reconciler.core.status_codes import ResultStatus
from reconciler.core.storage.location import StorageLocation
from reconciler.engine.apply.accept_controls import accept_controls
from reconciler.engine.controls.controls_state import controls_status
from reconciler.engine.find_environment import environment_of
from reconciler.errors import GateRefusedError, UsageError
from reconciler.report.controls import controls_status as report
from reconciler.report.layout.blocks import Detail
from reconciler.report.layout.render_text import to_text
from reconciler.report.layout.text_layout import TextStyle
from tests.simulation.sample_project import MODEL, PRODUCTION, SANDBOX
from tests.simulation.scenario import Scenario

FAY = Approvals(least=1, people=("fay",))


def with_policy(**policy: Any) -> Environment:
    return replace(PRODUCTION, policy=replace(PRODUCTION.policy, **policy))


STRICT = with_policy(gates=(Threshold(metric="f1_macro", at_least=0.99),))
LOOSE = with_policy(gates=(Threshold(metric="f1_macro", at_least=0.01),))


@pytest.fixture
def strict(scenario: Scenario) -> Scenario:
    """Production serves recipe 10; what is in force demands more than any candidate has."""
    first = scenario.deployed(10)
    scenario.commit(seed=20, pin=first, pinned_seed=10)
    scenario.apply("sandbox")
    scenario.commit(seed=20, pin=first, pinned_seed=10, production=STRICT)
    scenario.apply("production")
    return scenario


def refused(scenario: Scenario, before: Digest | None, *, times: int = 3) -> str:
    """Apply again and again; what served stays, and the last message is returned."""
    problem = ""
    for _ in range(times):
        scenario.apply("sandbox")
        told = scenario.one("production")
        assert told.status is not ResultStatus.CLEAN
        assert scenario.serves == before
        problem = f"{told.problem} {told.remedy}"
    return problem


def test_a_pin_with_its_weakened_gate_is_refused_by_every_apply_until_it_comes_in_anew(strict: Scenario) -> None:
    before, pin = strict.serves, strict.candidate
    strict.commit(seed=20, pin=pin, production=LOOSE)
    assert "promote payments --to production --again" in refused(strict, before)
    for _ in range(3):
        strict.commit(seed=20, pin=pin, production=LOOSE)
        refused(strict, before, times=1)
    strict.commit(seed=20, pin=pin, production=LOOSE, proposed=1)
    assert strict.one("production").status is ResultStatus.CLEAN
    assert strict.serves == pin


def test_an_artifact_that_passes_the_stricter_gate_too_needs_nothing(scenario: Scenario) -> None:
    scenario.deployed(10, production=with_policy(gates=(Threshold(metric="f1_macro", at_least=0.02),)))
    scenario.commit(seed=20, pin=scenario.serves, pinned_seed=10, production=LOOSE)
    scenario.apply("sandbox")
    scenario.commit(seed=20, pin=scenario.candidate, production=LOOSE)
    assert scenario.one("production").status is ResultStatus.CLEAN


def test_a_plan_tells_what_its_apply_is_going_to_loosen_and_is_silent_afterwards(strict: Scenario) -> None:
    before = strict.serves
    loosened = strict.commit(seed=20, pin=before, pinned_seed=10, production=LOOSE)
    told = "this commit loosens what is in force, and its apply lets that in: f1_macro at least: 0.99 -> "
    (note,) = [note for note in strict.plan("production").notes or () if note.startswith("this commit")]
    assert note.startswith(told)
    strict.apply("production", loosened)
    assert not [note for note in strict.plan("production").notes or () if note.startswith("this commit")]


def test_a_loosening_by_an_old_commit_or_a_work_tree_is_not_let_in(strict: Scenario) -> None:
    before, pin = strict.serves, strict.candidate
    loosened = strict.commit(seed=20, pin=before, pinned_seed=10, production=LOOSE)
    strict.commit(seed=20, pin=before, pinned_seed=10, production=LOOSE)
    strict.apply("production", loosened)
    status = controls_status(strict.deps(), loosened, environment_of(loosened, "production"))
    assert status.loosened
    assert "is not the newest of main" in (status.waits_for or "")
    with pytest.raises(UsageError, match="never from a work tree"):
        strict.apply("production", replace(strict.desired, revision=None))
    assert pin != strict.serves


@pytest.mark.parametrize("keeps", ["approvals", "owners"])
def test_dropping_people_in_one_request_and_pinning_in_the_next_still_asks_them(scenario: Scenario, keeps: str) -> None:
    first = scenario.deployed(10)
    scenario.commit(seed=20, pin=first, pinned_seed=10)
    scenario.apply("sandbox")
    people = {"approvals": FAY} if keeps == "approvals" else {"owners": ("fay",), "gates": STRICT.policy.gates}
    scenario.commit(seed=20, pin=first, pinned_seed=10, production=with_policy(**people))
    scenario.requested("nobody")
    scenario.apply("production")
    after = PRODUCTION if keeps == "approvals" else LOOSE
    scenario.commit(seed=20, pin=first, pinned_seed=10, production=after)
    scenario.requested("nobody")
    scenario.apply("production")
    pin = scenario.candidate
    scenario.commit(seed=20, pin=pin, production=after)
    request = scenario.requested("nobody")
    refused(scenario, first)
    scenario.forge.approve(request.number, "fay")
    if keeps == "approvals":
        assert scenario.one("production").status is ResultStatus.CLEAN, "fay approved this very pin"
    else:
        scenario.one("production")
    assert scenario.serves in (first, pin)


@pytest.fixture
def candidate(scenario: Scenario) -> Scenario:
    """Production serves recipe 10, and the sandbox has a candidate that passed its gates."""
    first = scenario.deployed(10)
    scenario.commit(seed=20, pin=first, pinned_seed=10)
    scenario.apply("sandbox")
    scenario.apply("production")
    return scenario


def test_another_declaration_of_the_sandboxs_data_with_a_pin_is_told(candidate: Scenario) -> None:
    tables = tuple((name, replace(table, path="planted.csv")) for name, table in SANDBOX.data.tables)
    before, pin = candidate.serves, candidate.candidate
    if not tables:
        tables = (("invoices", Table(uses="csv", path="planted.csv")),)
    other = replace(SANDBOX, data=DataBinding(tables=tables, as_of="2030-01-01"))
    candidate.commit(seed=20, pin=pin, sandbox=other)
    told = candidate.one("production")
    assert told.status is ResultStatus.DENIED
    assert "of sandbox" in (told.problem or "")
    assert candidate.serves == before
    candidate.commit(seed=20, pin=pin, sandbox=other, proposed=1)
    assert candidate.one("production").status is ResultStatus.CLEAN, "by now it is in force"


def test_a_role_a_branch_and_a_place_are_judged_by_what_is_in_force(candidate: Scenario) -> None:
    before, pin = candidate.serves, candidate.candidate
    moved = replace(PRODUCTION, target=StorageLocation(uses="directory", root="elsewhere"), protect=None)
    candidate.commit(seed=20, pin=pin, production=moved)
    told = candidate.one("production")
    assert told.status is ResultStatus.DENIED
    assert "GATE WEAKENED target" in (told.problem or "")
    assert "GATE WEAKENED protect: branch main -> nothing" in (told.problem or "")
    assert candidate.serves == before


def test_a_protected_environment_does_not_become_a_sandbox(candidate: Scenario) -> None:
    sandboxed = replace(PRODUCTION, role=Role.SANDBOX, promotes_from=(), target=None, protect=None)
    desired = candidate.commit(seed=20, production=sandboxed)
    with pytest.raises((GateRefusedError, UsageError)):
        candidate.apply("production", replace(desired, revision=None))


def test_a_hold_that_leaves_with_the_pin_still_holds_it_up(scenario: Scenario) -> None:
    held = with_policy(holds=(Hold(model=MODEL, reason="the quarter is being closed"),))
    first = scenario.deployed(10)
    scenario.commit(seed=20, pin=first, pinned_seed=10, production=held)
    scenario.apply("sandbox")
    scenario.apply("production")
    scenario.commit(seed=20, pin=scenario.candidate)
    assert "the quarter is being closed" in refused(scenario, first)
    scenario.commit(seed=20, pin=scenario.candidate, proposed=1)
    assert scenario.one("production").status is ResultStatus.CLEAN


def test_an_override_that_was_taken_back_does_not_count_for_an_older_commit_either(scenario: Scenario) -> None:
    """It came and went between two entries: it did not come in with the pin's entry, and nobody agreed to it."""
    hold = Hold(model=MODEL, reason="the quarter is being closed")
    first = scenario.deployed(10)
    scenario.commit(seed=20, pin=first, pinned_seed=10, production=with_policy(holds=(hold,)))
    scenario.apply("sandbox")
    scenario.apply("production")
    override = Override(model=MODEL, artifact=scenario.candidate, control=Control.HOLD, reason="urgent")
    older = scenario.commit(
        seed=20, pin=scenario.candidate, production=with_policy(holds=(hold,), overrides=(override,))
    )
    scenario.commit(seed=20, pin=scenario.candidate, production=with_policy(holds=(hold,)))
    scenario.apply("production")
    scenario.apply("production", older)
    assert scenario.serves == first
    scenario.commit(seed=20, pin=scenario.candidate, production=with_policy(holds=(hold,), overrides=(override,)))
    scenario.apply("production")
    assert scenario.serves == scenario.candidate, "a later request may bring it"


def renamed(scenario: Scenario, name: str, *, production: Environment, pin: Digest) -> None:
    """Commit the model under another name, in both environments."""
    desired = scenario.commit(seed=20, pin=pin, production=production)
    models: tuple[Model, ...] = tuple(
        replace(model, name=name, renamed_from=MODEL, file=f"manifests/{model.environment}/{name}.yaml")
        for model in desired.models
    )
    scenario.project.source.line.pop()
    scenario.merge(replace(desired, models=models))


def test_gates_follow_a_model_to_its_next_name(strict: Scenario) -> None:
    before, pin = strict.serves, strict.candidate
    renamed(strict, "lateness", production=LOOSE, pin=pin)
    strict.apply("sandbox")
    told = {result.model: result for result in strict.apply("production").results}
    assert told["lateness"].status is not ResultStatus.CLEAN
    assert "GATE WEAKENED" in (told["lateness"].problem or "")
    assert strict.serves == before
    assert "lateness" not in strict.project.target.current


def test_a_store_of_an_older_program_with_deployments_waits_for_a_person(candidate: Scenario) -> None:
    before, pin = candidate.serves, candidate.candidate
    objects = candidate.project.stores["production"].objects
    for key in [key for key in objects if key.startswith(("controls/", "register/"))]:
        del objects[key]
        candidate.oracle.lost("production", key)
    candidate.commit(seed=20, pin=pin)
    problem = refused(candidate, before)
    assert "reconciler controls accept production" in problem
    desired = candidate.desired
    accepted = accept_controls(candidate.deps(), desired, environment_of(desired, "production"), "an older store")
    assert (accepted.entry, accepted.fresh) == (0, True)
    assert accepted.accepted is not None
    assert accepted.accepted.reason == "an older store"
    assert candidate.one("production").status is ResultStatus.CLEAN


def test_the_policy_that_is_in_force_is_shown(strict: Scenario) -> None:
    status = controls_status(strict.deps(), strict.desired, environment_of(strict.desired, "production"))
    assert "gate f1_macro at least: 0.99" in status.rules
    assert {"freeze: none", "holds: none"} <= {*status.rules}
    assert (status.loosened, status.waits_for, status.unaccepted) == ((), None, None)


def test_freezes_and_holds_are_shown_as_git_has_them_now_and_the_id_to_accept_always_is(strict: Scenario) -> None:
    production = environment_of(strict.desired, "production")
    freeze = Freeze(cron="0 18 * * FRI", duration=60 * 3600, time_zone="UTC", reason="weekend")
    timed = replace(production.policy, freeze=(freeze,), holds=(Hold(model=MODEL, reason="closing"),))
    strict.commit(seed=10, pin=strict.serves, production=replace(production, policy=timed))
    status = controls_status(strict.deps(), strict.desired, environment_of(strict.desired, "production"))
    assert {"freeze: 60h from 0 18 * * FRI (UTC): weekend", f"hold of {MODEL}: closing"} <= {*status.rules}
    text = to_text(report.blocks(status, Detail.SCREEN), TextStyle(width=200))
    assert "Git says nothing else in " in text
    assert f"with id {short(status.digest)}." in text
