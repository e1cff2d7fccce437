"""What was written: a page, or a site; and the report of a model for programs."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.site.model_report import ModelReport
from reconciler.core.site.site import PageResult, SiteResult
from reconciler.report.layout.blocks import Block, Code, Detail, Item, Items, Paragraph, Words
from reconciler.report.layout.formatting import count, size
from reconciler.report.layout.text_layout import Tone

# What commands print as JSON, and the facts added to it.
DOCUMENTS = {"report": (ModelReport, ("exit",)), "report-site": (SiteResult, ("exit",))}

_MOST_UNREAD = 10


def blocks(result: PageResult | SiteResult, detail: Detail) -> Iterator[Block]:  # noqa: ARG001  (the reports' shape)
    """Say where the report is and what it holds."""
    if isinstance(result, PageResult):
        yield Paragraph(_page(result))
        return
    yield Paragraph((f"{result.environment}: the site of {count(result.models, 'model')} is in ", Code(result.index)))
    facts = [
        Item(
            f"{result.written:,} written, {result.unchanged:,} as they were, {result.removed:,} removed", label="pages"
        ),
        Item(_plots(result), label="plots"),
    ]
    if result.unread:
        named = ", ".join(result.unread[:_MOST_UNREAD])
        more = f" and {len(result.unread) - _MOST_UNREAD} more" if len(result.unread) > _MOST_UNREAD else ""
        words = f"{named}{more}: their pages say what is damaged; `reconciler audit` lists all"
        facts.append(Item(words, label="unread", tone=Tone.BAD))
    yield Items(tuple(facts), label_width=6)


def _page(result: PageResult) -> Words:
    grade = f", grade {result.grade}" if result.grade is not None else ""
    plots = "" if result.plots else ", without plots: it is not evaluated in full"
    return (
        f"{result.environment}/{result.model}{grade}: the report is in ",
        Code(result.file),
        f" ({size(result.bytes)}{plots})",
    )


def _plots(result: SiteResult) -> str:
    drawn = f"{count(result.drawn, 'page')} drawn"
    if not result.waiting:
        return drawn
    return f"{drawn}, {result.waiting:,} wait: run the same command again, or with --plots all"
