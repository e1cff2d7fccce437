"""Collect the report of one model in one environment: what is recorded of it, nothing computed. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from reconciler.core.artifact.build import Build, Provenance
from reconciler.core.artifact.observed_state import JournalHead
from reconciler.core.digest import Digest
from reconciler.core.evaluation.detailed import DetailedEvaluation
from reconciler.core.evaluation.judged_model import JudgedModel
from reconciler.core.evaluation.question import asked_otherwise, figures_apart
from reconciler.core.evaluation.units import unit_of_figures
from reconciler.core.forge.merge_message import request_of
from reconciler.core.inspect.history import HistoryEvent
from reconciler.core.inspect.status import ModelStatus
from reconciler.core.site.model_report import ModelReport, ModelVersion
from reconciler.core.snapshots.results import SnapshotTable
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.core.spec.gates import Verification
from reconciler.core.spec.model import DeclaredEvaluation
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.evaluation import in_full, judge_model
from reconciler.engine.evaluation.known import recorded_in
from reconciler.engine.evaluation.looks import looks_so_far
from reconciler.engine.inspect import history
from reconciler.engine.plan import verification as verify
from reconciler.engine.snapshots import inspect_snapshots
from reconciler.engine.storage import blobs, data_snapshots, journal
from reconciler.errors import ReconcilerError
from reconciler.ports import Store

MOST_EVENTS = 100
"""Entries of the journal that a report of one model lists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collector:
    """Collects reports of models of one environment; what they share is read once. `most`: entries that are read of
    each journal, the newest."""

    deps: Dependencies
    desired: DesiredState
    environment: Environment
    most: int = MOST_EVENTS
    _tables: dict[tuple[str, int], tuple[tuple[SnapshotTable, ...], str | None]] = field(default_factory=dict)

    @property
    def _store(self) -> Store:
        return self.deps.stores[self.environment.name]

    def report(
        self,
        model: str,
        *,
        status: ModelStatus | None = None,
        judged: JudgedModel | None = None,
    ) -> ModelReport:
        """Return the report of the artifact that is deployed (in a sandbox: that was trained last).

        `judged`: of another artifact, or evaluated in full; None: as it is recorded. Raises IntegrityError where a
        journal or an artifact is damaged or gone.
        """
        project, name = self.desired.project, self.environment.name
        heads = journal.newest(self._store, project=project, environment=name, model=model, most=self.most)
        earlier = heads[-1].entry.n if heads else 0
        report = replace(self.empty(model), status=status, events=self._events(heads), earlier=earlier)
        if judged is None:
            if not heads or heads[0].state.artifact is None:
                return replace(report, unknown=_nothing(self.environment, heads))
            judged = self._judged(model, heads[0])
        tables, unknown = self._snapshot(judged.provenance)
        return replace(
            report,
            judged=judged,
            versions=tuple(self._versions(heads, judged)),
            tables=tables,
            tables_unknown=unknown,
        )

    def judged_in_full(self, model: str) -> JudgedModel:
        """Return the model as `judge_model.judge` does, evaluated in full where nobody asked for it before."""
        return judge_model.judge(self.deps, self.desired, self.environment, model)

    def empty(self, model: str) -> ModelReport:
        """Return a report that says nothing yet of a model."""
        return ModelReport(
            model=model,
            environment=self.environment.name,
            role=self.environment.role.value,
            revision=self.desired.revision,
        )

    def _judged(self, model: str, head: JournalHead) -> JudgedModel:
        """Return what is recorded of the artifact that is there after an entry: as `judge_model.judge`, which looks in
        more places and computes what is missing."""
        artifact, declared = head.state.artifact, self.desired.model(self.environment.name, model)
        assert artifact is not None  # noqa: S101  (asked by the caller)
        judged_by = judge_model.declared_of(self.desired, self.environment, model)
        full, build = self._full(artifact, judged_by), head.state.build
        return JudgedModel(
            model=model,
            environment=self.environment.name,
            owner=declared.owner if declared is not None else "",
            description=declared.description if declared is not None else "",
            artifact=artifact,
            state=judge_model.NEWEST if self.environment.trains else judge_model.DEPLOYED,
            evaluation=verify.evaluation_of(self._store, artifact),
            detailed=full,
            unknown=None if full is not None else f"not evaluated in full yet: {_command(self.environment, model)}",
            verifications=tuple(self._verifications(head)),
            provenance=self._provenance(build) if build is not None and build.artifact == artifact else None,
            looks=looks_so_far(self.deps.stores, build) if build is not None and build.artifact == artifact else None,
        )

    def _full(self, artifact: Digest, declared: DeclaredEvaluation) -> DetailedEvaluation | None:
        """Return the recorded evaluation in full: of this environment's store, else of one that it is promoted from."""
        found = in_full.recorded(self._store, artifact, declared)
        others = (self.deps.stores[name] for name in self.environment.promotes_from if name in self.deps.stores)
        return found if found is not None else recorded_in(others, artifact, declared)

    def _provenance(self, build: Build) -> Provenance:
        return blobs.record(self._store, build.provenance, Provenance)

    def _verifications(self, head: JournalHead) -> list[Verification]:
        """Return the recorded verifications that the entry names."""
        artifact = head.state.artifact
        assert artifact is not None  # noqa: S101  (asked by the caller)
        named = [result.gate_set for result in head.state.judged]
        if head.entry.verification is not None:
            named.append(head.entry.verification)
        found = (verify.read(self._store, artifact, gate_set) for gate_set in dict.fromkeys(named))
        return [each for each in found if each is not None]

    def _versions(self, heads: Sequence[JournalHead], judged: JudgedModel) -> list[ModelVersion]:
        """Return each artifact of these entries by the entry that brought it, the earliest first."""
        found: dict[Digest, ModelVersion] = {}
        for head in reversed(heads):
            artifact = head.state.artifact
            if artifact is not None and artifact not in found:
                found[artifact] = self._version(head, artifact, judged)
        return list(found.values())

    def _apart(self, artifact: Digest, judged: JudgedModel, *, in_full: bool) -> str | None:
        """Return why the figure of another artifact does not stand beside that of the one that is judged."""
        ours, theirs = (verify.recipe_of(self._store, each).recipe for each in (judged.artifact, artifact))
        if in_full and judged.detailed is not None:
            return asked_otherwise(theirs, ours)
        unit = unit_of_figures(theirs if not in_full else ours)
        if unit is not None and in_full != (judged.detailed is not None):
            return f"one figure is in {unit}, the other in its unit"
        return figures_apart(theirs, ours)

    def _version(self, head: JournalHead, artifact: Digest, judged: JudgedModel) -> ModelVersion:
        build = head.state.build
        version = ModelVersion(
            artifact=artifact,
            n=head.entry.n,
            when=head.entry.when,
            data_as_of=build.as_of if build is not None and build.artifact == artifact else None,
        )
        with suppress(ReconcilerError):  # an earlier one may be gone, which `audit` tells
            if artifact == judged.artifact:
                own, full = judged.evaluation, judged.detailed
            else:
                own = verify.evaluation_of(self._store, artifact)
                full = in_full.recorded(self._store, artifact)
            name, value = own.headline
            version = replace(version, grade=own.grade.value, figure=name, value=value, rows=own.rows)
            if full is not None and (shown := full.headline) is not None:
                version = replace(
                    version,
                    grade=full.grade.grade.value,
                    figure=shown.name,
                    value=shown.value,
                    low=shown.low,
                    high=shown.high,
                    rows=full.rows,
                )
            if artifact != judged.artifact:
                version = replace(version, apart=self._apart(artifact, judged, in_full=full is not None))
        return version

    def _snapshot(self, made: Provenance | None) -> tuple[tuple[SnapshotTable, ...], str | None]:
        """Return the tables of the snapshot that an artifact was trained on, or why they are not known."""
        if made is None:
            return (), None
        key = made.environment, made.snapshot
        if key not in self._tables:
            self._tables[key] = self._read_snapshot(*key)
        return self._tables[key]

    def _read_snapshot(self, environment: str, n: int) -> tuple[tuple[SnapshotTable, ...], str | None]:
        store = self.deps.stores.get(environment)
        if store is None:
            return (), f"Data snapshot {n} is in the store of {environment}, which is not declared here."
        try:
            snapshot = data_snapshots.numbered(store, n)
            return tuple(inspect_snapshots.table_of(store, snapshot, table) for table in snapshot.tables), None
        except ReconcilerError:
            return (), f"Data snapshot {n} of {environment} cannot be read here."

    def _events(self, heads: Sequence[JournalHead]) -> tuple[HistoryEvent, ...]:
        return tuple(history.event(head, None, None) for head in heads)


def requests_named(deps: Dependencies, report: ModelReport, known: dict[str, str]) -> ModelReport:
    """Return the report with the request of each event, by the message of its commit. `known`: those of commits that
    were asked for already, to which these are added."""
    new = {event.commit for event in report.events if event.commit is not None} - known.keys()
    if new:
        messages = (deps.history or deps.source).messages(new)
        known |= {each: request_of(messages.get(each, "")) or "" for each in new}
    events = (replace(each, request=known.get(each.commit or "") or None) for each in report.events)
    return replace(report, events=tuple(events))


def _nothing(environment: Environment, heads: Sequence[JournalHead]) -> str:
    if not heads:
        return "nothing was trained yet" if environment.trains else "nothing was deployed yet"
    return "it is retired" if not environment.trains else "nothing was trained yet"


def _command(environment: Environment, model: str) -> str:
    return f"run `reconciler show {model} --in {environment.name}`"
