"""The plan of one model: its line, and below it what a reviewer wants to see."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.artifact.journal import Action
from reconciler.core.digest import short
from reconciler.core.duration import in_words
from reconciler.core.plan.plan import MetricChange, ModelPlan, PlanDetail
from reconciler.core.quality import refusal
from reconciler.report.layout.blocks import (
    GAP,
    Block,
    Code,
    Column,
    DataTable,
    Detail,
    Either,
    Item,
    Items,
    ListEntry,
    Literal,
    Paragraph,
    Row,
)
from reconciler.report.layout.formatting import change, metric, moment
from reconciler.report.layout.text_layout import TextStyle, Tone, elide
from reconciler.report.plan import checks, gates
from reconciler.report.plan.field_changes import changes_list, changes_table, changes_title
from reconciler.report.plan.headlines import badge, headline, step_name, symbol, tone

MOST_CHANGES = 30  # fields of a recipe on a screen
LONGEST = 300  # cells of one row's text
COLUMNS = (Column(name=""), Column(name="model"), Column(name="what and why"))
_STYLE = TextStyle()


def entry(model: ModelPlan, detail: Detail) -> ListEntry:
    """Return the model's line; on a screen its details are below it."""
    line = headline(model)
    return ListEntry(
        mark=symbol(model),
        name=model.model,
        words=line,
        cells=(badge(model), Code(model.model), elide(line, LONGEST, _STYLE)),
        body=tuple(details(model, detail)) if detail is Detail.SCREEN else (),
        tone=tone(model),
    )


def details(model: ModelPlan, detail: Detail) -> Iterator[Block]:
    """List what to do, notes, candidate and incumbent; then changes, metrics and gates of what is judged."""
    judged = _is_judged(model)
    items = [*_notes(model, detail), *(_artifacts(model, detail) if judged else ())]
    if items:
        yield Items(tuple(items), indent=4)
    if not judged:
        return
    yield from recipe_changes(model.detail, detail)
    yield from _metrics(model.detail, detail)
    yield from gate_results(model.detail, detail)
    if model.detail != PlanDetail():
        yield GAP


def _is_judged(model: ModelPlan) -> bool:
    """Tell whether the plan rests on how good the model is; restoring what was deployed does not."""
    gated = (Action.TRAIN, Action.VERIFY, Action.DEPLOY)
    return model.blocked is not None or any(step.action in gated for step in model.steps)


def _notes(model: ModelPlan, detail: Detail) -> Iterator[Item]:
    if model.blocked is not None:
        if detail is Detail.PAGE:  # the row above may be cut
            yield from map(Item, model.blocked.reasons)
        yield Item(model.blocked.remedy, label="what to do", hang=2)
    said = (model.reason, *(model.blocked.reasons if model.blocked is not None else ()), *model.detail.notes)
    new = (finding for finding in model.findings if not any(finding in text for text in said))
    for note in (*model.detail.notes, *new):
        yield Item(note, label=Either("note", ""), tone=Tone.WARN)
    yield from checks.items(model.detail.checks or (), model.model)
    if model.detail.checks is None and any(step.action is Action.DEPLOY for step in model.steps):
        yield Item(refusal.NOT_CHECKED, label="check", tone=Tone.DIM, hang=2)


def _artifacts(model: ModelPlan, detail: Detail) -> Iterator[Item]:
    if detail is Detail.SCREEN and len(model.steps) > 1:
        for position, step in enumerate(model.steps):
            yield Item(step.reason, label=step_name(model, position), hang=2)
    candidate, incumbent = model.detail.candidate, model.detail.incumbent
    if candidate is not None:
        yield Item((Code(short(candidate)), _facts(model.detail, detail)), label="candidate", joint=" ")
    if model.detail.judged is not None:
        line = model.detail.judged.line
        yield Item(Literal(line) if not model.detail.judged.unit else line, label="judged", hang=2)
        yield Item(f"{model.detail.judged.grade.reason}", label="why this grade", hang=2)
    if incumbent is not None and incumbent != candidate:
        yield Item(Code(short(incumbent)), label="incumbent", joint=" ")


def _facts(facts: PlanDetail, detail: Detail) -> str:
    """Return `, grade B, data as of 2026-11-20 (taken 3d ago)`; a page, which is read later, says when."""
    words = f", grade {facts.grade}" if facts.grade else ""
    if facts.data_as_of:
        words += f", data as of {facts.data_as_of}"
    if detail is Detail.PAGE and facts.data_taken is not None:
        return f"{words} (taken {moment(facts.data_taken)})"
    return f"{words} (taken {in_words(facts.data_age)} ago)" if facts.data_age is not None else words


def gate_results(facts: PlanDetail, detail: Detail) -> Iterator[Block]:
    """Show the gates with their numbers, and where they are declared."""
    files = facts.gate_files or ((),) * len(facts.verifications)
    for verification, places in zip(facts.verifications, files, strict=True):
        yield from gates.blocks(verification, detail, places)


def recipe_changes(facts: PlanDetail, detail: Detail) -> Iterator[Block]:
    """Show what differs in the recipe: the first ones on a screen, all on a page."""
    if not facts.changes:
        return
    if detail is Detail.PAGE:
        yield changes_table("recipe", facts.changes)
        return
    yield changes_title("recipe", facts.changes)
    yield changes_list("recipe", facts.changes[:MOST_CHANGES])
    if (left := len(facts.changes) - MOST_CHANGES) > 0:
        yield Paragraph(f"and {left} more: see --output json", tone=Tone.DIM, indent=6)


def _metrics(facts: PlanDetail, detail: Detail) -> Iterator[Block]:
    """Compare the metrics; of those of single classes only an F1 that moved."""
    shown = list(filter(_is_shown, facts.metrics))
    if not shown:
        return
    screen, seen = detail is Detail.SCREEN, _seen(facts)
    names = ("candidate", "incumbent", "change")
    columns = (Column(name="metric"), *(Column(name=name, right=True) for name in names))
    if screen:
        columns += (Column(name="", spare=1),)
    kept = 2 if screen and all(row.incumbent is None for row in facts.metrics) else len(columns)
    rows = []
    for row in shown:
        difference, _ = change(row.metric.partition(":")[0], row.candidate, row.incumbent)
        judgement = seen.get(row.metric, "")
        cells = (difference, judgement) if screen else (f"{difference} {judgement}".strip(),)
        numbers = map(Literal, (metric(row.candidate), metric(row.incumbent), *cells))
        rows.append(Row((Code(row.metric), *numbers)[:kept]))
    yield DataTable(columns[:kept], tuple(rows), indent=4)


def _seen(facts: PlanDetail) -> dict[str, str]:
    """Return, by metric, what the comparison of a gate shows of its difference; of other metrics none is known."""
    results = (result for verification in facts.verifications for result in verification.results)
    compared = (result.comparison for result in results if result.comparison is not None)
    return {each.metric: each.seen.value for each in compared if each.seen is not None}


def _is_shown(row: MetricChange) -> bool:
    moved = None not in (row.candidate, row.incumbent) and row.candidate != row.incumbent
    return ":" not in row.metric or (row.metric.startswith("f1:") and moved)
