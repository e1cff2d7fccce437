"""Audit: read and hash everything that an environment holds, and list what is not as it must be. Changes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from functools import partial

from reconciler.core.age import ahead, is_ahead
from reconciler.core.artifact import store_layout
from reconciler.core.artifact.build import Build, Provenance
from reconciler.core.artifact.journal import inconsistency
from reconciler.core.artifact.observed_state import JournalHead, LiveDeployment, drift_of
from reconciler.core.digest import Digest, digest_of_bytes, is_digest
from reconciler.core.inspect.audit import Audit, AuditFinding
from reconciler.core.inspect.drift import remedy_around
from reconciler.core.spec.desired_state import DesiredState, card_path
from reconciler.core.spec.environment import DriftPolicy, Environment
from reconciler.core.spec.model import Model
from reconciler.core.status_codes import ResultStatus, status_of
from reconciler.engine.controls.controls_log import ControlsLog
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.evaluation.looks import LOST_LOOKS, WITHOUT_LOOKS, lost_looks
from reconciler.engine.find_environment import environments_of
from reconciler.engine.inspect import journal_checkpoint
from reconciler.engine.inspect.plan_damage import plan_damage
from reconciler.engine.inspect.stored_object import ObjectCheck
from reconciler.engine.plan import card_check, observe, observe_loss
from reconciler.engine.removed_environments import declared_beside, leftovers, without_settled
from reconciler.engine.storage import blobs, builds, checkpoints, folder_rights, journal, numbered_log
from reconciler.engine.storage.copies import kept_entries, losses, mirrors
from reconciler.engine.storage.erasures.erased import erased_if_readable
from reconciler.engine.trust.in_force import TrustObserver
from reconciler.errors import ReconcilerError
from reconciler.ports import Store


def audit(
    deps: Dependencies, desired: DesiredState, environments: tuple[str, ...], *, hashed: int | None = None
) -> Audit:
    """Read and hash everything in the named environments, or in all, and list what is not as it must be.

    `hashed`: bytes up to which a blob is hashed; of larger ones, and of all in a store elsewhere, only that they are
    there is looked at. None: each is.
    """
    left = leftovers(deps, desired)
    chosen = environments_of(desired if environments else without_settled(desired, left), environments)
    findings, checked = list[AuditFinding](), Counter[str]()
    notes = [each.note for each in left]
    for environment in chosen:
        beside = declared_beside(desired, environment)
        auditor = _Auditor(deps, beside, environment, hashed)
        auditor.run()
        copies = mirrors.findings(deps, environment.name)
        findings += (*auditor.findings, *plan_damage(deps, beside, environment, auditor.findings), *copies)
        notes.extend(auditor.notes)
        checked.update(auditor.checked)
    if deps.tags is not None:
        anchored = checkpoints.read(deps.tags)
        findings += anchored.findings
        findings += journal_checkpoint.compare_with_journals(deps, desired, chosen, anchored)
        checked.update({"anchors": len(anchored.of(desired.project))} if anchored.anchors else {})
    return Audit(findings=tuple(findings), checked=tuple(sorted(checked.items())), notes=tuple(notes))


_RESTORE = "restore it from a backup of the store"


class _Auditor:
    """One environment's findings, gathered: a check that fails is written down and the next one runs."""

    def __init__(self, deps: Dependencies, desired: DesiredState, environment: Environment, hashed: int | None) -> None:
        self.deps = deps
        self.desired = desired
        self.environment = environment
        self.store: Store = deps.stores[environment.name]
        self.findings: list[AuditFinding] = []
        self.notes: list[AuditFinding] = []
        self.checked: Counter[str] = Counter()
        self.heads: dict[str, JournalHead] = {}
        self.trusted = TrustObserver(deps, desired)
        self.lost: set[str] = set()  # keys of objects that a person accepted as lost
        self.unread: set[str] = set()  # models whose journal could not be replayed to its end
        self.objects = ObjectCheck(
            store=self.store,
            project=desired.project,
            environment=environment.name,
            hashed=hashed,
            is_local=environment.store.root is not None,
            erased=erased_if_readable(self.store),
        )

    def run(self) -> None:
        """Run every check: each stored key, each journal, each numbered log, the target."""
        self._try("rights", self._rights)
        self._try("store", self._losses)
        for key in self.store.keys(""):
            self._try(key, partial(self._object, key))
        self._try(store_layout.journal(self.environment.name, ""), self._journals)
        self._try(store_layout.controls(self.environment.name), self._controls)
        for prefix in sorted(self.objects.series):
            self._try(prefix, partial(numbered_log.last, self.store, prefix))
        if self.environment.name in self.deps.targets:
            self._try("target", self._target)
        if self.environment.trains:
            made = [head.state.build for head in self.heads.values() if head.state.build is not None]
            for log in lost_looks(self.store, self.environment.name, made):
                self._find(log, LOST_LOOKS, f"{_RESTORE}; {WITHOUT_LOOKS}", status=ResultStatus.PENDING)
        else:
            for declared in self.desired.models_of(self.environment.name):
                self._try(card_path(declared.environment, declared.name), partial(self._card, declared))

    def _rights(self) -> None:
        """Report folders that others may write: everybody is a finding; a group or another owner is a note."""
        for kind, folder in folder_rights.open_folders(self.deps, self.environment.name):
            self._find(folder.path, folder.problem, folder.remedy, status=folder_rights.open_status(kind, folder))

    def _losses(self) -> None:
        """Report a store that is gone or lost its mark, and each journal that is gone."""
        name, observer = self.environment.name, observe_loss.LossObserver(self.deps, self.desired)
        self.notes.extend(losses.loss_notes(self.store, name))
        self.lost |= losses.lost_keys(self.store, name)
        if (lost := observer.store(name)) is not None:
            self._find("store", str(lost), lost.hint)
            return
        begun = set(journal.models(self.store, name))  # of what entries are left of, the walk says which are missing
        for model, gone in observer.gone(name):
            if model not in begun:
                self._find(store_layout.journal(name, model), str(gone), gone.hint)

    def _try(self, where: str, check: Callable[[], object]) -> None:
        try:
            check()
        except ReconcilerError as error:
            damaged = status_of(error) is ResultStatus.DAMAGED
            self._find(where, str(error), error.hint, status=ResultStatus.DAMAGED if damaged else ResultStatus.FAILED)

    def _find(
        self,
        where: str,
        problem: str,
        remedy: str | None = None,
        *,
        status: ResultStatus = ResultStatus.DAMAGED,
        pending: bool = False,
    ) -> None:
        """Write down a finding; one that is clean is a note."""
        name = self.environment.name
        (self.notes if status is ResultStatus.CLEAN else self.findings).append(
            AuditFinding(environment=name, where=where, problem=problem, remedy=remedy, pending=pending, status=status)
        )

    def _object(self, key: str) -> None:
        """Check that a stored object is what its key says, and that the blobs that it names are there."""
        passed = self.objects.check(key)
        if passed is None:
            return  # walked in order by _journal and _controls
        if passed.unhashed is not None:
            self.checked["blobs not hashed"] += 1
            return
        if passed.artifact is not None:
            self._artifact(passed.artifact)
        for digest in passed.blobs:
            self._blob(key, digest)
        if passed.dated is not None and is_ahead(passed.dated, self.deps.clock()):
            self._dated(key, passed.dated, current=key == self._newest_snapshot())
        self.checked[passed.kind] += 1

    def _newest_snapshot(self) -> str | None:
        """Return the key of the newest data snapshot, by which freshness is judged."""
        newest = numbered_log.last(self.store, store_layout.SNAPSHOTS)
        return store_layout.member(store_layout.SNAPSHOTS, newest[0]) if newest is not None else None

    def _dated(self, where: str, time: datetime, *, current: bool) -> None:
        """Report a record that is dated ahead of now: a finding while it is the `current` one, later a note."""
        if not is_ahead(time, self.deps.clock()):
            return
        remedy = "set the clock of the machine that wrote it; the next record of its kind ends this"
        if current:
            self._find(where, ahead("it", time), remedy, status=ResultStatus.PENDING)
        else:
            self._find(where, ahead("it", time), "nothing: it decides nothing any more", status=ResultStatus.CLEAN)

    def _artifact(self, digest: Digest) -> None:
        """Check that every file that the manifest names is there (their bytes are hashed as blobs); nothing of an
        artifact that was erased has to be."""
        if digest in self.objects.erased.gone or store_layout.blob(digest) in self.lost:
            self.checked["erased artifacts"] += digest in self.objects.erased.gone
            return
        artifact = blobs.artifact(self.store, digest)
        for file in (artifact.config, *artifact.files):
            self._blob(f"artifact {digest}", file.digest)

    def _blob(self, where: str, digest: Digest) -> None:
        if not (is_digest(digest) and (blobs.holds(self.store, digest) or store_layout.blob(digest) in self.lost)):
            self._find(where, f"refers to blob {digest}, which is missing from the store", _RESTORE)

    def _journals(self) -> None:
        for model in journal.models(self.store, self.environment.name):
            self.unread.add(model)
            self._try(store_layout.journal(self.environment.name, model), partial(self._journal, model))

    def _journal(self, model: str) -> None:
        """Replay the journal from entry 0: each folded state must follow from its predecessor."""
        name = self.environment.name
        before: JournalHead | None = None
        for head in journal.entries(self.store, project=self.desired.project, environment=name, model=model):
            self.checked["journal"] += 1
            for kind, record in (("approved deploys", head.entry.approved), ("overrides", head.entry.overrides)):
                if record is not None:
                    self.checked[kind] += 1
            if before is not None:
                self._dated_entry(before, current=False)
            if (problem := inconsistency(before.entry if before is not None else None, head.entry)) is not None:
                self._find(store_layout.member(store_layout.journal(name, model), head.entry.n), problem)
            self._try(
                store_layout.member(store_layout.journal(name, model), head.entry.n), partial(self._references, head)
            )
            before = head
        self.unread.discard(model)
        if before is not None:
            self._dated_entry(before, current=True)
            self.trusted.head(name, before)
            self.heads[model] = before

    def _dated_entry(self, head: JournalHead, *, current: bool) -> None:
        entry = head.entry
        where = store_layout.member(store_layout.journal(entry.environment, entry.model), entry.n)
        self._dated(where, entry.when, current=current)
        if current and head.state.build is not None and is_ahead(head.state.build.taken, self.deps.clock()):
            remedy = "take a snapshot of today, train again and promote"
            self._find(where, ahead("its data", head.state.build.taken), remedy, status=ResultStatus.PENDING)

    def _controls(self) -> None:
        """Replay the controls log from entry 0, and check that every part that an entry names is there."""
        log = ControlsLog(store=self.store, project=self.desired.project, environment=self.environment.name)
        last = log.head()
        for head in log.entries():
            self.checked["controls"] += 1
            where = store_layout.member(store_layout.controls(self.environment.name), head.entry.n)
            self._dated(where, head.entry.when, current=last is not None and head.entry.n >= last.entry.n)
            for digest in dict.fromkeys((head.entry.declared, *head.entry.in_force)):
                self._try(where, partial(log.controls, digest))
            self._try(where, partial(log.records, head.entry))

    def _references(self, head: JournalHead) -> None:
        """Check that artifact, verification, provenance and (in a sandbox) build of an entry are there."""
        entry, state = head.entry, head.state
        where = store_layout.member(store_layout.journal(entry.environment, entry.model), entry.n)
        if entry.verification is not None and entry.artifact is not None:
            self._key(where, store_layout.verification(entry.artifact, entry.verification))
        if state.build is not None:
            self._blob(where, state.build.provenance)
            if state.checks is not None:
                self._key(where, store_layout.checks(state.build.fingerprint))
            if self.environment.trains:
                self._build_records(where, state.build)
        if state.artifact is not None:
            self._artifact(state.artifact)

    def _build_records(self, where: str, build: Build) -> None:
        self._key(where, store_layout.build(build.fingerprint))
        if store_layout.blob(build.provenance) in self.lost or store_layout.builds_of(build.recipe) in self.lost:
            return
        origin = blobs.record(self.store, build.provenance, Provenance)
        self._key(where, store_layout.member(store_layout.SNAPSHOTS, origin.snapshot))
        if build not in builds.of_recipe(self.store, build.recipe):
            self._find(
                where, f"the build of this entry is missing from {store_layout.builds_of(build.recipe)}", _RESTORE
            )

    def _key(self, where: str, key: str) -> None:
        if self.store.read(key) is None and key not in self.lost:
            self._find(where, f"refers to {key}, which is missing from the store", _RESTORE)

    def _target(self) -> None:
        target = self.deps.targets[self.environment.name]
        served = {deployment.model: deployment for deployment in target.observe(self.heads)}
        self.findings += kept_entries.findings(target, self.store, self.heads.values())
        for model in sorted(self.heads.keys() | served.keys()):
            self.checked["served models"] += 1
            head, deployment = self.heads.get(model), served.get(model)
            for line in deployment.around if deployment is not None else ():
                self._find(f"target: {model}", line, remedy_around(line), status=ResultStatus.PENDING)
            if model in self.unread or not self._reaches(head, model, deployment):
                continue  # a finding by now; no apply, and no hand, may follow a journal that lost entries
            if (drift := drift_of(head, deployment)) is not None:
                remedy = f"run `reconciler apply {self.environment.name}`"
                if head is None:
                    remedy = "remove it from the target by hand; if reconciler deployed it, its journal is lost: "
                    remedy += "restore the store from a backup"
                elif not drift.is_committed_only and self.environment.drift is DriftPolicy.REPORT:
                    remedy = f"this environment only reports drift: see `reconciler drift {self.environment.name}`"
                pending = drift.is_committed_only
                problem = f"committed, not yet in place: {drift.message}" if pending else str(drift)
                self._find(f"target: {model}", problem, remedy, status=ResultStatus.PENDING, pending=pending)

    def _reaches(self, head: JournalHead | None, model: str, deployment: LiveDeployment | None) -> bool:
        """Tell whether a journal reaches what its target serves; where there is none, nothing says that it should."""
        found, where = len(self.findings), store_layout.journal(self.environment.name, model)
        if head is not None:
            self._try(where, partial(observe.not_ahead, self.environment, model, head, deployment))
        return len(self.findings) == found

    def _card(self, model: Model) -> None:
        """Draw the card of a deployed model again, also one of before cards were checked at the deploy."""
        name, head, render = self.environment.name, self.heads.get(model.name), self.deps.render_card
        card = self.desired.card(name, model.name)
        if head is None or head.state.build is None or head.state.artifact != model.artifact or not (card and render):
            return
        if head.state.card == digest_of_bytes(card) and card_check.compares_with(card) in self.objects.erased.gone:
            self.checked["cards of before an erasure"] += 1  # it was drawn when it was deployed
            return
        pinned = card_check.model_cards(self.deps, self.desired, self.environment).pinned(model, head.state.build, head)
        self.checked["cards"] += 1
        if (problem := card_check.problem(pinned, card, render)) is not None:
            again = f"reconciler promote {model.name} --to {name} --digest {model.artifact}"
            untrue = f"it is not the card of what is deployed: {problem}"
            self._find(card_path(name, model.name), untrue, again, status=ResultStatus.PENDING)
