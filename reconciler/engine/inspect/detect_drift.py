"""Drift: what every target serves, held against its journal's head. Reads only; what a person is told is told by an
issue of the forge, where that was asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from reconciler import codec
from reconciler.core.artifact import store_layout
from reconciler.core.artifact.journal import StoreMark
from reconciler.core.artifact.observed_state import DriftType, JournalHead, LiveDeployment
from reconciler.core.digest import Digest, short
from reconciler.core.inspect import drift as core
from reconciler.core.inspect.drift import DriftFinding, DriftReport, EnvironmentDrift, Seen
from reconciler.core.inspect.explanation import Advice
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import DriftPolicy, Environment
from reconciler.core.spec.model import Model
from reconciler.core.status_codes import status_of, worst_status
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.find_environment import environments_of
from reconciler.engine.inspect import drift_issue
from reconciler.engine.plan import observe, verification
from reconciler.engine.promotion import adopt
from reconciler.engine.storage import blobs, journal, oci_manifest
from reconciler.errors import ReconcilerError, StoreError, UsageError

LOADED = 50  # models that one run loads in one environment, each day others
SECONDS = 120  # for each of them

_NOTHING: Mapping[str, Seen] = {}


def drift(
    deps: Dependencies,
    desired: DesiredState,
    environments: tuple[str, ...],
    *,
    loads: bool = True,
    remembered: Mapping[str, Seen] = _NOTHING,
    issue: drift_issue.Render | None = None,
) -> DriftReport:
    """The named environments, or all. `loads`: whether what is served is also loaded. `remembered`: when a finding was
    first seen, by environment; a hint. `issue`: how to word the forge's issue, which then remembers it for everybody.

    ForgeError E905 when an issue is asked for and no forge is known; UsageError when nothing is to be loaded for one:
    it would be closed though a model does not load.
    """
    if issue is not None and not loads:
        raise UsageError("an issue tells of what does not load, too", hint="leave out --no-load", code="E801")
    chosen = environments_of(desired, environments)
    forge = drift_issue.forge_of(deps) if issue is not None else None
    found = []
    for one in chosen:
        hints = remembered.get(one.name, {})
        told = drift_issue.recall(forge, one.name) if forge is not None else None
        known = {**hints, **(told.seen if told is not None else {})}
        unwell = [name for name, kind in sorted(known) if kind == DriftType.UNHEALTHY]
        here = _environment(deps, desired, one, unwell if loads else None)
        if issue is None or forge is None or told is None or here.problem is not None:
            here = replace(here, findings=core.dated(here.findings, known, now=deps.clock()))
        else:
            here = drift_issue.tell(forge, here, told, hints, issue, now=deps.clock())
        found.append(here)
    return DriftReport(project=desired.project, revision=desired.revision, environments=tuple(found))


def _environment(
    deps: Dependencies, desired: DesiredState, environment: Environment, unwell: list[str] | None
) -> EnvironmentDrift:
    """`unwell`: models that did not load before, which are loaded whoever's turn it is; None: nothing is loaded."""
    blank = EnvironmentDrift(environment=environment.name, role=environment.role.value, findings=())
    if environment.trains or environment.name not in deps.targets:
        return replace(blank, notes=("nothing is served from here",))
    try:
        return _EnvironmentCheck(deps, desired, environment).all(blank, unwell)
    except ReconcilerError as error:
        # One environment that cannot be read must not hide the others.
        return replace(blank, problem=str(error), status=status_of(error))


