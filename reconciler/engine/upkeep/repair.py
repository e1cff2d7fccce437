"""Rebuild a store that was lost, whole or in part, from what remains elsewhere.

Order of effects: the mark; blobs and records; the records of what is lost; each log from its newest entry back, so
that one that is not finished has a gap, and is no shorter history; the register. All of that is created, nothing is
replaced but a blob with other bytes than its name says. So a run that was killed is finished by the same command, and
two at once write the same. What is served is not touched; only where nobody has the bytes of the entry that is served,
a new entry follows it, and its pointer is swapped to that, to the same artifact.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from reconciler import codec
from reconciler.core.artifact import store_layout
from reconciler.core.artifact.journal import Action, Entry, State
from reconciler.core.artifact.loss import LostHistory, LostObjects
from reconciler.core.controls.controls import Acceptance
from reconciler.core.digest import Digest, digest_of_bytes
from reconciler.core.inspect.journal_checkpoint import CONTROLS
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.core.upkeep.repair import RepairedLog, RepairProblem, RepairResult
from reconciler.engine.apply import deploy
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.storage import blobs, checkpoints, journal, numbered_log, register, store_mark
from reconciler.engine.storage.copies import losses, mirrors
from reconciler.engine.storage.journal import EntryWriter
from reconciler.engine.trust.entries import entry_writer, signed_loss
from reconciler.engine.trust.in_force import check_by
from reconciler.engine.upkeep.lost_logs import ITSELF, LostLogs
from reconciler.engine.upkeep.recover_log import ContinuedJournal, LogRepair
from reconciler.engine.upkeep.recover_objects import FoundObjects, ObjectSearch, put_back
from reconciler.engine.upkeep.repair_sources import RepairSource, StoreSource
from reconciler.errors import ConflictError, ReconcilerError
from reconciler.ports import EntryKeeping, Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """What is to be done, in full; `result` is what of it is shown. `controls_from`: the number that a lost controls
    log goes on from; None where it is not lost. `mirror`: there is one that can be written."""

    result: RepairResult
    logs: LostLogs
    objects: FoundObjects
    controls_from: int | None
    mirror: bool


def observe_repair(
    deps: Dependencies, desired: DesiredState, environment: Environment, sources: Sequence[RepairSource]
) -> Repair:
    """Tell what a repair of the environment's store would do. Changes nothing.

    Raises IntegrityError E609 for a store or a target of another environment; what asking the sources raises.
    """
    name, own = environment.name, deps.stores[environment.name]
    body = own.read(store_layout.MARK)
    if body is not None:
        store_mark.check(body, desired.project, name)
    lost = LostLogs(deps, desired, environment, sources)
    lost.look()
    found = _objects(lost, own, desired, environment, sources)
    controls = lost.controls_from()
    logs = [_shown(log, repair) for log, repair in lost.repairs.items()]
    logs += [_shown_continued(name, each) for each in lost.continued]
    unread, lacking = list[RepairProblem](), 0
    try:
        lacking = mirrors.lacking(deps, name)
    except ReconcilerError as error:  # whatever else remains can be put back without it
        unread.append(RepairProblem(where="mirror", problem=error.message, remedy=error.hint))
    result = RepairResult(
        environment=name,
        sources=tuple(source.name for source in sources),
        logs=tuple(sorted(logs, key=lambda log: log.log)),
        whole=len(lost.whole),
        objects=found.count,
        gone=tuple(sorted(found.gone)),
        given_up=tuple(sorted(lost.given_up)),
        kept=sum(1 for _ in lost.unkept()),
        mirrored=lacking,
        problems=(*lost.problems, *found.problems, *unread),
        following=(f"reconciler controls accept {name} --reason TEXT",) if controls is not None else (),
        marked=body is None and bool(logs or lost.whole or found.count or lost.given_up),
        dry_run=True,
    )
    mirror = name in deps.mirrors and not unread
    return Repair(result=result, logs=lost, objects=found, controls_from=controls, mirror=mirror)


def _objects(
    lost: LostLogs, own: Store, desired: DesiredState, environment: Environment, sources: Sequence[RepairSource]
) -> FoundObjects:
    """Find all that the logs name and the store lacks."""
    search = ObjectSearch(
        own, sources, project=desired.project, environment=environment, erased=lost.erased_artifacts()
    )
    for entry in lost.entries():
        if isinstance(entry, Entry):
            search.entry(entry)
        else:
            search.controls(entry)
    for each in lost.continued:
        if each.pointer.artifact is not None:
            search.artifact(each.pointer.artifact)
        if each.build is not None:
            search.build(each.build)
    if environment.trains:
        for _, build in lost.deployed_elsewhere():
            search.artifact(build.artifact)
            search.build(build, journaled=False)
    for source in sources:
        if isinstance(source, StoreSource) and source.whole:
            search.whole(source)
    search.found.gone -= lost.accepted()
    return search.found


def _shown(log: str, repair: LogRepair) -> RepairedLog:
    members = repair.chain.members
    return RepairedLog(
        log=log,
        first=repair.first,
        last=members[-1].n,
        written=len(repair.absent),
        lost=0 if repair.accepted is not None and repair.accepted >= repair.first else repair.first,
        proof=repair.chain.proof,
        sources=tuple(sorted({member.source for member in repair.absent} - {ITSELF})),
    )


def _shown_continued(environment: str, each: ContinuedJournal) -> RepairedLog:
    n = each.pointer.n
    return RepairedLog(
        log=store_layout.journal(environment, each.model),
        first=n + 1,
        last=n + 1,
        written=1,
        lost=n + 1,
        proof=f"what the target serves names entry {n}",
        sources=("target",),
        continues=True,
    )


def repair(
    deps: Dependencies,
    desired: DesiredState,
    environment: Environment,
    sources: Sequence[RepairSource],
    *,
    shown: Digest,
    reason: str,
) -> RepairResult:
    """Do what `observe_repair` shows now, which must be what was `shown`, by its id; return what was done.

    Raises ConflictError E702 where it is something else by now.
    """
    plan = observe_repair(deps, desired, environment, sources)
    if plan.result.id != shown:
        raise ConflictError(
            f"what is to be repaired in {environment.name} has changed since it was shown",
            hint="run the same command again",
            code="E702",
        )
    if plan.result.changes:
        _Repairing(deps, desired, environment, plan, reason).run()
    return _done(plan.result)


def _done(result: RepairResult) -> RepairResult:
    return replace(result, dry_run=False)


class _Repairing:
    """One repair at work."""

    def __init__(
        self, deps: Dependencies, desired: DesiredState, environment: Environment, plan: Repair, reason: str
    ) -> None:
        self._deps, self._desired, self._environment, self._plan = deps, desired, environment, plan
        self._name, self._own = environment.name, deps.stores[environment.name]
        self._reason = reason
        self._writer: EntryWriter = entry_writer(deps, desired)

    def run(self) -> None:
        logs, result = self._plan.logs, self._plan.result
        if not self._environment.trains and (result.loses or logs.continued):
            check_by(self._deps, self._environment, ()).check_signer(self._writer.signer)
        store_mark.claim(self._own, self._desired.project, self._name)
        put_back(self._own, self._plan.objects)
        self._write_losses()
        for log, one in sorted(logs.repairs.items()):
            for member in reversed(one.absent):
                body = member.body
                numbered_log.append(self._own, log, member.n, body, ours=body.__eq__)
        for each in logs.continued:
            self._continue(each)
        names = [each.rpartition("/")[2] for each in (*logs.whole, *logs.repairs) if each.startswith("journal/")]
        names += [each.model for each in logs.continued]
        if store_layout.controls(self._name) in (*logs.whole, *logs.repairs):
            names.append(CONTROLS)
        register.add(self._own, self._name, journals=names)
        if result.given_up:
            anchors = checkpoints.read(self._deps.tags).anchors if self._deps.tags is not None else {}
            accepted = Acceptance(who=self._writer.actor, reason=self._reason)
            newest = max(anchors, default=None)
            register.add(self._own, self._name, given_up=result.given_up, anchor=newest, accepted=accepted)
        target: object = self._deps.targets.get(self._name)
        if isinstance(target, EntryKeeping):
            for model, member in list(logs.unkept()):
                target.keep_entry(model, member.n, member.body)
        if self._plan.mirror:
            mirrors.copy_all(self._deps, self._name, self._desired.project)

    def _write_losses(self) -> None:
        """Write down what is lost, before the logs go on without it."""
        logs, objects = self._plan.logs, self._plan.objects
        for log, one in sorted(logs.repairs.items()):
            if one.first > 0:
                first = one.chain.members[0]
                self._lost(log, first.n, first.previous, one.chain.proof)
        for each in logs.continued:
            proof = f"what the target served names entry {each.pointer.n}"
            self._lost(store_layout.journal(self._name, each.model), each.pointer.n + 1, each.pointer.entry, proof)
        if self._plan.controls_from:
            self._lost(store_layout.controls(self._name), self._plan.controls_from, None, None)
        if self._environment.trains and objects.snapshot >= 0:
            known = numbered_log.last(self._own, store_layout.SNAPSHOTS)
            if known is None:
                self._lost(store_layout.SNAPSHOTS, objects.snapshot + 1, None, None)
        if objects.gone:
            record = LostObjects(
                environment=self._name,
                keys=tuple(sorted(objects.gone)),
                who=self._writer.actor,
                when=self._deps.clock(),
                reason=self._reason,
            )
            if not objects.gone <= losses.lost_keys(self._own, self._name):
                numbered_log.append_next(self._own, store_layout.lost_objects(self._name), codec.encode(record))

    def _lost(self, log: str, first: int, previous: Digest | None, proof: str | None) -> None:
        known = numbered_log.lost_history(self._own, log)
        if known is not None and (known.first, known.previous) == (first, previous):
            return
        record = LostHistory(
            environment=self._name,
            log=log,
            first=first,
            previous=previous,
            proof=proof,
            sources=self._plan.result.sources,
            who=self._writer.actor,
            when=self._deps.clock(),
            reason=self._reason,
        )
        body = codec.encode(signed_loss(record, self._writer.signer))
        numbered_log.append_next(self._own, store_layout.losses(log), body)

    def _continue(self, each: ContinuedJournal) -> None:
        """Write the entry after the one that is served, and swap the pointer to it: the same artifact is served."""
        pointer = each.pointer
        card = self._desired.card(self._name, each.model)
        state = State(
            artifact=pointer.artifact,
            build=each.build,
            vetted=(pointer.artifact,) if pointer.artifact is not None else (),
            card=digest_of_bytes(card or b"") if pointer.artifact is not None else None,
        )
        reason = f"its journal was lost; it continues entry {pointer.n}, which was served: {self._reason}"
        head = journal.append(
            self._own,
            self._writer,
            after=None,
            environment=self._name,
            model=each.model,
            plan=digest_of_bytes(codec.encode(pointer)),
            action=Action.RESTORE,
            state=state,
            reason=reason,
        )
        files: Mapping[str, Path] = {}
        # What is continued is served whole, and pinned in git: it was loaded then. Each file is hashed, none is loaded.
        if pointer.artifact is not None:
            files = blobs.release(self._own, blobs.artifact(self._own, pointer.artifact))
        deploy.place(self._deps, self._environment, head, files)
