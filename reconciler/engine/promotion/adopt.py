"""Propose a manifest change that pins what somebody deployed by hand, so that it is reviewed instead of undone.

Only an artifact that a pull request could have deployed is adopted: undamaged, built for this model, and either passed
by this environment's gates or deployed here before. Any other manual change is undone by `apply`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from reconciler.core.artifact.observed_state import JournalHead, LiveDeployment
from reconciler.core.digest import Digest, DigestPrefix, short
from reconciler.core.promotion.proposal import ProposalResult, ProposalSet
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.engine.apply import deploy
from reconciler.engine.controls.observe_controls import observe_controls
from reconciler.engine.dependencies import Dependencies, RenderCard
from reconciler.engine.find_environment import unknown_model
from reconciler.engine.load_desired import Checkout
from reconciler.engine.plan import observe
from reconciler.engine.promotion import propose, propose_set
from reconciler.engine.promotion.open_pull_request import PreparedProposal, PullRequestRoute, of_one, propose_models
from reconciler.engine.storage import blobs, journal
from reconciler.errors import ConflictError, GateRefusedError, IntegrityError, UsageError
from reconciler.ports import Proposer


def adoptable(
    deps: Dependencies,
    desired: DesiredState,
    environment: Environment,
    model: str,
    head: JournalHead | None,
    served: LiveDeployment | None,
) -> Digest | None:
    """Return the artifact that is served instead of the applied one, or None where `adopt` could not adopt it.

    The artifact is undamaged and was built or deployed for this model; `adopt` itself checks the gates.
    """
    if environment.managed or served is None or served.current is None or served.drift is not None or head is None:
        return None
    artifact = served.current.artifact
    if artifact is None or artifact == head.state.artifact:
        return None
    if blobs.origin_of(deps.stores, environment, artifact) is None:
        return None
    built_for_model = _built_in(deps, desired, environment, model, artifact) is not None
    return (
        artifact
        if built_for_model or _last_entry_with(deps, desired, environment, model, artifact) is not None
        else None
    )


def adopt(
    deps: Dependencies,
    checkout: Checkout,
    proposer: Proposer,
    *,
    models: Sequence[str],
    environment: Environment,
    render: RenderCard,
    route: PullRequestRoute | None = None,
) -> ProposalResult | ProposalSet:
    """Propose that git pins what `environment` serves for one or more models, with the recipe and card of each.

    With a `route`, the proposal is pushed and opened as a pull request. Several models are one request: all of them, or
    none where one cannot be adopted. Raises what `_prepare` raises; for several, one error that tells all reasons.
    """
    prepare = partial(_prepare, deps, checkout, environment=environment, render=render)
    if len(models) == 1:
        prepared: tuple[PreparedProposal, ...] = (prepare(models[0]),)
    else:
        judged = propose_set.judge(models, prepare)
        if judged.refused:
            name = environment.name
            raise propose_set.refusal(
                judged, f"adopted in {name}", lambda able: f"reconciler adopt {' '.join(able)} --in {name}"
            )
        prepared = judged.prepared
    proposed = propose_models(checkout, proposer, prepared, verb="adopt", environment=environment.name, route=route)
    return of_one(proposed) if len(models) == 1 else proposed


def _prepare(
    deps: Dependencies, checkout: Checkout, model: str, *, environment: Environment, render: RenderCard
) -> PreparedProposal:
    """Return what git would pin for `model`: what is served instead of the applied artifact.

    Raises GateRefusedError E710 in a managed environment, E701 when the artifact was not built here, was built for
    another model, or failed a gate; IntegrityError E501 when the served files are damaged; ConflictError when it is not
    verified yet; UsageError E801 when nothing was changed by hand.
    """
    desired = checkout.desired
    in_force = observe_controls(
        desired, environment, store=deps.stores[environment.name], source=deps.source, acts=False
    )
    if in_force.effective.managed:
        raise GateRefusedError(
            f"{environment.name} is managed: what somebody deployed there by hand is not kept",
            hint=f"{_restore_hint(environment, model)}; another artifact is imported or promoted: "
            f"reconciler import FILE --to {environment.name}",
            code="E710",
        )
    target = deploy.target_of(deps, environment)
    served = next(
        (deployment for deployment in target.observe([model], others=False) if deployment.model == model), None
    )
    head = observe.head_of(deps, desired, environment.name, model)
    if head is None and desired.model(environment.name, model) is None:
        raise unknown_model(desired, environment.name, model)
    observe.not_ahead(environment, model, head, served)
    artifact = _artifact_to_adopt(environment, model, head, served)
    origin = _built_in(deps, desired, environment, model, artifact)
    if origin is None:
        entry = _last_entry_with(deps, desired, environment, model, artifact)
        if entry is None or blobs.origin_of(deps.stores, environment, artifact) is None:
            raise GateRefusedError(
                f"{environment.name} serves {short(artifact)} for {model}, which was not built for this model and was "
                "never deployed here by reconciler",
                hint=_restore_hint(environment, model),
                code="E701",
            )
        return propose.prepare_rollback(deps, checkout, model=model, environment=environment, to=entry)
    try:
        return propose.prepare_promotion(
            deps, checkout, model=model, to=environment, digest=DigestPrefix(artifact), render=render
        )
    except (GateRefusedError, ConflictError) as error:
        kind, hints = type(error), filter(None, (error.hint, _restore_hint(environment, model)))
        raise kind(error.message, hint="; ".join(hints), code=error.code) from error


def _artifact_to_adopt(
    environment: Environment, model: str, head: JournalHead | None, served: LiveDeployment | None
) -> Digest:
    """Return the digest that is served instead of the applied one.

    Raises UsageError E801 where there is none, IntegrityError E501 where the served files are damaged.
    """
    where = f"{environment.name}/{model}"
    current = served.current if served is not None else None
    if head is None:
        raise UsageError(
            f"{where} was never deployed",
            hint=f"reconciler promote {model} --to {environment.name}",
            code="E801",
        )
    if served is not None and (served.drift is not None or current is None):
        files = ", ".join(served.files) or "its pointer"
        raise IntegrityError(
            f"the deployed files of {where} are damaged: {files}", code="E501", hint=_restore_hint(environment, model)
        )
    if current is None or current.artifact is None:
        raise UsageError(
            f"{where} serves no artifact, so there is nothing to adopt",
            hint=_restore_hint(environment, model),
            code="E801",
        )
    if current.artifact == head.state.artifact:
        raise UsageError(
            f"{where} serves {short(current.artifact)}, the artifact that was applied: nothing was changed by hand",
            hint=f"`reconciler drift {environment.name}` lists what was changed by hand",
            code="E801",
        )
    return current.artifact


def _restore_hint(environment: Environment, model: str) -> str:
    return f"restore the applied artifact: reconciler apply {environment.name} {model}"


def _built_in(
    deps: Dependencies, desired: DesiredState, environment: Environment, model: str, artifact: Digest
) -> str | None:
    """Return the source environment where the artifact was built for this model, or None."""
    for name in environment.promotes_from:
        store = deps.stores.get(name)
        if store is not None:
            build = journal.build_of(store, project=desired.project, environment=name, model=model, artifact=artifact)
            if build is not None:
                return name
    return None


def _last_entry_with(
    deps: Dependencies, desired: DesiredState, environment: Environment, model: str, artifact: Digest
) -> int | None:
    """Return the number of the last journal entry of this environment with the artifact, or None."""
    store = deps.stores[environment.name]
    entries = journal.entries(store, project=desired.project, environment=environment.name, model=model)
    numbers = [head.entry.n for head in entries if head.state.artifact == artifact]
    return numbers[-1] if numbers else None
