"""Simulate requests against the controls in force: one seed, one run, always the same.

    python -m tests.simulation.requests.request_simulation --seed 1234 [--mutant NAME] [--trace]

Random requests (`random_requests`) are merged while applies of the real engine run: at the newest commit, again at the
same one, late at an old one, from a work tree; with crashes before, after and in the middle of writes, and with whole
other applies and merges in between. The oracle (`request_oracle`) sees every write of production. Mutants
(`loose_controls`) are the broken versions of this program that let a request configure its own judge.
"""

from __future__ import annotations

import argparse
import contextlib
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Role
from reconciler.engine.apply import apply
from reconciler.engine.apply.accept_controls import accept_controls
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.find_environment import environment_of
from reconciler.engine.plan import make_plan
from reconciler.errors import ReconcilerError
from reconciler.ports import Store
from reconciler.testing.fault_injection import Crash, Fault, FaultyStore, FaultyTarget
from tests.simulation import sample_project
from tests.simulation.requests import request_project
from tests.simulation.requests.loose_controls import MUTANTS, LooseControls
from tests.simulation.requests.random_requests import RequestHistory
from tests.simulation.requests.request_edits import EDITS
from tests.simulation.requests.request_oracle import RequestOracle
from tests.simulation.requests.request_project import Declared, Places
from tests.support.scratch import scratch_folder

TURNS = 14
CRASHES = (Fault.BEFORE, Fault.AFTER, Fault.TORN, Fault.ERROR, Fault.DONE_UNANSWERED)
DEEPEST = 2  # applies within applies


@dataclass(slots=True)
class RequestRun:
    """The result of one seed. `violations` is empty where the invariant held."""

    seed: int
    mutant: str = "none"
    violations: list[str] = field(default_factory=list)
    trace: list[str] = field(default_factory=list)
    applies: int = 0
    deploys: int = 0

    @property
    def replay(self) -> str:
        mutant = "" if self.mutant == "none" else f" --mutant {self.mutant}"
        return f"python -m tests.simulation.requests.request_simulation --seed {self.seed}{mutant} --trace"


