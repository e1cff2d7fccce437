"""The same words as `report.plan` has when all of many models are in sync, without what a plan with news needs."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.plan.plan_summary import UnchangedPlan
from reconciler.report.layout.escaping import plain
from reconciler.report.layout.formatting import at, count, titled
from reconciler.report.layout.text_layout import Line, TextStyle, Tone, page, wrap

SHOWN = 20  # models without news up to which each is listed
NOTHING = "Nothing to do."


def text(unchanged: UnchangedPlan, look: TextStyle) -> str:
    return page(_lines(unchanged, look), look)


def _lines(unchanged: UnchangedPlan, look: TextStyle) -> Iterator[Line]:
    summary = f"0 to change, 0 blocked, {unchanged.models} unchanged"
    yield from title(unchanged.environment, unchanged.role, unchanged.revision, summary, look)
    yield Line()
    yield in_sync(unchanged.models, among_others=False)
    yield Line()
    yield Line(NOTHING, Tone.STRONG)


def title(environment: str, role: str, revision: str | None, summary: str, look: TextStyle) -> Iterator[Line]:
    head = f"Plan for {plain(titled(environment, role))} {at(revision)}"
    for line in wrap(f"{head}: {summary}", look.width, rest="  "):
        yield Line(line, Tone.STRONG)


def in_sync(models: int, *, among_others: bool) -> Line:
    return Line(f"= {count(models, 'more model' if among_others else 'model')} in sync", Tone.DIM)
