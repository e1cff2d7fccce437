"""The body of the request that promote, rollback, adopt or override opens.

It holds neither the time nor the place of the proposal: proposing the same again gives the same text.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.forge.pull_request import LONGEST_BODY
from reconciler.core.promotion.proposal import ProposalResult
from reconciler.report.layout.blocks import Block, Code, CodeBlock, Item, Items, Paragraph, Strong
from reconciler.report.layout.render_markdown import to_markdown
from reconciler.report.promotion import promotion_summary

_ROOM = 400  # characters that a forge or an adapter may add
_CUT = "\n\n*Cut here: the rest is in the card beside the manifest.*\n"


def markdown(proposal: ProposalResult) -> str:
    """Return the body, cut to what a forge takes."""
    body = to_markdown(blocks(proposal))
    return body if len(body) <= LONGEST_BODY - _ROOM else body[: LONGEST_BODY - _ROOM - len(_CUT)] + _CUT


def blocks(proposal: ProposalResult) -> Iterator[Block]:
    """Say what a merge changes, and give the reviewers the facts."""
    name = Strong((Code(proposal.model), " in ", Code(proposal.environment)))
    yield Paragraph((name, f": {'; '.join(proposal.summary)}."))
    artifact = Code(proposal.artifact or "None")
    overrides = (proposal.branch or "").startswith("override/")
    if overrides:
        yield Paragraph(
            ("The override holds for artifact ", artifact, " alone; gates and all other controls still apply.")
        )
        yield Paragraph(
            "If the environment has policy owners, it takes effect once one of them has approved this request.",
            tight=True,
        )
    else:
        deploys = "Merging approves this artifact; `reconciler apply` on the merged commit deploys it."
        yield Paragraph(("Artifact ", artifact, f". {deploys}"))
        yield Paragraph("Nothing is trained: the deployed artifact is the one that was evaluated.", tight=True)
    if proposal.files:
        yield Items(tuple(Item(Code(file), label="writes", joint=" ") for file in proposal.files))
    if proposal.promotion is not None and not overrides:
        yield from promotion_summary.blocks(proposal.promotion)
    elif not overrides:
        yield Paragraph("To roll back, once this is deployed:")
        yield CodeBlock((f"reconciler rollback {proposal.model} --in {proposal.environment} --open",))
