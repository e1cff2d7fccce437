"""Plan what a pull request changes in one environment, as if it were merged. Reads only.

Models that the request changes are told apart from those pending without it. Where the stores cannot be read, only the
declared configuration is compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from reconciler.core.artifact import store_layout
from reconciler.core.artifact.observed_state import CommitOrder, FirstParentChange
from reconciler.core.judging.applicable_gates import gates_of
from reconciler.core.plan.config_diff import ModelDifference, difference
from reconciler.core.plan.plan import ModelPlan, Plan
from reconciler.core.promotion.reviewed_plan import DigestDepth, PlanComment, ReviewedPlan, reviewed_model
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.core.spec.model import Model
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.evaluation.known import brief_of
from reconciler.engine.plan import make_plan
from reconciler.engine.plan.plan_inputs import declared
from reconciler.errors import ReconcilerError
from reconciler.ports import Source, Store, TreeFile


@dataclass(frozen=True, slots=True, weakref_slot=True, eq=False)
class MergePreviewSource:
    """Git as it will be once a request is merged: a commit beside the branch counts as newer than all on it, and `head`
    as its newest."""

    source: Source
    head: str | None = None

    def resolve(self, revision: str) -> str:
        """Return the full commit id, as git does."""
        return self.source.resolve(revision)

    def tree(self, commit: str, folders: tuple[str, ...]) -> tuple[TreeFile, ...]:
        """Return the files of a commit, as git does."""
        return self.source.tree(commit, folders)

    def sizes(self, ids: Iterable[str]) -> Mapping[str, int]:
        """Return blob sizes, as git does."""
        return self.source.sizes(ids)

    def read(self, ids: Iterable[str]) -> Mapping[str, bytes]:
        """Return blob bytes, as git does."""
        return self.source.read(ids)

    def order(self, a: str, b: str, *, branch: str) -> CommitOrder:
        """Return the order of two commits; one beside the branch comes after all that are on it."""
        order = self.source.order(a, b, branch=branch)
        if order is not CommitOrder.OFF:
            return order
        if a == b:
            return CommitOrder.SAME
        return CommitOrder.AFTER if self.source.order(a, a, branch=branch) is CommitOrder.SAME else CommitOrder.OFF

    def changed(self, path: str, *, at: str, branch: str) -> FirstParentChange | None:
        """Return the last change of `path`, as git does."""
        return self.source.changed(path, at=at, branch=branch)

    def base(self, commit: str, *, branch: str) -> str | None:
        """Return the start of a change, as git does."""
        return self.source.base(commit, branch=branch)

    def tip(self, branch: str) -> str | None:
        """Return the commit that the request makes the branch's newest."""
        return self.head or self.source.tip(branch)

    def touching(
        self, paths: tuple[str, ...], *, after: str | None, at: str, branch: str
    ) -> tuple[FirstParentChange, ...]:
        """Return the changes of files, as git does."""
        return self.source.touching(paths, after=after, at=at, branch=branch)

    def versions(self, folder: str, *, at: str) -> tuple[str, ...]:
        """Return every version of files, as git does."""
        return self.source.versions(folder, at=at)

    def removed(self, folder: str, *, at: str) -> tuple[TreeFile, ...]:
        """Return the files that were removed, as git does."""
        return self.source.removed(folder, at=at)

    def messages(self, commits: Iterable[str]) -> Mapping[str, str]:
        """Return the messages of commits, as git does."""
        return self.source.messages(commits)

    def tracked(self, paths: tuple[str, ...]) -> tuple[str, ...]:
        """Return the tracked paths, as git does."""
        return self.source.tracked(paths)


def plan_comment(
    deps: Dependencies, old: DesiredState | None, new: DesiredState, environment: Environment, *, head: str
) -> PlanComment:
    """Return what `new` changes against `old` in `environment`.

    `old` is None where the project is new. `head` is the request's commit; `new` may be read from a merge of it.
    """
    differences = changed_models(old, new, environment)
    names = tuple(diff.model for diff in differences)
    unseen = _why_stores_unreadable(deps, old, environment)
    plan = None
    if unseen is None:
        plan = make_plan.make_plan(
            replace(deps, source=MergePreviewSource(deps.source, head=new.revision)), new, environment
        )
        plan = replace(plan, models=tuple(_judged(deps, new, environment, part, names) for part in plan.models))
    return PlanComment(
        environment=environment.name,
        role=environment.role.value,
        revision=new.revision,
        base=old.revision if old is not None else None,
        plan=plan,
        unseen=unseen,
        differences=differences,
        reviewed=_reviewed(plan, new, environment, names, head),
        untouched=len(new.models_of(environment.name)) - sum(diff.only != "old" for diff in differences),
    )


def _judged(
    deps: Dependencies, desired: DesiredState, environment: Environment, part: ModelPlan, names: tuple[str, ...]
) -> ModelPlan:
    """Return a model's plan with what is recorded of its candidate's evaluation, where the request changes it."""
    detail = part.detail
    if part.model not in names or detail.candidate is None or detail.candidate == detail.incumbent:
        return part
    judged = brief_of(deps.stores, desired, environment, part.model, detail.candidate)
    return replace(part, detail=replace(detail, judged=judged))


def changed_models(
    old: DesiredState | None, new: DesiredState, environment: Environment
) -> tuple[ModelDifference, ...]:
    """Return the models whose declaration a request changes: recipe, pin, or gates, the environment's included."""
    before = old.environment(environment.name) if old is not None else None
    diffs = []
    for name in sorted({model.name for side in (old, new) if side for model in side.models_of(environment.name)}):
        was = (
            _with_policy_gates(old.model(environment.name, name), before)
            if old is not None and before is not None
            else None
        )
        now = _with_policy_gates(new.model(environment.name, name), environment)
        diff = difference(was, now, environment=environment.name)
        if diff is not None:
            diffs.append(diff)
    return tuple(diffs)


def _with_policy_gates(model: Model | None, environment: Environment) -> Model | None:
    """Return the model with its own gates and those of the environment's policy, as far as they apply to it."""
    return replace(model, gates=gates_of(model, environment).applying) if model is not None else None


def _why_stores_unreadable(deps: Dependencies, old: DesiredState | None, environment: Environment) -> str | None:
    """Return why the stores cannot be read from this machine, or None where they can.

    A job of a fork has no credentials, and a fresh machine no local store. A store without an ownership marker was
    never applied to, or is not the store: the first only where git has not pinned anything yet in this environment.
    """
    for name in (environment.name, *environment.promotes_from):
        try:
            if name in deps.stores and not has_marker(deps.stores[name]) and not _never_applied(old, environment, name):
                return f"the store of {name} was not found on this machine, or nothing was ever applied there"
        except ReconcilerError as error:
            return f"the store of {name} cannot be read from this machine: {error.message}"
    return None


def _never_applied(old: DesiredState | None, environment: Environment, name: str) -> bool:
    """Tell whether nothing can have been applied in `name`, since git never pinned an artifact there."""
    if old is None or name != environment.name or not environment.promotes_from:
        return False
    return all(model.artifact is None for model in old.models_of(name))


def has_marker(store: Store) -> bool:
    """Tell whether the store has an ownership marker, which the first apply writes."""
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
        models=tuple(reviewed_model(inputs, depth) for inputs in bases),
    )
