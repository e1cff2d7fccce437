"""A crash, or a lost answer, at every effect of each flow, by index: the next run converges in one pass."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.core.environment import Desired
from reconciler.core.result import Applied
from reconciler.engine import apply, planning
from reconciler.errors import ReconcilerError
from reconciler.testing import town as towns
from reconciler.testing.faults import Counter, Crash, Fault, FaultyStore, FaultyTarget, Script, at
from reconciler.testing.invariants import Oracle
from reconciler.testing.memory import MemoryStore, MemoryTarget

FAULTS = [fault for fault in Fault if fault is not Fault.NONE]


def watched(folder: Path) -> tuple[towns.Town, Oracle]:
    """A town whose every write is told to an oracle."""
    town = towns.found(folder)
    oracle = Oracle(town.source, trained=town.trainer.trained)

    def told(environment: str) -> Callable[[str, bytes], None]:
        return lambda key, body: oracle.created(environment, key, body)

    town.stores = {name: MemoryStore(folder / name, told(name)) for name in ("sandbox", "production")}
    town.target = MemoryTarget(folder / "target", oracle.placed)
    oracle.stores, oracle.target = town.stores, town.target
    return town, oracle


def run(town: towns.Town, desired: Desired, environment: str, script: Script | None = None) -> Applied:
    """One process that applies one environment, with this script of faults."""
    follow: Script = script or (lambda _: Fault.NONE)
    world = town.world(
        stores={name: FaultyStore(store, follow, name) for name, store in town.stores.items()},
        target=FaultyTarget(town.target, follow),
        trains=environment == "sandbox",
    )
    where = planning.environment_of(desired, environment)
    plan = planning.make_plan(world, desired, where)
    return apply.apply(world, desired, where, plan, confirmed=True)


def newest(town: towns.Town, desired: Desired) -> str:
    world = town.world()
    part = planning.make_plan(world, desired, planning.environment_of(desired, "sandbox")).models[0]
    assert part.detail.candidate is not None
    return part.detail.candidate


def prepared(folder: Path, flow: str) -> tuple[towns.Town, Oracle, Desired, str]:
    """A town just before a flow: what to apply, and where."""
    town, oracle = watched(folder)
    town.source.line = ["c0"]
    first = towns.desired("c0", seed=10)
    if flow == "first sandbox":
        return town, oracle, first, "sandbox"
    run(town, first, "sandbox")
    pin = newest(town, first)
    town.source.line.append("c1")
    second = towns.desired("c1", seed=10, pin=pin)
    if flow == "first production":
        return town, oracle, second, "production"
    run(town, second, "production")
    town.source.line.append("c2")
    third = towns.desired("c2", seed=20, pin=pin, pinned_seed=10)
    if flow == "next sandbox":
        return town, oracle, third, "sandbox"
    run(town, third, "sandbox")
    newer = newest(town, third)
    town.source.line.append("c3")
    fourth = towns.desired("c3", seed=20, pin=newer)
    if flow == "next production":
        return town, oracle, fourth, "production"
    run(town, fourth, "production")
    if flow == "repair":
        release = town.target.releases[towns.MODEL][newer.removeprefix("sha256:")]
        release["model.skops"] += b"!"
        return town, oracle, fourth, "production"
    town.source.line.append("c4")
    if flow == "retire":
        other = towns.desired("c4", seed=20)
        kept = town.target.current
        assert kept
        return town, oracle, other, "production"
    assert flow == "rollback"
    return town, oracle, towns.desired("c4", seed=20, pin=pin, pinned_seed=10), "production"


FLOWS = ["first sandbox", "first production", "next sandbox", "next production", "repair", "rollback"]


def effects_of(folder: Path, flow: str) -> int:
    town, _, desired, environment = prepared(folder, flow)
    counter = Counter()
    run(town, desired, environment, counter)
    return len(counter.effects)


def attempt(town: towns.Town, desired: Desired, environment: str, script: Script) -> None:
    try:
        run(town, desired, environment, script)
    except Crash:
        pass
    except ReconcilerError:
        pass


def assert_converges(town: towns.Town, oracle: Oracle, desired: Desired, environment: str) -> None:
    clean = run(town, desired, environment)
    assert [one.problem for one in clean.results if one.problem] == []
    world = town.world()
    again = planning.make_plan(world, desired, planning.environment_of(desired, environment))
    assert again.empty, again.models
    counter = Counter()
    run(town, desired, environment, counter)
    written = [effect for effect in counter.effects if "create" not in effect]
    assert written == []
    assert counter.effects == []
    assert oracle.violations == []


@pytest.mark.parametrize("flow", FLOWS)
def test_a_fault_at_any_effect_is_healed_by_the_next_run(tmp_path: Path, flow: str) -> None:
    count = effects_of(tmp_path / "count", flow)
    assert count >= 2
    cases = 0
    for index in range(count):
        for fault in FAULTS:
            town, oracle, desired, environment = prepared(tmp_path / f"{index}-{fault}", flow)
            before = len(town.trainer.trained)
            attempt(town, desired, environment, at(index, fault))
            assert oracle.violations == [], (flow, index, fault)
            assert_converges(town, oracle, desired, environment)
            assert len(town.trainer.trained) - before <= 2, "at most one training is repeated"
            cases += 1
    print(f"{flow}: {cases} cases")


def test_a_crash_during_recovery_is_healed_too(tmp_path: Path) -> None:
    """All pairs: a crash at effect j of the deploy, then one at effect k of the run that recovers."""
    flow = "next production"
    count = effects_of(tmp_path / "count", flow)
    crashes = (Fault.BEFORE, Fault.AFTER)
    for first in range(count):
        for second in range(count):
            for fault in crashes:
                town, oracle, desired, environment = prepared(tmp_path / f"{first}-{second}-{fault}", flow)
                attempt(town, desired, environment, at(first, Fault.AFTER))
                attempt(town, desired, environment, at(second, fault))
                assert_converges(town, oracle, desired, environment)
