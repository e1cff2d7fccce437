"""Simulate garbage collections among the reconcilers of `simulation`: whoever is at work or killed, nothing is lost.

    python -m tests.simulation.garbage --seed 1234

Weeks pass only while nobody is at work: a command is shorter than the grace period, which is what `gc` relies on. In
the end, after two more weeks, every blob that is left is named, and everything that is named is there.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from reconciler.core.artifact import store_layout
from reconciler.core.upkeep.garbage import GRACE
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.find_environment import environment_of
from reconciler.engine.upkeep.collect_garbage import collect_garbage
from reconciler.errors import IntegrityError
from reconciler.ports import Store
from reconciler.testing.fault_injection import Counter, Fault, FaultyStore, Script
from reconciler.testing.memory import MemoryStore
from tests.simulation.scheduled_process import ScheduledProcess
from tests.simulation.simulation import GLANCE, Ran, Simulation
from tests.support.scratch import scratch_folder

ENVIRONMENTS = ("sandbox", "production")
OFTEN = 0.5  # share of the processes that collect garbage
WEEK = timedelta(seconds=GRACE, hours=1)


class GarbageSimulation(Simulation):
    """`collected`: blobs that were taken out, put back and removed by the end."""

    def __init__(self, seed: int, folder: Path) -> None:
        super().__init__(seed, folder, "none")
        self.collected = {"taken out": 0, "returned": 0, "removed": 0}

    def _work(self, process: ScheduledProcess) -> None:
        if self.chance.random() >= OFTEN:
            super()._work(process)
            return
        deps = self._deps(process.at, actor=f"process-{process.number}", glance=process.at)
        self._collect(deps, self.chance.choice(ENVIRONMENTS))

    def _collect(self, deps: Dependencies, environment: str) -> None:
        desired = self.merges.newest
        result = collect_garbage(deps, desired, environment_of(desired, environment))
        self.collected["taken out"] += result.taken_out
        self.collected["returned"] += result.returned
        self.collected["removed"] += result.removed
        self.ran.trace.append(f"gc {environment}: {result}")

    def _deps(
        self, script: Script, *, actor: str, glance: Script | None = None, skew: timedelta | None = None
    ) -> Dependencies:
        deps = super()._deps(script, actor=actor, glance=None, skew=skew)
        if glance is None:
            return deps
        for name, store in self.project.stores.items():
            deps.stores[name] = _Shared(FaultyStore(store, script, name), self.chance, glance)
        return deps

    def _step(self, process: ScheduledProcess, fault: Fault) -> Fault:
        chance = self.chance.random()
        if chance < 0.02:  # the machine goes down, with all that runs on it
            for each in self.processes:
                while not each.ended and each.effect != "start":
                    each.step(Fault.BEFORE)
            self.ran.trace.append("every process is killed")
        if chance < 0.06 and all(each.ended or each.effect == "start" for each in self.processes):
            self.project.clock.now += WEEK
            self.ran.trace.append("a week passes")
        return super()._step(process, fault) if not process.ended else Fault.NONE

    def _settle(self) -> None:
        super()._settle()
        for _ in range(2):
            self.project.clock.now += WEEK
            for environment in ENVIRONMENTS:
                self._collect(self._deps(Counter(), actor="clean"), environment)
        for environment, store in self.project.stores.items():
            self.ran.violations += [f"G1 {environment} keeps {key}" for key in unnamed(store)]
        try:
            self._as_committed()
        except IntegrityError as error:
            self.ran.violations.append(f"G2 something is lost: {error}")


def unnamed(store: MemoryStore) -> Iterator[str]:
    """Yield the keys of blobs that no record and no named blob mentions, by brute force; and all that is taken out."""
    texts = [body for key, body in store.objects.items() if not store_layout.is_blob(key) and "sweeps/" not in key]
    texts += [key.encode() for key in store.objects if not store_layout.is_blob(key)]
    left = {key for key in store.objects if key.startswith("blobs/")}
    while named := {key for key in left if any(key.rpartition("/")[2].encode() in text for text in texts)}:
        texts = [store.objects[key] for key in named]
        left -= named
    yield from left
    yield from (key for key in store.objects if key.startswith("garbage/"))


class _Shared:
    """A store shared by processes: another one may go first at a read."""

    def __init__(self, store: FaultyStore, chance: random.Random, glance: Script) -> None:
        self._store: Store = store
        self._chance = chance
        self._glance = glance
        self.create = store.create
        self.remove = store.remove
        self.keys = store.keys

    def read(self, key: str) -> bytes | None:
        if self._chance.random() < GLANCE:
            self._glance("read")
        return self._store.read(key)

    def path(self, key: str) -> Path | None:
        if self._chance.random() < GLANCE:
            self._glance("read")
        return self._store.path(key)


def simulate(seed: int) -> tuple[Ran, dict[str, int]]:
    """Run one seed in a folder of its own."""
    with scratch_folder("garbage-") as folder:
        simulation = GarbageSimulation(seed, folder)
        return simulation.run(), simulation.collected


def main() -> None:
    parser = argparse.ArgumentParser(description="Run one seed of the simulation with garbage collections.")
    parser.add_argument("--seed", type=int, required=True)
    ran, collected = simulate(parser.parse_args().seed)
    print("\n".join([*ran.trace, str(collected), *(ran.violations or ["no violation"])]))
    raise SystemExit(1 if ran.violations else 0)


if __name__ == "__main__":
    main()
