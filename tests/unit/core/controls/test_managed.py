"""`managed` is a control: what was in force goes on until it is let in that it ends."""

from __future__ import annotations

from dataclasses import replace

from reconciler.core.controls.controls import EnvironmentControls
from reconciler.core.controls.in_force import joined
from reconciler.core.controls.loosened import loosened
from reconciler.core.spec.environment import DriftPolicy
from tests.simulation.sample_project import PRODUCTION

UNMANAGED = EnvironmentControls(
    name="production",
    role=PRODUCTION.role,
    store=PRODUCTION.store,
    target=PRODUCTION.target,
    protect="main",
    promotes_from=(),
    policy=PRODUCTION.policy,
    sources=(),
)
MANAGED = replace(UNMANAGED, managed=True)


def test_to_end_it_is_a_loosening_and_to_begin_it_is_none() -> None:
    assert [each.what for each in loosened(MANAGED, UNMANAGED)] == ["managed"]
    assert loosened(UNMANAGED, MANAGED) == ()


def test_while_it_is_in_force_what_is_changed_by_hand_is_put_back() -> None:
    declared = replace(PRODUCTION, drift=DriftPolicy.REPORT)
    effective = joined(declared, [MANAGED, UNMANAGED])
    assert (effective.managed, effective.drift) == (True, DriftPolicy.SELF_HEAL)
    assert joined(declared, [UNMANAGED]) == declared
