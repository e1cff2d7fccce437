"""A proposal of several models: one commit, what it does to each, and what to do with it. It deploys nothing."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.digest import short
from reconciler.core.promotion.proposal import ProposalSet
from reconciler.report.layout.blocks import (
    GAP,
    Block,
    Code,
    CodeBlock,
    Detail,
    Heading,
    Item,
    Items,
    Paragraph,
)
from reconciler.report.layout.formatting import count
from reconciler.report.layout.text_layout import Tone
from reconciler.report.promotion.proposal import branch_items, by_hand, next_steps, opening_items, until_merged
from reconciler.report.promotion.pull_request_body import left_out, overview

DOCUMENTS = {"proposal-set": (ProposalSet, ())}  # what commands print for several models

_SHOWN = 20  # models, and files, that a screen lists


def blocks(proposal: ProposalSet, detail: Detail) -> Iterator[Block]:
    """Say what was proposed for each model and where it went; a screen adds the next commands."""
    screen, environment = detail is Detail.SCREEN, proposal.environment
    yield from _served(proposal)
    if proposal.branch is None:
        yield Paragraph(_nothing(proposal), tone=Tone.STRONG)
        yield from _left_out(proposal)
        if screen:
            yield CodeBlock((f"reconciler status {environment}",), runnable=True)
        return
    yield Heading(("Proposed for ", Code(environment), f": {count(len(proposal.proposed), 'model')} in one request"))
    if screen:
        yield from _models(proposal)
    else:
        yield overview(proposal)
    yield from _left_out(proposal)
    yield GAP
    more = len(proposal.files) - _SHOWN
    files = [Item(Code(file), label="writes", joint=" ") for file in proposal.files[:_SHOWN]]
    files += [Item(count(more, "more file"), label="writes", joint=" ")] if more > 0 else []
    items = (*branch_items(proposal, detail), *files, *opening_items(proposal.opening))
    yield Items(items, label_width=7, gap=" ")
    yield GAP
    yield until_merged(proposal.models)
    if screen:
        yield from next_steps(proposal)
    yield from by_hand(proposal.opening, detail)


def _nothing(proposal: ProposalSet) -> str:
    if not proposal.models and proposal.left_out:
        return f"Nothing to propose to {proposal.environment}."
    if not proposal.models:
        return f"Nothing to propose: {proposal.environment} pins the newest candidate of each model that has one."
    return f"Nothing to propose: git has it already for {', '.join(each.model for each in proposal.models[:_SHOWN])}."


def _models(proposal: ProposalSet) -> Iterator[Block]:
    """List each model with what is proposed for it."""
    width = max(len(each.model) for each in proposal.models)
    items = [Item("; ".join(each.summary), label=Code(each.model)) for each in proposal.models[:_SHOWN]]
    if (more := len(proposal.models) - _SHOWN) > 0:
        items.append(Item(f"and {count(more, 'more model')}"))
    yield Items(tuple(items), label_width=width)


def _served(proposal: ProposalSet) -> Iterator[Block]:
    for each in proposal.models:
        if each.served_by is not None:
            served = f"{proposal.environment} serves {short(each.artifact)} of {each.model}"
            yield Paragraph(f"Rolled back: {served} (journal entry {each.served_by}).", tone=Tone.GOOD, hang=2)


def _left_out(proposal: ProposalSet) -> Iterator[Block]:
    """Say which models were asked for and are not proposed, each with the reason."""
    if proposal.left_out:
        yield Paragraph(f"Left out: {count(len(proposal.left_out), 'model')}.", tone=Tone.WARN)
        yield left_out(proposal)
