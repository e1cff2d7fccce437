"""Deploy, restore and retire: change what an environment serves.

Order: provenance and blobs copied by digest from the source's store into our own, the model loaded once and compared
with its probe rows, the verification copied, then the journal entry (the commit point), then the target's swap, then a
read back. A crash in between leaves the old model serving; the next run finds an entry that was not deployed and puts
it in place. Only a change by hand of what that entry deployed is answered by an entry of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from reconciler.core.artifact.build import Build
from reconciler.core.artifact.journal import Action, ReleasePointer, RollbackHold, State
from reconciler.core.artifact.observed_state import JournalHead, LiveDeployment, drift_of
from reconciler.core.digest import Digest, digest_of_bytes, short
from reconciler.core.quality.findings import CheckFacts
from reconciler.core.spec.environment import Environment
from reconciler.core.spec.gates import Verification
from reconciler.core.spec.model import Model
from reconciler.engine.apply.approvals import Clearance
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.model_report.release_labels import labels_of
from reconciler.engine.plan import verification as verify
from reconciler.engine.storage import blobs, builds, journal
from reconciler.engine.storage.blobs import origin_of
from reconciler.engine.storage.copies.kept_entries import keep_entries
from reconciler.engine.storage.evaluations import records
from reconciler.engine.trust import referrers
from reconciler.errors import ConflictError, IntegrityError, TargetError, UsageError
from reconciler.ports import LabelledTarget, Store, Target

NO_CLEARANCE = Clearance()
NO_CARD = digest_of_bytes(b"")


def _nothing_more() -> None:
    """Check nothing before the commit point."""


def target_of(deps: Dependencies, environment: Environment) -> Target:
    """Return the environment's target; UsageError where it has none."""
    target = deps.targets.get(environment.name)
    if target is None:
        raise UsageError(
            f"environment {environment.name} trains models and deploys none"
            if environment.trains
            else f"environment {environment.name} has no target to deploy to",
            hint="name an environment that deploys models"
            if environment.trains
            else f"add `target:` to the spec of environments/{environment.name}.yaml",
            code="E801",
        )
    return target


def deploy(
    deps: Dependencies,
    writer: journal.EntryWriter,
    *,
    environment: Environment,
    model: Model,
    head: JournalHead | None,
    plan: Digest,
    build: Build | None,
    verification: Verification | None,
    previously_deployed: tuple[Digest, ...],
    reason: str,
    card: Digest = NO_CARD,
    clearance: Clearance = NO_CLEARANCE,
    hold: RollbackHold | None = None,
    final_check: Callable[[], None] = _nothing_more,
) -> JournalHead:
    """Deploy `model.artifact` and return the journal's new head.

    `build`: the record of its training. `verification`: by which it is deployed; recorded here too, so that this store
    alone can be audited. `previously_deployed`: the artifacts that were deployed here before. `card`: digest of its
    card in git, which the plan compared with the evidence. `final_check` is called right before the commit point, and
    raises if something speaks against the deploy by then. Raises UsageError E209 for a model without an artifact.
    """
    artifact = model.artifact
    if artifact is None:
        raise UsageError(f"{model.file} pins no artifact", code="E209")
    own = deps.stores[environment.name]
    origin = origin_of(deps.stores, environment, artifact)
    if origin is None:
        raise blobs.absent(artifact)
    checks: tuple[str, ...] | None = None
    if build is not None:
        _keep_provenance(deps, environment, own, build.provenance)
        checks = _keep_checks(deps, environment, model, build)
    for name in environment.promotes_from:
        if name in deps.stores:
            records.keep(deps.stores[name], own, artifact)  # one of them is what the card shows
    blobs.copy(origin, own, blobs.artifact(origin, artifact))
    for name in environment.promotes_from:
        if name in deps.stores and blobs.holds(deps.stores[name], artifact):
            referrers.copy(deps.stores[name], own, artifact)
    if verification is not None:
        verify.write(own, verification)
    files = checked_files(deps, environment, artifact)
    vetted = tuple(sorted({*previously_deployed, artifact}))
    state = State(artifact=artifact, build=build, vetted=vetted, hold=hold, card=card, checks=checks)
    final_check()
    entry = journal.append(
        own,
        writer,
        after=head,
        environment=environment.name,
        model=model.name,
        plan=plan,
        action=Action.DEPLOY,
        state=state,
        reason=reason,
        verification=verification.gate_set if verification is not None else None,
        approved=clearance.approved,
        overrides=clearance.overrides,
    )
    return place(deps, environment, entry, files)


