"""Record the controls of an environment before anything else of an apply: what git says, and what is in force.

An entry is written when one of them differs. A loosening comes into force by it only where the controls in force let it
in; otherwise they stay in force beside the new ones, which tighten them at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from reconciler import codec
from reconciler.core.artifact import store_layout
from reconciler.core.artifact.observed_state import CommitOrder
from reconciler.core.controls.controls import (
    Acceptance,
    ControlsEntry,
    ControlsHead,
    EnvironmentControls,
    ModelRecord,
    ModelRecords,
)
from reconciler.core.controls.weakened_gates import WeakenedGate
from reconciler.core.digest import Digest
from reconciler.core.inspect.journal_checkpoint import CONTROLS
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.engine.apply.approvals import agreed
from reconciler.engine.apply.forge_queries import ForgeQueries
from reconciler.engine.controls import declared as declare
from reconciler.engine.controls.controls_log import part_of
from reconciler.engine.controls.let_in import Obstacle, held_back, let_in_obstacle
from reconciler.engine.controls.model_records import former_record, known_records, left_records, record_of
from reconciler.engine.controls.observe_controls import ControlsObserver, observe_controls
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.load_desired import environment_path, manifest_path
from reconciler.engine.storage import numbered_log, register
from reconciler.engine.storage.journal import EntryWriter
from reconciler.engine.trust.entries import signed_controls
from reconciler.engine.trust.in_force import check_by, check_not_cut
from reconciler.errors import ConflictError, ReconcilerError
from reconciler.ports import Store

ATTEMPTS = 4  # to append an entry beside other applies, which mostly write the same


@dataclass(frozen=True, slots=True, kw_only=True)
class _Next:
    """What the next entry says."""

    in_force: tuple[EnvironmentControls, ...]
    records: tuple[ModelRecord, ...]
    let_in: tuple[str, ...]
    held_back: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """What of an entry makes it another one."""

    declared: Digest
    in_force: tuple[Digest, ...]
    parts: tuple[tuple[str, Digest], ...]
    held_back: tuple[str, ...]


def record_controls(
    deps: Dependencies,
    desired: DesiredState,
    environment: Environment,
    writer: EntryWriter,
    queries: ForgeQueries,
    *,
    accepted: Acceptance | None = None,
) -> ControlsHead | None:
    """Append what has changed to the controls log; return the new entry, None where nothing has changed, or where a
    person has to accept the first one.

    `accepted`: a person saw what would be in force, and accepts it. Raises ConflictError E702 when other applies keep
    writing other entries.
    """
    for _ in range(ATTEMPTS):
        controls = observe_controls(
            desired, environment, store=deps.stores[environment.name], source=deps.source, acts=accepted is None
        )
        if controls.unaccepted is not None or (accepted is None and _is_earlier(deps, controls)):
            return None
        git = declare.git_digest(desired, environment, deps.source)
        if controls.head is not None and accepted is None and _is_settled(controls, git):
            return None
        before = controls.before if accepted is None else ()
        trust = check_by(deps, environment, before)
        trust.check_signer(writer.signer)
        if accepted is None:
            check_not_cut(deps, desired, trust, controls.head)
        following = _next(deps, desired, controls, queries, accepted=accepted is not None)
        said = _said(controls, following, controls.log.put)
        if controls.head is not None and accepted is None and _same(controls.head.entry, said):
            return None
        try:
            entry = _entry(controls, desired, said, following, writer, git, accepted)
            written = controls.log.append(signed_controls(entry, writer.signer))
        except ConflictError:
            continue
        if writer.copy is not None:
            writer.copy(environment.name, store_layout.controls(environment.name))
        return written
    raise ConflictError(
        f"other processes wrote the controls of {environment.name} {ATTEMPTS} times in a row",
        hint="run the same command again",
        code="E702",
    )


def are_recorded(deps: Dependencies, desired: DesiredState, environment: Environment) -> bool:
    """Tell whether the next apply at this commit has no controls to record and nobody to ask about them.

    A commit may change what controls are read from and no control: an owner's name, say. No forge is asked here, so all
    that people would have to agree to counts as held back, and is never taken for recorded.
    """
    controls = observe_controls(desired, environment, store=deps.stores[environment.name], source=deps.source)
    if controls.unaccepted is not None or controls.head is None:
        return False
    if _is_earlier(deps, controls) or _is_settled(controls, declare.git_digest(desired, environment, deps.source)):
        return True
    following = _next(deps, desired, controls, ForgeQueries(None), accepted=False)
    said = _said(controls, following, codec.digest_of)
    return not said.held_back and _same(controls.head.entry, said)


def register_controls(store: Store, environment: str) -> None:
    """Register the controls log, where there is one."""
    if numbered_log.begun(store, store_layout.controls(environment)):
        register.add(store, environment, journals=[CONTROLS])


def _is_earlier(deps: Dependencies, controls: ControlsObserver) -> bool:
    """Tell whether the commit is not newer than that of the last entry: it says nothing new."""
    head, branch, revision = controls.head, controls.protect, controls.revision
    if head is None or branch is None or head.entry.commit is None:
        return False
    if revision is None:
        return True
    order = deps.source.order(head.entry.commit, revision, branch=branch)
    return order not in (CommitOrder.SAME, CommitOrder.AFTER)


def _is_settled(controls: ControlsObserver, git: Digest) -> bool:
    """Tell whether nothing was changed since the last entry, and nothing waits to be let in."""
    return controls.head is not None and controls.head.entry.git == git and not controls.head.entry.held_back


def _same(last: ControlsEntry, said: _Said) -> bool:
    return _Said(declared=last.declared, in_force=last.in_force, parts=last.parts, held_back=last.held_back) == said


def _next(
    deps: Dependencies, desired: DesiredState, controls: ControlsObserver, queries: ForgeQueries, *, accepted: bool
) -> _Next:
    """Decide what the next entry says, asking the forge where people have to agree."""
    models = desired.models_of(controls.environment.name)
    if controls.head is None or accepted:
        n = controls.log.start if controls.head is None else controls.head.entry.n + 1
        known = {} if controls.head is None else known_records(controls)
        fresh = tuple(record_of(model, former_record(known, model, models), n, models, held=False) for model in models)
        return _Next(
            in_force=(controls.declared,), records=(*fresh, *left_records(known, fresh)), let_in=(), held_back=()
        )
    known = known_records(controls)
    n = controls.head.entry.n + 1
    obstacle = controls.obstacle
    if obstacle is not None and obstacle.people:
        obstacle = _people(deps, controls, queries, _environment_files(controls))
    in_force = (controls.declared,) if obstacle is None else held_back(controls.before, controls.declared)
    let_in, held = _told(controls.loosened, obstacle)
    records: list[ModelRecord] = []
    for model in models:
        former = former_record(known, model, models)
        items = controls.loosened_of(model, former) if former is not None else ()
        own_obstacle = None
        if former is not None and items:
            own_obstacle = let_in_obstacle(deps.source, controls.revision, controls.before)
            if own_obstacle is not None and own_obstacle.people:
                files = tuple(manifest_path(model.environment, name) for name in {model.name, former.name})
                own_obstacle = _people(deps, controls, queries, files)
            own_let_in, own_held = _told(items, own_obstacle)
            let_in += tuple(f"{model.name}: {line}" for line in own_let_in)
            held += tuple(f"{model.name}: {line}" for line in own_held)
        records.append(record_of(model, former, n, models, held=own_obstacle is not None))
    return _Next(
        in_force=in_force,
        records=(*records, *left_records(known, tuple(records))),
        let_in=let_in,
        held_back=held,
    )


def _told(items: Iterable[WeakenedGate], obstacle: Obstacle | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return (what is let in, what is held back), in words."""
    lines = tuple(f"{item.what}: {item.old} -> {item.new}" for item in items)
    if obstacle is None:
        return lines, ()
    return (), tuple(f"{line}: {obstacle.reason}" for line in lines)


