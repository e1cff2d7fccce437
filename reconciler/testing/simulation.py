"""The loop under a hostile schedule: one seed, one run, always the same.

    python -m reconciler.testing.simulation --seed 1234 [--mutant NAME] [--trace]

Three reconcilers run the real engine on one town. A seeded scheduler decides at every write who goes on: it crashes a
process before, after or in the middle of a write, leaves writes unanswered, pauses a process for long, shows stale
listings, and lets late processes hold an older commit. Meanwhile recipes change, candidates are promoted, rolled back
or pinned though refused, and served bytes are tampered with or wiped. The oracle (`invariants`) sees every write. When
the faults stop, one clean pass must converge and a second must write nothing.

Mutants are broken ports. A simulation that cannot tell them from sound ones proves nothing.
"""

from __future__ import annotations

import argparse
import random
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from reconciler import codec
from reconciler.core.digest import Digest
from reconciler.core.environment import Desired
from reconciler.core.record import Entry
from reconciler.engine import apply, planning
from reconciler.errors import ReconcilerError
from reconciler.ports import Store, Target
from reconciler.testing import town as towns
from reconciler.testing.actor import Actor
from reconciler.testing.faults import Counter, Fault, FaultyStore, FaultyTarget
from reconciler.testing.invariants import Oracle
from reconciler.testing.mutants import MUTANTS, Mutant
from reconciler.testing.town import MODEL, Town

ACTORS = 3
STEPS = 45  # turns of the scheduler before faults stop


@dataclass(slots=True)
class Ran:
    """What one seed showed. `violations` empty: the invariants held."""

    seed: int
    violations: list[str] = field(default_factory=list)
    trace: list[str] = field(default_factory=list)
    applies: int = 0
    crashes: int = 0

    @property
    def replay(self) -> str:
        return f"python -m reconciler.testing.simulation --seed {self.seed} --trace"


