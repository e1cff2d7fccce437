"""Simulate the loop under a hostile schedule: one seed, one run, always the same.

    python -m tests.simulation.simulation --seed 1234 [--mutant NAME] [--trace]

Three reconcilers run the real engine on one sample project. A seeded scheduler decides at every write, and at some
reads, which process continues: it crashes a process before, after or in the middle of a write, leaves writes
unanswered, pauses a process for long, sets its clock wrong, shows it stale listings, and lets late processes hold an
older commit. Meanwhile (`random_history`) recipes change, candidates are promoted, rolled back, retired or pinned
though they failed, days pass, freezes begin, models are held, artifacts rejected, approvals given and withdrawn,
deployed files are changed or removed, and journal entries are emptied and restored. The oracle (`invariants`) sees
every write. When the faults stop, one clean pass must converge to the last commit and a second must write nothing.

Mutants are broken ports. A simulation that cannot tell them from sound ones proves nothing.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from reconciler.core.artifact.observed_state import LiveDeployment
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.engine.apply import apply
from reconciler.engine.apply.accept_controls import accept_controls
from reconciler.engine.controls.observe_controls import observe_controls
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.find_environment import environment_of
from reconciler.engine.inspect import audit
from reconciler.engine.plan import make_plan
from reconciler.engine.promotion import rollback_now
from reconciler.errors import ReconcilerError
from reconciler.ports import Store
from reconciler.testing.fault_injection import Counter, Fault, FaultyProposer, FaultyStore, FaultyTarget, Script
from reconciler.testing.memory import MemoryTarget
from reconciler.testing.memory_git import MemoryProposer
from tests.simulation import sample_manifests, sample_project
from tests.simulation.invariants import Oracle, expected
from tests.simulation.mutants import MUTANTS, Mutant
from tests.simulation.random_history import Merges
from tests.simulation.sample_project import SampleProject
from tests.simulation.scheduled_process import ScheduledProcess
from tests.support.scratch import scratch_folder

PROCESSES = 3
STEPS = 36  # turns of the scheduler before faults stop
GLANCE = 0.02  # share of reads at which another process may go first
FAULTS = tuple(fault for fault in Fault if fault is not Fault.NONE)
UNANSWERED = (Fault.UNANSWERED, Fault.DONE_UNANSWERED)
HARMLESS = frozenset(["start", "planned", "read"])  # stops at which nothing is written


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """What a schedule has more of than others, so that it shows one mistake sooner: `events` of `random_history`,
    `faults`, and the `share` of writes with a fault."""

    events: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = FAULTS
    share: float = 0.12


@dataclass(slots=True)
class Ran:
    """The result of one seed. `violations` is empty where the invariants held."""

    seed: int
    mutant: str = "none"
    violations: list[str] = field(default_factory=list)
    trace: list[str] = field(default_factory=list)
    applies: int = 0
    faults: int = 0

    @property
    def replay(self) -> str:
        mutant = "" if self.mutant == "none" else f" --mutant {self.mutant}"
        return f"python -m tests.simulation.simulation --seed {self.seed}{mutant} --trace"


class Simulation:
    def __init__(self, seed: int, folder: Path, mutant: str, aim: Aim | None = None) -> None:
        self.chance = random.Random(seed)
        self.ran = Ran(seed, mutant)
        self.mutant: Mutant = MUTANTS[mutant]
        self.project: SampleProject = sample_project.found(folder)
        self.oracle = Oracle(self.project.source, trained=self.project.trainer.trained)
        self.mutant.build(self.project, self.oracle)
        self.oracle.stores, self.oracle.target = self.project.stores, self.project.target
        self.oracle.sees_hands = True
        self.aim = aim or Aim()
        self.merges = Merges(
            self.project, self.chance, report=self.ran.trace.append, by_hand=self.oracle.by_hand, often=self.aim.events
        )
        self.oracle.commits, self.oracle.given = self.merges.commits, self.merges.given
        self.proposer = MemoryProposer(self.project.source)
        self.processes: list[ScheduledProcess] = []

    # --- processes ---------------------------------------------------------------------------------------------------

    def _work(self, process: ScheduledProcess) -> None:
        """Run one process: apply one environment at a commit, perhaps an old one."""
        environment = self.chance.choice(["sandbox", "production"])
        late = self.chance.random() < 0.25
        desired = self.chance.choice(self.merges.commits) if late else self.merges.newest
        skew = timedelta(minutes=self.chance.choice([0, 0, 0, -60, 60]))
        deps = self._deps(process.at, actor=f"process-{process.number}", glance=process.at, skew=skew)
        where = environment_of(desired, environment)
        if environment == "production" and self.chance.random() < 0.2:
            self._back(process, deps, desired, where)
            return
        self.ran.trace.append(f"{process.number}: apply {environment} at {desired.revision}")
        plan = make_plan.make_plan(deps, desired, where)
        process.at("planned")
        done = apply.apply(deps, desired, where, plan, confirmed=True)
        self.ran.applies += 1
        summary = "; ".join(result.problem or ", ".join(result.done) or "nothing" for result in done.results)
        self.ran.trace.append(f"{process.number}: {summary}")

    def _back(self, process: ScheduledProcess, deps: Dependencies, desired: DesiredState, where: Environment) -> None:
        """Run `rollback --now` in this process."""
        self.ran.trace.append(f"{process.number}: rollback --now at {desired.revision}")
        checkout = sample_manifests.checkout(self.project.source, desired)
        proposer = FaultyProposer(self.proposer, process.at)
        done = rollback_now.now(
            deps, checkout, proposer, model=sample_project.MODEL, environment=where, to=None, reason="it disappoints"
        )
        self.ran.applies += 1
        self.ran.trace.append(f"{process.number}: serves {done.artifact} by entry {done.served_by}")

    def _deps(
        self, script: Script, *, actor: str, glance: Script | None = None, skew: timedelta | None = None
    ) -> Dependencies:
        """Return one process's ports: the shared ones with its faults and mutant. `glance`: others may go first."""
        stores: dict[str, Store] = {
            name: FaultyStore(store, script, name) for name, store in self.project.stores.items()
        }
        target = FaultyTarget(self.project.target, script)
        if glance is not None:
            stores = {name: _Shared(store, self.chance, glance) for name, store in stores.items()}
            target = _Watched(self.project.target, script, self.chance, glance)
        seen, at_target, source = self.mutant.wrap(stores, target, self.project.source)

        def clock() -> datetime:
            return self.project.clock() + (skew or timedelta())

        forge = self.mutant.forge(self.project.forge)
        return self.project.deps(actor=actor, stores=seen, target=at_target, source=source, clock=clock, forge=forge)

    def _fault(self, effect: str) -> Fault:
        often = 0.03 if "/sha256/" in effect else self.aim.share  # most writes are blobs: the least is at stake there
        if effect in HARMLESS or self.chance.random() > often:
            return Fault.NONE
        return self.chance.choice(self.aim.faults)

    # --- the schedule ------------------------------------------------------------------------------------------------

    def run(self) -> Ran:
        """Run the whole seed: faults, then a clean pass and another."""
        asleep: dict[int, int] = {}
        for turn in range(STEPS):
            if len(self.processes) < PROCESSES:
                process = ScheduledProcess(len(self.processes) + turn * 10, self._work)
                process.start()
                self.processes.append(process)
            if self.chance.random() < 0.2:
                self.merges.happen()
            awake = [process for process in self.processes if asleep.get(process.number, 0) <= turn] or self.processes
            process = self.chance.choice(awake)
            if self.chance.random() < 0.04:
                asleep[process.number] = turn + self.chance.randrange(5, 40)
            fault = self._step(process, self._fault(process.effect))
            if self.chance.random() < 0.5:  # most writes follow one another without anybody in between
                while not process.ended and fault not in UNANSWERED and self.chance.random() < 0.9:
                    fault = self._step(process, self._fault(process.effect))
            if fault in UNANSWERED:  # it waits before it tries again
                asleep[process.number] = turn + self.chance.randrange(3, 12)
            self._remove_ended()
            if self.oracle.violations:
                break
        self.merges.restore_lost()
        while self.processes and not self.oracle.violations:
            self._step(self.chance.choice(self.processes), Fault.NONE)
            self._remove_ended()
        for process in self.processes:  # after a violation nobody goes on
            while not process.ended:
                self._step(process, Fault.BEFORE)
        if not self.oracle.violations:
            self._settle()
        self.ran.violations = [*self.ran.violations, *self.oracle.violations]
        return self.ran

    def _step(self, process: ScheduledProcess, fault: Fault) -> Fault:
        if fault is not Fault.NONE:
            self.ran.trace.append(f"{process.number}: {fault} at {process.effect}")
            self.ran.faults += 1
        process.step(fault)
        return fault

    def _remove_ended(self) -> None:
        for process in [process for process in self.processes if process.ended]:
            self.processes.remove(process)
            if process.problem is not None:
                self.ran.violations.append(process.problem)

    # --- the end -----------------------------------------------------------------------------------------------------

    def _settle(self) -> None:
        """Check I7: without faults one pass converges, and the next writes nothing.

        What blocked a pin when it came in blocks it for good: once the controls are calm, the pin is proposed again.
        Where production's pass changes the incumbent, candidates are verified against the new one: so the sandbox runs
        once more. Controls that only a person can put in force are accepted by one.
        """
        try:
            self.project.clock.pass_time(hours=2)  # what a process with a fast clock recorded lies in the past by then
            self.merges.calm()
            self._accept_controls()
            for environment in ("sandbox", "production", "sandbox"):
                self._pass(environment, Counter())
            self.merges.propose_again()
            for environment in ("sandbox", "production", "sandbox"):
                self._pass(environment, Counter())
            again = Counter()
            for environment in ("sandbox", "production"):
                self._pass(environment, again)
            if again.effects:
                self.ran.violations.append(f"I7 a second pass writes: {again.effects[:3]}")
            self._as_committed()
        except ReconcilerError as error:
            self.ran.violations.append(f"I7 there is no clean pass: {error}")

    def _accept_controls(self) -> None:
        desired, deps = self.merges.newest, self._deps(Counter(), actor="clean")
        where = environment_of(desired, "production")
        if observe_controls(desired, where, store=deps.stores["production"], source=deps.source).unaccepted is not None:
            self.ran.trace.append("controls accept production")
            accept_controls(deps, desired, where, "what was stricter was meant for another day")

    def _pass(self, environment: str, counter: Counter) -> None:
        desired = self.merges.newest
        deps = self._deps(counter, actor="clean")
        where = environment_of(desired, environment)
        apply.apply(deps, desired, where, make_plan.make_plan(deps, desired, where), confirmed=True)
        left = make_plan.make_plan(deps, desired, where)
        if not left.empty:
            steps = [step.action.value for part in left.models for step in part.steps]
            self.ran.violations.append(f"I7 {environment} does not converge: {steps}")

    def _as_committed(self) -> None:
        """Check that production serves what the last commit declares, and that everything stored is undamaged."""
        desired = self.merges.newest
        deps = self._deps(Counter(), actor="auditor")
        wanted = expected(self.project, desired, compares=self.merges.compares)
        current = self.project.target.current.get(sample_project.MODEL)
        serves = current.artifact if current else None
        if wanted is not ... and serves != wanted:
            self.ran.violations.append(f"I7 production serves {serves}, and the last commit asks for {wanted}")
        report = audit.audit(deps, desired, ())
        self.ran.violations += [f"I1 audit: {finding.where}: {finding.problem}" for finding in report.findings]


