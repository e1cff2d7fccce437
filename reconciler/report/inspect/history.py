"""The history: who changed what, when and why, newest first; or what was deployed at a moment."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.artifact.journal import ApprovalRecord
from reconciler.core.digest import short
from reconciler.core.inspect.history import ErasureEvent, History, HistoryBeginning, HistoryEvent
from reconciler.report.layout.blocks import (
    Block,
    Code,
    Column,
    Detail,
    EntryList,
    Item,
    Items,
    ListEntry,
    Literal,
    Paragraph,
)
from reconciler.report.layout.formatting import at_revision, commit, count, digest, metric, moment
from reconciler.report.layout.text_layout import Tone
from reconciler.report.plan.headlines import SYMBOLS

_NAMES = ("when", "environment", "model", "n", "action", "artifact", "commit", "who", "why")
_COLUMNS = tuple(Column(name=name) for name in _NAMES)

DOCUMENTS = {"history": (History, ("exit",))}  # what commands print as JSON, and the facts added to it


def blocks(history: History, detail: Detail) -> Iterator[Block]:  # noqa: ARG001  (the shape of a report)
    """List the events, each with its reasons."""
    if history.at is not None:
        yield Paragraph(Literal(f"At {moment(history.at)}:"), tone=Tone.STRONG)
    yield from _lost(history)
    if history.begins:
        yield Items(tuple(Item(_beginning(one), hang=2) for one in history.begins))
    if history.erasures:
        yield Items(tuple(Item(_erasure(one), hang=2) for one in history.erasures))
    if history.events:
        yield EntryList(_COLUMNS, tuple(map(_entry, history.events)))
        if history.older is not None:
            yield Paragraph(_left_out(history.older), tone=Tone.DIM)
    elif not history.lost:
        nothing = "No journal entry was found." if history.at is None else "No journal entry is that old."
        yield Paragraph(nothing, tone=Tone.DIM)


def _left_out(older: int) -> str:
    """Say how many entries a limit left out."""
    return f"{older:,} older {'entry was' if older == 1 else 'entries were'} left out by --limit."


def _beginning(one: HistoryBeginning) -> str:
    proof = f"; {one.proof}" if one.proof is not None else ""
    since = f" since {one.when:%Y-%m-%d}" if one.when is not None else ""
    begins = (
        f"begins with entry {one.first}: earlier ones are lost" if one.first else "began anew: what was before is lost"
    )
    return f"{one.environment}/{one.model} {begins}{since}{proof} ({one.who}: {one.reason})"


def _erasure(one: ErasureEvent) -> str:
    what = "an entity was forgotten" if one.returns is None else f"an entity came back (erasure {one.returns} ended)"
    return f"{moment(one.when)}  {one.environment} erasure {one.n}: {what}, by {one.key}, by {one.who}: {one.reason}"


def _lost(history: History) -> Iterator[Block]:
    """Say what this history cannot know of."""
    items = [
        item
        for loss in history.lost
        for item in (Item(loss.problem, tone=Tone.BAD), *((Item(("hint: ", loss.remedy)),) if loss.remedy else ()))
    ]
    if items:
        yield Items(tuple(items))


def _entry(event: HistoryEvent) -> ListEntry:
    more = (*_brought(event), *approvals_and_overrides(event))
    environment, model, artifact = Code(event.environment), Code(event.model), Code(digest(event.artifact))
    action = Literal(event.action.value)
    change = (environment, "/", model, f" entry {event.n}: ", action, " ", artifact)
    return ListEntry(
        mark=SYMBOLS[event.action],
        words=(Literal(f"{moment(event.when)}  "), change, " by ", event.who, " ", at_revision(event.commit)),
        cells=(
            Literal(moment(event.when)),
            environment,
            model,
            Literal(str(event.n)),
            action,
            artifact,
            Code(commit(event.commit)) if event.commit else "",
            event.who,
            "; ".join((event.reason, *more)),
        ),
        body=(Items((Item(event.reason, label="why", hang=2), *map(Item, more)), indent=6),),
        tone=Tone.STRONG,
    )


def _brought(event: HistoryEvent) -> Iterator[str]:
    """Say how good the artifact is, what data it learnt from, and which request brought it."""
    if (found := event.evaluation) is not None:
        doubt = f", {found.doubt}" if found.doubt is not None else ""
        yield f"grade {found.grade}, {found.metric} {metric(found.value)} on {count(found.rows, 'row')}{doubt}"
        if found.unit is not None and event.artifact is not None:
            named = f"{event.model} --in {event.environment} --digest {short(event.artifact)}"
            yield found.unit.of_own(found.metric, f"reconciler show {named}")
    if event.data is not None:
        yield f"trained on data as of {event.data.as_of}, taken {moment(event.data.taken)}"
    if event.request is not None and event.approved is None:
        yield f"request {event.request}, by the message of its commit"


def approvals_and_overrides(event: HistoryEvent) -> Iterator[str]:
    """Describe the approvals, overrides and rollback hold of an event."""
    if event.approved is not None:
        yield _approved(event.approved)
    for override in event.overrides or ():
        by = f"; {_approved(override.approved)}" if override.approved is not None else ""
        yield f"override of {override.control}: {override.reason}{by}"
    if event.hold is not None:
        yield f"keeps {digest(event.hold.pin)}, which git pinned then, from being deployed: {event.hold.reason}"


def _approved(record: ApprovalRecord) -> str:
    people = ", ".join(
        f"{approval.by} at {moment(approval.when)}" if approval.when else approval.by for approval in record.approvals
    )
    return f"pull request {record.number} by {record.author}, approved by {people}: {record.url}"
