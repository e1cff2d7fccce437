"""Check that one stored object is what its key says. Reads only."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from reconciler import codec
from reconciler.core.artifact import store_layout
from reconciler.core.artifact.build import Build
from reconciler.core.artifact.data_snapshot import RefusedRefresh, Snapshot
from reconciler.core.artifact.journal import JournalRegister, StoreMark
from reconciler.core.artifact.loss import LostHistory, LostObjects
from reconciler.core.artifact.prediction_log import PredictionLog
from reconciler.core.digest import Digest, digest_of_bytes, digest_of_file, is_digest, short
from reconciler.core.erasure.certificate import Certificate
from reconciler.core.erasure.erased_objects import ErasedObjects
from reconciler.core.erasure.tombstone import Tombstone
from reconciler.core.evaluation.detailed import DetailedEvaluation
from reconciler.core.evaluation.looks import HoldoutLooks
from reconciler.core.monitoring.record import MonitoringRecord
from reconciler.core.notices.notice import NoticeRecord
from reconciler.core.quality.findings import CheckReport
from reconciler.core.snapshots.removed_tables import RemovedTables
from reconciler.core.spec.gates import Verification
from reconciler.core.trust.attestation import Referrer
from reconciler.core.upkeep.garbage import Sweep
from reconciler.engine.evaluation import in_full
from reconciler.engine.experiment import records
from reconciler.engine.notices.tell import prefix_of
from reconciler.engine.plan import verification
from reconciler.engine.refresh.kept_snapshots import removed_snapshots
from reconciler.engine.storage import blobs, numbered_log
from reconciler.engine.storage.erasures.erased import Erased
from reconciler.engine.storage.evaluations import holdout_looks
from reconciler.engine.storage.packages import imports
from reconciler.engine.trust import referrers
from reconciler.errors import IntegrityError
from reconciler.ports import Store

BESIDE = frozenset(
    (
        "checks",
        store_layout.EVALUATIONS,
        store_layout.EXPERIMENTS,
        store_layout.IMPORTS,
        store_layout.NOTICES,
        store_layout.REFERRERS,
        store_layout.TRIALS,
    )
)
OF_DATA = frozenset(
    (
        store_layout.REMOVALS,
        store_layout.REFUSALS,
        store_layout.ERASURES,
        store_layout.ERASED,
        store_layout.CERTIFICATES,
        store_layout.LOOKS,
        store_layout.MONITORING,
        store_layout.SWEEPS,
        store_layout.LOSSES,
    )
)
_RECORDS: dict[
    str, tuple[type[RemovedTables | RefusedRefresh | ErasedObjects | MonitoringRecord | HoldoutLooks | Sweep], str]
] = {
    store_layout.REMOVALS: (RemovedTables, "a removal"),
    store_layout.REFUSALS: (RefusedRefresh, "a refusal"),
    store_layout.ERASED: (ErasedObjects, "a record of an erasure"),
    store_layout.LOOKS: (HoldoutLooks, "looks at a holdout"),
    store_layout.MONITORING: (MonitoringRecord, "what monitoring found"),
    store_layout.SWEEPS: (Sweep, "a sweep"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """One object that is what its key says: its `kind`, the blobs that it names, and its time where it has one.

    `unhashed`: bytes of a blob that were not read.
    """

    kind: str
    blobs: tuple[Digest, ...] = ()
    artifact: Digest | None = None
    dated: datetime | None = None
    unhashed: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectCheck:
    """Checks the objects of one environment's store. `erased`: what of it may be gone, since its data were erased.

    `hashed`: bytes up to which a blob is hashed; None: each is. A blob in a store elsewhere is then not fetched.
    """

    store: Store
    project: str
    environment: str
    hashed: int | None = None
    is_local: bool = True
    erased: Erased = field(default_factory=Erased)
    series: set[str] = field(default_factory=set)
    """The numbered logs that were met, which may have no gap."""

    def check(self, key: str) -> Passed | None:
        """Return what was found; None for what is walked in order elsewhere. Raises IntegrityError for what it is
        not."""
        match key.split("/", 1)[0]:
            case "blobs" | store_layout.GARBAGE as kind:
                return self._blob(key) if kind == "blobs" else self._taken_out(key)
            case "builds" | "recipes" as kind:
                return self._build(key, kind)
            case "verifications":
                return self._verification(key)
            case kind if kind in BESIDE:
                looks = {
                    "checks": self._checks,
                    store_layout.EVALUATIONS: self._evaluation,
                    store_layout.TRIALS: self._trial,
                    store_layout.EXPERIMENTS: self._experiment,
                    store_layout.IMPORTS: self._import,
                    store_layout.REFERRERS: self._referrer,
                }
                return looks.get(kind, self._notice)(key)
            case "snapshots":
                snapshot = codec.decode(Snapshot, self._read(key), what=key)
                if key != store_layout.member(store_layout.SNAPSHOTS, snapshot.n):
                    raise numbered_log.misplaced(key, f"snapshot {snapshot.n}")
                kept = snapshot.n not in removed_snapshots(self.store)
                tables = tuple(table.digest for table in snapshot.tables if kept)
                return Passed(kind="snapshots", blobs=tables, dated=snapshot.taken)
            case kind if kind in OF_DATA:
                return self._record_of_data(key, kind)
            case "predictions":
                log = codec.decode(PredictionLog, self._read(key), what=key)
                if not key.startswith(store_layout.predictions(log.environment, log.model) + "/"):
                    raise numbered_log.misplaced(key, f"of {log.environment}/{log.model}")
                again = self.erased.logs.get(key)
                rows = log.rows if again is None or blobs.holds(self.store, log.rows) else again.after
                return Passed(kind="predictions", blobs=(rows,) if rows is not None else (), dated=log.when)
            case store_layout.REGISTER:
                member = codec.decode(JournalRegister, self._read(key), what=key)
                if not key.startswith(store_layout.register(member.environment) + "/"):
                    raise numbered_log.misplaced(key, f"the register of {member.environment}")
                return Passed(kind=store_layout.REGISTER)
            case "journal" | "controls":
                return None
            case store_layout.MARK:
                mark = codec.decode(StoreMark, self._read(key), what=key)
                if (mark.project, mark.environment) != (self.project, self.environment):
                    what = f"the ownership marker of {mark.environment} of project {mark.project}"
                    raise numbered_log.misplaced(key, what)
                return Passed(kind="mark")
            case _:
                raise IntegrityError(f"reconciler does not write a file named {key}", hint="remove the file")

    def _loss(self, key: str, body: bytes) -> Passed:
        """Check the record of what was lost, and accepted."""
        if key.startswith(store_layout.lost_objects(self.environment) + "/"):
            objects = codec.decode(LostObjects, body, what=key)
            if objects.environment != self.environment:
                raise numbered_log.misplaced(key, f"what the store of {objects.environment} lost")
            return Passed(kind=store_layout.LOSSES, dated=objects.when)
        history = codec.decode(LostHistory, body, what=key)
        if key.rpartition("/")[0] != store_layout.losses(history.log) or history.environment != self.environment:
            raise numbered_log.misplaced(key, f"what {history.log} of {history.environment} lost")
        return Passed(kind=store_layout.LOSSES, dated=history.when)

    def _record_of_data(self, key: str, kind: str) -> Passed:
        """Check a record of refreshes, removals, erasures or monitoring."""
        body = self._read(key)
        if kind == store_layout.LOSSES:
            return self._loss(key, body)
        if kind == store_layout.ERASURES:
            tombstone = codec.decode(Tombstone, body, what=key)
            if key != store_layout.member(store_layout.erasures(tombstone.environment), tombstone.n):
                raise numbered_log.misplaced(key, tombstone.name)
            return Passed(kind=kind, dated=tombstone.when)
        if kind == store_layout.CERTIFICATES:
            certificate = codec.decode(Certificate, body, what=key)
            if key != store_layout.certificate(certificate.environment, certificate.erasure):
                raise numbered_log.misplaced(key, f"the certificate of erasure {certificate.erasure}")
            return Passed(kind=kind, dated=certificate.finished)
        shape, what = _RECORDS[kind]
        record = codec.decode(shape, body, what=key)
        if isinstance(record, MonitoringRecord) and not key.startswith(
            store_layout.monitoring(record.environment, record.model) + "/"
        ):
            raise numbered_log.misplaced(key, f"{what} of {record.environment}/{record.model}")
        if isinstance(record, HoldoutLooks):
            holdout_looks.check(key, record)
        if record.environment != self.environment:
            raise numbered_log.misplaced(key, f"{what} of {record.environment}")
        return Passed(kind=kind, dated=record.when)

    def _blob(self, key: str) -> Passed:
        digest = Digest("sha256:" + key.rpartition("/")[2])
        if self.hashed is not None and is_digest(digest) and blobs.holds(self.store, digest):
            path = self.store.path(key) if self.is_local else None
            size = _size(path) if path is not None else None
            if size is None or size > self.hashed:
                return Passed(kind="blobs", unhashed=size or 0)
        blobs.file_of(self.store, digest)
        return Passed(kind="blobs")

    def _taken_out(self, key: str) -> Passed:
        found = store_layout.taken_out(key)
        if found is None or self.store.read(store_layout.member(store_layout.SWEEPS, found[0])) is None:
            raise IntegrityError(f"no sweep took out {key}", hint="remove the file")
        path = self.store.path(key) if self.hashed is None else None
        if path is not None and digest_of_file(path) != found[1]:
            raise blobs.damaged(found[1])
        return Passed(kind=store_layout.GARBAGE)

    def _build(self, key: str, kind: str) -> Passed:
        build = codec.decode(Build, self._read(key), what=key)
        if key != store_layout.build(build.fingerprint) and not key.startswith(
            store_layout.builds_of(build.recipe) + "/"
        ):
            raise numbered_log.misplaced(key, "another build")
        if build.fingerprint in self.erased.builds:
            return Passed(kind=f"erased {kind}", blobs=(build.provenance,))
        named = (build.evaluation_rows, build.training_keys, build.provenance)
        return Passed(kind=kind, blobs=named, artifact=build.artifact)

    def _trial(self, key: str) -> Passed:
        records.decoded_trial(key, self._read(key))
        return Passed(kind=store_layout.TRIALS)

    def _experiment(self, key: str) -> Passed:
        run = records.decoded_run(key, self._read(key))
        if run.environment != self.environment:
            raise numbered_log.misplaced(key, f"a run of {run.environment}/{run.experiment}")
        for arm in run.arms:
            for fingerprint in (each for rounds in arm.trials for each in rounds):
                records.of_run(self.store, run, fingerprint)
        return Passed(kind=store_layout.EXPERIMENTS, dated=run.when)

    def _checks(self, key: str) -> Passed:
        report = codec.decode(CheckReport, self._read(key), what=key)
        if key != store_layout.checks(report.fingerprint):
            raise numbered_log.misplaced(key, f"the checks of {report.fingerprint}")
        return Passed(kind="checks")

    def _evaluation(self, key: str) -> Passed:
        detailed = codec.decode(DetailedEvaluation, self._read(key), what=key)
        named = (detailed.artifact, detailed.evaluation_rows, detailed.computation, detailed.declared)
        if key != store_layout.evaluation(*named):
            raise numbered_log.misplaced(key, f"the evaluation of {detailed.artifact}")
        if detailed.artifact not in self.erased.gone and blobs.holds(self.store, detailed.artifact):
            in_full.agreeing(self.store, detailed.artifact, detailed)
        return Passed(kind=store_layout.EVALUATIONS)

    def _import(self, key: str) -> Passed:
        model = key.removeprefix(store_layout.imports(self.environment, "")).partition("/")[0]
        record = imports.decode(key, self._read(key), self.environment, model)
        if not key.startswith(store_layout.imports(record.environment, record.model) + "/"):
            raise numbered_log.misplaced(key, f"an import into {record.environment}")
        named = (record.build.provenance, record.manifest)
        return Passed(kind=store_layout.IMPORTS, blobs=named, artifact=record.artifact, dated=record.when)

    def _referrer(self, key: str) -> Passed:
        """Check that an attestation is whole and of its artifact; who signed it, those ask who rely on it."""
        record = codec.decode(Referrer, self._read(key), what=key)
        if key.rpartition("/")[0] != store_layout.referrers(record.subject):
            raise numbered_log.misplaced(key, f"a referrer of {short(record.subject)}")
        attestation = referrers.attestation(self.store, record)
        named = (record.manifest, digest_of_bytes(attestation.envelope))
        return Passed(kind=store_layout.REFERRERS, blobs=named, artifact=record.subject)

    def _notice(self, key: str) -> Passed:
        told = codec.decode(NoticeRecord, self._read(key), what=key)
        prefix = prefix_of(told.environment, told.event, told.model, told.about, told.channel)
        if not key.startswith(f"{prefix}/"):
            raise numbered_log.misplaced(key, f"a notice of {told.environment}")
        return Passed(kind=store_layout.NOTICES, dated=told.when)

    def _verification(self, key: str) -> Passed:
        """Check that a verification is of its artifact and gates, and says what they say."""
        result = codec.decode(Verification, self._read(key), what=key)
        if key != store_layout.verification(result.artifact, result.gate_set):
            raise numbered_log.misplaced(key, "a verification of another artifact or of other gates")
        if result.artifact not in self.erased.gone and blobs.holds(self.store, result.artifact):
            verification.check_recorded(result, verification.evaluation_of(self.store, result.artifact))
        return Passed(kind="verifications")

    def _read(self, key: str) -> bytes:
        if store_layout.number(key) is not None:
            self.series.add(key.rpartition("/")[0])
        body = self.store.read(key)
        if body is None:
            raise IntegrityError(f"{key} vanished while it was audited", hint="run the audit again")
        return body


def _size(path: Path) -> int:
    return path.stat().st_size
