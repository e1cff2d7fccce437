"""Anchor the heads of journals in tags of git, and compare journals with them."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler import codec
from reconciler.core.artifact import store_layout
from reconciler.core.digest import digest_of_bytes, short
from reconciler.core.forge.project_place import at_place
from reconciler.core.inspect.audit import AuditFinding
from reconciler.core.inspect.journal_checkpoint import (
    CONTROLS,
    Checkpoint,
    CheckpointHead,
    CheckpointResult,
    newest,
)
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.engine.controls.controls_log import ControlsLog
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.find_environment import environments_of
from reconciler.engine.plan import observe_loss
from reconciler.engine.storage import checkpoints, journal, numbered_log, register
from reconciler.errors import IntegrityError, UsageError
from reconciler.ports import Tags


def anchor(deps: Dependencies, desired: DesiredState, environments: tuple[str, ...]) -> CheckpointResult:
    """Write the journal heads of the named environments, or of all, into the next tag.

    No tag is written where no head is new. Raises IntegrityError E603 when a journal does not hold its anchored heads:
    such a journal must not be anchored again.
    """
    tags = _tags_of(deps)
    if desired.revision is None:
        raise UsageError(
            "an anchor is a tag on a commit, and a work tree is none", hint="leave out --working-tree", code="E801"
        )
    chosen = environments_of(desired, environments)
    known = checkpoints.read(tags)
    for finding in (*known.findings, *compare_with_journals(deps, desired, chosen, known)):
        raise IntegrityError(f"{finding.where}: {finding.problem}", code="E603", hint=finding.remedy)
    heads = tuple(sorted(_heads(deps, desired, chosen), key=lambda head: head.journal))
    before = newest(known.of(desired.project))
    if all(before.get(head.journal) == head for head in heads):
        last = known.of(desired.project)[-1:]
        return CheckpointResult(
            project=desired.project,
            name=last[0].name if last else None,
            commit=last[0].commit if last else None,
            heads=heads,
            fresh=False,
            signed=bool(last) and last[0].n in known.signed,
        )
    n = max(known.anchors, default=-1) + 1
    checkpoint = Checkpoint(
        n=n,
        project=desired.project,
        commit=desired.revision,
        previous=known.digests.get(n - 1),
        heads=heads,
        place=tags.place,
    )
    title = f"Anchor {n} of {at_place(desired.project, tags.place)}: {len(heads)} journal{'s' * (len(heads) != 1)}"
    tag = tags.create(
        checkpoint.name, commit=checkpoint.commit, message=f"{title}\n\n{codec.encode(checkpoint).decode()}\n"
    )
    return CheckpointResult(
        project=desired.project, name=tag.name, commit=tag.commit, heads=heads, fresh=True, signed=tag.signed
    )


def _tags_of(deps: Dependencies) -> Tags:
    if deps.tags is None:
        raise UsageError("an anchor is a git tag, and this project is in no git repository", code="E801")
    return deps.tags


def _heads(deps: Dependencies, desired: DesiredState, chosen: list[Environment]) -> Iterator[CheckpointHead]:
    for environment in chosen:
        store = deps.stores[environment.name]
        observe_loss.check_store(deps, desired, environment)
        for _, lost in observe_loss.LossObserver(deps, desired).gone(environment.name):
            raise lost
        for model in journal.models(store, environment.name):
            head = journal.head(store, project=desired.project, environment=environment.name, model=model)
            if head is not None:
                yield CheckpointHead(environment=environment.name, model=model, n=head.entry.n, entry=head.digest)
        controls = ControlsLog(store=store, project=desired.project, environment=environment.name).head()
        if controls is not None:
            yield CheckpointHead(
                environment=environment.name, model=CONTROLS, n=controls.entry.n, entry=controls.digest
            )


def compare_with_journals(
    deps: Dependencies, desired: DesiredState, chosen: list[Environment], known: checkpoints.CheckpointsRead
) -> Iterator[AuditFinding]:
    """Find anchored heads of these environments that their journals do not hold.

    Each is reported once, with the first anchor that has it.
    """
    names = {environment.name for environment in chosen}
    checked: set[CheckpointHead] = set()
    for checkpoint in known.of(desired.project):
        for head in checkpoint.heads:
            if head.environment not in names or head in checked:
                continue
            checked.add(head)
            log = store_layout.journal(head.environment, head.model)
            if head.model == CONTROLS:
                log = store_layout.controls(head.environment)
            key = store_layout.member(log, head.n)
            body = deps.stores[head.environment].read(key)
            if body is not None and digest_of_bytes(body) == head.entry:
                continue
            void = register.read(deps.stores[head.environment], head.environment).void
            if checkpoint.n <= void.get(head.model, -1):
                continue  # a person accepted that it is lost
            if body is None and head.n < numbered_log.first(deps.stores[head.environment], log):
                continue  # the same, by `repair`; the auditor tells of it
            change = "is missing" if body is None else f"is {short(digest_of_bytes(body))}"
            yield AuditFinding(
                environment=head.environment,
                where=key,
                problem=f"entry {head.n} of {head.model} {change}; tag {checkpoint.name} recorded {short(head.entry)}",
                remedy="journal entries were removed or rewritten: restore the journal from a backup of the store",
            )
