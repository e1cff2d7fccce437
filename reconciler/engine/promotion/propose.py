"""Propose a promotion or a rollback: write the manifest change to be merged in git. Nothing is deployed here."""

from __future__ import annotations

from dataclasses import replace

from reconciler.core.artifact.build import Build
from reconciler.core.artifact.observed_state import JournalHead
from reconciler.core.controls.weakened_gates import WeakenedGate, weakened_by
from reconciler.core.digest import Digest, DigestPrefix, short
from reconciler.core.evaluation.detailed import DetailedEvaluation
from reconciler.core.judging.applicable_gates import gates_of
from reconciler.core.plan.gate_evaluation import remedy
from reconciler.core.promotion.proposal import ProposalResult
from reconciler.core.spec.desired_state import DesiredState, card_path
from reconciler.core.spec.environment import Environment
from reconciler.core.spec.gates import Verification
from reconciler.core.spec.model import Model
from reconciler.engine.controls.observe_controls import observe_controls
from reconciler.engine.controls.pin_controls import pin_controls
from reconciler.engine.dependencies import Dependencies, RenderCard
from reconciler.engine.evaluation import in_full
from reconciler.engine.evaluation.slice_rows import JudgedBy
from reconciler.engine.load_desired import Checkout, bodies_at, manifest_path
from reconciler.engine.plan import card_check, gates_in_force, observe
from reconciler.engine.plan import verification as verify
from reconciler.engine.plan.card_check import PinnedModel
from reconciler.engine.promotion import deployment_history
from reconciler.engine.promotion.candidate import candidate_of, recipe_text
from reconciler.engine.promotion.open_pull_request import PreparedProposal, PullRequestRoute, of_one, propose_models
from reconciler.engine.promotion.promotion_summary import summarize
from reconciler.engine.storage import blobs
from reconciler.engine.storage.erasures.erased import check_artifact
from reconciler.engine.storage.evaluations import records
from reconciler.engine.storage.journal import Journals
from reconciler.engine.storage.yardsticks import yardsticks
from reconciler.errors import ConflictError, GateRefusedError, IntegrityError, ReconcilerError, UsageError
from reconciler.manifest.yaml.edit import promoted
from reconciler.ports import Proposer, Store


def promote(
    deps: Dependencies,
    checkout: Checkout,
    proposer: Proposer,
    *,
    model: str,
    to: Environment,
    digest: DigestPrefix | None,
    render: RenderCard,
    route: PullRequestRoute | None = None,
    again: bool = False,
) -> ProposalResult:
    """Propose that `to` deploys the artifact whose digest begins with `digest`, or the newest candidate.

    With a `route`, the proposal is pushed and opened as a pull request.
    Raises what `prepare_promotion` raises.
    """
    prepared = prepare_promotion(deps, checkout, model=model, to=to, digest=digest, render=render, again=again)
    proposed = propose_models(checkout, proposer, (prepared,), verb="promote", environment=to.name, route=route)
    return of_one(proposed)


