"""Plan large environments in parallel: each process plans a partition of the models.

A model's plan depends on its own manifest, journal and deployed files and on what all models share, so partitions need
nothing of one another. There is no parallel plan where that is not so (something is deployed or journaled that git does
not declare: it may be a declared model under its old name), nor where anything is wrong: one process then plans
everything, and says what is wrong. The plan is the same either way.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from reconciler import codec
from reconciler.adapters.caches import plan_cache as stored
from reconciler.adapters.caches.file_fingerprints import FileFingerprints
from reconciler.adapters.caches.model_texts import ModelText
from reconciler.adapters.executors import fork_map
from reconciler.adapters.filesystem.store import FilesStore
from reconciler.adapters.filesystem.target import DirectoryTarget
from reconciler.app.planning import planned_models
from reconciler.app.planning.git_state import GitState
from reconciler.app.planning.planned_models import CacheablePlan, Describer, inputs_left_out, is_unchanged
from reconciler.core.artifact import store_layout
from reconciler.core.digest import Digest
from reconciler.core.plan.plan import ModelPlan, Plan
from reconciler.core.spec.desired_state import card_path
from reconciler.core.status_codes import HealthStatus, SyncStatus
from reconciler.engine.load_desired import load, manifest_path
from reconciler.engine.plan.make_plan import joined
from reconciler.errors import ReconcilerError

if TYPE_CHECKING:
    from reconciler.app.wiring import OpenProject

LEAST, MOST = 10, 400  # models in a partition: what is worth one, and what is held at once
SMALL = 5  # of that many models one is in a small partition


def plan(
    project: OpenProject,
    head: GitState,
    fingerprints: FileFingerprints,
    names: list[str],
    *,
    valid: frozenset[str],
    known: Sequence[ModelPlan] | None,
    describe: Describer | None = None,
) -> CacheablePlan | None:
    """Plan the models `names` with all processors.

    `project` is opened without any model; nobody reads `valid` manifests and cards; `known`: plans of other models, as
    `make_plan` has it. Returns None where one process has to plan: besides errors, where most of the time is spent
    waiting for a store elsewhere, and where trainings are counted over all models.
    """
    environment = project.environment(head.environment)
    if project.desired.is_remote or environment.max_train is not None:
        return None
    processes = fork_map.count()
    partitions = _split(names, processes)
    files = _files(head, partitions, valid)

    def plan_partition(number: int) -> CacheablePlan:
        """Plan one partition of the models; manifests of the others are not read."""
        skipped = frozenset(head.manifests).difference(files[number])
        checkout = load(project.deps.source, project.checkout.expressions, revision=head.revision, known=skipped)
        partition = replace(project, checkout=checkout)
        planned = planned_models.plan(partition, head, fingerprints, None, models=partitions[number], describe=describe)
        fingerprints.forget()
        return planned

    def undeclared() -> bool:
        return known is None and _has_undeclared(project, head.environment, fingerprints, frozenset(names))

    try:
        plans = _plan_all(plan_partition, undeclared, processes, len(partitions))
    except ReconcilerError:
        return None
    if plans is None:
        return None
    return CacheablePlan(
        plan=joined(project.desired, environment, [part.plan for part in plans], known or ()),
        until=min(part.until for part in plans),
        settled={name: model for part in plans for name, model in part.settled.items()},
        texts={name: text for part in plans for name, text in part.texts.items()},
    )


def _plan_all(
    plan_partition: Callable[[int], CacheablePlan], undeclared: Callable[[], bool], processes: int, partitions: int
) -> list[CacheablePlan] | None:
    """Plan all partitions, each in the process that is free first; the first one in this process in any case, because
    only here are the files noted that were read for all models. Return None where one failed."""
    claims = fork_map.PartitionCounter(partitions - 1)
    own: list[CacheablePlan] = []

    def work(process: int) -> bytes:
        if process == 0 and undeclared():
            raise ReconcilerError("partitions depend on one another")
        if process:
            return json.dumps([_to_json(plan_partition(number + 1)) for number in claims]).encode()
        own.append(plan_partition(0))
        own.extend(plan_partition(number + 1) for number in claims)
        return b""

    # Nothing of what is made here refers to itself, and the collector would look for that among millions of values.
    gc.disable()
    try:
        answers = fork_map.fork_map(work, processes)[1:]
    finally:
        claims.close()
    if None in answers:
        return None
    return own + [_from_json(part) for answer in answers if answer is not None for part in json.loads(answer)]


def _to_json(planned: CacheablePlan) -> list[Any]:
    """Return plain JSON data for another process: of unchanged models only what is shown."""
    models = planned.plan.models
    unchanged = [
        (model.model, model.digest, model.sync, model.health, model.reason) for model in models if is_unchanged(model)
    ]
    changed = replace(planned.plan, models=tuple(model for model in models if not is_unchanged(model)))
    settled = {name: stored.packed(model) for name, model in planned.settled.items()}
    return [codec.to_json(changed), unchanged, planned.until, settled, planned.texts]


def _from_json(document: list[Any]) -> CacheablePlan:
    changed, unchanged, until, settled, texts = document
    plan = codec.from_json(Plan, changed)
    inputs = inputs_left_out(plan.environment)
    models = tuple(
        ModelPlan(
            model=name,
            digest=Digest(digest),
            basis=inputs,
            sync=SyncStatus(sync),
            health=HealthStatus(health),
            reason=reason,
        )
        for name, digest, sync, health, reason in unchanged
    )
    return CacheablePlan(
        plan=replace(plan, models=plan.models + models),
        until=until,
        settled={name: stored.unpacked(model) for name, model in settled.items()},
        texts={name: ModelText(*text) for name, text in texts.items()},
    )


def _split(names: list[str], processes: int) -> list[tuple[str, ...]]:
    """Return partitions of `names`, the small ones last: processors are not equally fast, nor are models."""
    large = len(names) - len(names) // SMALL
    many = min(processes * max(1, -(-large // (processes * MOST))), fork_map.MOST_PARTITIONS // 2)
    few = min(2 * processes, (len(names) - large) // LEAST)
    large = large if few else len(names)
    return [
        *(tuple(names[start:large:many]) for start in range(many)),
        *(tuple(names[large + start :: few]) for start in range(few)),
    ]


def _files(head: GitState, partitions: list[tuple[str, ...]], valid: frozenset[str]) -> list[set[str]]:
    """Return the files that each partition reads: manifests and cards of its models, and as many of all others."""
    files: list[set[str]] = [
        {path for name in names for path in (manifest_path(head.environment, name), card_path(head.environment, name))}
        for names in partitions
    ]
    others = sorted(set(head.manifests).difference(valid, *files))
    for number, path in enumerate(others):
        files[number % len(files)].add(path)
    return files


def _has_undeclared(
    project: OpenProject, environment: str, fingerprints: FileFingerprints, declared: frozenset[str]
) -> bool:
    """Return whether anything is deployed or journaled that git does not declare."""
    fingerprints.about("")
    target, store = project.deps.targets.get(environment), project.deps.stores[environment]
    if target is None or project.environment(environment).trains:
        return False
    if not isinstance(target, DirectoryTarget) or not isinstance(store, FilesStore):
        return True  # others take long to list their names
    journaled = store.folders(store_layout.journal(environment, "").rstrip("/"))
    return not declared.issuperset({*target.names(), *journaled})
