"""Propose that one control does not apply to the pinned artifact of a model, or of some, with the reason, in git.

An override is a change of the environment's file like any other; whether its owners approved it is checked by `apply`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from reconciler.core.digest import Digest, digest_of_bytes, short
from reconciler.core.forge.project_place import branch_name
from reconciler.core.promotion.model_set import in_words, set_name
from reconciler.core.promotion.proposal import ProposalResult, ProposalSet
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.core.spec.policy import Control
from reconciler.engine.find_environment import unknown_model
from reconciler.engine.load_desired import Checkout, environment_path
from reconciler.engine.promotion import open_pull_request
from reconciler.engine.promotion.open_pull_request import PullRequestRoute
from reconciler.errors import UsageError
from reconciler.manifest.yaml.edit import overridden
from reconciler.ports import Proposal, Proposer
from reconciler.schedule import freeze_windows


def override(
    checkout: Checkout,
    proposer: Proposer,
    *,
    models: Sequence[str],
    environment: Environment,
    control: Control,
    reason: str,
    now: datetime,
    route: PullRequestRoute | None = None,
) -> ProposalResult | ProposalSet:
    """Propose the override of `control` for the pins of one or more models; with a `route`, push it and open a request.

    Several are one branch and one request: all of them, or none where one has no pin. That a control has no effect at
    `now` is told; it may have one when the artifact is deployed.

    Raises InvalidManifestsError where the other controls do not allow it, UsageError E801 where git pins no artifact or
    the configuration was read from a work tree.
    """
    if checkout.revision is None:
        raise UsageError("override needs a commit, not a work tree", hint="leave out --working-tree", code="E801")
    names = sorted(set(models))  # whatever order they were named in, it is one proposal
    pins = {model: _pin(checkout.desired, environment, model) for model in names}
    path = environment_path(environment.name)
    text = checkout.text(path) or ""
    changed: dict[str, Digest] = {}
    for model, pin in pins.items():
        after = overridden(text, model=model, artifact=pin, control=control, reason=reason)
        if after != text:
            text, changed[model] = after, pin
    results = tuple(_result(checkout, environment, path, model, pins, changed, control, reason) for model in names)
    told = tuple(_without_effect(environment, control, now))
    proposed = ProposalSet(
        environment=environment.name,
        branch=None,
        commit=None,
        base=checkout.revision,
        files=(path,) if changed else (),
        models=tuple(
            replace(each, summary=(*each.summary, *told)) if each.model in changed else each for each in results
        ),
    )
    if changed:
        proposed = _commit(checkout, proposer, proposed, text, changed, control=control, reason=reason, route=route)
    return open_pull_request.of_one(proposed) if len(names) == 1 else proposed


def _without_effect(environment: Environment, control: Control, now: datetime) -> Iterator[str]:
    """Say where git declares nothing that the override would set aside. A hold may also be a rollback's own."""
    policy = environment.policy
    if control is Control.FREEZE and freeze_windows.closed(policy.freeze, now) is None:
        yield f"note that no freeze of {environment.name} is in force now"
    if control is Control.APPROVALS and policy.approvals is None:
        yield f"note that {environment.name} asks for no approvals"


def _pin(desired: DesiredState, environment: Environment, model: str) -> Digest:
    """Return the artifact that git pins for a model. Raises UsageError E801 where it pins none."""
    declared = desired.model(environment.name, model)
    if not any(known.name == model for known in desired.models):
        raise unknown_model(desired, environment.name, model)
    if declared is None or declared.artifact is None:
        raise UsageError(
            f"git pins no artifact of {model} for {environment.name}",
            hint=f"an override is for a pinned artifact: `reconciler promote {model} --to {environment.name}` first",
            code="E801",
        )
    return declared.artifact


def _result(
    checkout: Checkout,
    environment: Environment,
    path: str,
    model: str,
    pins: Mapping[str, Digest],
    changed: Collection[str],
    control: Control,
    reason: str,
) -> ProposalResult:
    summary = f"override of {control} for {short(pins[model])}: {reason}"
    return ProposalResult(
        model=model,
        environment=environment.name,
        artifact=pins[model],
        branch=None,
        commit=None,
        base=checkout.revision or "",
        files=(path,) if model in changed else (),
        summary=(summary if model in changed else f"already declared in git: {summary}",),
    )


def _commit(
    checkout: Checkout,
    proposer: Proposer,
    proposed: ProposalSet,
    text: str,
    pins: Mapping[str, Digest],
    *,
    control: Control,
    reason: str,
    route: PullRequestRoute | None,
) -> ProposalSet:
    """Commit the overrides to one branch; with a `route`, push it and open its request."""
    (path,), name = proposed.files, proposed.environment
    checkout.with_file(path, text)
    versions = "\n".join(f"{model} {pin}" for model, pin in pins.items())
    version = short(next(iter(pins.values())) if len(pins) == 1 else digest_of_bytes(versions.encode()))
    branch = branch_name("override", name, proposer.place, set_name(pins), control, version)
    told = f"{version}, {reason[:80]}" if len(pins) == 1 else reason[:80]
    title = f"Override {control} for {in_words(pins)} in {name}: {told}"
    trailers = [f"Reconciler-Environment: {name}"]
    for model, pin in pins.items():
        trailers += [f"Reconciler-Model: {model}", f"Reconciler-Artifact: {pin}"]
    trailers.append(f"Reconciler-Control: {control}")
    message = f"{title}\n\n{reason}\n\n" + "\n".join(trailers) + "\n"
    proposal = Proposal(branch=branch, start=proposed.base, files=((path, text),), message=message)
    commit = open_pull_request.commit_proposal(proposer, proposal, route)
    models = tuple(
        replace(each, branch=branch, commit=commit) if each.model in pins else each for each in proposed.models
    )
    proposed = replace(proposed, branch=branch, commit=commit, models=models)
    return proposed if route is None else open_pull_request.push_and_open(route, proposed, title=title)
