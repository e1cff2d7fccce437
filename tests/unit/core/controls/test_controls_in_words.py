"""`controls show` leaves out nothing that judges deployments: each field that changes reads otherwise."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

from reconciler.core.controls.controls import EnvironmentControls, SourceControls
from reconciler.core.controls.controls_status import rules, timing
from reconciler.core.controls.data_protection import DataProtection
from reconciler.core.controls.loosened import loosened
from reconciler.core.digest import Digest
from reconciler.core.spec.data import PersonalData
from reconciler.core.spec.environment import Policy, PrunePolicy, Role
from reconciler.core.spec.gates import Threshold
from reconciler.core.spec.policy import Approvals, Control, Freeze, Hold, Override, Rejected, Retirement
from reconciler.core.storage.location import StorageLocation
from reconciler.core.trust.keys import Trust, TrustedKey
from reconciler.testing.memory_keys import key_of

ARTIFACT = Digest("sha256:" + "7" * 64)
STORE = StorageLocation(uses="s3", settings=(("bucket", "models"), ("endpoint", "https://ours.example.org")))
THEIRS = replace(STORE, settings=(("bucket", "models"), ("endpoint", "https://theirs.example.org")))
CONTROLS = EnvironmentControls(
    name="production",
    role=Role.PRODUCTION,
    store=STORE,
    target=STORE,
    protect="main",
    promotes_from=("sandbox",),
    policy=Policy(),
    sources=(),
)
KEY = TrustedKey(key=key_of("trainer"), file="keys/trainer.pub")
TRUST = Trust(trainer=(KEY,), promoter=(replace(KEY, key=key_of("promoter")),))
OTHERS: dict[str, Any] = {
    "role": Role.STAGING,
    "store": THEIRS,
    "target": THEIRS,
    "protect": None,
    "promotes_from": ("sandbox", "another"),
    "sources": (SourceControls(name="sandbox", role=Role.SANDBOX, store=STORE, tables=()),),
    "protection": DataProtection(personal_data=next(iter(PersonalData))),
    "managed": True,
    "trust": TRUST,
}
POLICIES: dict[str, Any] = {
    "gates": (Threshold(metric="f1_macro", at_least=0.5),),
    "max_data_age": 3600,
    "prune": PrunePolicy.AUTO,
    "max_retire": 9,
    "approvals": Approvals(least=1, people=("alice",)),
    "owners": ("alice",),
    "freeze": (Freeze(cron="0 18 * * FRI", duration=3600, time_zone="UTC", reason="weekend"),),
    "holds": (Hold(model="churn", reason="closing"),),
    "rejected": (Rejected(artifact=ARTIFACT, reason="wrong"),),
    "overrides": (Override(model="churn", artifact=ARTIFACT, control=Control.GATES, reason="once"),),
    "retire": (Retirement(model="churn", reason="over"),),
    "unknown_at_most": 0.25,
    "checks": ("leak-suspect",),
}
TRUSTS: dict[str, Any] = {
    "required": True,
    "trainer": (replace(KEY, key=key_of("attacker")),),
    "promoter": (KEY,),
    "threshold": (("trainer", 2),),
    "reproduced": 2,
}
KEYS: dict[str, Any] = {
    "key": key_of("attacker"),
    "file": "keys/other.pub",
    "since": "2026-01-01",
    "until": "2027-12-31",
    "revoked": "2026-11-29",
}
APPROVALS: dict[str, Any] = {"least": 2, "people": ("mallory",), "not_author": False}


def words(controls: EnvironmentControls) -> tuple[str, ...]:
    return (*rules(controls), *timing(controls))


def test_every_field_has_an_example() -> None:
    assert {field.name for field in fields(EnvironmentControls)} == {*OTHERS, "name", "policy", "format"}
    assert {field.name for field in fields(Policy)} == {*POLICIES}
    assert {field.name for field in fields(Trust)} == {*TRUSTS}
    assert {field.name for field in fields(TrustedKey)} == {*KEYS, "reason"}
    assert {field.name for field in fields(Approvals)} == {*APPROVALS}


@pytest.mark.parametrize("name", OTHERS)
def test_each_control_reads_otherwise_when_it_changes(name: str) -> None:
    assert words(replace(CONTROLS, **{name: OTHERS[name]})) != words(CONTROLS)


@pytest.mark.parametrize("name", POLICIES)
def test_each_part_of_the_policy_reads_otherwise_when_it_changes(name: str) -> None:
    assert words(replace(CONTROLS, policy=Policy(**{name: POLICIES[name]}))) != words(CONTROLS)


@pytest.mark.parametrize("name", TRUSTS)
def test_each_part_of_trust_reads_otherwise_when_it_changes(name: str) -> None:
    trusting = replace(CONTROLS, trust=TRUST)
    assert words(replace(trusting, trust=replace(TRUST, **{name: TRUSTS[name]}))) != words(trusting)


@pytest.mark.parametrize("name", KEYS)
def test_each_part_of_a_key_reads_otherwise_when_it_changes(name: str) -> None:
    trusting = replace(CONTROLS, trust=TRUST)
    key = replace(KEY, **{name: KEYS[name]})
    assert words(replace(trusting, trust=replace(TRUST, trainer=(key,)))) != words(trusting)


@pytest.mark.parametrize("name", APPROVALS)
def test_each_part_of_approvals_reads_otherwise_when_it_changes(name: str) -> None:
    one = Approvals(least=1, people=("alice",))
    before, after = (
        replace(CONTROLS, policy=Policy(approvals=each)) for each in (one, replace(one, **{name: APPROVALS[name]}))
    )
    assert words(before) != words(after)


def test_a_place_that_differs_by_its_endpoint_alone_is_told_by_it() -> None:
    (store, target) = loosened(CONTROLS, replace(CONTROLS, store=THEIRS, target=THEIRS))
    for each in (store, target):
        assert each.old == "s3://models (endpoint https://ours.example.org)"
        assert each.new == "s3://models (endpoint https://theirs.example.org)"
