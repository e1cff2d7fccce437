"""Scenarios of a sample project for tests: commit, apply, look. The oracle sees every write."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from reconciler.core.artifact.observed_state import JournalHead
from reconciler.core.digest import Digest
from reconciler.core.forge.pull_request import PullRequest, PullRequestDraft
from reconciler.core.plan.apply_result import ApplyResult, ModelResult
from reconciler.core.plan.plan import ModelPlan, Plan
from reconciler.core.promotion.proposal import ProposalResult
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.model import Model
from reconciler.engine.apply import apply
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.find_environment import environment_of
from reconciler.engine.plan import make_plan
from reconciler.engine.promotion import rollback_now as rollback
from reconciler.engine.promotion.open_pull_request import PullRequestRoute
from reconciler.engine.storage import journal
from reconciler.ports import Clock, Forge, Store
from reconciler.testing.fault_injection import Counter, Fault, FaultyProposer, FaultyStore, FaultyTarget, Script
from reconciler.testing.memory import MemoryStore, MemoryTarget
from reconciler.testing.memory_forge import MemoryForge
from reconciler.testing.memory_git import MemoryProposer
from tests.simulation import sample_manifests, sample_project
from tests.simulation.invariants import Oracle
from tests.simulation.sample_project import MODEL, PROJECT, SampleProject


class Scenario:
    """A project with its history. `desired` is the desired state of the newest commit. Commits are c0, c1, …"""

    def __init__(self, folder: Path) -> None:
        self.project: SampleProject = sample_project.found(folder)
        self.oracle = Oracle(self.project.source, trained=self.project.trainer.trained)
        self.project.stores = {
            name: MemoryStore(folder / name, self._reported(name)) for name in ("sandbox", "production")
        }
        self.project.target = MemoryTarget(folder / "target", self.oracle.placed)
        self.oracle.stores, self.oracle.target = self.project.stores, self.project.target
        self.proposer = MemoryProposer(self.project.source)
        self.desired = DesiredState(project=PROJECT, revision=None, environments=(), models=())

    def _reported(self, environment: str) -> Callable[[str, bytes], None]:
        return partial(self._created, environment)

    def _created(self, environment: str, key: str, body: bytes) -> None:
        self.oracle.created(environment, key, body)

    def copied(self, folder: Path) -> Scenario:
        """Return another one that stands where this one does, to go on from there by itself in `folder`.

        What stores write for who wants a file lies with this one's: by digest, and the same for both.
        """
        other = copy.deepcopy(self, {id(self.desired): self.desired})
        folder.mkdir(parents=True)
        other.project.folder = folder
        return other

    # --- git ---------------------------------------------------------------------------------------------------------

    def commit(self, **says: Any) -> DesiredState:
        """Commit `sample_project.desired(…)` with these arguments (`seed` is 10 by default)."""
        return self.merge(sample_project.desired(None, **{"seed": 10, **says}))

    def merge(self, desired: DesiredState) -> DesiredState:
        """Commit this desired state."""
        name = f"c{len(self.project.source.line)}"
        self.project.source.line.append(name)
        self.project.source.trees[name] = sample_manifests.files(desired)
        self.desired = replace(desired, revision=name)
        return self.desired

    def requested(self, *approved: str, author: str = "author") -> PullRequest:
        """Record that the newest commit was merged by a request of `author`, approved by these people."""
        forge = self.forge
        branch, commit = f"topic-{len(forge.pulls)}", self.project.source.line[-1]
        forge.tips[branch] = f"head of {commit}"
        number = forge.open(PullRequestDraft(head=branch, base="main", title="A change", body="Why.")).number
        forge.pulls[number] = replace(forge.pulls[number], author=author)
        for name in approved:
            forge.approve(number, name)
        forge.merge(number, commit)
        return forge.pull(number)

    @property
    def forge(self) -> MemoryForge:
        """Return the project's forge, which it has from the first call on."""
        self.project.forge = self.project.forge or MemoryForge()
        return self.project.forge

    # --- processes ---------------------------------------------------------------------------------------------------

    def deps(self, script: Script | None = None, **ports: Any) -> Dependencies:
        """Return one process's ports; `script` chooses the fault of each of its writes."""
        follow: Script = script or (lambda _: Fault.NONE)
        stores: dict[str, Store] = {
            name: FaultyStore(store, follow, name) for name, store in self.project.stores.items()
        }
        return self.project.deps(**{"stores": stores, "target": FaultyTarget(self.project.target, follow), **ports})

    def plan(self, environment: str, desired: DesiredState | None = None) -> Plan:
        wanted = desired or self.desired
        return make_plan.make_plan(self.deps(), wanted, environment_of(wanted, environment))

    def part(self, environment: str, model: str = MODEL) -> ModelPlan:
        model_plan = self.plan(environment).part(model)
        if model_plan is None:
            raise AssertionError(f"{environment} has no plan for {model}")
        return model_plan

    def apply(
        self,
        environment: str,
        desired: DesiredState | None = None,
        *,
        script: Script | None = None,
        plan: Plan | None = None,
        models: Iterable[str] = (),
        confirmed: bool = True,
        forge: Forge | None = None,
    ) -> ApplyResult:
        """Plan, or take `plan`, and apply, as one process."""
        wanted = desired or self.desired
        deps = self.deps(script, trains=environment == "sandbox", forge=forge)
        where = environment_of(wanted, environment)
        reviewed = plan or make_plan.make_plan(deps, wanted, where, models)
        return apply.apply(deps, wanted, where, reviewed, models=models, confirmed=confirmed)

    def rollback_now(
        self,
        *,
        to: int | None = None,
        reason: str = "it fails",
        script: Script | None = None,
        clock: Clock | None = None,
        route: Callable[[], PullRequestRoute] | None = None,
    ) -> ProposalResult:
        """Run `rollback --now` in production at the newest commit, as one process."""
        deps = self.deps(script, trains=False, clock=clock)
        return rollback.now(
            deps,
            sample_manifests.checkout(self.project.source, self.desired),
            FaultyProposer(self.proposer, script or (lambda _: Fault.NONE)),
            model=MODEL,
            environment=environment_of(self.desired, "production"),
            to=to,
            reason=reason,
            route=route,
        )

    def one(self, environment: str, desired: DesiredState | None = None, **how: Any) -> ModelResult:
        """Apply, and return the result of the only model."""
        (result,) = self.apply(environment, desired, **how).results
        return result

    def writes(self, environment: str) -> list[str]:
        """Apply, and return every write that it made."""
        counter = Counter()
        self.apply(environment, script=counter)
        return counter.effects

    # --- what is -----------------------------------------------------------------------------------------------------

    def head(self, environment: str, model: str = MODEL) -> JournalHead | None:
        return journal.head(self.project.stores[environment], project=PROJECT, environment=environment, model=model)

    @property
    def candidate(self) -> Digest:
        """Return the artifact that the sandbox built last."""
        head = self.head("sandbox")
        if head is None or head.state.artifact is None:
            raise AssertionError("the sandbox has made nothing")
        return head.state.artifact

    @property
    def serves(self) -> Digest | None:
        current = self.project.target.current.get(MODEL)
        return current.artifact if current else None

    def deployed(self, seed: int = 10, **says: Any) -> Digest:
        """Train recipe `seed`, promote it and apply production; return the deployed artifact."""
        self.commit(seed=seed, **says)
        self.apply("sandbox")
        self.commit(seed=seed, pin=self.candidate, **says)
        self.apply("production")
        if self.serves != self.candidate:
            raise AssertionError("it was not deployed")
        return self.candidate


def named(desired: DesiredState, environment: str, *names: str) -> tuple[Model, ...]:
    """Return the only model of an environment under each of these names."""
    model = desired.models_of(environment)[0]
    return tuple(replace(model, name=name, file=f"manifests/{environment}/{name}.yaml") for name in names)
