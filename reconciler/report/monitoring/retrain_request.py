"""The request that asks for a retrain: its body, and what `monitor --open` says of it.

The body holds neither the time nor the place of the run: asking for the same again gives the same text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.core.forge.pull_request import LONGEST_BODY
from reconciler.core.monitoring import words
from reconciler.core.monitoring.results import MonitoredModel, RetrainProposal
from reconciler.core.promotion.proposal import OpenedState
from reconciler.report.layout.blocks import (
    GAP,
    Block,
    Code,
    CodeBlock,
    Column,
    DataTable,
    Detail,
    Item,
    Items,
    Literal,
    Paragraph,
    Row,
    Strong,
)
from reconciler.report.layout.escaping import plain
from reconciler.report.layout.formatting import NONE, count, metric
from reconciler.report.layout.text_layout import Tone
from reconciler.report.promotion.proposal import by_hand, opening_items

_NAMED = 200  # models of the table
_ROOM = 400  # characters that a forge or an adapter may add


def body(environment: str, models: Iterable[MonitoredModel]) -> str:
    """Return the request's body, cut to what a forge takes."""
    from reconciler.report.layout.render_markdown import to_markdown

    return to_markdown(_body(environment, list(models)))[: LONGEST_BODY - _ROOM]


def _body(environment: str, models: list[MonitoredModel]) -> Iterator[Block]:
    yield Paragraph(Strong((f"{count(len(models), 'model')} served in ", Code(environment), " worse than promised")))
    yield Paragraph(
        "The outcomes that became known since speak against what the holdout promised, more than chance may. Merging "
        "asks the sandbox for a retrain on data of that day or later; what is served stays until another is promoted."
    )
    columns = tuple(Column(name=name) for name in ("model", "figure", "promised", "live", "known", "found"))
    rows = []
    for model in models[:_NAMED]:
        live = model.recent
        rows.append(
            Row(
                (
                    Code(model.model),
                    model.figure or NONE,
                    Literal(metric(model.promised)),
                    Literal(metric(live.value) if live is not None else NONE),
                    words.outcomes(live) if live is not None else NONE,
                    model.found or NONE,
                )
            )
        )
    yield DataTable(columns, tuple(rows))
    if (more := len(models) - _NAMED) > 0:
        yield Paragraph(f"And {count(more, 'more model')}.")


def blocks(proposal: RetrainProposal, detail: Detail) -> Iterator[Block]:
    """Say what was asked for, by which branch and request, and what to type where nothing opens one."""
    yield GAP
    for model, reason in proposal.left:
        yield Paragraph(f"{model} is not asked for: {reason}.", tone=Tone.WARN)
    opening = proposal.opening
    if not proposal.sandbox:
        return
    if proposal.branch is None:
        yield Paragraph(_nothing_new(proposal), tone=Tone.STRONG)
        if opening is not None:
            yield Items(tuple(opening_items(opening)), label_width=7, gap=" ")
        return
    yield Paragraph(
        f"Asked {proposal.sandbox} to train {count(len(proposal.models), 'model')} again.", tone=Tone.STRONG
    )
    branch = Item(Code(proposal.branch), label="branch")
    files = (Item(Code(file), label="writes", joint=" ") for file in proposal.files[:20])
    yield Items((branch, *files, *opening_items(opening)), label_width=7, gap=" ")
    if detail is Detail.SCREEN:
        merge = f"git merge --no-ff {plain(proposal.branch)}"
        steps = [("Review it", f"git diff {(proposal.base or '')[:12]}...{plain(proposal.branch)}")]
        if opening is not None and opening.state is OpenedState.BY_HAND:
            here = merge if opening.remote is None else f"{merge} && git push"
            steps.append((f"Merge it into {opening.base}, by a request or here", here))
        yield Items(tuple(Item(reason, command=command) for reason, command in steps), indent=0)
        yield CodeBlock((f"reconciler apply {proposal.sandbox}",), runnable=True)
    yield from by_hand(opening, detail)


def _nothing_new(proposal: RetrainProposal) -> str:
    if not proposal.models:
        return f"Nothing to ask for: git asks {proposal.sandbox} already; `reconciler apply {proposal.sandbox}` trains."
    if proposal.opening is not None:
        return f"Nothing new: the request for {count(len(proposal.models), 'model')} is open."
    return (
        f"Nothing new: {count(len(proposal.models), 'model')} were asked for before, and that request is not open any "
        "more. Nobody is asked twice: to train all the same, write `retrain: {requested: DATE}` into the manifest."
    )
