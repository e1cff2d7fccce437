"""What a reviewer reads in the request that promote, rollback, adopt or override opens.

Nothing of it is a time of asking or a place: proposing the same again gives the same text.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.forge.pull_request import LONGEST_BODY
from reconciler.core.promotion.proposal import ProposalResult
from reconciler.report.layout.escaping import code, paper, prose
from reconciler.report.promotion import promotion_summary

_ROOM = 400  # characters that a forge or an adapter may add
_CUT = "\n\n*Cut here: the rest is in the card beside the manifest.*\n"


def markdown(proposed: ProposalResult) -> str:
    """The body of a request; shorter than what a forge takes."""
    made = paper(_lines(proposed))
    return made if len(made) <= LONGEST_BODY - _ROOM else made[: LONGEST_BODY - _ROOM - len(_CUT)] + _CUT


def _lines(proposed: ProposalResult) -> Iterator[str]:
    environment, model = code(proposed.environment), code(proposed.model)
    yield f"**{model} in {environment}**: {prose('; '.join(proposed.summary))}."
    yield ""
    overrides = (proposed.branch or "").startswith("override/")
    yield from _overrides(proposed) if overrides else _deploys(proposed)
    yield ""
    yield from (f"- writes {code(file)}" for file in proposed.files)
    if overrides:
        return
    yield ""
    if proposed.promotion is not None:
        yield from promotion_summary.markdown(proposed.promotion).splitlines()
        return
    yield "To go back, once this is deployed:"
    yield ""
    yield "```"
    yield f"reconciler rollback {proposed.model} --in {proposed.environment} --open"
    yield "```"


def _deploys(proposed: ProposalResult) -> Iterator[str]:
    yield f"Artifact `{proposed.artifact}`. Merging approves it; `reconciler apply` on the merged commit deploys it."
    yield "Nothing is trained, and the bytes that are deployed are those that were judged."


def _overrides(proposed: ProposalResult) -> Iterator[str]:
    yield f"It is for artifact `{proposed.artifact}` and no other; its gates and all other controls stand."
    yield "Where the environment has owners, it counts once one of them has approved this request."
