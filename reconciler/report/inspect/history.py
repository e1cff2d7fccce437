"""History: who changed what, when and why, newest first; or what served at a moment."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.artifact.journal import ApprovalRecord
from reconciler.core.inspect.history import History, HistoryEvent
from reconciler.report.layout.escaping import cell, paper, plain, prose
from reconciler.report.layout.formatting import at, commit, digest, moment
from reconciler.report.layout.table import TextColumn, markdown_table
from reconciler.report.layout.text_layout import Line, TextStyle, Tone, page, wrap
from reconciler.report.plan.headlines import SYMBOLS


def text(history: History, look: TextStyle) -> str:
    return page(_lines(history, look), look)


def _lines(history: History, look: TextStyle) -> Iterator[Line]:
    if history.at is not None:
        yield Line(f"At {moment(history.at)}:", Tone.STRONG)
    for event in history.events:
        yield from _event(event, look)
    if not history.events:
        yield Line("Nothing is recorded." if history.at is None else "Nothing was recorded by then.", Tone.DIM)


def _event(event: HistoryEvent, look: TextStyle) -> Iterator[Line]:
    what = (
        f"{plain(event.environment)}/{plain(event.model)} {event.n}: {event.action.value} {digest(event.artifact)}"
        f" by {plain(event.who)} {at(event.commit)}"
    )
    for line in wrap(what, look.width, first=f"{SYMBOLS[event.action]} {moment(event.when)}  ", rest="      "):
        yield Line(line, Tone.STRONG)
    for said in (event.reason, *rested(event)):
        for line in wrap(plain(said), look.width, first="      "):
            yield Line(line)


def rested(event: HistoryEvent) -> Iterator[str]:
    """What it rested on besides gates, and what it holds."""
    if event.approved is not None:
        yield _approved(event.approved)
    for one in event.overrides or ():
        by = f"; {_approved(one.approved)}" if one.approved is not None else ""
        yield f"override of {one.control}: {one.reason}{by}"
    if event.hold is not None:
        yield f"holds {digest(event.hold.pin)} back, which git declared then: {event.hold.reason}"


def _approved(found: ApprovalRecord) -> str:
    people = ", ".join(f"{one.by} at {moment(one.when)}" if one.when else one.by for one in found.approvals)
    return f"request {found.number} of {found.author}, approved by {people}: {found.url}"


def markdown(history: History) -> str:
    lines = [f"At {moment(history.at)}:", ""] if history.at is not None else []
    if not history.events:
        return paper([*lines, "Nothing is recorded."])
    names = ("when", "environment", "model", "n", "action", "artifact", "commit", "who", "why")
    rows = [
        [
            moment(event.when),
            cell(event.environment),
            cell(event.model),
            str(event.n),
            event.action.value,
            f"`{digest(event.artifact)}`",
            f"`{commit(event.commit)}`" if event.commit else "",
            prose(event.who),
            prose("; ".join((event.reason, *rested(event)))),
        ]
        for event in history.events
    ]
    return paper([*lines, *markdown_table([TextColumn(name=name) for name in names], rows)])
