"""Collect the facts of a promotion for its reviewers, from the stores and git. Reads only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from reconciler.core.artifact.build import Build, Provenance
from reconciler.core.artifact.data_snapshot import TableCopy
from reconciler.core.artifact.observed_state import JournalHead
from reconciler.core.digest import Digest
from reconciler.core.evaluation.detailed import DetailedEvaluation
from reconciler.core.evaluation.question import figures_apart
from reconciler.core.evaluation.units import unit_in_words
from reconciler.core.field_diff import FieldChange, changes
from reconciler.core.plan.config_diff import ModelDifference, difference
from reconciler.core.promotion.promotion_summary import ArtifactOrigin, PromotionSummary
from reconciler.core.quality.findings import CheckFacts
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.core.spec.gates import Verification
from reconciler.core.spec.model import DeclaredEvaluation, Model
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.evaluation.known import recorded_in
from reconciler.engine.evaluation.looks import looks_so_far
from reconciler.engine.plan import observe_loss
from reconciler.engine.plan import verification as verify
from reconciler.engine.storage import blobs, builds, data_snapshots
from reconciler.errors import ReconcilerError
from reconciler.ports import Store


def summarize(
    deps: Dependencies,
    desired: DesiredState,
    environment: Environment,
    proposed: Model,
    verification: Verification | None,
) -> PromotionSummary:
    """Return what reviewers of a promotion see. `proposed` is the model as it will be declared, with its pin.

    Raises IntegrityError E604 when no store holds the artifact.
    """
    artifact = proposed.artifact
    origin = blobs.origin_of(deps.stores, environment, artifact) if artifact is not None else None
    journals = observe_loss.journals_of(deps, desired)
    head = journals.head(environment.name, proposed.name)
    recorded_in = (environment.name, *environment.promotes_from)
    build = journals.build_of(recorded_in, proposed, artifact, head) if artifact is not None else None
    if artifact is None or origin is None or build is None:
        raise blobs.absent(artifact or Digest("sha256:" + "0" * 64))
    candidate = _origin(origin, artifact, build.provenance)
    incumbent = _incumbent(deps.stores[environment.name], head, artifact)
    return PromotionSummary(
        environment=environment.name,
        model=proposed.name,
        description=proposed.description,
        owner=proposed.owner,
        artifact=artifact,
        candidate=candidate,
        incumbent=incumbent,
        verification=verification,
        difference=_difference(desired, environment, proposed),
        tables=_tables(deps, environment, candidate.provenance),
        runtime=_runtime(candidate, incumbent),
        entry=head.entry.n if head is not None and incumbent is not None else None,
        checks=_checks(deps, desired, environment, proposed, build),
        detailed=_in_full((origin, *deps.stores.values()), artifact, proposed.evaluation),
        looks=looks_so_far(deps.stores, build),
        unit=unit_in_words(proposed, candidate.evaluation),
        apart=_apart(deps.stores[environment.name], proposed, incumbent),
    )


def _in_full(stores: Iterable[Store], artifact: Digest, declared: DeclaredEvaluation) -> DetailedEvaluation | None:
    """Return the recorded evaluation in full, without curves, which no text shows; None where it cannot be had."""
    detailed = recorded_in(stores, artifact, declared)
    if detailed is None:
        return None
    classes = (replace(each, roc=(), precision_recall=(), calibration=()) for each in detailed.classes)
    return replace(detailed, classes=tuple(classes))


def _checks(
    deps: Dependencies, desired: DesiredState, environment: Environment, proposed: Model, build: Build
) -> CheckFacts:
    names = (environment.name, *desired.upstream(environment.name))
    stores = (deps.stores[name] for name in names if name in deps.stores)
    report = builds.checks_of(stores, build.fingerprint)
    return CheckFacts(
        findings=report.findings if report is not None else None,
        off=proposed.checks_off,
        allowed=environment.policy.checks,
    )


def _origin(store: Store, artifact: Digest, provenance: Digest) -> ArtifactOrigin:
    return ArtifactOrigin(
        evaluation=verify.evaluation_of(store, artifact), provenance=blobs.record(store, provenance, Provenance)
    )


def _incumbent(own: Store, head: JournalHead | None, artifact: Digest) -> ArtifactOrigin | None:
    """Return the incumbent's origin, or None where its own store cannot tell: `audit` reports a damaged one."""
    deployed = head.state.artifact if head is not None else None
    if head is None or head.state.build is None or deployed is None or deployed == artifact:
        return None
    try:
        return _origin(own, deployed, head.state.build.provenance)
    except ReconcilerError:
        return None


def _apart(own: Store, proposed: Model, incumbent: ArtifactOrigin | None) -> str | None:
    if incumbent is None:
        return None
    return figures_apart(proposed.recipe, verify.recipe_of(own, incumbent.provenance.artifact).recipe)


def _difference(desired: DesiredState, environment: Environment, proposed: Model) -> ModelDifference | None:
    return difference(desired.model(environment.name, proposed.name), proposed, environment=environment.name)


def _tables(deps: Dependencies, environment: Environment, provenance: Provenance) -> tuple[TableCopy, ...]:
    """Return the tables of the candidate's snapshot, or nothing once the snapshot is deleted."""
    for name in environment.promotes_from:
        if name == provenance.environment and name in deps.stores:
            try:
                return data_snapshots.numbered(deps.stores[name], provenance.snapshot).tables
            except ReconcilerError:
                return ()
    return ()


def _runtime(candidate: ArtifactOrigin, incumbent: ArtifactOrigin | None) -> tuple[FieldChange, ...]:
    if incumbent is None:
        return ()
    return changes(incumbent.provenance.runtime, candidate.provenance.runtime)
