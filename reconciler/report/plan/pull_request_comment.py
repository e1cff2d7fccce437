"""A plan as the one comment on a pull request: what this request changes, models that change alike on one line, and
the rest counted. Always shorter than a comment may be; ends in a record that only `apply --on-merge` reads.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler import codec
from reconciler.core.digest import short
from reconciler.core.forge.pull_request import LONGEST_BODY
from reconciler.core.plan.config_diff import ModelDifference
from reconciler.core.plan.plan import MetricChange, ModelPlan
from reconciler.core.plan.plan_groups import ModelGroup, grouped, in_general
from reconciler.core.promotion.reviewed_plan import PlanComment, hidden
from reconciler.core.status_codes import Exit, worst_exit
from reconciler.report.layout.escaping import cell, code, paper, prose
from reconciler.report.layout.formatting import change, commit, count, metric
from reconciler.report.layout.table import TextColumn, markdown_table
from reconciler.report.layout.text_layout import TextStyle, elide
from reconciler.report.plan import gates
from reconciler.report.plan.markdown import LONGEST, MARKS, body_of, changes
from reconciler.report.plan.text import headline, ordered, quiet

NAMED = 3  # models of a group that are named in the table
MOST_ROWS = 100
LARGEST_RECORD = 40_000  # characters
_LOOK = TextStyle()
_HEADLINES = ("f1_macro", "r2")


def markdown(found: PlanComment) -> str:
    record = hidden(codec.encode(found.reviewed))
    kept = len(record) <= LARGEST_RECORD
    foot = ["", *_foot(found, kept), *([record] if kept else [])]
    room = LONGEST_BODY - sum(len(line) + 1 for line in foot) - 1_000
    head = [*_title(found), *_table(found), *_besides(found)]
    room -= sum(len(line) + 1 for line in head)
    sections, left_out = [], 0
    for section in _sections(found):
        room -= sum(len(line) + 1 for line in section)
        if room < 0:
            left_out += 1
        else:
            sections += section
    if left_out:
        sections += ["", f"Details of {count(left_out, 'group')} are left out: they are in the plan's file."]
    return paper((*head, *sections, *foot))


def summary(found: PlanComment) -> str:
    """`2 to change, 1 blocked` of what the request touches; for a commit's status, too."""
    if not found.differences:
        return "changes no model"
    if found.plan is None:
        return f"changes {count(len(found.differences), 'model')}; only git could be read"
    parts = _touched(found)
    blocked = sum(one.blocked is not None for one in parts)
    changing = sum(one.blocked is None and bool(one.steps) for one in parts)
    return f"{changing} to change, {blocked} blocked, {len(parts) - changing - blocked} as they are"


def exit_of(found: PlanComment) -> Exit:
    """What the request means: changes are what it is for; what is blocked is worse."""
    return worst_exit(one.exit for one in _touched(found) if one.exit is not Exit.PENDING)


def _touched(found: PlanComment) -> list[ModelPlan]:
    names = {one.model for one in found.differences}
    return [one for one in ordered(found.plan) if one.model in names] if found.plan is not None else []


def _title(found: PlanComment) -> Iterator[str]:
    yield f"### {code(found.environment)}: {summary(found)}"
    yield ""
    if found.unseen is not None:
        yield f"> **Only what git shows.** {prose(found.unseen)}. What is deployed, and whether gates passed, is not"
        yield "> looked at here; the cards in this request have the numbers, and applying asks for all of it."
        yield ""


def _table(found: PlanComment) -> list[str]:
    columns = [TextColumn(name=""), TextColumn(name="models"), TextColumn(name="what and why")]
    rows = []
    if found.plan is None:
        rows = [["🔵", cell(one.model), prose(_declared(one))] for one in found.differences[:MOST_ROWS]]
        left = len(found.differences) - len(rows)
    else:
        groups = grouped(_touched(found))
        rows = [[MARKS.get(one.first.exit, "🔴 error"), _names(one), _what(one)] for one in groups[:MOST_ROWS]]
        left = sum(len(one.parts) for one in groups[MOST_ROWS:])
    lines = markdown_table(columns, rows) if rows else []
    return [*lines, *(["", f"and {count(left, 'more model')}"] if left else [])]


def _names(group: ModelGroup) -> str:
    names = ", ".join(cell(one.model) for one in group.parts[:NAMED])
    left = len(group.parts) - NAMED
    return f"**{len(group.parts):,}**: {names} and {left:,} more" if left > 0 else names


def _what(group: ModelGroup) -> str:
    text = headline(group.first)
    if len(group.parts) > 1:
        text = in_general(text)
        if ranges := _range(group):
            text += f"; {ranges}"
    return prose(elide(text, LONGEST, _LOOK))


def _range(group: ModelGroup) -> str:
    """How the headline metric moves over the group: `f1_macro -0.010 to +0.021`."""
    found = [one for part in group.parts if (one := _headline_metric(part)) is not None]
    if len(found) < len(group.parts) or any(None in (one.candidate, one.incumbent) for one in found):
        return ""
    moved = [_moved(part) for part in group.parts]
    return f"{found[0].metric} {min(moved):+.3f} to {max(moved):+.3f}"


def _moved(part: ModelPlan) -> float:
    found = _headline_metric(part)
    if found is None or found.candidate is None or found.incumbent is None:
        return 0.0
    return found.candidate - found.incumbent