class Simulation:
    def __init__(self, seed: int, folder: Path, mutant: Mutant) -> None:
        self.chance = random.Random(seed)  # noqa: S311  (chance, not secrecy)
        self.ran = Ran(seed)
        self.mutant = mutant
        self.town: Town = towns.found(folder)
        self.oracle = Oracle(self.town.source, trained=self.town.trainer.trained)
        mutant.build(self.town, self.oracle)
        self.oracle.stores, self.oracle.target = self.town.stores, self.town.target
        self.commits: list[Desired] = []
        self.actors: list[Actor] = []
        self.seed_of_recipe = 10
        self.pin: Digest | None = None
        self.pinned_seed: int | None = None
        self.compares = self.chance.random() < 0.5
        self._commit()

    # --- git ---------------------------------------------------------------------------------------------------------

    def _commit(self) -> None:
        name = f"c{len(self.commits)}"
        self.town.source.line.append(name)
        self.commits.append(
            towns.desired(
                name,
                seed=self.seed_of_recipe,
                pin=self.pin,
                pinned_seed=self.pinned_seed,
                compares=self.compares,
            )
        )
        self.ran.trace.append(f"commit {name}: recipe {self.seed_of_recipe}, pin {(self.pin or 'none')[7:19]}")

    def _made(self) -> list[tuple[Digest, int]]:
        """(artifact, recipe seed) of everything the sandbox's journal knows, oldest first."""
        found: dict[Digest, int] = {}
        seeds = _seeds()
        for key, body in sorted(self.town.stores["sandbox"].objects.items()):
            if key.startswith("journal/sandbox/"):
                entry = codec.decode(Entry, body, what=key)
                if entry.state.build is not None:
                    found[entry.state.build.artifact] = seeds[entry.state.build.recipe]
        return list(found.items())

    def _change(self) -> None:
        """Somebody merges something, or something happens to what is served."""
        kind = self.chance.choice(["recipe", "recipe", "promote", "promote", "older", "tamper", "wipe", "day", "unpin"])
        made = self._made()
        match kind:
            case "recipe":
                self.seed_of_recipe = self.chance.randrange(0, 50)
            case "promote" if made:
                self.pin, self.pinned_seed = made[-1]
            case "older" if made:
                self.pin, self.pinned_seed = self.chance.choice(made)
            case "unpin" if self.chance.random() < 0.3:
                self.pin = None
            case "day":
                self.town.data.day += 1
                self.town.clock.pass_time(days=1)
                return
            case "tamper" | "wipe":
                self._damage(kind)
                return
            case _:
                return
        self._commit()

    def _damage(self, kind: str) -> None:
        current = self.town.target.current.get(MODEL)
        if current is None or current.artifact is None:
            return
        self.ran.trace.append(f"{kind} what is served")
        if kind == "wipe":
            del self.town.target.current[MODEL]
            return
        release = self.town.target.releases[MODEL][current.artifact.removeprefix("sha256:")]
        name = self.chance.choice(sorted(release))
        release[name] = release[name] + b"?"

    # --- processes ---------------------------------------------------------------------------------------------------

    def _work(self, actor: Actor) -> None:
        """One process's life: apply one environment at a commit, perhaps an old one, perhaps by an old plan."""
        environment = self.chance.choice(["sandbox", "production", "production"])
        late = self.chance.random() < 0.25
        desired = self.chance.choice(self.commits) if late else self.commits[-1]
        stores: dict[str, Store] = {
            name: _Listed(FaultyStore(store, actor.at, name), self.chance) for name, store in self.town.stores.items()
        }
        stores, target, source = self.mutant.wrap(stores, FaultyTarget(self.town.target, actor.at), self.town.source)
        world = self.town.world(
            who=f"actor-{actor.number}",
            stores=stores,
            target=target,
            source=source,
            trains=environment == "sandbox",
        )
        where = planning.environment_of(desired, environment)
        self.ran.trace.append(f"{actor.number}: apply {environment} at {desired.revision}")
        plan = planning.make_plan(world, desired, where)
        actor.at("planned")
        done = apply.apply(world, desired, where, plan, confirmed=True)
        self.ran.applies += 1
        told = "; ".join(one.problem or ", ".join(one.done) or "nothing" for one in done.results)
        self.ran.trace.append(f"{actor.number}: {told}")

    def _fault(self, effect: str) -> Fault:
        if effect in ("start", "planned"):
            return Fault.NONE
        if self.chance.random() > 0.10:
            return Fault.NONE
        return self.chance.choice([fault for fault in Fault if fault is not Fault.NONE])

    def run(self) -> Ran:
        """The whole seed: faults, then a clean pass and another."""
        asleep: dict[int, int] = {}
        for turn in range(STEPS):
            if len(self.actors) < ACTORS:
                actor = Actor(len(self.actors) + turn * 10, self._work)
                actor.start()
                self.actors.append(actor)
            if self.chance.random() < 0.12:
                self._change()
            awake = [one for one in self.actors if asleep.get(one.number, 0) <= turn] or self.actors
            actor = self.chance.choice(awake)
            if self.chance.random() < 0.04:
                asleep[actor.number] = turn + self.chance.randrange(5, 40)
            self._step(actor, self._fault(actor.effect))
            if self.chance.random() < 0.5:  # most writes follow one another without anybody in between
                while not actor.ended and self.chance.random() < 0.85:
                    self._step(actor, self._fault(actor.effect))
            self._bury()
            if self.oracle.violations:
                break
        while self.actors and not self.oracle.violations:
            self._step(self.chance.choice(self.actors), Fault.NONE)
            self._bury()
        for actor in self.actors:
            self._step(actor, Fault.BEFORE if actor.effect not in ("start", "planned") else Fault.NONE)
            while not actor.ended:
                self._step(actor, Fault.BEFORE)
        if not self.oracle.violations:
            self._settle()
        self.ran.violations = [*self.ran.violations, *self.oracle.violations]
        return self.ran

    def _step(self, actor: Actor, fault: Fault) -> None:
        if fault is not Fault.NONE:
            self.ran.trace.append(f"{actor.number}: {fault} at {actor.effect}")
            self.ran.crashes += 1
        actor.step(fault)

    def _bury(self) -> None:
        for actor in [one for one in self.actors if one.ended]:
            self.actors.remove(actor)
            if actor.problem is not None:
                self.ran.violations.append(actor.problem)

    def _settle(self) -> None:
        """I7: without faults one pass converges, and the next writes nothing. Where production's pass moves the
        incumbent, candidates are judged against the new one: so the sandbox comes once more before all is quiet."""
        desired = self.commits[-1]
        counter = Counter()
        for script, environments in (
            (None, ("sandbox", "production", "sandbox")),
            (counter, ("sandbox", "production")),
        ):
            for environment in environments:
                stores: dict[str, Store] = dict(self.town.stores)
                if script is not None:
                    stores = {name: FaultyStore(store, script, name) for name, store in self.town.stores.items()}
                target: Target = self.town.target if script is None else FaultyTarget(self.town.target, script)
                stores, target, source = self.mutant.wrap(stores, target, self.town.source)
                world = self.town.world(who="clean", stores=stores, target=target, source=source)
                where = planning.environment_of(desired, environment)
                try:
                    plan = planning.make_plan(world, desired, where)
                    apply.apply(world, desired, where, plan, confirmed=True)
                    left = planning.make_plan(world, desired, where)
                except ReconcilerError as error:
                    self.ran.violations.append(f"I7 {environment} cannot be applied cleanly: {error}")
                    return
                if not left.empty:
                    steps = [step.action.value for part in left.models for step in part.steps]
                    self.ran.violations.append(f"I7 {environment} does not converge: {steps}")
        if counter.effects:
            self.ran.violations.append(f"I7 a second pass writes: {counter.effects[:3]}")


@cache
def _seeds() -> Mapping[Digest, int]:
    """Recipe digest -> seed, of every recipe that a simulation may commit."""
    return {codec.digest_of(towns.recipe(seed)): seed for seed in range(50)}


class _Listed:
    """A store whose listings are sometimes stale: the newest members are missing. Nothing else is changed."""

    def __init__(self, store: FaultyStore, chance: random.Random) -> None:
        self._store = store
        self._chance = chance
        self.create = store.create
        self.read = store.read
        self.path = store.path

    def keys(self, prefix: str) -> Iterator[str]:
        found = list(self._store.keys(prefix))
        if found and self._chance.random() < 0.1:
            return iter(found[:-1])
        return iter(found)


def simulate(seed: int, mutant: str = "none") -> Ran:
    """Run one seed in a folder of its own."""
    folder = Path(tempfile.mkdtemp(prefix="simulation-"))
    try:
        return Simulation(seed, folder, MUTANTS[mutant]).run()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="Run one seed of the simulation.")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--mutant", choices=sorted(MUTANTS), default="none")
    parser.add_argument("--trace", action="store_true")
    given = parser.parse_args()
    ran = simulate(given.seed, given.mutant)
    lines = [*(ran.trace if given.trace else ()), *(ran.violations or ["no violation"])]
    print("\n".join(lines))  # noqa: T201
    raise SystemExit(1 if ran.violations else 0)


if __name__ == "__main__":
    main()