def prepare_promotion(
    deps: Dependencies,
    checkout: Checkout,
    *,
    model: str,
    to: Environment,
    digest: DigestPrefix | None,
    render: RenderCard,
    again: bool = False,
    evaluate: bool = True,
) -> PreparedProposal:
    """Return what `to` would pin for `model`: the artifact whose digest begins so, or the newest candidate.

    `again`: a pin that git has already comes in anew. `evaluate`: its evaluation in full is made where nobody asked for
    it before, so that the card and the request show it.

    Raises GateRefusedError E701 when a gate failed, E706 when the artifact is rejected; ConflictError when it is not
    verified yet; UsageError E210 when there is no such artifact.
    """
    desired = checkout.desired
    origin, build = candidate_of(deps, checkout, model, to, digest)
    check_artifact(deps.stores[origin], build.artifact, f"`reconciler apply {origin}` trains it without the entity")
    if (rejected := to.policy.rejection_of(build.artifact)) is not None:
        raise GateRefusedError(
            f"{short(build.artifact)} is rejected in {to.name}: {rejected.reason}",
            hint="train another candidate, or name one with --digest",
            code="E706",
        )
    wanted = desired.model(origin, model)
    head = observe.head_of(deps, desired, to.name, model)
    text = recipe_text(deps, checkout, origin, model, wanted, build)
    proposed = promoted(text, artifact=build.artifact, base=checkout.text(manifest_path(to.name, model)), again=again)
    declared = checkout.with_model(to.name, model, proposed)
    verification, unmet = _judged(deps, desired, to, declared, build, head)
    missing = None
    if evaluate:
        deps.progress.start(model, "evaluate")
        missing = _missing_in_full(deps, deps.stores[origin], build, declared, to)
    pinned = card_check.model_cards(deps, desired, to).pinned(declared, build, head)
    pinned = replace(pinned, known=verification)
    shown = _shown(deps.stores[origin], build.artifact, declared)
    card = render(card_check.draw(pinned, verification, pinned.incumbent(), shown))
    deployed = head.state.artifact if head else None
    summary = [
        f"{short(deployed)} -> {short(build.artifact)}" if deployed else f"first artifact {short(build.artifact)}"
    ]
    if verification is not None:
        gates = len(verification.applied)
        summary.append(f"passed {gates} gate{'s' * (gates != 1)} for {to.name}")
        summary += [result.reason for result in verification.results if result not in verification.applied]
        summary += map(str, weakened_by(declared, desired.model(to.name, model), to.policy))
        summary += [line for line in map(str, unmet) if line not in summary]
    else:
        summary.append(_deployed_before(deps, desired, build.artifact, to, model))
    if missing is not None:
        summary.append(f"without an evaluation in full: {missing}")
    if unmet:
        summary.append(f"what is in force in {to.name} refuses this pin: `reconciler controls show {to.name}`")
    return PreparedProposal(
        model=model,
        artifact=build.artifact,
        files=_files(checkout, pinned, manifest=proposed, card=card, render=render),
        verification=verification,
        summary=tuple(summary),
        promotion=summarize(deps, desired, to, declared, verification),
        count=declared.proposed,
    )


def _missing_in_full(deps: Dependencies, store: Store, build: Build, declared: Model, to: Environment) -> str | None:
    """Make the evaluation in full of a build where nobody asked for it before; return why there is none. A promotion
    does not need it."""
    judging = JudgedBy(declared=declared.evaluation, build=build)
    try:
        made = in_full.in_full(deps, store, build.artifact, to.limits, judging)
    except ReconcilerError as error:
        return error.message
    return made if isinstance(made, str) else None


def _shown(store: Store, artifact: Digest, declared: Model) -> DetailedEvaluation | None:
    """Return the recorded evaluation in full that the card shows: by what the manifest declares, else without that."""
    try:
        own = verify.evaluation_of(store, artifact)
        judged_by = dict.fromkeys((in_full.digest_of(declared.evaluation), None))
        found = (records.read(store, artifact, own.evaluation_rows, each) for each in judged_by)
        return next(filter(None, found), None)
    except IntegrityError:
        return None  # `audit` tells of it


def _deployed_before(deps: Dependencies, desired: DesiredState, artifact: Digest, to: Environment, model: str) -> str:
    """Say that no gate is asked of an artifact that was deployed before, and that it was rolled back, where it was."""
    told = "deployed here before, so no gate is asked"
    hold = deployment_history.last_hold(deps, desired, model, to, artifact)
    if hold is None:
        return told
    return f"{told}; ROLLED BACK on {hold.when:%Y-%m-%d %H:%M} UTC by {hold.who}: {hold.reason}"


def _files(checkout: Checkout, pinned: PinnedModel, *, manifest: str, card: str, render: RenderCard) -> dict[str, str]:
    """Return the files to write by path; none where git has this pin and a card that the evidence gives.

    A card rendered again may say less: by now the artifact counts as deployed before, without gate results.
    """
    model = pinned.model
    path, described = manifest_path(model.environment, model.name), card_path(model.environment, model.name)
    today = checkout.files.get(described)
    if checkout.text(path) == manifest and today is not None and card_check.problem(pinned, today, render) is None:
        return {}
    return {path: manifest, described: card}