class _Shared:
    """A store shared by processes: another one may go first at a read, and listings are sometimes stale."""

    def __init__(self, store: Store, chance: random.Random, glance: Script) -> None:
        self._store = store
        self._chance = chance
        self._glance = glance
        self.create = store.create
        self.path = store.path

    def read(self, key: str) -> bytes | None:
        if self._chance.random() < GLANCE:
            self._glance("read")
        return self._store.read(key)

    def keys(self, prefix: str) -> Iterator[str]:
        listed = list(self._store.keys(prefix))
        if listed and self._chance.random() < 0.1:
            return iter(listed[:-1])
        return iter(listed)


class _Watched(FaultyTarget):
    """A target shared by processes: another one may go first at a read."""

    def __init__(self, target: MemoryTarget, script: Script, chance: random.Random, glance: Script) -> None:
        super().__init__(target, script)
        self._chance = chance
        self._glance = glance

    def observe(self, models: Iterable[str], *, others: bool = True) -> tuple[LiveDeployment, ...]:
        deployments = super().observe(models, others=others)
        if self._chance.random() < 10 * GLANCE:
            self._glance("read")
        return deployments


def simulate(seed: int, mutant: str = "none", *, aim: Aim | None = None) -> Ran:
    """Run one seed in a folder of its own."""
    with scratch_folder("simulation-") as folder:
        return Simulation(seed, folder, mutant, aim).run()


def main() -> None:
    parser = argparse.ArgumentParser(description="Run one seed of the simulation.")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--mutant", choices=sorted(MUTANTS), default="none")
    parser.add_argument("--trace", action="store_true")
    arguments = parser.parse_args()
    ran = simulate(arguments.seed, arguments.mutant)
    lines = [*(ran.trace if arguments.trace else ()), *(ran.violations or ["no violation"])]
    print("\n".join(lines))
    raise SystemExit(1 if ran.violations else 0)


if __name__ == "__main__":
    main()
