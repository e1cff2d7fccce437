"""The plan of many models, shared out among the processors: each process reads and plans a share of them.

A model's part depends on its own manifest, journal and served files and on what all have in common, so shares need
nothing of one another. Where that is not so (something is served or journaled that git does not declare, which may be
one of the declared under its old name), and where anything at all is wrong, there is no answer: the plan is made in one
process, which says it. What is made is the same either way.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from reconciler import codec
from reconciler.adapters.caches import plan_cache as plan_memo
from reconciler.adapters.caches.file_fingerprints import FileFingerprints
from reconciler.adapters.executors import fork_map
from reconciler.adapters.filesystem.store import FilesStore
from reconciler.adapters.filesystem.target import DirectoryTarget
from reconciler.app.planning import plan_cache as remembered
from reconciler.app.planning.git_state import GitState
from reconciler.core.artifact import store_layout as keys
from reconciler.core.digest import Digest
from reconciler.core.plan.plan import ModelPlan, Plan, PlanInputs
from reconciler.core.status_codes import HealthStatus, SyncStatus
from reconciler.engine.load_desired import card_path, load, manifest_path
from reconciler.engine.plan.make_plan import joined, make_plan
from reconciler.engine.plan.plan_expiry import stays_until
from reconciler.errors import ReconcilerError

if TYPE_CHECKING:
    from reconciler.app.wiring import OpenProject
    from reconciler.core.spec.environment import Environment

LEAST, MOST = 10, 400  # models in a share: what is worth one, and what is held at once
SMALL = 5  # of that many models one is in a small share
FOREVER = 2**40


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanWithCache:
    """A plan, until when the refresh of the data holds, and what is worth remembering of its quiet parts."""

    plan: Plan
    until: int
    settled: dict[str, plan_memo.CachedModelPlan]


def made(
    project: OpenProject,
    here: Environment,
    now: GitState,
    witness: FileFingerprints,
    settled: Sequence[ModelPlan] | None,
) -> PlanWithCache:
    """The plan in this process; `settled`: as `make_plan` has it."""
    plan = make_plan(project.deps, project.desired, here, settled=settled, about=witness.about)
    until = stays_until(project.deps, project.desired, here, plan)
    return _noted(plan, until, now, witness, frozenset(part.model for part in settled or ()))


def shared(
    project: OpenProject,
    here: Environment,
    now: GitState,
    witness: FileFingerprints,
    names: list[str],
    *,
    valid: frozenset[str],
    settled: Sequence[ModelPlan] | None,
) -> PlanWithCache | None:
    """The plan by all processors: of the models `names`; `settled` as `make_plan` has it. `project` has no model in it;
    `valid` files are read by nobody. None where it has to be made in one process: also where waiting is what takes the
    time, and where trainings are counted over all models."""
    if project.desired.is_remote or here.max_train is not None:
        return None
    count = fork_map.count()
    shares = _split(names, count)
    files = _files(here.name, now, shares, valid)

    def make(share: int) -> PlanWithCache:
        known = frozenset(now.ids).difference(files[share])
        source, expressions = project.deps.source, project.checkout.expressions
        desired = load(source, expressions, revision=now.revision, known=known).desired
        plan = make_plan(project.deps, desired, here, shares[share], about=witness.about)
        found = _noted(plan, stays_until(project.deps, desired, here, plan), now, witness, frozenset())
        witness.forget()
        return found

    def strangers() -> bool:
        return settled is None and _strangers(project, here, witness, frozenset(names))

    try:
        found = _by_all(make, strangers, count, len(shares))
    except ReconcilerError:
        return None
    if found is None:
        return None
    return PlanWithCache(
        plan=joined(project.desired, here, [one.plan for one in found], settled or ()),
        until=min(one.until for one in found),
        settled={name: one for share in found for name, one in share.settled.items()},
    )


def _by_all(
    make: Callable[[int], PlanWithCache], strangers: Callable[[], bool], count: int, shares: int
) -> list[PlanWithCache] | None:
    """Each of `count` processes makes the shares that it draws; this one makes the first in any case, since it is asked
    what concerns all. None where one failed, or where there are strangers."""
    drawn = fork_map.PartitionCounter(shares - 1)
    own: list[PlanWithCache] = []

    def work(process: int) -> bytes:
        if process == 0 and strangers():
            raise ReconcilerError("shares are not independent")
        if process:
            return json.dumps([_sent(make(number + 1)) for number in drawn]).encode()
        own.append(make(0))
        own.extend(make(number + 1) for number in drawn)
        return b""

    # Nothing of what is made here goes round in circles, and looking for that among millions of values takes a while.
    gc.disable()
    try:
        answers = fork_map.fork_map(work, count)[1:]
    finally:
        drawn.close()
    if None in answers:
        return None
    return own + [_received(one) for answer in answers if answer is not None for one in json.loads(answer)]


def _sent(one: PlanWithCache) -> list[Any]:
    plan = one.plan
    quiet = [(part.model, part.digest, part.sync, part.health, part.reason) for part in plan.models if _quiet(part)]
    rest = replace(plan, models=tuple(part for part in plan.models if not _quiet(part)))
    settled = {name: plan_memo.packed(known) for name, known in one.settled.items()}
    return [codec.to_json(rest), quiet, one.until, settled]


def _received(answer: list[Any]) -> PlanWithCache:
    rest, quiet, until, settled = answer
    plan = codec.from_json(Plan, rest)
    basis = basis_of(plan.environment)
    parts = tuple(quiet_part(basis, *one) for one in quiet)
    return PlanWithCache(
        plan=replace(plan, models=plan.models + parts),
        until=until,
        settled={name: plan_memo.unpacked(one) for name, one in settled.items()},
    )


def _split(names: list[str], count: int) -> list[tuple[str, ...]]:
    """Shares to draw for `count` processes, the small ones last: processors are not equally fast, nor are models."""
    kept = len(names) - len(names) // SMALL
    many = min(count * max(1, -(-kept // (count * MOST))), fork_map.MOST_PARTITIONS // 2)
    few = min(2 * count, (len(names) - kept) // LEAST)
    kept = kept if few else len(names)
    return [
        *(tuple(names[start:kept:many]) for start in range(many)),
        *(tuple(names[kept + start :: few]) for start in range(few)),
    ]


def _files(environment: str, now: GitState, shares: list[tuple[str, ...]], valid: frozenset[str]) -> list[set[str]]:
    """What each share reads: the manifests and cards of its models, and as much of all others'."""
    files: list[set[str]] = [
        {path for name in share for path in (manifest_path(environment, name), card_path(environment, name))}
        for share in shares
    ]
    others = sorted(set(now.ids).difference(valid, *files))
    for number, path in enumerate(others):
        files[number % len(files)].add(path)
    return files