def rollback(
    deps: Dependencies,
    checkout: Checkout,
    proposer: Proposer,
    *,
    model: str,
    environment: Environment,
    to: int | None,
    route: PullRequestRoute | None = None,
) -> ProposalResult:
    """Propose that `environment` returns to what entry `to` deployed, with the manifest and card of that time.

    Raises what `prepare_rollback` raises.
    """
    prepared = prepare_rollback(deps, checkout, model=model, environment=environment, to=to)
    proposed = propose_models(
        checkout, proposer, (prepared,), verb="rollback", environment=environment.name, route=route
    )
    return of_one(proposed)


def prepare_rollback(
    deps: Dependencies, checkout: Checkout, *, model: str, environment: Environment, to: int | None
) -> PreparedProposal:
    """Return what `environment` would pin for `model` to return to what entry `to` deployed.

    Without `to`: the artifact before the current one, or the one that `rollback --now` deployed. Raises UsageError E801
    where there is nothing to return to.
    """
    artifact = deployment_history.rollback_artifact(deps, checkout.desired, model, environment, to)
    target = deployment_history.declared_entry(deps, checkout.desired, model, environment, artifact)
    commit = target.entry.commit
    if commit is None:
        raise UsageError(
            f"journal entry {target.entry.n} records no commit to take the manifest from",
            hint=deployment_history.history_hint(environment.name, model),
            code="E801",
        )
    paths = (manifest_path(environment.name, model), card_path(environment.name, model))
    files = {path: body.decode() for path, body in bodies_at(deps.source, commit, paths).items()}
    if paths[0] not in files:
        raise UsageError(f"commit {commit[:12]} has no {paths[0]}", hint="use `git revert` instead", code="E801")
    head = observe.head_of(deps, checkout.desired, environment.name, model)
    deployed = head.state.artifact if head else None
    if deployed == artifact:  # already deployed by `rollback --now`; git still declares another artifact
        declared = checkout.desired.model(environment.name, model)
        deployed = declared.artifact if declared is not None else None
    old = short(deployed) if deployed else "nothing"
    return PreparedProposal(
        model=model,
        artifact=artifact,
        files=files,
        summary=(f"{old} -> {short(artifact)}, deployed before by journal entry {target.entry.n}",),
    )


def _judged(
    deps: Dependencies, desired: DesiredState, to: Environment, proposed: Model, build: Build, head: JournalHead | None
) -> tuple[Verification | None, tuple[WeakenedGate, ...]]:
    """Return the verification that counts once this is merged, and what the pin does not meet of what is in force.

    None and nothing for an artifact that was deployed before.

    Raises ConflictError when there is none yet, GateRefusedError E701 when a gate failed, IntegrityError E510 when what
    is recorded is not what the gates say.
    """
    origin = blobs.origin_of(deps.stores, to, build.artifact)
    if origin is None:
        raise blobs.absent(build.artifact)
    evaluation = verify.evaluation_of(origin, build.artifact)
    journals = Journals(deps.stores, desired.project)
    compared = yardsticks(journals, proposed, to.name, artifact=build.artifact, now=deps.clock(), head=head)
    gate_set = verify.gate_set_of(proposed, to, evaluation, compared)
    gates = gates_of(proposed, to)
    checked = verify.known_verification(origin, gate_set, build.artifact, gates=gates, compared=compared)
    if checked.previously_deployed:
        return None, ()
    if checked.verification is None:
        raise ConflictError(
            f"{short(build.artifact)} is not verified against today's gates and incumbent of {to.name}",
            hint=f"run `reconciler apply {to.promotes_from[0]}`, which verifies candidates"
            if to.promotes_from
            else f"import a package that these gates verified: `reconciler import FILE --to {to.name}`",
        )
    verify.check_recorded(checked.verification, evaluation)
    if not checked.verification.passed:
        raise GateRefusedError(
            f"{short(build.artifact)} failed the gates of {to.name}: " + "; ".join(checked.verification.refusals),
            hint=remedy(gates, proposed, to.promotes_from[0] if to.promotes_from else "the sandbox that trained it"),
            code="E701",
        )
    own = deps.stores[to.name]
    in_force = pin_controls(observe_controls(desired, to, store=own, source=deps.source, acts=False), proposed)
    unmet = gates_in_force.unmet(in_force, (origin, own), build.artifact, gate_set, evaluation, compared)
    return checked.verification, unmet
