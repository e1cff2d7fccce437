"""Adopt: turn a change that somebody made by hand into a change of the manifest, to be reviewed, instead of undoing it.

Only what could have come by a pull request is adopted: a whole artifact of ours, made for this model, that passed this
environment's gates or was deployed here before. All else is put back by `apply`.
"""

from __future__ import annotations

from reconciler.core.artifact.observed_state import JournalHead, LiveDeployment
from reconciler.core.digest import Digest, short
from reconciler.core.promotion.proposal import ProposalResult
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.engine.apply import deploy
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.load_desired import Checkout
from reconciler.engine.plan import observe
from reconciler.engine.promotion import propose
from reconciler.engine.promotion.open_pull_request import PullRequestRoute
from reconciler.engine.promotion.propose import RenderCard
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
    """The artifact that is served instead of the applied one, if it is whole and was made or deployed for this model;
    whether its gates let it is asked by `adopt`."""
    if served is None or served.current is None or served.drift is not None or head is None:
        return None
    artifact = served.current.artifact
    if artifact is None or artifact == head.state.artifact:
        return None
    if blobs.origin_of(deps, environment, artifact) is None:
        return None
    made = _made_in(deps, desired, environment, model, artifact) is not None
    return artifact if made or _entry_of(deps, desired, environment, model, artifact) is not None else None


def adopt(
    deps: Dependencies,
    checkout: Checkout,
    proposer: Proposer,
    *,
    model: str,
    environment: Environment,
    render: RenderCard,
    road: PullRequestRoute | None = None,
) -> ProposalResult:
    """Propose that git pins what `environment` serves for `model`, with the recipe and card that belong to it; with a
    `road`, to those who merge it.

    IntegrityError when what is served is damaged; GateRefusedError when it is no artifact of ours, was made for another
    model, or was refused; ConflictError when nobody judged it yet; UsageError when nothing was changed by hand.
    """
    desired = checkout.desired
    target = deploy.target_of(deps, environment)
    served = next((one for one in target.observe([model], others=False) if one.model == model), None)
    head = observe.head_of(deps, desired, environment.name, model)
    observe.not_ahead(environment, model, head, served)
    artifact = _served_whole(environment, model, head, served)
    origin = _made_in(deps, desired, environment, model, artifact)
    if origin is None:
        entry = _entry_of(deps, desired, environment, model, artifact)
        if entry is None or blobs.origin_of(deps, environment, artifact) is None:
            raise GateRefusedError(
                f"{short(artifact)}, which {environment.name} serves for {model}, was neither made for it nor deployed "
                "here before",
                hint=_put_back(environment, model),
                code="E701",
            )
        return propose.rollback(
            deps, checkout, proposer, model=model, environment=environment, to=entry, road=road, verb="adopt"
        )
    try:
        return propose.promote(
            deps,
            checkout,
            proposer,
            model=model,
            to=environment,
            digest=artifact,
            render=render,
            road=road,
            verb="adopt",
        )
    except (GateRefusedError, ConflictError) as error:
        if (error.code or "").startswith("E9"):  # on its way to a forge: nothing is wrong with what is adopted
            raise
        kind, hints = type(error), filter(None, (error.hint, _put_back(environment, model)))
        raise kind(error.message, hint="; ".join(hints), code=error.code) from error


def _served_whole(
    environment: Environment, model: str, head: JournalHead | None, served: LiveDeployment | None
) -> Digest:
    """The digest that is served instead of the one that was applied."""
    where = f"{environment.name}/{model}"
    current = served.current if served is not None else None
    if head is None:
        raise UsageError(
            f"nothing was ever deployed as {where}",
            hint=f"reconciler promote {model} --to {environment.name}",
            code="E801",
        )
    if served is not None and (served.drift is not None or current is None):
        files = ", ".join(served.files) or "its pointer"
        raise IntegrityError(
            f"what is served as {where} is damaged: {files}", code="E501", hint=_put_back(environment, model)
        )
    if current is None or current.artifact is None:
        raise UsageError(
            f"{where} serves nothing that could be adopted", hint=_put_back(environment, model), code="E801"
        )
    if current.artifact == head.state.artifact:
        raise UsageError(
            f"{where} serves {short(current.artifact)}, which is what was applied: nobody changed it by hand",
            hint=f"reconciler drift {environment.name}",
            code="E801",
        )
    return current.artifact


def _put_back(environment: Environment, model: str) -> str:
    return f"put back what was applied: reconciler apply {environment.name} {model}"


def _made_in(
    deps: Dependencies, desired: DesiredState, environment: Environment, model: str, artifact: Digest
) -> str | None:
    """The environment that it can be promoted from."""
    for name in environment.promotes_from:
        store = deps.stores.get(name)
        if store is not None:
            build = journal.build_of(store, project=desired.project, environment=name, model=model, artifact=artifact)
            if build is not None:
                return name
    return None


def _entry_of(
    deps: Dependencies, desired: DesiredState, environment: Environment, model: str, artifact: Digest
) -> int | None:
    """The last entry of our own journal that deployed it."""
    store = deps.stores[environment.name]
    entries = journal.entries(store, project=desired.project, environment=environment.name, model=model)
    found = [one.entry.n for one in entries if one.state.artifact == artifact]
    return found[-1] if found else None
