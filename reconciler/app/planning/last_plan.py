"""Find out what the last plan of an environment still says: which models are unchanged since, by its cache."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reconciler.adapters.caches import plan_cache as stored
from reconciler.adapters.caches.plan_cache import CachedPlan
from reconciler.app.planning import unchanged_models
from reconciler.app.planning.git_state import GitState
from reconciler.errors import ReconcilerError
from reconciler.report.plan.in_sync import SHOWN

if TYPE_CHECKING:
    from reconciler.core.plan.plan import ModelPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class LastPlan:
    """The cached plan, the models whose plans it still holds, and those to plan again."""

    cached: CachedPlan
    unchanged: Sequence[str]
    changed: Sequence[str]

    @property
    def listed(self) -> Sequence[str]:
        """Return the unchanged models that the plan lists; with more of them, they are only counted."""
        return self.unchanged if len(self.unchanged) <= SHOWN else ()

    @property
    def counted(self) -> int:
        """Return the number of unchanged models that the plan does not list."""
        return len(self.unchanged) - len(self.listed)

    def plans(self, environment: str) -> tuple[ModelPlan, ...]:
        """Return the plans of listed models, without what they depend on: neither shown nor written."""
        from reconciler.app.planning.planned_models import inputs_left_out, unchanged_plan

        inputs = inputs_left_out(environment)
        return tuple(unchanged_plan(inputs, name, self.cached.settled[name]) for name in self.listed)

    def is_whole(self, head: GitState) -> bool:
        """Tell whether nothing of the environment is to be planned again."""
        return not self.changed and head.manifests == self.cached.valid

    def only(self, models: Collection[str]) -> LastPlan:
        """Return it as if of the unchanged models only these were."""
        kept = [name for name in self.unchanged if name in models]
        others = [name for name in self.unchanged if name not in models]
        return replace(self, unchanged=kept, changed=sorted((*self.changed, *others)))


def last_plan(head: GitState) -> LastPlan | None:
    """Return what the cached plan of an environment still says; None where all is to be planned."""
    cached = stored.load(head.cache_file)
    if cached is None:
        return None
    try:
        comparison = unchanged_models.compare(head, cached, meanwhile=import_planner)
    except (ReconcilerError, KeyError):
        return None
    return LastPlan(cached=cached, unchanged=comparison[0], changed=comparison[1]) if comparison is not None else None


def import_planner() -> None:
    """Import the planner, whose modules take long to load."""
    from reconciler.app import wiring  # noqa: F401


def is_committed(head: GitState, cached: CachedPlan) -> bool:
    """Return whether the work tree is as it was when everything was committed."""
    signature = unchanged_models.worktree_signature(head)
    return signature is not None and signature == cached.worktree and cached.basis.get("revision") == head.revision


def warnings(head: GitState) -> list[str]:
    """Return a warning where manifests are not committed."""
    from reconciler.app import uncommitted_changes

    return list(uncommitted_changes.notes(head.source(), head.root, head.revision))
