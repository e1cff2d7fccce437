"""A plan for a pull request: a table of what will happen first, then one folded section per model that changes.

Stays under the size of one comment of the large forges: sections are left out, and counted, from the end.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.digest import short
from reconciler.core.plan.plan import ModelPlan, Plan, PlanDetail
from reconciler.core.status_codes import Exit
from reconciler.report.layout.escaping import cell, code, paper, plain, prose
from reconciler.report.layout.formatting import at_code, count
from reconciler.report.layout.table import TextColumn, markdown_table
from reconciler.report.layout.text_layout import TextStyle, elide
from reconciler.report.plan import gates
from reconciler.report.plan.text import facts, headline, judged, metric_rows, ordered, quiet, summary

LARGEST = 60_000  # characters; comments may have 65,536
MOST_ROWS = 100
LONGEST = 300  # cells of one row's text
_LOOK = TextStyle()
MARKS = {Exit.CLEAN: "⚪ none", Exit.PENDING: "🔵 change", Exit.REFUSED: "❌ refused", Exit.CONFLICT: "🟠 left alone"}
_WAITS = "⏳ waits"


def markdown(plan: Plan) -> str:
    head = [*_head(plan), *_table(plan)]
    size = sum(len(line) + 1 for line in head)
    body: list[str] = []
    left_out = 0
    for part in ordered(plan):
        if quiet(part):
            continue
        section = _section(part)
        size += sum(len(line) + 1 for line in section)
        if size > LARGEST:
            left_out += 1
            continue
        body += section
    if left_out:
        body += ["", f"Details of {count(left_out, 'model')} are left out: see `--output json`."]
    return paper((*head, *body, "", f"Plan `{plan.id}`"))


def _head(plan: Plan) -> Iterator[str]:
    yield f"### Plan for {code(plan.environment)} {at_code(plan.revision)}: {summary(plan)}"
    yield ""
    if plan.refresh is not None:
        yield f"**Data is refreshed:** {prose(plan.refresh.reason)}"
        yield ""


def _table(plan: Plan) -> list[str]:
    shown = [one for one in ordered(plan) if not quiet(one)]
    rest = len(plan.models) - len(shown)
    lines = []
    if shown:
        rows = [
            [
                _WAITS if one.waits else MARKS.get(one.exit, "🔴 error"),
                cell(one.model),
                prose(elide(headline(one), LONGEST, _LOOK)),
            ]
            for one in shown[:MOST_ROWS]
        ]
        lines += markdown_table([TextColumn(name=""), TextColumn(name="model"), TextColumn(name="what and why")], rows)
        if len(shown) > MOST_ROWS:
            lines += ["", f"and {count(len(shown) - MOST_ROWS, 'more model')}"]
    if rest:
        lines += ["", f"{count(rest, 'model')} in sync."]
    if not plan.models:
        lines += ["No model is declared or deployed here."]
    return lines


def _section(part: ModelPlan) -> list[str]:
    """A folded section; nothing when the table has said it all."""
    body = list(body_of(part))
    if not body:
        return []
    name = plain(part.model).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    fold = "<details open>" if part.blocked else "<details>"
    return ["", f"{fold}<summary><b>{name}</b></summary>", "", *body, "", "</details>"]


def body_of(part: ModelPlan) -> Iterator[str]:
    detail = part.detail
    if part.blocked is not None:
        for reason in part.blocked.reasons:
            yield f"- {prose(reason)}"
        yield f"- what to do: {prose(part.blocked.remedy)}"
    for note in detail.notes:
        yield f"- {prose(note)}"
    if not judged(part):
        return
    if detail.candidate is not None:
        yield f"- candidate `{short(detail.candidate)}`{prose(facts(detail, lasting=True))}"
    if detail.incumbent is not None and detail.incumbent != detail.candidate:
        yield f"- incumbent `{short(detail.incumbent)}`"
    yield from changes(detail)
    yield from _metrics(detail)
    for verification in detail.verifications:
        yield ""
        yield from gates.markdown(verification)


def changes(detail: PlanDetail) -> Iterator[str]:
    if not detail.changes:
        return
    yield ""
    columns = [TextColumn(name="recipe"), TextColumn(name="old"), TextColumn(name="new")]
    yield from markdown_table(
        columns,
        [
            [cell(one.path), cell(one.old) if one.old else "", cell(one.new) if one.new else ""]
            for one in detail.changes
        ],
    )


def _metrics(detail: PlanDetail) -> Iterator[str]:
    rows = metric_rows(detail)
    if not rows:
        return
    yield ""
    columns = [
        TextColumn(name="metric"),
        *(TextColumn(name=name, right=True) for name in ("candidate", "incumbent", "change")),
    ]
    yield from markdown_table(columns, [[cell(row[0]), row[1], row[2], f"{row[3]} {row[4]}".strip()] for row in rows])
