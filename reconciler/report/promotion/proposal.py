"""A proposal: the commit that promote or rollback wrote, and what to do with it. It deploys nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from reconciler.core.digest import short
from reconciler.core.promotion.proposal import OpenedPullRequest, OpenedState, ProposalResult, ProposalSet
from reconciler.report.layout.blocks import (
    GAP,
    Block,
    Code,
    CodeBlock,
    Detail,
    Either,
    Heading,
    Item,
    Items,
    Literal,
    Paragraph,
    Rendered,
    Strong,
    Words,
)
from reconciler.report.layout.escaping import plain
from reconciler.report.layout.text_layout import Tone
from reconciler.report.promotion import promotion_summary

_STATES = {
    OpenedState.OPENED: "opened",
    OpenedState.UPDATED: "updated",
    OpenedState.UNCHANGED: "open, unchanged",
    OpenedState.BY_HAND: "to be opened by hand",
}

_HELD = 5  # artifacts that are named

DOCUMENTS = {
    "adopt": (ProposalResult, ()),
    "experiment-adopt": (ProposalResult, ()),
    "override": (ProposalResult, ()),
    "promote": (ProposalResult, ()),
    "rollback": (ProposalResult, ()),
}  # what commands print as JSON, and the facts added to it


def blocks(proposal: ProposalResult, detail: Detail) -> Iterator[Block]:
    """Say what was proposed and where it went; a screen adds the next commands, a page the facts for reviewers."""
    screen, opening = detail is Detail.SCREEN, proposal.opening
    if proposal.branch is None:
        yield from _served(proposal)
        yield Paragraph(f"Nothing to propose: {'; '.join(proposal.summary)}.", tone=Tone.STRONG)
        if screen:
            yield CodeBlock((f"reconciler status {proposal.environment}",), runnable=True)
        return
    if screen:
        yield from _served(proposal)
        yield Heading(f"Proposed for {proposal.model} in {proposal.environment}: {'; '.join(proposal.summary)}")
    else:
        yield Heading((Code(proposal.model), " for ", Code(proposal.environment)))
        yield from _served(proposal)
    yield Items((*_commit(proposal, detail), *opening_items(opening)), label_width=7, gap=" ")
    yield GAP
    yield until_merged((proposal,))
    if screen:
        yield from next_steps(proposal)
    elif proposal.promotion is not None:
        yield from promotion_summary.blocks(proposal.promotion)
    yield from by_hand(opening, detail)


def _served(proposal: ProposalResult) -> Iterator[Block]:
    if proposal.served_by is not None:
        served = f"{proposal.environment} serves {short(proposal.artifact)} of {proposal.model}"
        yield Paragraph(f"Rolled back: {served} (journal entry {proposal.served_by}).", tone=Tone.GOOD, hang=2)


def _commit(proposal: ProposalResult, detail: Detail) -> Iterator[Item]:
    if detail is Detail.PAGE:
        yield from map(Item, proposal.summary)
    yield from branch_items(proposal, detail)
    yield from (Item(Code(file), label="writes", joint=" ") for file in proposal.files)


def branch_items(proposal: ProposalResult | ProposalSet, detail: Detail) -> Iterator[Item]:
    """Name the branch and its commit."""
    branch, commit = Code(proposal.branch or ""), Code((proposal.commit or "")[:12])
    if detail is Detail.PAGE:
        yield Item((branch, ", commit ", commit), label="branch", joint=" ")
    else:
        yield Item(branch, label="branch")
        yield Item(commit, label="commit")


def opening_items(opening: OpenedPullRequest | None) -> Iterator[Item]:
    """Say where the proposal went."""
    if opening is None:
        return
    if opening.remote is not None:
        yield Item(Code(opening.remote), label=Either("pushed", "pushed to"), joint=" ")
    if opening.url is not None:
        state = (" (", _STATES[opening.state], Either((", into ", opening.base), ""), ")")
        yield Item((_link(opening.url), *state), label="request", joint=" ")
    for request in opening.superseded:
        yield Item((_link(request.url), " (superseded)"), label="closed", joint=" ")
    for other in opening.overlapping:
        yield Item((_link(other.url), " (left open: it proposes other models, too)"), label="beside", joint=" ")


def until_merged(proposals: Sequence[ProposalResult]) -> Paragraph:
    """Say what holds until the branch of these models is merged."""
    words = "Nothing is deployed until this branch is merged and applied."
    if any(each.served_by is not None for each in proposals):
        held = ", ".join(short(each.held) for each in proposals[:_HELD] if each.held is not None)
        pinned = f"still pins what was rolled back{f' ({held})' if held else ''}"
        words = f"Until this branch is merged, git {pinned}; no apply deploys that again."
    return Paragraph(words, tone=Tone.WARN, hang=2)


def next_steps(proposal: ProposalResult | ProposalSet) -> Iterator[Block]:
    """Give the commands that come next, and their reasons."""
    branch, opening = plain(proposal.branch or ""), proposal.opening
    steps = [("Review it", f"git diff {proposal.base[:12]}...{branch}")]
    if opening is None:
        propose = "push the branch and open a pull request (--open does both); or, if you work alone, merge it"
        steps.append((f"Propose it: {propose}", f"git merge --no-ff {branch}"))
    elif opening.remote is None:
        steps.append(("There is no git remote to push the branch to; merge it here", f"git merge --no-ff {branch}"))
    elif opening.forge is None:
        merge = f"git merge --no-ff {branch} && git push"
        steps.append((f"Where no forge merges requests, merge it into {opening.base} here and push that", merge))
    plan, apply = f"reconciler plan {proposal.environment}", f"reconciler apply {proposal.environment}"
    steps.append(("After the merge, plan and apply", plan))
    yield Items(tuple(Item(reason, command=command) for reason, command in steps), indent=0)
    yield CodeBlock((apply,), runnable=True)


def by_hand(opening: OpenedPullRequest | None, detail: Detail) -> Iterator[Block]:
    """Give the title and the body of a request that its author has to open."""
    if opening is None or opening.body is None:
        return
    base, lines = Code(opening.base), tuple(opening.body.splitlines())
    if detail is Detail.SCREEN:
        yield GAP
        request = ("Open a pull request into ", base, " by hand, with this title and body (", opening.because, "):")
        yield Paragraph(request, tone=Tone.STRONG)
        yield GAP
        yield Rendered((plain(opening.title), "", *lines))
        return
    yield Paragraph(("Open a pull request into ", base, " by hand (", opening.because, "):"))
    yield Rendered(("---",))
    yield Paragraph(Strong(opening.title))
    yield Rendered(lines)


def _link(url: str) -> Words:
    """Return a forge's own address as one that can be followed, where it is a plain one."""
    return Literal(url) if re.fullmatch(r"https?://[A-Za-z0-9.:-]+/[A-Za-z0-9._/#-]*", url) else Code(url)
