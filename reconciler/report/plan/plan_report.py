"""A plan: what will happen to each model, and why.

Models that need a person come first: integrity and failures, conflicts, refusals, then changes. Models that stay as
they are, are listed while they are few, and counted when they are many. As a page the report stays under the size of
one comment of the large forges: sections are left out, and counted, from the end.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.plan.plan import REFRESH_ASKED, ModelPlan, Plan, Step
from reconciler.core.plan.plan_summary import PlanExcerpt
from reconciler.report.layout.blocks import (
    GAP,
    Block,
    Code,
    CodeBlock,
    Detail,
    Either,
    EntryList,
    Fold,
    Literal,
    Paragraph,
    Strong,
)
from reconciler.report.layout.formatting import count
from reconciler.report.layout.text_layout import Tone
from reconciler.report.plan import in_sync
from reconciler.report.plan.headlines import is_unchanged, ordered, summary
from reconciler.report.plan.model_plan import COLUMNS, details, entry

LARGEST = 60_000  # characters; comments may have 65,536
MOST_ROWS = 100

DOCUMENTS = {"plan": (Plan, ("exit",))}  # what commands print as JSON, and the facts added to it


def blocks(plan: Plan | PlanExcerpt, detail: Detail) -> Iterator[Block]:
    """Report on the plan; of an excerpt its other models are counted."""
    others = plan.unchanged if isinstance(plan, PlanExcerpt) else 0
    plan = plan.plan if isinstance(plan, PlanExcerpt) else plan
    if detail is Detail.SCREEN:
        yield from _models(plan, others, detail)
        yield GAP
        yield from _next(plan)
        return
    models = list(_models(plan, others, detail))
    yield from models
    yield from _sections(plan, models)
    yield Paragraph(("Plan ", Code(plan.id)))


def refresh_note(refresh: Step) -> Paragraph:
    """Say that new data are taken, and why."""
    label = Either(Literal("+ data  refresh:"), Strong("Data is refreshed:"))
    return Paragraph((label, " ", refresh.reason), tone=Tone.WARN, hang=8)


def _models(plan: Plan, others: int, detail: Detail) -> Iterator[Block]:
    yield in_sync.title(plan.environment, plan.role, plan.revision, summary(plan, others))
    if plan.refresh is not None:
        yield refresh_note(plan.refresh)
    reason = plan.refresh.reason if plan.refresh is not None else None
    for note in (*(plan.notes or ()), *(finding for finding in plan.findings if finding != reason)):
        yield Paragraph(("! ", note), tone=Tone.WARN, hang=2)
    yield GAP
    unchanged = sum(map(is_unchanged, plan.models)) + others
    counted = unchanged > in_sync.SHOWN or detail is Detail.PAGE
    listed = [model for model in ordered(plan) if not (counted and is_unchanged(model))]
    shown = listed if detail is Detail.SCREEN else listed[:MOST_ROWS]
    if shown:
        yield EntryList(COLUMNS, tuple(entry(model, detail) for model in shown))
    if left := len(listed) - len(shown):
        yield Paragraph(f"and {count(left, 'more model')}")
    if counted and unchanged:
        yield in_sync.in_sync(unchanged, among_others=bool(listed))
    if not plan.models and not others:
        yield Paragraph("No model is declared or deployed here.", tone=Tone.DIM)


def _sections(plan: Plan, above: list[Block]) -> Iterator[Block]:
    """Give each model that changes a section, while they fit below what is `above`."""
    from reconciler.report.layout.render_markdown import fitting, to_markdown

    sections = [section for model in ordered(plan) if not is_unchanged(model) for section in _section(model)]
    kept = fitting(sections, LARGEST - len(to_markdown(above)))
    yield from kept
    if left := len(sections) - len(kept):
        yield Paragraph(f"Details of {count(left, 'model')} are left out: see `--output json`.")


def _section(model: ModelPlan) -> Iterator[Fold]:
    body = tuple(details(model, Detail.PAGE))
    if body:
        yield Fold(Strong(model.model), body, unfolded=model.blocked is not None)


def _next(plan: Plan) -> Iterator[Block]:
    if plan.empty:
        # None waits: others would come first, and those are something to do.
        yield _nothing(plan)
        return
    uncommitted, sandbox = plan.revision is None, plan.role == "sandbox"
    tree = " --working-tree" if uncommitted and sandbox else ""
    tree += " --refresh" if plan.refresh is not None and plan.refresh.reason == REFRESH_ASKED else ""
    first = "To apply it, commit and merge it first:" if uncommitted and not sandbox else "To apply it:"
    yield Paragraph(first, tone=Tone.STRONG)
    yield CodeBlock((f"reconciler apply {plan.environment}{tree}",), runnable=True)


def _nothing(plan: Plan) -> Paragraph:
    """Say that nothing can be applied, and whether a person has something to do."""
    if any(model.blocked for model in plan.models):
        return Paragraph("Nothing can be applied: every change is blocked.", tone=Tone.STRONG)
    if plan.findings or any(model.findings for model in plan.models):
        return Paragraph("Nothing to apply; what is told above is for a person to mend.", tone=Tone.STRONG)
    return in_sync.NOTHING
