"""A proposal's way to the people who merge it: the branch pushed, one open request per environment and model.

Every step finds what an earlier run did, so that running again finishes: the commit is the same, the push has nothing
to do, the request is brought up to date, an older one is closed once.
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
    """Where proposals go: pushed to `remote`, opened at `forge` into `base`; None, each, where there is none, which
    `because` explains. `body` is what a reviewer reads, as Markdown."""

    remote: Remote | None
    forge: Forge | None
    because: str
    base: str
    body: Callable[[ProposalResult], str]


def committed(proposer: Proposer, proposal: Proposal, road: PullRequestRoute | None) -> str:
    """The proposal's commit: that of the remote's branch where it proposes the same already."""
    if road is not None and road.remote is not None:
        road.remote.take(proposal.branch)
    return proposer.propose(proposal)


def opened(road: PullRequestRoute, proposed: ProposalResult, *, title: str) -> ProposalResult:
    """`proposed`, pushed and opened; older open requests of the same kind, environment and model are superseded."""
    branch = proposed.branch or ""
    if road.remote is not None:
        road.remote.push(branch)
    opening = OpenedPullRequest(
        state=OpenedState.BY_HAND,
        because=road.because,
        base=road.base,
        title=title,
        remote=road.remote.url() if road.remote is not None else None,
    )
    body = road.body(proposed)
    if road.forge is None:
        return replace(proposed, opening=replace(opening, body=body))
    before = road.forge.opened(branch.rpartition("/")[0] + "/")
    draft = PullRequestDraft(head=branch, base=road.base, title=title, body=body, labels=(LABEL,))
    pull = road.forge.open(draft)
    older = [one for one in before if one.number != pull.number and one.base == road.base]
    for one in older:
        _supersede(road.forge, one, pull, proposed)
    opening = replace(
        opening,
        state=_state(before, draft),
        forge=road.forge.name,
        number=pull.number,
        url=pull.url,
        superseded=tuple(SupersededPullRequest(number=one.number, url=one.url) for one in older),
    )
    return replace(proposed, opening=opening)


def _state(before: tuple[PullRequest, ...], draft: PullRequestDraft) -> OpenedState:
    found = next((one for one in before if (one.head, one.base) == (draft.head, draft.base)), None)
    if found is None:
        return OpenedState.OPENED
    same = (found.title, found.body.rstrip()) == (draft.title, draft.body.rstrip())
    return OpenedState.UNCHANGED if same else OpenedState.UPDATED


def _supersede(forge: Forge, older: PullRequest, newer: PullRequest, proposed: ProposalResult) -> None:
    """Said before it is closed: what was closed without a word would not be looked at again."""
    what = f"`{proposed.model}` in `{proposed.environment}`"
    body = f"Superseded by {newer.url}, which proposes `{short(proposed.artifact)}` for {what}. Closed without merging."
    forge.comment(older.number, SUPERSEDED, body)
    forge.close(older.number)
