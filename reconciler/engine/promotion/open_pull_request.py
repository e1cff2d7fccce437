"""Push a proposal's branch and open its pull request: one open request per environment and model.

Every step is idempotent, so that running again finishes an interrupted run: the commit is the same, the push has
nothing to do, the request is updated, an older one is closed once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from reconciler.core.digest import short
from reconciler.core.forge.pull_request import PullRequest, PullRequestDraft
from reconciler.core.promotion.proposal import OpenedPullRequest, OpenedState, ProposalResult, SupersededPullRequest
from reconciler.ports import Forge, Proposal, Proposer, Remote

LABEL = "reconciler"
SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequestRoute:
    """The way of a proposal: pushed to `remote`, opened at `forge` into `base`. Each is None where there is none,
    which `because` explains. `body` renders the pull request's text as Markdown."""

    remote: Remote | None
    forge: Forge | None
    because: str
    base: str
    body: Callable[[ProposalResult], str]


def commit_proposal(proposer: Proposer, proposal: Proposal, route: PullRequestRoute | None) -> str:
    """Commit the proposal and return the commit id: that of the remote's branch where it proposes the same already."""
    if route is not None and route.remote is not None:
        route.remote.fetch(proposal.branch)
    return proposer.propose(proposal)


def push_and_open(route: PullRequestRoute, proposed: ProposalResult, *, title: str) -> ProposalResult:
    """Push `proposed` and open its pull request; close older open ones of the same kind, environment and model."""
    branch = proposed.branch or ""
    if route.remote is not None:
        route.remote.push(branch)
    opening = OpenedPullRequest(
        state=OpenedState.BY_HAND,
        because=route.because,
        base=route.base,
        title=title,
        remote=route.remote.url() if route.remote is not None else None,
    )
    body = route.body(proposed)
    if route.forge is None:
        return replace(proposed, opening=replace(opening, body=body))
    before = route.forge.opened(branch.rpartition("/")[0] + "/")
    draft = PullRequestDraft(head=branch, base=route.base, title=title, body=body, labels=(LABEL,))
    pull = route.forge.open(draft)
    older = [
        pull_request
        for pull_request in before
        if pull_request.number != pull.number and pull_request.base == route.base
    ]
    for pull_request in older:
        _supersede(route.forge, pull_request, pull, proposed)
    opening = replace(
        opening,
        state=_state(before, draft),
        forge=route.forge.name,
        number=pull.number,
        url=pull.url,
        superseded=tuple(
            SupersededPullRequest(number=pull_request.number, url=pull_request.url) for pull_request in older
        ),
    )
    return replace(proposed, opening=opening)


def _state(before: tuple[PullRequest, ...], draft: PullRequestDraft) -> OpenedState:
    existing = next(
        (pull_request for pull_request in before if (pull_request.head, pull_request.base) == (draft.head, draft.base)),
        None,
    )
    if existing is None:
        return OpenedState.OPENED
    same = (existing.title, existing.body.rstrip()) == (draft.title, draft.body.rstrip())
    return OpenedState.UNCHANGED if same else OpenedState.UPDATED


def _supersede(forge: Forge, older: PullRequest, newer: PullRequest, proposed: ProposalResult) -> None:
    """Comment on the older request, then close it: one closed without a comment would not be looked at again."""
    model = f"`{proposed.model}` in `{proposed.environment}`"
    body = (
        f"Superseded by {newer.url}, which proposes `{short(proposed.artifact)}` for {model}. Closed without merging."
    )
    forge.comment(older.number, SUPERSEDED, body)
    forge.close(older.number)