def _strangers(project: OpenProject, here: Environment, witness: FileFingerprints, declared: frozenset[str]) -> bool:
    """Whether there is anything that git does not declare."""
    witness.about("")
    target, store = project.deps.targets.get(here.name), project.deps.stores[here.name]
    if target is None or here.trains:
        return False
    if not isinstance(target, DirectoryTarget) or not isinstance(store, FilesStore):
        return True  # others list their names at a price
    return not declared.issuperset({*target.names(), *store.folders(keys.journal(here.name, "").rstrip("/"))})


def _noted(
    plan: Plan, until: dict[str, int], now: GitState, witness: FileFingerprints, known: frozenset[str]
) -> PlanWithCache:
    """Of quiet parts no more is kept than is shown."""
    settled, basis = {}, basis_of(plan.environment)
    for part in plan.models:
        lasts, seen = until.get(part.model, FOREVER), witness.signature(part.model)
        if part.model not in known and _quiet(part) and seen is not None:
            settled[part.model] = plan_memo.CachedModelPlan(
                blobs=now.blobs(plan.environment, part.model),
                signature=seen,
                until=lasts,
                digest=part.digest,
                sync=part.sync.value,
                health=part.health.value,
                reason=part.reason,
                paths=remembered.relative(now.root, witness.paths(part.model)),
            )
    shown = (
        quiet_part(basis, one.model, one.digest, one.sync, one.health, one.reason) if _quiet(one) else one
        for one in plan.models
    )
    return PlanWithCache(plan=replace(plan, models=tuple(shown)), until=until.get("", FOREVER), settled=settled)


def _quiet(part: ModelPlan) -> bool:
    return not part.steps and part.blocked is None and not part.detail.notes


def quiet_part(basis: PlanInputs, model: str, digest: str, sync: str, health: str, reason: str) -> ModelPlan:
    """What is shown of a model with nothing to do and nothing to say."""
    return ModelPlan(
        model=model,
        digest=Digest(digest),
        basis=basis,
        sync=SyncStatus(sync),
        health=HealthStatus(health),
        reason=reason,
    )


def basis_of(environment: str) -> PlanInputs:
    """In place of what a quiet part depends on, which is neither shown nor written."""
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
