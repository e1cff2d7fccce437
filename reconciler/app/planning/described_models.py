"""Describe each model of an environment as a command prints it: unchanged ones as they were printed last.

What was printed of a model lies in a file beside the cached plan, and belongs to that model's cached plan.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reconciler.adapters.caches import model_texts
from reconciler.adapters.caches.model_texts import ModelText, ModelTexts
from reconciler.adapters.caches.plan_cache import CachedPlan
from reconciler.app.planning.git_state import GitState
from reconciler.app.planning.last_plan import LastPlan, is_committed, last_plan, warnings
from reconciler.app.planning.plan_changes import PlannedChanges, plan_changes, say

if TYPE_CHECKING:
    from reconciler.app.planning.planned_models import Describer
    from reconciler.app.project_options import ProjectOptions
    from reconciler.app.wiring import OpenProject


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What a command prints of models. `name`: of its file. `describe`: makes it. `holds`: whether the facts of a text
    still hold at a commit. `share`: makes what is remembered of the environment, which plain JSON can write."""

    name: str
    describe: Describer
    holds: Callable[[list[Any], GitState], bool]
    share: Callable[[OpenProject, GitState], dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribedModels:
    """The models of an environment. `shared`: what is remembered of the environment; `changes`: what was planned, None
    where nothing was; `cached`: the plan that the unchanged ones were taken from, None where all were planned."""

    shared: dict[str, Any]
    changes: PlannedChanges | None
    cached: CachedPlan | None
    _last: ModelTexts | None

    def names(self) -> list[str]:
        """Return the models, sorted."""
        return sorted((*(self._last.places if self._last is not None else ()), *self._texts))

    def facts(self, model: str) -> list[Any]:
        """Return the facts of a model's text."""
        text = self._texts.get(model)
        if text is not None:
            return text.facts
        assert self._last is not None  # noqa: S101  (it is one of `names`)
        return self._last.facts(model)

    def texts(self, names: Sequence[str] | None = None) -> Iterator[ModelText]:
        """Yield the text of each model, or of some: sorted by name; the unchanged ones are read one by one."""
        planned, last, names = self._texts, self._last, self.names() if names is None else names
        unchanged = last.texts([name for name in names if name not in planned]) if last is not None else iter(())
        for name in names:
            text = planned.get(name)
            yield text if text is not None else next(unchanged)

    @property
    def _texts(self) -> dict[str, ModelText]:
        return self.changes.planned.texts if self.changes is not None else {}


def described_models(
    options: ProjectOptions, head: GitState, description: Description, opened: ExitStack
) -> DescribedModels:
    """Describe the models of the environment of `head`; files are open until `opened` is closed.

    Raises what reading and planning raise.
    """
    last = last_plan(head)
    path = head.cache_file.with_suffix(f".{description.name}")
    texts = _texts(path, head, last, description) if last is not None else None
    if texts is not None:
        opened.callback(texts.close)
    if last is not None and texts is not None and last.is_whole(head) and len(texts.places) == len(last.unchanged):
        if not is_committed(head, last.cached):
            say(options, warnings(head))
        return DescribedModels(shared=texts.shared, changes=None, cached=last.cached, _last=texts)
    if last is not None and not head.models().issuperset(last.unchanged):
        last = texts = None  # a model that git does not declare is only found, and described, among all
    if last is not None:
        last = last.only(texts.places if texts is not None else ())
    changes = plan_changes(options, head, last, describe=description.describe)
    shared = description.share(changes.project, head)
    models = DescribedModels(
        shared=shared, changes=changes, cached=last.cached if last is not None else None, _last=texts
    )
    if changes.cached is not None:
        _save(path, changes.cached, models)
    return models


def _texts(path: Path, head: GitState, last: LastPlan, description: Description) -> ModelTexts | None:
    """Return the texts of the unchanged models that still hold."""
    settled, unchanged = last.cached.settled, frozenset(last.unchanged)

    def belongs(name: str, made_from: str) -> bool:
        return name in unchanged and settled[name].made_from == made_from

    texts = model_texts.load(path, last.cached.basis["generation"], belongs)
    if texts is not None:
        texts.keep(name for name in texts.places if description.holds(texts.facts(name), head))
    return texts


def _save(path: Path, cached: CachedPlan, models: DescribedModels) -> None:
    """Write the texts of all models that are cached, unless those that were there are all."""
    assert models.changes is not None  # noqa: S101  (else nothing was planned)
    if models.cached is not None and cached.settled.keys().isdisjoint(models.changes.planned.texts):
        return

    def lines() -> Iterable[tuple[str, str, ModelText]]:
        for name, text in zip(models.names(), models.texts(), strict=True):
            if name in cached.settled:
                yield name, cached.settled[name].made_from, text

    model_texts.save(path, cached.basis["generation"], models.shared, lines())
