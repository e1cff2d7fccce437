"""Review: what a pull request changes in one environment, planned as if it were merged. Reads only.

What the request touches is told apart from what is so anyway. Where the stores cannot be read, git alone is compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from reconciler.core.artifact import store_layout
from reconciler.core.artifact.observed_state import CommitOrder, FirstParentChange
from reconciler.core.plan.config_diff import ModelDifference, difference
from reconciler.core.plan.plan import Plan
from reconciler.core.promotion.reviewed_plan import DigestDepth, PlanComment, ReviewedPlan, reviewed_model
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.core.spec.model import Model
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.plan import make_plan, verification
from reconciler.engine.plan.plan_inputs import declared
from reconciler.errors import ReconcilerError
from reconciler.ports import Source, Store, TreeFile


@dataclass(frozen=True, slots=True, weakref_slot=True, eq=False)
class MergePreviewSource:
    """Git as it will be once a request is merged: what lies beside the branch comes after everything on it."""

    source: Source

    def resolve(self, revision: str) -> str:
        return self.source.resolve(revision)

    def tree(self, commit: str, folders: tuple[str, ...]) -> tuple[TreeFile, ...]:
        return self.source.tree(commit, folders)

    def read(self, ids: Iterable[str]) -> Mapping[str, bytes]:
        return self.source.read(ids)

    def order(self, a: str, b: str, *, branch: str) -> CommitOrder:
        found = self.source.order(a, b, branch=branch)
        if found is not CommitOrder.OFF:
            return found
        if a == b:
            return CommitOrder.SAME
        return CommitOrder.AFTER if self.source.order(a, a, branch=branch) is CommitOrder.SAME else CommitOrder.OFF

    def changed(self, path: str, *, at: str, branch: str) -> FirstParentChange | None:
        return self.source.changed(path, at=at, branch=branch)

    def base(self, commit: str, *, branch: str) -> str | None:
        return self.source.base(commit, branch=branch)

    def tracked(self, paths: tuple[str, ...]) -> tuple[str, ...]:
        return self.source.tracked(paths)


def commented(
    deps: Dependencies, old: DesiredState | None, new: DesiredState, environment: Environment, *, head: str
) -> PlanComment:
    """What `new` changes against `old` in `environment`. `head` is the request's commit: a merge of it may be what was
    read as `new`."""
    differences = touched(old, new, environment)
    names = tuple(one.model for one in differences)
    unseen = _unseen(deps, old, environment)
    plan = None
    if unseen is None:
        plan = make_plan.make_plan(replace(deps, source=MergePreviewSource(deps.source)), new, environment)
    return PlanComment(
        environment=environment.name,
        role=environment.role.value,
        revision=new.revision,
        base=old.revision if old is not None else None,
        plan=plan,
        unseen=unseen,
        differences=differences,
        reviewed=_reviewed(plan, new, environment, names, head),
        untouched=len(new.models_of(environment.name)) - sum(one.only != "old" for one in differences),
    )


def touched(old: DesiredState | None, new: DesiredState, environment: Environment) -> tuple[ModelDifference, ...]:
    """Models of which a request changes what is declared: recipe, pin, or gates, the environment's among them."""
    before = old.environment(environment.name) if old is not None else None
    found = []
    for name in sorted({one.name for side in (old, new) if side for one in side.models_of(environment.name)}):
        was = _judged(old.model(environment.name, name), before) if old is not None and before is not None else None
        now = _judged(new.model(environment.name, name), environment)
        one = difference(was, now, environment=environment.name)
        if one is not None:
            found.append(one)
    return tuple(found)


def _judged(model: Model | None, environment: Environment) -> Model | None:
    """With all gates that judge it, wherever they are declared."""
    return replace(model, gates=verification.gates_for(model, environment)) if model is not None else None


def _unseen(deps: Dependencies, old: DesiredState | None, environment: Environment) -> str | None:
    """Why the stores cannot be read from here, if so: a fork's job has no rights, and a fresh machine no disk of ours.
    A store without a mark is one that nobody ever applied, or not the store: the first where those that are promoted
    from are here, and git has not pinned anything yet."""
    for name in (environment.name, *environment.promotes_from):
        try:
            if name in deps.stores and not claimed(deps.stores[name]) and not _is_first(old, environment, name):
                return f"the store of {name} is not here, or nothing was ever applied there"
        except ReconcilerError as error:
            return f"the store of {name} cannot be read from here: {error.message}"
    return None


def _is_first(old: DesiredState | None, environment: Environment, name: str) -> bool:
    """Whether nothing can have been applied in `name`."""
    if old is None or name != environment.name or not environment.promotes_from:
        return False
    return all(one.artifact is None for one in old.models_of(name))


def claimed(store: Store) -> bool:
    return store.read(store_layout.MARK) is not None


def _reviewed(
    plan: Plan | None, desired: DesiredState, environment: Environment, names: tuple[str, ...], head: str
) -> ReviewedPlan:
    depth = DigestDepth.DECLARED if plan is None else DigestDepth.WHOLE
    bases = []
    for name in names:
        part = plan.part(name) if plan is not None else None
        model = desired.model(environment.name, name)
        bases.append(part.basis if part is not None else declared(environment, name, model))
    return ReviewedPlan(
        environment=environment.name,
        commit=head,
        depth=depth,
        models=tuple(reviewed_model(one, depth) for one in bases),
    )