def _environment_files(controls: ControlsObserver) -> tuple[str, ...]:
    """Return the paths whose changes may loosen what the environment's controls say."""
    sources = controls.declared.sources
    tables = (table.path for source in sources for _, table in source.tables if table.is_here)
    names = (controls.environment.name, *(source.name for source in sources))
    return (*map(environment_path, names), *(path for path in tables if not path.startswith(("/", ".."))))


def _people(
    deps: Dependencies, controls: ControlsObserver, queries: ForgeQueries, files: tuple[str, ...]
) -> Obstacle | None:
    """Ask whether those who decide by the controls in force agreed to each change of these files since the last entry;
    return what is missing, or None."""
    head, revision = controls.head, controls.revision
    for old in controls.before:
        branch, policy = old.protect, old.policy
        if not policy.owners and policy.approvals is None:
            continue
        if branch is None or revision is None or head is None:
            return Obstacle(reason="no branch is protected whose changes people could have approved", people=True)
        changes = deps.source.touching(files, after=_last_settled(controls), at=revision, branch=branch)
        if not changes:
            return Obstacle(reason=f"no change of {branch} is known that loosened it", people=True)
        for change in changes:
            try:
                agreed(
                    queries,
                    policy,
                    change,
                    f"the change of the controls of {controls.environment.name}",
                    branch=branch,
                )
            except ReconcilerError as error:
                return Obstacle(reason=error.message, people=True)
    return None


def _last_settled(controls: ControlsObserver) -> str | None:
    """Return the commit of the newest entry that held nothing back: what waits came in after it."""
    head = controls.head
    entry = head.entry if head is not None else None
    while entry is not None and entry.held_back and entry.n:
        entry = controls.log.entry(entry.n - 1).entry
    return entry.commit if entry is not None else None


def _said(
    controls: ControlsObserver, following: _Next, put: Callable[[EnvironmentControls | ModelRecords], Digest]
) -> _Said:
    """Return what the next entry says. `put`: returns the digest of a part, and may store it."""
    parts: dict[str, list[ModelRecord]] = {}
    for record in sorted(following.records, key=lambda record: record.name):
        parts.setdefault(part_of(record.name), []).append(record)
    return _Said(
        declared=put(controls.declared),
        in_force=tuple(map(put, following.in_force)),
        parts=tuple((part, put(ModelRecords(models=tuple(parts[part])))) for part in sorted(parts)),
        held_back=following.held_back,
    )


def _entry(
    controls: ControlsObserver,
    desired: DesiredState,
    said: _Said,
    following: _Next,
    writer: EntryWriter,
    git: Digest,
    accepted: Acceptance | None,
) -> ControlsEntry:
    head = controls.head
    return ControlsEntry(
        project=desired.project,
        environment=controls.environment.name,
        n=head.entry.n + 1 if head is not None else controls.log.start,
        previous=head.digest if head is not None else None,
        commit=desired.revision,
        git=git,
        declared=said.declared,
        in_force=said.in_force,
        parts=said.parts,
        who=writer.actor,
        when=writer.clock(),
        attempt=writer.new_id(),
        let_in=following.let_in,
        held_back=said.held_back,
        accepted=accepted,
    )