def _keep_provenance(deps: Dependencies, environment: Environment, own: Store, provenance: Digest) -> None:
    """Copy the record of how it was built. Before the artifact: whose manifest is in a store is there with all that
    belongs to it, and is not copied again after a crash."""
    if blobs.is_stored(own, provenance):
        return
    origin = origin_of(deps.stores, environment, provenance)
    if origin is None:
        raise blobs.absent(provenance)
    blobs.put_file(own, blobs.file_of(origin, provenance))


def _keep_checks(deps: Dependencies, environment: Environment, model: Model, build: Build) -> tuple[str, ...] | None:
    """Copy what the checks found in the rows of its build, and return it by name; None where no store says it."""
    names = (environment.name, *environment.promotes_from)
    report = builds.checks_of((deps.stores[name] for name in names if name in deps.stores), build.fingerprint)
    if report is None:
        return None
    builds.record_checks(deps.stores[environment.name], report)
    return CheckFacts(findings=report.findings, off=model.checks_off, allowed=environment.policy.checks).names


def restore(
    deps: Dependencies,
    writer: journal.EntryWriter,
    *,
    environment: Environment,
    head: JournalHead,
    plan: Digest,
    reason: str,
) -> JournalHead:
    """Restore what the journal's head says, after checking its bytes and loading it; no gate is run.

    The restore is journaled where the head was in place and somebody changed what it serves. Where the target is behind
    the head, or has no pointer, the head says already what is to serve: a try that fails adds nothing to the history.
    """
    artifact = head.state.artifact
    files = checked_files(deps, environment, artifact) if artifact is not None else {}
    drift = drift_of(head, _served(target_of(deps, environment), head.entry.model))
    if drift is None or not drift.in_place:
        return place(deps, environment, head, files)
    entry = journal.append(
        deps.stores[environment.name],
        writer,
        after=head,
        environment=environment.name,
        model=head.entry.model,
        plan=plan,
        action=Action.RESTORE,
        state=head.state,
        reason=reason,
    )
    return place(deps, environment, entry, files)


def retire(
    deps: Dependencies,
    writer: journal.EntryWriter,
    *,
    environment: Environment,
    head: JournalHead,
    plan: Digest,
    reason: str,
) -> JournalHead:
    """Serve nothing for this model any more; its artifact, its journal and the target's old releases stay."""
    entry = journal.append(
        deps.stores[environment.name],
        writer,
        after=head,
        environment=environment.name,
        model=head.entry.model,
        plan=plan,
        action=Action.RETIRE,
        state=State(vetted=head.state.vetted),
        reason=reason,
    )
    return place(deps, environment, entry, {})


def checked_files(deps: Dependencies, environment: Environment, artifact: Digest) -> Mapping[str, Path]:
    """Return the release's files from our own store, after a check of every digest and a real load."""
    own = deps.stores[environment.name]
    package = blobs.artifact(own, artifact)
    work = deps.scratch / f"check-{deps.new_id()}"
    deps.scorer.check(blobs.unpack(own, package, work), environment.limits)
    return blobs.release(own, package)


def _served(target: Target, model: str) -> LiveDeployment | None:
    """Return what the target serves for one model, re-hashed; None where it has no pointer."""
    deployments = target.observe([model], others=False)
    return next((deployment for deployment in deployments if deployment.model == model), None)


def place(deps: Dependencies, environment: Environment, entry: JournalHead, files: Mapping[str, Path]) -> JournalHead:
    """Swap the target to `entry`, then read back what it serves and that the journal has no newer entry: a target that
    was emptied meanwhile cannot know that we are late."""
    target = target_of(deps, environment)
    model = entry.entry.model
    pointer = ReleasePointer(
        project=entry.entry.project,
        environment=environment.name,
        model=model,
        n=entry.entry.n,
        entry=entry.digest,
        artifact=entry.state.artifact,
    )
    keep_entries(target, deps.stores[environment.name], entry)
    if isinstance(target, LabelledTarget):
        target.place_labelled(pointer, files, labels_of(deps.stores[environment.name], entry.entry))
    else:
        target.place(pointer, files)
    served = _served(target, model)
    store, project = deps.stores[environment.name], entry.entry.project
    head = journal.head(store, project=project, environment=environment.name, model=model)
    if head is not None and head.entry.n > entry.entry.n:
        raise ConflictError(
            f"{environment.name}/{model} got entry {head.entry.n} while entry {entry.entry.n} was being deployed",
            hint="nothing is lost: run the same command again",
        )
    if (drift := drift_of(entry, served)) is not None:
        expected = short(entry.state.artifact) if entry.state.artifact else "nothing"
        message = f"{environment.name}/{model} should serve {expected} and does not: {drift}"
        hint = "something else writes to this target; run the same command again"
        raise IntegrityError(message, hint=hint) if served is not None else TargetError(message, hint=hint)
    return entry
