"""The body of the request that promote, rollback, adopt or override opens.

It holds neither the time nor the place of the proposal: proposing the same again gives the same text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.core.digest import short
from reconciler.core.forge.pull_request import LONGEST_BODY
from reconciler.core.promotion.model_set import mark_of
from reconciler.core.promotion.proposal import ProposalResult, ProposalSet
from reconciler.report.layout.blocks import (
    Block,
    Code,
    CodeBlock,
    Column,
    DataTable,
    Hidden,
    Item,
    Items,
    Literal,
    Paragraph,
    Row,
    Strong,
    Words,
)
from reconciler.report.layout.formatting import count, metric
from reconciler.report.layout.render_markdown import to_markdown
from reconciler.report.promotion import promotion_summary

_ROOM = 400  # characters that a forge or an adapter may add
_LEFT = 120  # characters of the line that counts what is left out
_LONGEST_MARK = 20_000  # characters
_NAMED = 200  # models of the table
_REASONS = 40  # models that are left out
_OWNERS = "If the environment has policy owners, it takes effect once one of them has approved this request."
_CUT = "\n\n*Cut here: the rest is in the card beside the manifest.*\n"


def markdown(proposal: ProposalResult | ProposalSet) -> str:
    """Return the body, cut to what a forge takes."""
    if isinstance(proposal, ProposalSet):
        return (
            _of_several(proposal)
            if len(proposal.proposed) > 1
            else _cut((*blocks(_only(proposal)), *_left_out(proposal)))
        )
    return _cut(blocks(proposal))


def _cut(content: Iterable[Block]) -> str:
    body = to_markdown(content)
    return body if len(body) <= LONGEST_BODY - _ROOM else body[: LONGEST_BODY - _ROOM - len(_CUT)] + _CUT


def _only(proposal: ProposalSet) -> ProposalResult:
    """Return the one model of a set that the branch changes."""
    return next(each for each in proposal.models if each.branch is not None)


def _of_several(proposal: ProposalSet) -> str:
    """Return the body for several models: all of them in one table, then the report of each, as far as there is room.

    Its first line names the models for programs: `core.promotion.model_set`.
    """
    changed = [each for each in proposal.models if each.branch is not None]
    names = [each.model for each in changed]
    mark = to_markdown((Hidden(mark_of(names)),)).rstrip("\n")
    body = f"{mark}\n\n" if len(mark) < _LONGEST_MARK else ""
    body += to_markdown(_start(proposal, changed))
    room = LONGEST_BODY - _ROOM - _LEFT
    for index, each in enumerate(changed):
        part = "\n" + to_markdown(_report(each))
        if len(body) + len(part) > room:
            left = count(len(changed) - index, "more model")
            return body[:room] + f"\n*{left}: the reports are in the cards beside the manifests.*\n"
        body += part
    return body


def _start(proposal: ProposalSet, changed: list[ProposalResult]) -> Iterator[Block]:
    yield Paragraph(Strong((f"{count(len(changed), 'model')} in ", Code(proposal.environment))))
    overrides = (proposal.branch or "").startswith("override/")
    if overrides:
        yield Paragraph("The overrides hold for these artifacts alone; gates and all other controls still apply.")
        yield Paragraph(_OWNERS, tight=True)
    else:
        yield Paragraph(
            "Merging approves these artifacts, all of them; `reconciler apply` on the merged commit deploys each as a "
            "whole. Nothing is trained: the deployed artifacts are the ones that were evaluated."
        )
    yield overview(proposal)
    yield from _left_out(proposal)
    if not overrides and len({each.promotion is None for each in changed}) == 1 and changed[0].promotion is None:
        models = " ".join(each.model for each in changed[:_NAMED])
        yield Paragraph("To roll back, once this is deployed:")
        yield CodeBlock((f"reconciler rollback {models} --in {proposal.environment} --open",))


def overview(proposal: ProposalSet) -> DataTable:
    """Return the models in one table: what is proposed, how good it is, and whether the gates let it through."""
    columns = tuple(Column(name=name) for name in ("model", "artifact", "grade", "metric", "what it does"))
    changed = [each for each in proposal.models if each.branch is not None]
    return DataTable(columns, tuple(Row(tuple(_cells(each))) for each in changed[:_NAMED]))


def left_out(proposal: ProposalSet) -> Items:
    """List the models that were asked for and are not proposed, each with the reason and its figures."""
    items = [Item(each.problem, label=Code(each.model)) for each in proposal.left_out[:_REASONS]]
    if (more := len(proposal.left_out) - _REASONS) > 0:
        items.append(Item(f"and {count(more, 'more model')}"))
    return Items(tuple(items))


def _left_out(proposal: ProposalSet) -> Iterator[Block]:
    if proposal.left_out:
        yield Paragraph(Strong(f"Left out: {count(len(proposal.left_out), 'model')}"))
        yield left_out(proposal)


def _cells(proposal: ProposalResult) -> Iterator[Words]:
    yield Code(proposal.model)
    yield Code(short(proposal.artifact))
    if proposal.promotion is None:
        yield ""
        yield ""
    else:
        name, value = proposal.promotion.candidate.evaluation.headline
        yield proposal.promotion.candidate.evaluation.grade
        yield (Code(name), " ", Literal(metric(value)), proposal.promotion.unit)
    yield "; ".join(proposal.summary)


def _report(proposal: ProposalResult) -> Iterator[Block]:
    if proposal.promotion is not None:
        yield from promotion_summary.blocks(proposal.promotion)


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
        yield Paragraph(_OWNERS, tight=True)
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
