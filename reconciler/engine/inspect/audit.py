"""Audit: read and hash everything that an environment holds, and list what is not as it must be. Changes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial

from reconciler import codec
from reconciler.core.age import ahead, is_ahead
from reconciler.core.artifact import store_layout
from reconciler.core.artifact.build import Build, Provenance
from reconciler.core.artifact.data_snapshot import Snapshot
from reconciler.core.artifact.journal import Action, JournalRegister, StoreMark
from reconciler.core.artifact.observed_state import JournalHead, drift_of
from reconciler.core.artifact.prediction_log import PredictionLog
from reconciler.core.digest import Digest, is_digest
from reconciler.core.inspect.audit import Audit, AuditFinding
from reconciler.core.spec.desired_state import DesiredState, card_path
from reconciler.core.spec.environment import Environment
from reconciler.core.spec.gates import Verification
from reconciler.core.spec.model import Model
from reconciler.engine.controls.controls_log import ControlsLog
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.find_environment import environments_of
from reconciler.engine.inspect import journal_checkpoint
from reconciler.engine.plan import card_check, make_plan, observe_loss, verification
from reconciler.engine.storage import blobs, builds, checkpoints, folder_rights, journal, numbered_log
from reconciler.errors import IntegrityError, ReconcilerError
from reconciler.ports import Store


def audit(deps: Dependencies, desired: DesiredState, environments: tuple[str, ...]) -> Audit:
    """Read and hash everything in the named environments, or in all, and list what is not as it must be."""
    chosen = environments_of(desired, environments)
    findings: list[AuditFinding] = []
    notes: list[AuditFinding] = []
    checked: Counter[str] = Counter()
    for environment in chosen:
        auditor = _Auditor(deps, desired, environment)
        auditor.run()
        findings.extend(auditor.findings)
        findings.extend(_damage(deps, desired, environment, auditor.findings))
        notes.extend(auditor.notes)
        checked.update(auditor.checked)
    if deps.tags is not None:
        anchored = checkpoints.read(deps.tags)
        findings.extend(
            (*anchored.findings, *journal_checkpoint.compare_with_journals(deps, desired, chosen, anchored))
        )
        checked.update({"anchors": len(anchored.of(desired.project))} if anchored.anchors else {})
    return Audit(findings=tuple(findings), checked=tuple(sorted(checked.items())), notes=tuple(notes))


def _damage(
    deps: Dependencies, desired: DesiredState, environment: Environment, found: list[AuditFinding]
) -> Iterator[AuditFinding]:
    """Yield what stops a plan and is not among the findings."""
    told = {finding.problem for finding in found}
    for damage in make_plan.damage(deps, desired, environment):
        if damage.problem not in told:
            where = f"plan: {damage.model}" if damage.model is not None else "plan"
            yield AuditFinding(environment=environment.name, where=where, problem=damage.problem, remedy=damage.remedy)


_RESTORE = "restore it from a backup of the store"


class _Auditor:
    """One environment's findings, gathered: a check that fails is written down and the next one runs."""

    def __init__(self, deps: Dependencies, desired: DesiredState, environment: Environment) -> None:
        self.deps = deps
        self.desired = desired
        self.environment = environment
        self.store: Store = deps.stores[environment.name]
        self.findings: list[AuditFinding] = []
        self.notes: list[AuditFinding] = []
        self.checked: Counter[str] = Counter()
        self.heads: dict[str, JournalHead] = {}
        self.series: set[str] = set()

    def run(self) -> None:
        """Run every check: each stored key, each journal, each numbered log, the target."""
        self._try("rights", self._rights)
        self._try("store", self._losses)
        for key in self.store.keys(""):
            self._try(key, partial(self._object, key))
        for model in journal.models(self.store, self.environment.name):
            self._try(store_layout.journal(self.environment.name, model), partial(self._journal, model))
        self._try(store_layout.controls(self.environment.name), self._controls)
        for prefix in sorted(self.series):
            self._try(prefix, partial(numbered_log.last, self.store, prefix))
        if self.environment.name in self.deps.targets:
            self._try("target", self._target)
        if not self.environment.trains:
            for declared in self.desired.models_of(self.environment.name):
                self._try(card_path(declared.environment, declared.name), partial(self._card, declared))

    def _rights(self) -> None:
        """Report folders that others may write: everybody is a finding; a group or another owner is a note."""
        name = self.environment.name
        for _, folder in folder_rights.open_folders(self.deps, name):
            (self.findings if folder.by_everybody else self.notes).append(
                AuditFinding(environment=name, where=folder.path, problem=folder.problem, remedy=folder.remedy)
            )

    def _losses(self) -> None:
        """Report a store that is gone or lost its mark, and each journal that is gone."""
        name, observer = self.environment.name, observe_loss.LossObserver(self.deps, self.desired)
        if (lost := observer.store(name)) is not None:
            self._find("store", str(lost), lost.hint)
            return
        for model, gone in observer.gone(name):
            self._find(store_layout.journal(name, model), str(gone), gone.hint)

    def _try(self, where: str, check: Callable[[], object]) -> None:
        try:
            check()
        except ReconcilerError as error:
            self._find(where, str(error), error.hint)

    def _find(self, where: str, problem: str, remedy: str | None = None, *, pending: bool = False) -> None:
        name = self.environment.name
        self.findings.append(
            AuditFinding(environment=name, where=where, problem=problem, remedy=remedy, pending=pending)
        )

    def _object(self, key: str) -> None:
        """Check that a stored object is what its key says."""
        kind = key.split("/", 1)[0]
        match kind:
            case "blobs":
                blobs.file_of(self.store, Digest("sha256:" + key.rpartition("/")[2]))
            case "builds" | "recipes":
                build = codec.decode(Build, self._read(key), what=key)
                if key != store_layout.build(build.fingerprint) and not key.startswith(
                    store_layout.builds_of(build.recipe) + "/"
                ):
                    raise numbered_log.misplaced(key, "another build")
                self._names_blobs(build)
                self._number(key)
            case "verifications":
                self._verification(key)
            case "snapshots":
                snapshot = codec.decode(Snapshot, self._read(key), what=key)
                if key != store_layout.member(store_layout.SNAPSHOTS, snapshot.n):
                    raise numbered_log.misplaced(key, f"snapshot {snapshot.n}")
                self._dated(key, snapshot.taken)
                for table in snapshot.tables:
                    self._blob(key, table.digest)
                self._number(key)
            case "predictions":
                log = codec.decode(PredictionLog, self._read(key), what=key)
                if not key.startswith(store_layout.predictions(log.environment, log.model) + "/"):
                    raise numbered_log.misplaced(key, f"of {log.environment}/{log.model}")
                self._blob(key, log.rows)
                self._number(key)
            case store_layout.REGISTER:
                member = codec.decode(JournalRegister, self._read(key), what=key)
                if not key.startswith(store_layout.register(member.environment) + "/"):
                    raise numbered_log.misplaced(key, f"the register of {member.environment}")
                self._number(key)
            case "journal" | "controls":
                return  # walked in order by _journal and _controls
            case store_layout.MARK:
                mark = codec.decode(StoreMark, self._read(key), what=key)
                if (mark.project, mark.environment) != (self.desired.project, self.environment.name):
                    raise numbered_log.misplaced(
                        key, f"the ownership marker of {mark.environment} of project {mark.project}"
                    )
            case _:
                raise IntegrityError(f"reconciler does not write a file named {key}", hint="remove the file")
        self.checked[kind if kind != store_layout.MARK else "mark"] += 1

    def _verification(self, key: str) -> None:
        """Check that a verification is of its artifact and gates, and says what they say."""
        result = codec.decode(Verification, self._read(key), what=key)
        if key != store_layout.verification(result.artifact, result.gate_set):
            raise numbered_log.misplaced(key, "a verification of another artifact or of other gates")
        if blobs.holds(self.store, result.artifact):
            verification.check_recorded(result, verification.evaluation_of(self.store, result.artifact))

    def _dated(self, where: str, time: datetime) -> None:
        """Find a record that is dated ahead of now."""
        if is_ahead(time, self.deps.clock()):
            self._find(where, ahead("it", time), "set the clock of the machine that wrote it")

    def _number(self, key: str) -> None:
        """Note the numbered log of this key, which may have no gap."""
        if store_layout.number(key) is not None:
            self.series.add(key.rpartition("/")[0])

    def _read(self, key: str) -> bytes:
        body = self.store.read(key)
        if body is None:
            raise IntegrityError(f"{key} vanished while it was audited", hint="run the audit again")
        return body

    def _names_blobs(self, build: Build) -> None:
        self._artifact(build.artifact)
        for digest in (build.evaluation_rows, build.training_keys, build.provenance):
            self._blob(store_layout.build(build.fingerprint), digest)

    def _artifact(self, digest: Digest) -> None:
        """Check that every file that the manifest names is there (their bytes are hashed as blobs)."""
        artifact = blobs.artifact(self.store, digest)
        for file in (artifact.config, *artifact.files):
            self._blob(f"artifact {digest}", file.digest)

    def _blob(self, where: str, digest: Digest) -> None:
        if not (is_digest(digest) and blobs.holds(self.store, digest)):
            self._find(where, f"refers to blob {digest}, which is missing from the store", _RESTORE)

    def _journal(self, model: str) -> None:
        """Replay the journal from entry 0: each folded state must follow from its predecessor."""
        name = self.environment.name
        before: JournalHead | None = None
        for head in journal.entries(self.store, project=self.desired.project, environment=name, model=model):
            self.checked["journal"] += 1
            for kind, record in (("approved deploys", head.entry.approved), ("overrides", head.entry.overrides)):
                if record is not None:
                    self.checked[kind] += 1
            self._dated(store_layout.member(store_layout.journal(name, model), head.entry.n), head.entry.when)
            if (problem := _inconsistency(before, head)) is not None:
                self._find(store_layout.member(store_layout.journal(name, model), head.entry.n), problem)
            self._try(
                store_layout.member(store_layout.journal(name, model), head.entry.n), partial(self._references, head)
            )
            before = head
        if before is not None:
            self.heads[model] = before

    def _controls(self) -> None:
        """Replay the controls log from entry 0, and check that every part that an entry names is there."""
        log = ControlsLog(store=self.store, project=self.desired.project, environment=self.environment.name)
        for head in log.entries():
            self.checked["controls"] += 1
            where = store_layout.member(store_layout.controls(self.environment.name), head.entry.n)
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
            if self.environment.trains:
                self._build_records(where, state.build)
        if state.artifact is not None:
            self._artifact(state.artifact)

    def _build_records(self, where: str, build: Build) -> None:
        self._key(where, store_layout.build(build.fingerprint))
        self._key(
            where,
            store_layout.member(
                store_layout.SNAPSHOTS, blobs.record(self.store, build.provenance, Provenance).snapshot
            ),
        )
        if build not in builds.of_recipe(self.store, build.recipe):
            self._find(
                where, f"the build of this entry is missing from {store_layout.builds_of(build.recipe)}", _RESTORE
            )

    def _key(self, where: str, key: str) -> None:
        if self.store.read(key) is None:
            self._find(where, f"refers to {key}, which is missing from the store", _RESTORE)

    def _target(self) -> None:
        target = self.deps.targets[self.environment.name]
        served = {deployment.model: deployment for deployment in target.observe(self.heads)}
        for model in sorted(self.heads.keys() | served.keys()):
            self.checked["served models"] += 1
            if (drift := drift_of(self.heads.get(model), served.get(model))) is not None:
                remedy = f"run `reconciler apply {self.environment.name}`"
                if model not in self.heads:
                    remedy = "the journal of this model is gone: restore the store from a backup"
                pending = drift.is_committed_only
                problem = f"committed, not yet in place: {drift.message}" if pending else str(drift)
                self._find(f"target: {model}", problem, remedy, pending=pending)

    def _card(self, model: Model) -> None:
        """Draw the card of a deployed model again, also one of before cards were checked at the deploy."""
        name, head, render = self.environment.name, self.heads.get(model.name), self.deps.render_card
        card = self.desired.card(name, model.name)
        if (
            head is None
            or head.state.build is None
            or head.state.artifact != model.artifact
            or not card
            or render is None
        ):
            return
        pinned = card_check.model_cards(self.deps, self.desired, self.environment).pinned(model, head.state.build, head)
        self.checked["cards"] += 1
        if (problem := card_check.problem(pinned, card, render)) is not None:
            again = f"reconciler promote {model.name} --to {name} --digest {model.artifact}"
            self._find(card_path(name, model.name), f"it is not the card of what is deployed: {problem}", again)


def _inconsistency(before: JournalHead | None, head: JournalHead) -> str | None:
    """Return why this entry's folded state does not follow from the one before; None when it does."""
    old = before.state.vetted if before else ()
    entry, state = head.entry, head.state
    if entry.artifact != state.artifact:
        return "the entry names two different artifacts: its own and that of the state after it"
    gained = tuple(sorted({*old, state.artifact})) if entry.action is Action.DEPLOY and state.artifact else old
    if entry.action in (Action.DEPLOY, Action.RESTORE, Action.RETIRE) and state.vetted != gained:
        return "the list of previously deployed artifacts does not follow from the entry before"
    if entry.action is Action.RESTORE and before is not None and state != before.state:
        return "the entry restores files, and still changes the recorded state"
    if entry.action is Action.RETIRE and state.artifact is not None:
        return "the entry retires the model, and still names an artifact"
    return None
