"""Report on a plan of many models, all in sync, without importing what a plan with changes needs."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.plan.plan_summary import UnchangedPlan
from reconciler.report.layout.blocks import GAP, Block, Code, Detail, Either, Heading, Literal, Paragraph
from reconciler.report.layout.formatting import at_revision, count, titled
from reconciler.report.layout.text_layout import Tone

SHOWN = 20  # models without news up to which each is listed
NOTHING = Paragraph("Nothing to do.", tone=Tone.STRONG)


def blocks(unchanged: UnchangedPlan, detail: Detail) -> Iterator[Block]:  # noqa: ARG001  (the shape of a report)
    """Report on a plan without any change."""
    summary = f"0 to change, 0 blocked, {unchanged.models} unchanged"
    yield title(unchanged.environment, unchanged.role, unchanged.revision, summary)
    yield GAP
    yield in_sync(unchanged.models)
    yield GAP
    yield NOTHING


def title(environment: str, role: str, revision: str | None, summary: str) -> Heading:
    name = Either(titled(environment, role), Code(environment))
    return Heading(("Plan for ", name, " ", at_revision(revision), ": ", summary))


def in_sync(models: int, *, among_others: bool = False) -> Paragraph:
    """Count the models that are not listed; `among_others`: after a list of others."""
    listed = Literal(f"= {count(models, 'more model' if among_others else 'model')} in sync")
    return Paragraph(Either(listed, f"{count(models, 'model')} in sync."), tone=Tone.DIM)
