"""Plan in one process, find out which models' plans are worth caching and how long they hold, and describe them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias

from reconciler.adapters.caches.file_fingerprints import FileFingerprints
from reconciler.adapters.caches.model_texts import ModelText
from reconciler.adapters.caches.plan_cache import CachedModelPlan
from reconciler.app.planning.git_state import GitState
from reconciler.app.planning.unchanged_models import relative
from reconciler.core.digest import Digest
from reconciler.core.plan.plan import ModelPlan, Plan, PlanInputs
from reconciler.core.status_codes import HealthStatus, SyncStatus
from reconciler.engine.plan import observe_loss
from reconciler.engine.plan.make_plan import make_plan
from reconciler.engine.plan.plan_expiry import stays_until
from reconciler.engine.storage import data_snapshots
from reconciler.engine.storage.journal import Journals

if TYPE_CHECKING:
    from reconciler.app.wiring import OpenProject

FOREVER = 2**40  # seconds
Describer: TypeAlias = "Callable[[OpenProject, GitState, Journals], Callable[[ModelPlan], ModelText]]"
"""Given the project, what git has, and the journals that the plan was made from: what is printed of a model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheablePlan:
    """A plan; until when the refresh of the data holds (seconds since 1970); what to cache of models without a step.

    `texts`: of each planned model, where they were asked for.
    """

    plan: Plan
    until: int
    settled: dict[str, CachedModelPlan]
    texts: dict[str, ModelText] = field(default_factory=dict)


def plan(
    project: OpenProject,
    head: GitState,
    fingerprints: FileFingerprints,
    known: Sequence[ModelPlan] | None,
    *,
    models: Iterable[str] = (),
    describe: Describer | None = None,
) -> CacheablePlan:
    """Plan the environment of `head`, or some of its `models`; `known`: plans of others, as `make_plan` takes them."""
    environment = project.environment(head.environment)
    journals = observe_loss.journals_of(project.deps, project.desired)
    new_plan = make_plan(
        project.deps,
        project.desired,
        environment,
        models,
        settled=known,
        about=fingerprints.about,
        journals=journals,
    )
    return cacheable(project, head, fingerprints, new_plan, journals, known=known or (), describe=describe)


def cacheable(
    project: OpenProject,
    head: GitState,
    fingerprints: FileFingerprints,
    new_plan: Plan,
    journals: Journals,
    *,
    known: Sequence[ModelPlan] = (),
    describe: Describer | None = None,
) -> CacheablePlan:
    """Find out what to cache of a plan that was just made from `journals`; `known`: what of it was known before."""
    environment = project.environment(head.environment)
    fingerprints.about("")
    newest = data_snapshots.newest(project.deps.stores[environment.name]) if environment.trains else None
    until = stays_until(
        new_plan, environment, project.desired.models_of(environment.name), newest, project.deps.clock()
    )
    inputs, names = inputs_left_out(new_plan.environment), {model.model for model in known}
    settled: dict[str, CachedModelPlan] = {}
    shown: list[ModelPlan] = []
    texts: dict[str, ModelText] = {}
    described = describe(project, head, journals) if describe is not None else None
    for model in new_plan.models:
        if described is not None and model.model not in names:
            fingerprints.about(model.model)
            texts[model.model] = described(model)
        if not is_unchanged(model):
            shown.append(model)
            continue
        cached = _cached(model, until.get(model.model, FOREVER), head, fingerprints)
        if model.model not in names and cached is not None:
            settled[model.model] = cached
        shown.append(_without_inputs(inputs, model))
    fingerprints.about("")
    shown_plan = replace(new_plan, models=tuple(shown))
    return CacheablePlan(plan=shown_plan, until=until.get("", FOREVER), settled=settled, texts=texts)


def _cached(model: ModelPlan, until: int, head: GitState, fingerprints: FileFingerprints) -> CachedModelPlan | None:
    """Return what to cache of an unchanged model; None where a file was too young to tell later whether it changed."""
    signature = fingerprints.signature(model.model)
    if signature is None:
        return None
    return CachedModelPlan(
        blobs=head.blobs(model.model),
        signature=signature,
        until=until,
        digest=model.digest,
        sync=model.sync.value,
        health=model.health.value,
        reason=model.reason,
        paths=relative(head.root, fingerprints.paths(model.model)),
    )


def is_unchanged(model: ModelPlan) -> bool:
    """Return whether a model has nothing to do and nothing to say."""
    return not (model.steps or model.blocked or model.detail.notes or model.findings)


def unchanged_plan(inputs: PlanInputs, name: str, cached: CachedModelPlan) -> ModelPlan:
    """Return what is shown of an unchanged model."""
    return ModelPlan(
        model=name,
        digest=Digest(cached.digest),
        basis=inputs,
        sync=SyncStatus(cached.sync),
        health=HealthStatus(cached.health),
        reason=cached.reason,
    )


def _without_inputs(inputs: PlanInputs, model: ModelPlan) -> ModelPlan:
    """Return no more of an unchanged model than is shown: of many, the rest would fill the memory."""
    return ModelPlan(
        model=model.model,
        digest=model.digest,
        basis=inputs,
        sync=model.sync,
        health=model.health,
        reason=model.reason,
    )


def inputs_left_out(environment: str) -> PlanInputs:
    """Return a placeholder for what an unchanged model's plan depends on, which is neither shown nor written."""
    return PlanInputs(
        environment=environment,
        model="",
        pin=None,
        recipe=None,
        gates=(),
        head=None,
        served="",
        candidate=None,
        build=None,
        verdicts=(),
        snapshot=None,
        order="",
    )