@dataclass(frozen=True, slots=True)
class _EnvironmentCheck:
    """One environment, model by model."""

    deps: Dependencies
    desired: DesiredState
    environment: Environment

    def all(self, blank: EnvironmentDrift, unwell: list[str] | None) -> EnvironmentDrift:
        deps, environment = self.deps, self.environment
        declared = {model.name for model in self.desired.models_of(environment.name)}
        served = {one.model: one for one in deps.targets[environment.name].observe(sorted(declared))}
        journaled = journal.models(deps.stores[environment.name], environment.name)
        names = sorted(declared.union(served, journaled))
        if names and not journaled and deps.stores[environment.name].read(store_layout.MARK) is None:
            raise StoreError(
                f"the store of {environment.name} is not here, or nothing was ever applied there: nothing is concluded "
                "from that",
                code="E604",
            )
        found = list(self._mark()) if journaled else []
        heads: dict[str, JournalHead | None] = {}
        for name in names:
            found += self._twice(name, served.get(name), heads)
        whole = self._whole(heads, served)
        today = self._todays(whole, unwell) if unwell is not None else {}
        for name, artifact in today.items():
            found += self._loaded(name, artifact)
        notes = [f"{len(today):,} of {len(whole):,} were loaded today"] if 0 < len(today) < len(whole) else []
        return replace(
            blank,
            findings=core.ordered(found),
            models=len(names),
            loaded=len(today),
            pending=sum(self._is_pending(name, head) for name, head in heads.items()),
            notes=tuple(notes),
            status=worst_status(finding.status for finding in found),
        )

    def _mark(self) -> Iterator[DriftFinding]:
        """The store says whose it is: without its mark the next apply would make it anybody's."""
        wanted = StoreMark(project=self.desired.project, environment=self.environment.name)
        body = self.deps.stores[self.environment.name].read(store_layout.MARK)
        if body is not None and codec.decode(StoreMark, body, what=store_layout.MARK) == wanted:
            return
        what = (
            f"{store_layout.MARK} of the store is gone"
            if body is None
            else f"{store_layout.MARK} names another project or environment"
        )
        remedy = Advice(
            reason="restore it from a backup of the store", command=f"reconciler audit {wanted.environment}"
        )
        yield DriftFinding(model=None, kind=DriftType.CONFIG_CHANGED, what=what, remedies=(remedy,))

    def _twice(
        self, name: str, served: LiveDeployment | None, heads: dict[str, JournalHead | None]
    ) -> list[DriftFinding]:
        """What is wrong with one model, if it still is at a second look: an apply may be at work meanwhile."""
        if not self._model(name, served, heads):
            return []
        again = self.deps.targets[self.environment.name].observe([name], others=False)
        return self._model(name, next((one for one in again if one.model == name), None), heads)

    def _model(
        self, name: str, served: LiveDeployment | None, heads: dict[str, JournalHead | None]
    ) -> list[DriftFinding]:
        deps, environment = self.deps, self.environment
        model = self.desired.model(environment.name, name)
        try:
            head = observe.head_of(deps, self.desired, environment.name, name)
            heads[name] = head
            if head is None and model is None and served is not None:
                return [self._unmanaged(served)]
            observe.not_ahead(environment, name, head, served)
            found = list(core.of_served(environment.name, head, served, self._files(head, served)))
            found = [self._with_remedy(one, head, served) for one in found]
            if model is not None:
                found += [self._unfit(name, one) for one in self._refused_today(model, head)]
        except ReconcilerError as error:
            remedies = (Advice(reason=error.hint),) if error.hint else ()
            return [
                DriftFinding(
                    model=name, kind=DriftType.UNREADABLE, what=str(error), remedies=remedies, status=status_of(error)
                )
            ]
        return found

    def _files(self, head: JournalHead | None, served: LiveDeployment | None) -> frozenset[str]:
        """Names of the applied artifact's files, asked only where some file differs."""
        own = self.deps.stores[self.environment.name]
        artifact = head.state.artifact if head is not None else None
        if (
            artifact is None
            or served is None
            or served.drift is not DriftType.TAMPERED
            or not blobs.holds(own, artifact)
        ):
            return frozenset()
        one = blobs.artifact(own, artifact)
        return frozenset({oci_manifest.MANIFEST_FILE, oci_manifest.CONFIG_FILE, *(file.path for file in one.files)})

    def _with_remedy(
        self, found: DriftFinding, head: JournalHead | None, served: LiveDeployment | None
    ) -> DriftFinding:
        remedies = found.remedies
        if self.environment.drift is DriftPolicy.REPORT:
            file = f"environments/{self.environment.name}.yaml"
            first = Advice(reason=f"this environment only reports drift: say `drift: correct` in {file}")
            remedies = (first, *remedies)
        if found.kind in (DriftType.WRONG_DIGEST, DriftType.MISSING) and found.model is not None:
            artifact = adopt.adoptable(self.deps, self.desired, self.environment, found.model, head, served)
            if artifact is not None:
                command = f"reconciler adopt {found.model} --in {self.environment.name}"
                remedies = (*remedies, Advice(reason=f"or keep {short(artifact)}: propose it", command=command))
        return replace(found, remedies=remedies)

    def _unmanaged(self, served: LiveDeployment) -> DriftFinding:
        artifact = served.current.artifact if served.current is not None else None
        what = f"{short(artifact)} is served" if artifact is not None else "something is served"
        remedy = Advice(
            reason=f"remove {served.model} from the target by hand, or promote a model of that name; where this tool "
            "applied it, its journal is gone: restore the store from a backup"
        )
        what += "; git does not declare it and the journal does not know it"
        return DriftFinding(model=served.model, kind=DriftType.UNMANAGED, what=what, remedies=(remedy,))

    def _refused_today(self, model: Model, head: JournalHead | None) -> tuple[str, ...]:
        own, deployed = self.deps.stores[self.environment.name], head.state.artifact if head else None
        if deployed is None or not blobs.holds(own, deployed):
            return ()
        evaluation = verification.evaluation_of(own, deployed)
        return observe.policy_violations(own, self.environment, model, evaluation, head)

    def _unfit(self, name: str, why: str) -> DriftFinding:
        where = self.environment.name
        command = f"reconciler why {name} --in {where}"
        remedy = Advice(
            reason="nothing changes by itself: promote one that passes, or change the gate", command=command
        )
        return DriftFinding(model=name, kind=DriftType.UNHEALTHY, what=why, remedies=(remedy,))

    def _whole(
        self, heads: Mapping[str, JournalHead | None], served: Mapping[str, LiveDeployment]
    ) -> dict[str, Digest]:
        """Models whose served bytes are those that were applied: only these may be loaded."""
        found = {}
        for name, head in heads.items():
            one = served.get(name)
            artifact = head.state.artifact if head is not None else None
            if artifact is None or one is None or one.drift is not None or one.current is None:
                continue
            if one.current.artifact == artifact:
                found[name] = artifact
        return found

    def _todays(self, whole: Mapping[str, Digest], unwell: list[str]) -> dict[str, Digest]:
        """At most so many that a scheduled run ends; each day the next ones, and what did not load before: that it is
        not its turn must not look as if it were well."""
        again = [name for name in unwell if name in whole]
        names = [name for name in sorted(whole) if name not in again]
        start = self.deps.clock().toordinal() * LOADED % len(names) if len(names) > LOADED else 0
        chosen = (names[start:] + names[:start])[:LOADED]
        return {name: whole[name] for name in sorted((*again, *chosen))}

    def _loaded(self, name: str, artifact: Digest) -> Iterator[DriftFinding]:
        deps, where = self.deps, self.environment.name
        folder = deps.targets[where].release(name)
        limits = self.environment.limits
        if folder is None:
            return  # retired meanwhile
        subject = f"{where}/{name}"
        deps.progress.start(subject, "load it")
        try:
            deps.scorer.check(folder, replace(limits, seconds=min(limits.seconds, SECONDS)))
        except ReconcilerError as error:
            deps.progress.done(subject, "does not load")
            remedies = [Advice(reason=error.hint)] if error.hint else []
            remedies.append(
                Advice(reason="or go back to the one before", command=f"reconciler rollback {name} --in {where}")
            )
            message = f"{short(artifact)} cannot be used here: {error}"
            yield DriftFinding(model=name, kind=DriftType.UNHEALTHY, what=message, remedies=tuple(remedies))
        else:
            deps.progress.done(subject, "its outputs are those that were recorded")

    def _is_pending(self, name: str, head: JournalHead | None) -> bool:
        model = self.desired.model(self.environment.name, name)
        wanted = model.artifact if model is not None else None
        return wanted != (head.state.artifact if head is not None else None)
