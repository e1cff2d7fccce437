"""Train one model: from a recipe, a snapshot and a runtime to a recorded build. Only in sandboxes.

Order of writes: blobs (each read back), provenance, the build under its fingerprint, the recipe's numbered log;
the journal entry is the caller's. A crash leaves blobs that nothing names, or a build that the next run reuses.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from reconciler import __version__, codec
from reconciler.core.age import is_ahead
from reconciler.core.artifact.build import Build, Provenance
from reconciler.core.artifact.data_snapshot import Snapshot
from reconciler.core.digest import Digest, short
from reconciler.core.quality import refusal
from reconciler.core.quality.findings import CheckFacts, CheckReport, MayBeOff
from reconciler.core.spec.environment import Environment
from reconciler.core.spec.model import Model
from reconciler.engine.compute.built import check_claims, verified
from reconciler.engine.compute.here import ComputeHere
from reconciler.engine.compute.request import part_of, teller
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.masking.comparable import masked_key
from reconciler.engine.refresh.kept_snapshots import removed_snapshots
from reconciler.engine.storage import blobs, builds, data_snapshots, oci_manifest
from reconciler.engine.storage.erasures.erased import erased, forgotten_since
from reconciler.engine.storage.evaluations import holdout_looks
from reconciler.engine.trust.attest import attest_training
from reconciler.errors import ConflictError, DataError, GateRefusedError, TrainingError, UsageError
from reconciler.ports import BuildRequest, SelectResult, Store


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedBuild:
    """A build. `trained` is False when it was reused, having been built from the same inputs before. `checks`: what the
    checks found in its rows; None where nobody looked."""

    build: Build
    trained: bool
    checks: CheckReport | None = None


NOTHING_OFF = MayBeOff(judging="production")


def train(
    deps: Dependencies,
    *,
    project: str,
    commit: str | None,
    environment: Environment,
    model: Model,
    snapshot: Snapshot,
    may_be_off: MayBeOff = NOTHING_OFF,
) -> TrainedBuild:
    """Return the recorded build of these inputs, or train and record one.

    Raises GateRefusedError E708, before anything is trained, where a check found an error that is not switched off.
    """
    store = deps.stores[environment.name]
    inputs = builds.inputs_of(model, snapshot, builds.runtime_of(environment, model.recipe))
    fingerprint = codec.digest_of(inputs)
    known = builds.of_fingerprint(store, fingerprint)
    again = known is not None and fingerprint in erased(store).builds
    if known is not None and not again:
        # Training would give the same bytes. New is only that the data were unchanged when the snapshot was taken.
        if known.taken < snapshot.taken or is_ahead(known.taken, deps.clock()):
            known = replace(known, taken=snapshot.taken, as_of=snapshot.as_of)
        builds.add_to_recipe_log(store, known)
        return TrainedBuild(build=known, trained=False, checks=builds.checks_of((store,), fingerprint))
    own, checks = _make(
        deps,
        project=project,
        commit=commit,
        environment=environment,
        model=model,
        snapshot=snapshot,
        may_be_off=may_be_off,
    )
    if snapshot.n in removed_snapshots(store):
        message = f"the tables of data snapshot {snapshot.n} were removed while this model was trained on them"
        raise ConflictError(message, hint="run the same command again", code="E702")
    if forgotten_since(store, snapshot):
        message = f"an entity was forgotten, or came back, while this model was trained on data snapshot {snapshot.n}"
        raise ConflictError(message, hint="run the same command again", code="E702")
    build = builds.record(store, own)
    if again and build.artifact != own.artifact:
        raise TrainingError(
            f"the data are those of {short(build.artifact)} again, and training gave {short(own.artifact)}",
            hint="`reconciler doctor` compares the installed versions with those that it was trained with",
        )
    builds.add_to_recipe_log(store, build)
    return TrainedBuild(build=build, trained=again or build == own, checks=checks)


def _checked(
    store: Store, fingerprint: Digest, selected: SelectResult, model: Model, may_be_off: MayBeOff
) -> CheckReport | None:
    """Record what the checks found, also where it stops the model, so that a plan can say so. Raises E708."""
    findings = selected.checks
    if findings is None:
        return None
    found = CheckReport(fingerprint=fingerprint, findings=findings, holdout=selected.holdout or None)
    report = builds.record_checks(store, found)
    facts = CheckFacts(findings=findings, off=model.checks_off, allowed=may_be_off.checks)
    if reasons := refusal.reasons(facts):
        message = f"not trained: {'; '.join(reasons)}"
        raise GateRefusedError(message, hint=refusal.remedy(facts, may_be_off.judging), code="E708")
    return report


def _make(
    deps: Dependencies,
    *,
    project: str,
    commit: str | None,
    environment: Environment,
    model: Model,
    snapshot: Snapshot,
    may_be_off: MayBeOff,
) -> tuple[Build, CheckReport | None]:
    if deps.trainer is None and deps.compute is None:
        raise UsageError(f"this process cannot train, and {environment.name} asks for it")
    store = deps.stores[environment.name]
    runtime = builds.runtime_of(environment, model.recipe)
    inputs = builds.inputs_of(model, snapshot, runtime)
    fingerprint = codec.digest_of(inputs)
    started = deps.clock()
    reports: list[CheckReport | None] = []

    def found(selected: SelectResult) -> None:
        if not reports:  # on a cluster, it is known afterwards
            reports.append(_checked(store, fingerprint, selected, model, may_be_off))

    compute = deps.compute or ComputeHere(
        store=store, data=deps.data, trainer=deps.trainer, scratch=deps.scratch, new_id=deps.new_id, found=found
    )
    request = BuildRequest(
        model=model.name,
        recipe=model.recipe,
        snapshot=part_of(snapshot, model.recipe),
        runtime=runtime,
        limits=environment.limits,
        off=model.checks_off,
        allowed=may_be_off.checks,
    )
    try:
        built = compute.build(request, teller(deps.progress, model.name))
    except DataError as error:
        again = f"once the file is corrected, `reconciler apply {environment.name} --refresh` reads it"
        error.hint = f"{error.hint}; {again}" if error.hint else again
        raise
    found(built.selected)
    files, evaluation_rows, training_keys = verified(store, built)
    config = oci_manifest.config_of(files)
    manifest = oci_manifest.manifest_of(config, files)
    blobs.put(store, config)
    artifact = blobs.put(store, manifest)
    if deps.compute is not None:
        check_claims(store, oci_manifest.parse(manifest).digest, model.recipe, evaluation_rows)
    # Before the build, which is not made again: after a crash in between the look is counted at most twice.
    when = deps.clock()
    holdout_looks.add(
        store, environment.name, model.recipe.data, built.selected.holdout, fingerprint=fingerprint, when=when
    )
    provenance = Provenance(
        fingerprint=fingerprint,
        artifact=artifact,
        inputs=inputs,
        runtime=runtime,
        project=project,
        environment=environment.name,
        model=model.name,
        commit=commit,
        snapshot=snapshot.n,
        taken=snapshot.taken,
        as_of=snapshot.as_of,
        builder=f"model-reconciler {__version__}",
        started=started,
        finished=deps.clock(),
        who=deps.actor(),
        rows_left_out=built.selected.left_out,
    )
    build = Build(
        fingerprint=provenance.fingerprint,
        artifact=artifact,
        recipe=model.recipe_digest,
        data=data_snapshots.data_digest(snapshot, model.recipe),
        runtime=inputs.runtime,
        taken=snapshot.taken,
        as_of=snapshot.as_of,
        evaluation_rows=evaluation_rows,
        training_keys=training_keys,
        provenance=blobs.put(store, codec.encode(provenance)),
        masked_key=masked_key(snapshot, model.recipe),
    )
    attest_training(store, deps.signer(), build.provenance, trained=True)  # before the build, which is not made again
    return build, reports[0]