def _headline_metric(part: ModelPlan) -> MetricChange | None:
    return next((one for name in _HEADLINES for one in part.detail.metrics if one.metric == name), None)


def _declared(one: ModelDifference) -> str:
    """What git says of one model, in words."""
    if one.only is not None:
        return "is declared" if one.only == "new" else "is not declared any more"
    said = []
    if one.outcome:
        said.append("OUTCOME CHANGED: what is predicted has another meaning")
    if one.old != one.new:
        said.append(
            f"pins {short(one.new) if one.new else 'nothing'} instead of {short(one.old) if one.old else 'none'}"
        )
    for name, differing in (("recipe", one.changes), ("gates", one.gates)):
        if differing:
            said.append(f"{count(len(differing), 'field')} of its {name} differ{'s' * (len(differing) == 1)}")
    return "; ".join(said)


def _besides(found: PlanComment) -> Iterator[str]:
    """What is so without this request, on one line."""
    said = []
    if found.plan is None:
        said = [f"{count(found.untouched, 'other model')} untouched"] if found.untouched else []
    else:
        names = {one.model for one in found.differences}
        rest = [one for one in ordered(found.plan) if one.model not in names]
        loud = [one for one in rest if not quiet(one)]
        calm = len(rest) - len(loud)
        said = [f"{count(calm, 'model')} in sync"] if calm else []
        if loud:
            shown = ", ".join(f"{cell(one.model)} ({prose(elide(headline(one), 60, _LOOK))})" for one in loud[:NAMED])
            more = f" and {len(loud) - NAMED:,} more" if len(loud) > NAMED else ""
            said.append(f"pending without this request: {shown}{more}")
        if found.plan.refresh is not None:
            said.append(f"data is refreshed: {prose(found.plan.refresh.reason)}")
    if said:
        yield ""
        yield f"Besides: {'; '.join(said)}."


def _sections(found: PlanComment) -> Iterator[list[str]]:
    if found.plan is None:
        for one in found.differences:
            if body := list(_fields(one)):
                yield _folded(code(one.model), body)
        return
    gates = {one.model: one for one in found.differences if one.gates}
    for group in grouped(_touched(found)):
        body = list(_group_body(group))
        if group.first.model in gates:
            body += ["", *_gate_fields(gates[group.first.model])]
        if body:
            more = f" and {len(group.parts) - 1:,} alike" if len(group.parts) > 1 else ""
            yield _folded(f"{code(group.first.model)}{more}", body, wide=group.first.blocked is not None)


def _folded(title: str, body: list[str], *, wide: bool = False) -> list[str]:
    # Markdown is not read inside of a summary's tag, and a code span there would show its backticks.
    name = title.strip("`").replace("`", "").replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return ["", f"<details{' open' * wide}><summary><b>{name}</b></summary>", "", *body, "", "</details>"]


def _group_body(group: ModelGroup) -> Iterator[str]:
    """One model's own section; of several that are alike what they share, and a row each, worst first."""
    if len(group.parts) == 1:
        yield from body_of(group.first)
        return
    yield from changes(group.first.detail)
    for verification in group.first.detail.verifications:
        yield ""
        yield f"The numbers are those of {code(group.first.model)}:"
        yield ""
        yield from gates.markdown(verification)
    columns = [TextColumn(name="model"), TextColumn(name="candidate"), TextColumn(name="incumbent")]
    columns += [TextColumn(name=name, right=True) for name in ("metric", "change")]
    rows = []
    for part in sorted(group.parts, key=_moved)[:MOST_ROWS]:
        found = _headline_metric(part)
        detail = part.detail
        candidate = f"`{short(detail.candidate)}`" if detail.candidate else ""
        incumbent = f"`{short(detail.incumbent)}`" if detail.incumbent else ""
        value = metric(found.candidate) if found else ""
        delta = change(found.metric, found.candidate, found.incumbent)[0] if found else ""
        rows.append([cell(part.model), candidate, incumbent, value, delta])
    yield ""
    yield from markdown_table(columns, rows)
    if (left := len(group.parts) - MOST_ROWS) > 0:
        yield ""
        yield f"and {count(left, 'more model')}"


def _fields(one: ModelDifference) -> Iterator[str]:
    for each in one.changes:
        yield f"- recipe {code(each.path)}: {prose(each.old or 'nothing')} → {prose(each.new or 'nothing')}"
    yield from _gate_fields(one)


def _gate_fields(one: ModelDifference) -> list[str]:
    return [
        f"- gates {code(each.path)}: {prose(each.old or 'nothing')} → {prose(each.new or 'nothing')}"
        for each in one.gates
    ]


def _foot(found: PlanComment, kept: bool) -> Iterator[str]:
    if found.differences:
        what = "this plan" if found.plan is not None else "what git declares here"
        yield f"A merge applies {what} and nothing else: what moves in between is left alone and named."
        if not kept:
            yield "It touches too many models to remember each here: if one moves, all are left alone."
    said = [f"Planned for {code(commit(found.reviewed.commit))}"]
    said += [f"against {code(commit(found.base))}"] if found.base else []
    said += [f"plan {code(codec.digest_of(found.reviewed))}"]
    yield f"<sub>{', '.join(said)}</sub>"