class RequestSimulation:
    def __init__(self, seed: int, folder: Path, mutant: str, often: Sequence[str]) -> None:
        self.chance = random.Random(seed)
        self.ran = RequestRun(seed, mutant)
        self.mutant: LooseControls = MUTANTS[mutant]
        self.project = sample_project.found(folder)
        self.history = RequestHistory(self.project.source, self.chance, self.ran.trace.append, often)
        self.oracle = RequestOracle(self.history)
        self.places = Places(folder / "places", self.oracle.created)
        self.depth = 0
        self.faulty = False

    def run(self) -> RequestRun:
        self._apply("production", len(self.history.commits) - 1)
        self.faulty = True
        for _ in range(TURNS):
            self._happen()
            if self.oracle.violations:
                break
        self.ran.violations += self.oracle.violations
        self.ran.deploys = self.oracle.deploys
        return self.ran

    def _happen(self) -> None:
        kind, newest = self.chance.random(), len(self.history.commits) - 1
        if kind < 0.36:
            self.history.merge_request()
            if self.chance.random() < 0.6:
                self._apply("production", len(self.history.commits) - 1)
        elif kind < 0.42:
            self.history.approve_late()
        elif kind < 0.45:
            self.project.clock.pass_time(hours=self.chance.choice((21, 24, 48)))
        elif kind < 0.50:
            self._apply("production", self.chance.randrange(max(newest - 3, 0), newest + 1))
        elif kind < 0.55:
            self._apply_work_tree()
        elif kind < 0.57:
            self._accept()
        elif kind < 0.70:
            self._apply("sandbox", newest)
        else:
            self._apply("production", newest)

    # --- processes ----------------------------------------------------------------------------------------------------

    def _apply(self, environment: str, at: int) -> None:
        """Apply a commit of the branch."""
        last = max((moment.at for moment in self.oracle.newest.moments), default=-1)
        for place in self.mutant.commits(last, at) if environment == "production" else (at,):
            commit = self.history.commits[place]
            desired = request_project.desired_of(commit.declared, commit.name)
            self._run(commit.declared, desired, environment)

    def _apply_work_tree(self) -> None:
        """Try to apply a work tree in which somebody edited what protects production, and the pin."""
        declared = self.history.newest
        for kind in ("pin", "role", "protect", "loosest gate"):
            if self.chance.random() < 0.7:
                declared = EDITS[kind](self.chance, declared)
        self._run(declared, request_project.desired_of(declared, None), "production")

    def _run(self, declared: Declared, desired: DesiredState, environment: str) -> None:
        self.project.processes += 1
        who = f"process-{self.project.processes}"
        self.oracle.starts(who)
        self.ran.trace.append(f"{who}: apply {environment} at {desired.revision or 'a work tree'}")
        self.ran.applies += 1
        deps = self._deps(declared, desired, who)
        desired = self.mutant.desired(desired)
        with self._survived(who):
            where = environment_of(desired, environment)
            plan = make_plan.make_plan(deps, desired, where)
            done = apply.apply(deps, desired, where, plan, confirmed=self.chance.random() < 0.7)
            results = [result.problem or ", ".join(result.done) or "nothing" for result in done.results]
            self.ran.trace.append(f"{who}: {'; '.join(results) or 'no model'}")

    def _accept(self) -> None:
        """Let a person accept the controls of the newest commit."""
        commit = self.history.commits[-1]
        who = "acceptor"
        self.oracle.starts(who)
        desired = request_project.desired_of(commit.declared, commit.name)
        where = environment_of(desired, "production")
        if where.role is Role.SANDBOX:
            return
        self.ran.trace.append(f"{who}: accept the controls of {commit.name}")
        with self._survived(who):
            accept_controls(self._deps(commit.declared, desired, who), desired, where, "seen")

    @contextlib.contextmanager
    def _survived(self, who: str):  # type: ignore[no-untyped-def]
        self.depth += 1
        try:
            yield
        except (ReconcilerError, Crash) as error:
            self.ran.trace.append(f"{who}: {type(error).__name__}: {error}")
        except Exception as error:  # noqa: BLE001  (nothing untyped may come out)
            self.ran.violations.append(f"I9 {type(error).__name__}: {error}")
        finally:
            self.depth -= 1

    def _deps(self, declared: Declared, desired: DesiredState, who: str) -> Dependencies:
        faulty = {name: FaultyStore(store, self._fault, name) for name, store in self.places.of(declared).items()}
        stores: dict[str, Store] = {**faulty, "production": self.mutant.log(faulty["production"], desired)}
        source = self.mutant.source(self.project.source, desired)
        return self.project.deps(
            actor=who,
            stores=stores,
            target=FaultyTarget(self.places.target(declared), self._fault),
            source=source,
            forge=self.history.forge,
        )

    def _fault(self, effect: str) -> Fault:
        """Choose what happens at a write: mostly nothing; a crash; or others go first."""
        if not self.faulty:
            return Fault.NONE
        chance = self.chance.random()
        often = 0.004 if "/sha256/" in effect else 0.03
        if chance < often and self.depth < DEEPEST:
            self.ran.trace.append(f"others go first at {effect}")
            self.history.merge_request()
            if self.chance.random() < 0.7:
                self._apply("production", len(self.history.commits) - 1)
        if chance > 1 - 2 * often:
            fault = self.chance.choice(CRASHES)
            self.ran.trace.append(f"{fault} at {effect}")
            return fault
        return Fault.NONE


def simulate(seed: int, mutant: str = "none", *, often: Sequence[str] = ()) -> RequestRun:
    """Run one seed in a folder of its own. `often`: what its requests change most; without it the seed chooses."""
    with scratch_folder("requests-") as folder:
        return RequestSimulation(seed, folder, mutant, often).run()


def main() -> None:
    parser = argparse.ArgumentParser(description="Run one seed of the simulation of requests.")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--mutant", choices=sorted(MUTANTS), default="none")
    parser.add_argument("--trace", action="store_true")
    arguments = parser.parse_args()
    ran = simulate(arguments.seed, arguments.mutant)
    print("\n".join([*(ran.trace if arguments.trace else ()), *(ran.violations or ["no violation"])]))
    raise SystemExit(1 if ran.violations else 0)


if __name__ == "__main__":
    main()
