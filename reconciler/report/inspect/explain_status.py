"""The explanation of one model's state: what it waits for, the numbers behind it, and the next command."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.digest import short
from reconciler.core.evaluation.brief import command_for
from reconciler.core.inspect.explanation import Explanation, ExplanationSet
from reconciler.core.monitoring import words
from reconciler.report.layout.blocks import (
    GAP,
    Block,
    Code,
    Detail,
    Either,
    EntryList,
    Heading,
    Item,
    Items,
    Literal,
    Paragraph,
)
from reconciler.report.layout.formatting import at_revision, titled
from reconciler.report.layout.text_layout import Tone
from reconciler.report.plan import checks
from reconciler.report.plan.model_plan import COLUMNS, entry
from reconciler.report.plan.plan_report import refresh_note

# What commands print as JSON, and the facts added to it; of several models it is the second.
DOCUMENTS = {"why": (Explanation, ("exit",)), "why-set": (ExplanationSet, ("exit",))}


def blocks(value: Explanation | ExplanationSet, detail: Detail) -> Iterator[Block]:
    """Explain the state of each model; a screen shows its plan whole, a page the reasons alone."""
    if isinstance(value, Explanation):
        yield from _one(value, detail)
        return
    for number, explanation in enumerate(value.explanations):
        yield from (GAP,) if number else ()
        yield from _one(explanation, detail)


def _checks(explanation: Explanation, *, screen: bool) -> Iterator[Block]:
    """List what the checks found in the rows of what is deployed, unless the plan above lists that."""
    found = explanation.checks
    if found is None or not found.findings or (explanation.part is not None and explanation.part.detail.checks):
        return
    if not screen:
        yield from checks.blocks(found)
        return
    yield GAP
    yield Paragraph("Checks of the rows that it was trained on", tone=Tone.STRONG)
    yield Items(tuple(checks.all_items(found)))


def _judged(explanation: Explanation) -> Iterator[Item]:
    """Say how good what is there is, with the interval, or which command finds that out."""
    if explanation.judged is not None:
        yield Item(Literal(explanation.judged.line), label="judged", hang=2)
        yield Item(explanation.judged.grade.reason, label="why this grade", hang=2)
    elif explanation.deployed is not None:
        command = command_for(explanation.model, explanation.environment)
        yield Item("no evaluation in full is recorded; this makes it", label="judged", command=command, hang=2)


def _one(explanation: Explanation, detail: Detail) -> Iterator[Block]:
    part, screen = explanation.part, detail is Detail.SCREEN
    conditions = f"sync {part.sync.value}, health {part.health.value}: " if part is not None else ""
    place = Either(titled(explanation.environment, explanation.role), Code(explanation.environment))
    state = (" ", at_revision(explanation.revision), f": {conditions[:-2]}" if conditions else "")
    yield Heading((Code(explanation.model), " in ", place, Either(state, "")))
    if screen:
        deployed = short(explanation.deployed) if explanation.deployed is not None else "nothing yet"
        deployed = "unknown: its journal is damaged" if explanation.deployed_unknown else deployed
        items = [Item(deployed, label="has" if explanation.role == "sandbox" else "serves")]
        items += _judged(explanation)
        yield Items(tuple(items))
        yield GAP
        if explanation.refresh is not None:
            yield refresh_note(explanation.refresh)
    if part is not None and screen:
        yield EntryList(COLUMNS, (entry(part, detail),))
    else:
        yield Paragraph((Either("", conditions), explanation.state, Either("", "" if part else ".")), tone=Tone.WARN)
        reasons = (*(part.blocked.reasons if part.blocked else ()), *part.detail.notes) if part else ()
        if reasons:
            yield Items(tuple(map(Item, reasons)))
    if explanation.live is not None and (degraded := words.degraded(explanation.live, explanation.unit)):
        yield Paragraph(f"{degraded[:1].upper()}{degraded[1:]}.", tone=Tone.BAD)
    yield from _checks(explanation, screen=screen)
    yield GAP
    advice = tuple(Item(step.reason, command=step.command, hang=2) for step in explanation.advice)
    if screen and not advice:
        yield Paragraph("Nothing to do.", tone=Tone.STRONG)
        return
    yield Paragraph(Either("Next", "Next:"), tone=Tone.STRONG)
    yield Items(advice or (Item("nothing to do"),))
