"""Ask the sandbox to train degraded models again: one commit, one open request per monitored environment.

What is asked for stands in git: `retrain.requested`, the day on which the model was found degraded. Every step is
idempotent, and which models were asked for stands in the log of what monitoring found, last of all: so a run that was
interrupted is finished by the next one, a request that is open is not opened again, and one that somebody closed
without merging stays closed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from reconciler.core.digest import digest_of_bytes, short
from reconciler.core.forge.project_place import at_place, branch_name
from reconciler.core.forge.pull_request import PullRequest, PullRequestDraft
from reconciler.core.monitoring.record import LiveVerdict, MonitoringRecord, RetrainRequest
from reconciler.core.monitoring.results import MonitoredModel, Monitoring, RetrainProposal
from reconciler.core.promotion.model_set import in_words, set_name
from reconciler.core.promotion.proposal import OpenedPullRequest, OpenedState, SupersededPullRequest
from reconciler.core.spec.desired_state import DesiredState
from reconciler.core.spec.environment import Environment
from reconciler.engine.dependencies import Dependencies
from reconciler.engine.load_desired import Checkout
from reconciler.engine.monitoring import monitoring_log
from reconciler.engine.promotion.open_pull_request import LABEL, SUPERSEDED, PullRequestRoute, commit_proposal
from reconciler.errors import UsageError
from reconciler.manifest.yaml.edit import UneditableError, retrain_requested
from reconciler.ports import Proposal, Proposer

VERB = "retrain"
Body = Callable[[str, Iterable[MonitoredModel]], str]
"""(environment, degraded models) -> the body of the request, as Markdown."""
_TOLD = 200  # models that a commit's message names


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedModel:
    """A degraded model that git does not ask for yet: the file that would, and its new text."""

    model: MonitoredModel
    path: str
    text: str


def sandbox_of(desired: DesiredState, environment: Environment, found: Monitoring) -> str | None:
    """Return the sandbox that is asked: the environment itself, else the nearest that trains, and what is degraded
    where several do. None where nothing is degraded, or nothing trains."""
    degraded = [model.model for model in found.models if model.verdict is LiveVerdict.DEGRADED]
    names = (environment.name, *desired.upstream(environment.name)) if degraded else ()
    trains = [name for name in names if (each := desired.environment(name)) is not None and each.trains]
    return max(trains, key=lambda name: sum(_declares(desired, name, model) for model in degraded), default=None)


def _declares(desired: DesiredState, environment: str, model: str) -> bool:
    return desired.model(environment, model) is not None


def request_retrain(
    deps: Dependencies,
    checkout: Checkout,
    proposer: Proposer,
    found: Monitoring,
    *,
    environment: Environment,
    sandbox: str,
    route: PullRequestRoute,
    body: Body,
) -> RetrainProposal:
    """Open the request that asks `sandbox` for the degraded models, unless all of them were asked for before.

    Raises UsageError E801 where the configuration was read from a work tree; ForgeError, ConflictError of the way.
    """
    if checkout.revision is None:
        raise UsageError("--open needs a commit, not a work tree", hint="leave out --working-tree", code="E801")
    asked, left = _asked(checkout, found, sandbox)
    prefix = f"{VERB}/{at_place(environment.name, proposer.place)}/"
    open_now = _open_requests(route, prefix) if asked else {}
    still = [each for each in asked if each.model.asked is not None and _is_open(each.model.asked, open_now)]
    # More than one: an earlier run was interrupted before it had recorded the newer request for all of its models.
    requests = {each.model.asked.branch for each in still if each.model.asked is not None}
    news = [each for each in asked if each.model.asked is None]
    if not news and len(requests) <= 1:
        models = tuple(each.model.model for each in asked)
        known = _known(route, asked, open_now)
        if known is not None:  # what an earlier run did not get to
            known = replace(known, superseded=_close_older(route, known, open_now))
        return RetrainProposal(sandbox=sandbox, models=models, opening=known, left=left)
    together = sorted((*news, *still), key=lambda each: each.model.model)
    proposal = _proposal(checkout.revision, proposer, environment, sandbox, together)
    checkout.with_files({each.path: each.text for each in together})
    commit = commit_proposal(proposer, proposal, route)
    text = body(environment.name, [each.model for each in together])
    title = proposal.message.partition("\n")[0]
    opening = _open(route, proposal.branch, title, text, open_now)
    request = RetrainRequest(branch=proposal.branch, number=opening.number, url=opening.url)
    for each in together:
        _record(deps, environment.name, each.model.model, request)
    # Last: while the older one is open, an interrupted run knows that its models are asked for together.
    opening = replace(opening, superseded=_close_older(route, opening, open_now))
    return RetrainProposal(
        sandbox=sandbox,
        models=tuple(each.model.model for each in together),
        branch=proposal.branch,
        commit=commit,
        base=checkout.revision,
        files=tuple(path for path, _ in proposal.files),
        opening=opening,
        left=left,
    )


def _asked(checkout: Checkout, found: Monitoring, sandbox: str) -> tuple[list[AskedModel], tuple[tuple[str, str], ...]]:
    """Return the degraded models whose retrain git does not ask for, and those that cannot be asked for."""
    asked, left = [], []
    for model in found.models:
        if model.verdict is not LiveVerdict.DEGRADED or model.found is None:
            continue
        declared = checkout.desired.model(sandbox, model.model)
        text = checkout.text(declared.file) if declared is not None else None
        if declared is None or text is None:
            left.append((model.model, f"{sandbox} does not declare it"))
            continue
        try:
            after = retrain_requested(text, model.found)
        except UneditableError as error:
            left.append((model.model, f"write `retrain: {{requested: {model.found}}}` into {declared.file}: {error}"))
            continue
        if after != text:
            asked.append(AskedModel(model=model, path=declared.file, text=after))
    return asked, tuple(left)


def _open_requests(route: PullRequestRoute, prefix: str) -> dict[int, PullRequest]:
    """Return the open requests that ask for retrains of what this environment serves, by number."""
    if route.forge is None:
        return {}
    return {request.number: request for request in route.forge.opened(prefix) if request.base == route.base}


def _is_open(asked: RetrainRequest, open_now: Mapping[int, PullRequest]) -> bool:
    """Tell whether the request is open; where it has no number, nobody can tell, and it is taken to be."""
    return asked.number is None or asked.number in open_now


def _known(
    route: PullRequestRoute, asked: Iterable[AskedModel], open_now: Mapping[int, PullRequest]
) -> OpenedPullRequest | None:
    """Return the open request by which the models were asked for; None where there is none any more."""
    for each in asked:
        request = each.model.asked
        pull = open_now.get(request.number) if request is not None and request.number is not None else None
        if pull is not None and route.forge is not None:
            return OpenedPullRequest(
                state=OpenedState.UNCHANGED,
                because=route.because,
                base=route.base,
                title=pull.title,
                forge=route.forge.name,
                number=pull.number,
                url=pull.url,
            )
    return None


def _proposal(
    base: str, proposer: Proposer, environment: Environment, sandbox: str, asked: list[AskedModel]
) -> Proposal:
    names = [each.model.model for each in asked]
    days = "\n".join(f"{each.model.model} {each.model.found}" for each in asked)
    version = short(digest_of_bytes(days.encode()))
    title = f"Train {in_words(names)} again: worse in {at_place(environment.name, proposer.place)} than promised"
    lines = [f"{each.model.model}: found degraded on {each.model.found}." for each in asked[:_TOLD]]
    lines += [f"And {len(asked) - _TOLD} more models."] if len(asked) > _TOLD else []
    trailers = [f"Reconciler-Environment: {sandbox}", *(f"Reconciler-Model: {name}" for name in names[:_TOLD])]
    return Proposal(
        branch=branch_name(VERB, environment.name, proposer.place, set_name(names), version),
        start=base,
        files=tuple(sorted((each.path, each.text) for each in asked)),
        message="\n\n".join([title, "\n".join(lines), "\n".join(trailers)]) + "\n",
    )


def _open(
    route: PullRequestRoute, branch: str, title: str, body: str, open_now: Mapping[int, PullRequest]
) -> OpenedPullRequest:
    """Push the branch and open its request."""
    if route.remote is not None:
        route.remote.push(branch)
    opening = OpenedPullRequest(
        state=OpenedState.BY_HAND,
        because=route.because,
        base=route.base,
        title=title,
        remote=route.remote.url() if route.remote is not None else None,
    )
    if route.forge is None:
        return replace(opening, body=body)
    before = next((request for request in open_now.values() if request.head == branch), None)
    pull = route.forge.open(PullRequestDraft(head=branch, base=route.base, title=title, body=body, labels=(LABEL,)))
    return replace(
        opening,
        state=OpenedState.OPENED if before is None else OpenedState.UPDATED,
        forge=route.forge.name,
        number=pull.number,
        url=pull.url,
    )


def _close_older(
    route: PullRequestRoute, opening: OpenedPullRequest, open_now: Mapping[int, PullRequest]
) -> tuple[SupersededPullRequest, ...]:
    """Close the older requests of the same environment, which this one stands for: with a comment, and then."""
    older = [request for request in open_now.values() if route.forge is not None and request.number != opening.number]
    for request in older:
        words = f"Superseded by {opening.url}, which asks for these models and others. Closed without merging."
        if route.forge is not None:
            route.forge.comment(request.number, SUPERSEDED, words)
            route.forge.close(request.number)
    return tuple(SupersededPullRequest(number=request.number, url=request.url) for request in older)


def _record(deps: Dependencies, environment: str, model: str, request: RetrainRequest) -> None:
    """Record by which request a model was asked for. What another process found meanwhile stays."""
    store = deps.stores[environment]
    newest = monitoring_log.last(store, environment, model)
    record: MonitoringRecord | None = newest[1] if newest is not None else None
    if record is None or record.verdict is not LiveVerdict.DEGRADED:
        return  # outcomes were corrected while the request was opened
    monitoring_log.append(store, replace(record, asked=request, when=deps.clock(), who=deps.actor()))


def nobody_trains(found: Monitoring) -> RetrainProposal:
    """Return that no environment can be asked for what is degraded."""
    reason = f"no environment that {found.environment} promotes from trains"
    degraded = (model.model for model in found.models if model.verdict is LiveVerdict.DEGRADED)
    return RetrainProposal(sandbox="", models=(), left=tuple((model, reason) for model in degraded))


def with_request(found: Monitoring, proposal: RetrainProposal) -> Monitoring:
    """Return the result with what was asked for."""
    opening = proposal.opening
    if proposal.branch is None or opening is None:
        return replace(found, request=proposal)
    asked = RetrainRequest(branch=proposal.branch, number=opening.number, url=opening.url)
    return replace(
        found,
        request=proposal,
        models=tuple(
            replace(model, asked=asked) if model.model in proposal.models else model for model in found.models
        ),
    )
