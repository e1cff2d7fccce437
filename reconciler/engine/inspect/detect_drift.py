"""Compare what every target serves with its journal's head. Reads only, and posts an issue where one is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from reconciler.core.artifact import store_layout
from reconciler.core.artifact.observed_state import DriftType, JournalHead, LiveDeployment
from reconciler.core.digest import Digest, short
from reconciler.core.inspect import drift as core
from reconciler.core.inspect.drift import DriftFinding, DriftReport, EnvironmentDrift, Seen
from reconciler.core.inspect.explanation import Advice
from reconciler.core.plan.damage import Damage
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import DriftPolicy, Environment
from reconciler.core.spec.model import Model
from reconciler.core.status_codes import status_of, worst_status
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.find_environment import selected, unknown_model
from reconciler.engine.inspect import drift_issue
from reconciler.engine.notices.of_drift import notices_of
from reconciler.engine.notices.tell import tell
from reconciler.engine.plan import make_plan, observe, observe_loss, verification
from reconciler.engine.plan.gates_in_force import policy_violations
from reconciler.engine.promotion import adopt
from reconciler.engine.storage import blobs, journal, oci_manifest
from reconciler.engine.storage.journal import Journals
from reconciler.errors import ReconcilerError, StoreError, UsageError

LOADED = 50  # models that one run loads in one environment, each day others
SECONDS = 120  # for each of them

_NOTHING: Mapping[str, Seen] = {}


def drift(
    deps: Dependencies,
    desired: DesiredState,
    environments: tuple[str, ...],
    models: tuple[str, ...] = (),
    *,
    loads: bool = True,
    remembered: Mapping[str, Seen] = _NOTHING,
    issue: drift_issue.Render | None = None,
    notifies: bool = False,
) -> DriftReport:
    """Report the drift of the named environments, or of all; of `models` alone, where some are named.

    `loads`: whether served artifacts are also loaded. `remembered`: when each finding was first seen, by environment,
    as a hint. `issue`: how to word the forge's issue, which then remembers it for everybody. `notifies`: people are
    told, as environments declare. Raises ForgeError E905 when an issue is asked for and no forge is known; UsageError
    when nothing is to be loaded for an issue, which would be closed though a model does not load.
    """
    if issue is not None and not loads:
        problem = "--issue also reports models that do not load, so it needs to load them"
        raise UsageError(problem, hint="leave out --no-load", code="E801")
    if issue is not None and models:
        raise UsageError(
            "--issue reports all models of an environment, and some are named", hint="leave out MODEL", code="E801"
        )
    forge = drift_issue.forge_of(deps) if issue is not None else None
    reports = []
    for environment, asked in selected(desired, environments, models):
        hints = remembered.get(environment.name, {})
        posted = drift_issue.read(forge, environment.name) if forge is not None else None
        known = {**hints, **(posted.seen if posted is not None else {})}
        unhealthy = [name for name, kind in sorted(known) if kind == DriftType.UNHEALTHY]
        report = _environment(deps, desired, environment, unhealthy if loads else None, asked, posts=issue is not None)
        if issue is None or forge is None or posted is None or report.problem is not None:
            report = replace(report, findings=core.dated(report.findings, known, now=deps.clock()))
        else:
            report = drift_issue.update(forge, report, posted, hints, issue, now=deps.clock())
        if notifies and environment.notify and report.findings:
            tell(deps, desired.project, environment, notices_of(deps, desired, report))
        reports.append(report)
    return DriftReport(project=desired.project, revision=desired.revision, environments=tuple(reports))


def _environment(
    deps: Dependencies,
    desired: DesiredState,
    environment: Environment,
    unhealthy: list[str] | None,
    asked: tuple[str, ...] = (),
    *,
    posts: bool,
) -> EnvironmentDrift:
    """Check one environment. `unhealthy`: models that did not load before, which are always loaded; None: none is.
    `asked`: the models to check; none means all.
    `posts`: an issue may be closed, which a machine that never saw the store must not do."""
    blank = EnvironmentDrift(environment=environment.name, role=environment.role.value, findings=())
    damage = make_plan.damage(deps, desired, environment)
    damage = tuple(problem for problem in damage if not asked or problem.model in (None, *asked))
    for problem in damage:
        if problem.model is None:  # One environment that cannot be read must not hide the others.
            return replace(blank, problem=problem.problem, status=problem.status)
    if environment.trains or environment.name not in deps.targets:
        blank = replace(blank, notes=("a sandbox has no target: no model is served from there",))
        return _with_damage(blank, damage)
    journals = observe_loss.journals_of(deps, desired)
    try:
        if posts and deps.stores[environment.name].read(store_layout.MARK) is None:
            raise StoreError(
                f"the store of {environment.name} is missing, or nothing was ever applied there: there is no record to "
                "compare the target with",
                code="E604",
            )
        return _with_damage(
            _EnvironmentCheck(deps, desired, environment, journals).all(blank, unhealthy, asked), damage
        )
    except ReconcilerError as error:
        if asked and isinstance(error, UsageError):  # no such model
            raise
        return replace(blank, problem=str(error), status=status_of(error))


def _with_damage(report: EnvironmentDrift, damage: tuple[Damage, ...]) -> EnvironmentDrift:
    """Add what a plan finds damaged and the comparison did not."""
    told = {(finding.model, finding.what) for finding in report.findings}
    findings = [
        DriftFinding(
            model=problem.model,
            kind=DriftType.UNREADABLE,
            what=problem.problem,
            remedies=(Advice(reason=problem.remedy),) if problem.remedy else (),
            status=problem.status,
        )
        for problem in damage
        if (problem.model, problem.problem) not in told
    ]
    return replace(
        report,
        findings=core.ordered((*report.findings, *findings)),
        status=worst_status([report.status, *(finding.status for finding in findings)]),
    )


@dataclass(frozen=True, slots=True)
class _EnvironmentCheck:
    """Checks one environment, model by model."""

    deps: Dependencies
    desired: DesiredState
    environment: Environment
    journals: Journals

    def all(self, blank: EnvironmentDrift, unhealthy: list[str] | None, asked: tuple[str, ...]) -> EnvironmentDrift:
        """Compare every model, or those asked for; load some of them unless `unhealthy` is None."""
        deps, environment = self.deps, self.environment
        declared = {model.name for model in self.desired.models_of(environment.name)}
        observed = deps.targets[environment.name].observe(sorted(declared))
        served = {deployment.model: deployment for deployment in observed}
        journaled = journal.models(deps.stores[environment.name], environment.name)
        known = declared.union(served, journaled)
        if unknown := [model for model in asked if model not in known]:
            raise unknown_model(self.desired, environment.name, unknown[0])
        names = sorted(asked or known)
        findings: list[DriftFinding] = []
        heads: dict[str, JournalHead | None] = {}
        for name in names:
            findings += self._confirmed(name, served.get(name), heads)
        intact = self._intact(heads, served)
        today = self._to_load_today(intact, unhealthy) if unhealthy is not None else {}
        for name, artifact in today.items():
            findings += self._loaded(name, artifact)
        notes = (
            [f"{len(today):,} of {len(intact):,} models were loaded today; the others follow on later days"]
            if 0 < len(today) < len(intact)
            else []
        )
        return replace(
            blank,
            findings=core.ordered(findings),
            models=len(names),
            loaded=len(today),
            pending=sum(self._is_pending(name, head) for name, head in heads.items()),
            notes=tuple(notes),
            status=worst_status(finding.status for finding in findings),
        )

    def _confirmed(
        self, name: str, served: LiveDeployment | None, heads: dict[str, JournalHead | None]
    ) -> list[DriftFinding]:
        """Return the findings of one model that a second look confirms: an apply may be running meanwhile."""
        if not self._model(name, served, heads):
            return []
        again = self.deps.targets[self.environment.name].observe([name], others=False)
        return self._model(name, next((deployment for deployment in again if deployment.model == name), None), heads)

    def _model(
        self, name: str, served: LiveDeployment | None, heads: dict[str, JournalHead | None]
    ) -> list[DriftFinding]:
        environment = self.environment
        model = self.desired.model(environment.name, name)
        try:
            head = self.journals.head(environment.name, name)
            heads[name] = head
            if head is None and model is None and served is not None:
                return [self._unmanaged(served)]
            observe.not_ahead(environment, name, head, served)
            findings = list(core.of_served(environment.name, head, served, self._files(head, served)))
            findings = [self._with_remedy(finding, head, served) for finding in findings]
            if model is not None:
                findings += [self._violation(name, reason) for reason in self._policy_violations(model, head)]
        except ReconcilerError as error:
            remedies = (Advice(reason=error.hint),) if error.hint else ()
            return [
                DriftFinding(
                    model=name, kind=DriftType.UNREADABLE, what=str(error), remedies=remedies, status=status_of(error)
                )
            ]
        return findings

    def _files(self, head: JournalHead | None, served: LiveDeployment | None) -> frozenset[str]:
        """Return the names of the applied artifact's files, where some file differs."""
        own = self.deps.stores[self.environment.name]
        artifact = head.state.artifact if head is not None else None
        if (
            artifact is None
            or served is None
            or served.drift is not DriftType.TAMPERED
            or not blobs.holds(own, artifact)
        ):
            return frozenset()
        manifest = blobs.artifact(own, artifact)
        return frozenset(
            {oci_manifest.MANIFEST_FILE, oci_manifest.CONFIG_FILE, *(file.path for file in manifest.files)}
        )

    def _with_remedy(
        self, finding: DriftFinding, head: JournalHead | None, served: LiveDeployment | None
    ) -> DriftFinding:
        remedies = finding.remedies
        if self.environment.drift is DriftPolicy.REPORT:
            file = f"environments/{self.environment.name}.yaml"
            first = Advice(reason=f"to let apply correct drift, set `drift: correct` in {file}")
            remedies = (first, *remedies)
        if finding.kind in (DriftType.WRONG_DIGEST, DriftType.MISSING) and finding.model is not None:
            artifact = adopt.adoptable(self.deps, self.desired, self.environment, finding.model, head, served)
            if artifact is not None:
                command = f"reconciler adopt {finding.model} --in {self.environment.name}"
                remedies = (*remedies, Advice(reason=f"or keep {short(artifact)}: propose to pin it", command=command))
        return replace(finding, remedies=remedies)

    def _unmanaged(self, served: LiveDeployment) -> DriftFinding:
        artifact = served.current.artifact if served.current is not None else None
        problem = f"{short(artifact)} is served" if artifact is not None else "something is served"
        remedy = Advice(
            reason=f"if reconciler deployed {served.model}, its journal is lost: restore the store from a backup; else "
            "remove it from the target by hand, or promote a model of that name"
        )
        problem += "; the model is neither declared in git nor in the journal"
        return DriftFinding(model=served.model, kind=DriftType.UNMANAGED, what=problem, remedies=(remedy,))

    def _policy_violations(self, model: Model, head: JournalHead | None) -> tuple[str, ...]:
        own, deployed = self.deps.stores[self.environment.name], head.state.artifact if head else None
        if deployed is None or not blobs.holds(own, deployed):
            return ()
        evaluation = verification.evaluation_of(own, deployed)
        return policy_violations(own, self.environment, model, evaluation, head)

    def _violation(self, name: str, why: str) -> DriftFinding:
        where = self.environment.name
        command = f"reconciler why {name} --in {where}"
        remedy = Advice(
            reason="apply does not correct this: promote a candidate that passes, or change the gate", command=command
        )
        return DriftFinding(model=name, kind=DriftType.UNHEALTHY, what=why, remedies=(remedy,))

    def _intact(
        self, heads: Mapping[str, JournalHead | None], served: Mapping[str, LiveDeployment]
    ) -> dict[str, Digest]:
        """Return the models whose served bytes are those that were applied: only these may be loaded."""
        intact = {}
        for name, head in heads.items():
            deployment = served.get(name)
            artifact = head.state.artifact if head is not None else None
            if artifact is None or deployment is None or deployment.drift is not None or deployment.current is None:
                continue
            if deployment.current.artifact == artifact:
                intact[name] = artifact
        return intact

    def _to_load_today(self, intact: Mapping[str, Digest], unhealthy: list[str]) -> dict[str, Digest]:
        """Choose at most `LOADED` models, each day the next ones, and those that did not load before: a model that is
        not loaded today must not look healthy."""
        again = [name for name in unhealthy if name in intact]
        names = [name for name in sorted(intact) if name not in again]
        start = self.deps.clock().toordinal() * LOADED % len(names) if len(names) > LOADED else 0
        chosen = (names[start:] + names[:start])[:LOADED]
        return {name: intact[name] for name in sorted((*again, *chosen))}

    def _loaded(self, name: str, artifact: Digest) -> Iterator[DriftFinding]:
        deps, where = self.deps, self.environment.name
        folder = deps.targets[where].release(name)
        limits = self.environment.limits
        if folder is None:
            return  # retired meanwhile
        subject = f"{where}/{name}"
        deps.progress.start(subject, "load the model")
        try:
            deps.scorer.check(folder, replace(limits, seconds=min(limits.seconds, SECONDS)))
        except ReconcilerError as error:
            deps.progress.done(subject, "does not load")
            remedies = [Advice(reason=error.hint)] if error.hint else []
            remedies.append(
                Advice(
                    reason="or roll back to the previous artifact", command=f"reconciler rollback {name} --in {where}"
                )
            )
            message = f"{short(artifact)} cannot be used here: {error}"
            yield DriftFinding(model=name, kind=DriftType.UNHEALTHY, what=message, remedies=tuple(remedies))
        else:
            deps.progress.done(subject, "loaded; outputs equal the recorded ones")

    def _is_pending(self, name: str, head: JournalHead | None) -> bool:
        model = self.desired.model(self.environment.name, name)
        wanted = model.artifact if model is not None else None
        return wanted != (head.state.artifact if head is not None else None)
