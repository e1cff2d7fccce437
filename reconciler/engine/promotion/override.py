"""Propose that one control does not apply to one artifact of one model, with the reason, in git.

An override is a change of the environment's file like any other; whether its owners approved it is checked by `apply`.
"""

from __future__ import annotations

from reconciler.core.digest import Digest, short
from reconciler.core.forge.project_place import branch_name
from reconciler.core.promotion.proposal import ProposalResult
from reconciler.core.spec.environment import Environment
from reconciler.core.spec.policy import Control
from reconciler.engine.find_environment import unknown_model
from reconciler.engine.load_desired import Checkout, environment_path
from reconciler.engine.promotion import open_pull_request
from reconciler.engine.promotion.open_pull_request import PullRequestRoute
from reconciler.errors import UsageError
from reconciler.manifest.yaml.edit import overridden
from reconciler.ports import Proposal, Proposer


def override(
    checkout: Checkout,
    proposer: Proposer,
    *,
    model: str,
    environment: Environment,
    control: Control,
    reason: str,
    route: PullRequestRoute | None = None,
) -> ProposalResult:
    """Propose the override of `control`; with a `route`, push it and open a pull request.

    Raises InvalidManifestsError where the other controls do not allow it, UsageError E801 where git pins no artifact or
    the configuration was read from a work tree.
    """
    declared = checkout.desired.model(environment.name, model)
    pin = declared.artifact if declared is not None else None
    if checkout.revision is None:
        raise UsageError("override needs a commit, not a work tree", hint="leave out --working-tree", code="E801")
    if not any(known.name == model for known in checkout.desired.models):
        raise unknown_model(checkout.desired, environment.name, model)
    if pin is None:
        raise UsageError(
            f"git pins no artifact of {model} for {environment.name}",
            hint=f"an override is for a pinned artifact: `reconciler promote {model} --to {environment.name}` first",
            code="E801",
        )
    path = environment_path(environment.name)
    before = checkout.text(path) or ""
    text = overridden(before, model=model, artifact=pin, control=control, reason=reason)
    summary = f"override of {control} for {short(pin)}: {reason}"
    if text == before:
        summary = f"already declared in git: {summary}"
        return _proposed(checkout, model, environment, pin, branch=None, commit=None, summary=summary)
    checkout.with_file(path, text)
    branch = branch_name("override", environment.name, proposer.place, model, control, short(pin))
    title = f"Override {control} for {model} in {environment.name}: {short(pin)}, {reason[:80]}"
    trailers = f"Reconciler-Environment: {environment.name}\nReconciler-Model: {model}\nReconciler-Artifact: {pin}"
    message = f"{title}\n\n{reason}\n\n{trailers}\nReconciler-Control: {control}\n"
    proposal = Proposal(branch=branch, start=checkout.revision, files=((path, text),), message=message)
    commit = open_pull_request.commit_proposal(proposer, proposal, route)
    proposed = _proposed(checkout, model, environment, pin, branch=branch, commit=commit, summary=summary)
    return proposed if route is None else open_pull_request.push_and_open(route, proposed, title=title)


def _proposed(
    checkout: Checkout,
    model: str,
    environment: Environment,
    pin: Digest,
    *,
    branch: str | None,
    commit: str | None,
    summary: str,
) -> ProposalResult:
    return ProposalResult(
        model=model,
        environment=environment.name,
        artifact=pin,
        branch=branch,
        commit=commit,
        base=checkout.revision or "",
        files=(environment_path(environment.name),) if branch is not None else (),
        summary=(summary,),
    )
