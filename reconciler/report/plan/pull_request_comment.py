"""A plan as the one comment on a pull request: what the request changes, and a count of the rest.

Models that change in the same way are one line. The comment is always shorter than a forge allows; it ends in a record
that only `apply --on-merge` reads.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from reconciler import codec
from reconciler.core.digest import short
from reconciler.core.evaluation.brief import within
from reconciler.core.forge.project_place import at_place
from reconciler.core.forge.pull_request import LONGEST_BODY
from reconciler.core.plan.config_diff import ModelDifference
from reconciler.core.plan.plan import MetricChange, ModelPlan
from reconciler.core.plan.plan_groups import ModelGroup, grouped, in_general
from reconciler.core.promotion.reviewed_plan import (
    PlanComment,
    hidden_record,
    parse_hidden_record,
    visible_digest,
)
from reconciler.core.status_codes import ResultStatus, worst_status
from reconciler.report.layout.blocks import (
    Block,
    Code,
    Column,
    DataTable,
    Detail,
    Fold,
    Heading,
    Hidden,
    Literal,
    Paragraph,
    Quote,
    Row,
    Strong,
    Words,
    joined,
)
from reconciler.report.layout.formatting import change, commit, count, metric
from reconciler.report.layout.render_markdown import fitting, to_markdown
from reconciler.report.layout.text_layout import TextStyle, elide
from reconciler.report.plan.field_changes import changes_list
from reconciler.report.plan.headlines import badge, headline, is_unchanged, ordered
from reconciler.report.plan.model_plan import COLUMNS, LONGEST, details, gate_results, recipe_changes

NAMED = 3  # models of a group that are named in the table
MOST_ROWS = 100
LARGEST_RECORD = 40_000  # characters
_STYLE = TextStyle()
_HEADLINES = ("f1_macro", "pinball", "r2")
_ONLY_GIT = """. Neither deployed artifacts nor gates were
checked here, nor the numbers of model cards, which anybody can edit; apply checks everything."""
_ATTEMPTS = 3  # to find the digest of a text whose length depends on the digest

DOCUMENTS = {"plan-comment": (PlanComment, ())}  # what commands print as JSON, and the facts added to it


def bound(comment: PlanComment) -> PlanComment:
    """Return the comment with the digest of its text in its record, so that an edited text is noticed."""
    for _ in range(_ATTEMPTS):
        text = to_markdown(blocks(comment))
        if parse_hidden_record(text) is None:
            break  # no room for a record
        shown = visible_digest(text, codec.digest_of(comment.reviewed))
        if shown == comment.reviewed.shown:
            return comment
        comment = replace(comment, reviewed=replace(comment.reviewed, shown=shown))
    return replace(comment, reviewed=replace(comment.reviewed, shown=None))


def blocks(comment: PlanComment) -> Iterator[Block]:
    """Report on a pull request's plan. Sections of groups that do not fit are left out, and counted."""
    head = [*_title(comment), *_rows(comment), *_besides(comment)]
    record = hidden_record(codec.encode(comment.reviewed))
    fits = len(record) <= LARGEST_RECORD
    foot = [*_foot(comment, fits), *([Hidden(record)] if fits else [])]
    sections = list(_sections(comment))
    kept = fitting(sections, LONGEST_BODY - len(to_markdown(head)) - len(to_markdown(foot)) - 1_000)
    yield from (*head, *kept)
    if left := len(sections) - len(kept):
        yield Paragraph(f"Details of {count(left, 'group')} are left out: they are in the plan's file.")
    yield from foot


def summary(comment: PlanComment) -> str:
    """Return `2 to change, 1 blocked` of the models that the request changes; for a commit's status, too."""
    if not comment.differences:
        return "changes no model"
    if comment.plan is None:
        return f"changes {count(len(comment.differences), 'model')}; only git could be read"
    models = _changed(comment)
    blocked = sum(model.blocked is not None for model in models)
    changing = sum(model.blocked is None and bool(model.steps) for model in models)
    return f"{changing} to change, {blocked} blocked, {len(models) - changing - blocked} unchanged"


def status_of_plans(comment: PlanComment) -> ResultStatus:
    """Return the worst exit of the request's models; its changes are what it is for, so they are not one."""
    return worst_status(model.status for model in _changed(comment) if model.status is not ResultStatus.PENDING)


def _changed(comment: PlanComment) -> list[ModelPlan]:
    names = {difference.model for difference in comment.differences}
    return [model for model in ordered(comment.plan) if model.model in names] if comment.plan is not None else []


def _title(comment: PlanComment) -> Iterator[Block]:
    yield Heading((Code(at_place(comment.environment, comment.place or "")), ": ", summary(comment)))
    if comment.unseen is not None:
        yield Quote((Strong("Only the changes in git."), " ", comment.unseen, Literal(_ONLY_GIT)))


def _rows(comment: PlanComment) -> Iterator[Block]:
    if comment.plan is None:
        shown = comment.differences[:MOST_ROWS]
        rows = [Row((Literal("🔵"), Code(difference.model), _declared(difference))) for difference in shown]
        left = len(comment.differences) - len(rows)
    else:
        groups = grouped(_changed(comment))
        rows = [Row((badge(group.first), _names(group), _what(group))) for group in groups[:MOST_ROWS]]
        left = sum(len(group.parts) for group in groups[MOST_ROWS:])
    if rows:
        yield DataTable((COLUMNS[0], Column(name="models"), COLUMNS[2]), tuple(rows))
    if left:
        yield Paragraph(f"and {count(left, 'more model')}")


def _names(group: ModelGroup) -> Words:
    names = joined((Code(model.model) for model in group.parts[:NAMED]), ", ")
    left = len(group.parts) - NAMED
    return (Strong(f"{len(group.parts):,}"), ": ", names, f" and {left:,} more") if left > 0 else names


def _what(group: ModelGroup) -> str:
    text = headline(group.first)
    if len(group.parts) > 1:
        text = in_general(text)
        if ranges := _range(group):
            text += f"; {ranges}"
    return elide(text, LONGEST, _STYLE)


def _range(group: ModelGroup) -> str:
    """Return how the headline metric moves over the group: `f1_macro -0.010 to +0.021`."""
    metrics = [row for model in group.parts if (row := _headline_metric(model)) is not None]
    if len(metrics) < len(group.parts) or any(None in (row.candidate, row.incumbent) for row in metrics):
        return ""
    moved = [_moved(model) for model in group.parts]
    return f"{metrics[0].metric} {min(moved):+.3f} to {max(moved):+.3f}"


def _moved(model: ModelPlan) -> float:
    headline_metric = _headline_metric(model)
    if headline_metric is None or headline_metric.candidate is None or headline_metric.incumbent is None:
        return 0.0
    return headline_metric.candidate - headline_metric.incumbent


def _headline_metric(model: ModelPlan) -> MetricChange | None:
    return next((row for name in _HEADLINES for row in model.detail.metrics if row.metric == name), None)


def _declared(difference: ModelDifference) -> str:
    """Return what git declares for one model, in words."""
    if difference.only is not None:
        return "is added" if difference.only == "new" else "is removed"
    words = []
    if difference.outcome:
        words.append("OUTCOME CHANGED: the model predicts something else than before")
    if difference.old != difference.new:
        new = short(difference.new) if difference.new else "nothing"
        words.append(f"pins {new} instead of {short(difference.old) if difference.old else 'none'}")
    changed = (("recipe", difference.changes), ("gates", difference.gates), ("judging", difference.evaluation or ()))
    for name, changes in changed:
        if changes:
            words.append(f"{count(len(changes), 'field')} of its {name} differ{'s' * (len(changes) == 1)}")
    return "; ".join(words)


def _besides(comment: PlanComment) -> Iterator[Block]:
    """Count the models that the request does not change, and name those that are pending without it."""
    facts: list[Words] = []
    if comment.plan is None:
        facts = [f"{count(comment.untouched, 'other model')} untouched"] if comment.untouched else []
    else:
        names = {difference.model for difference in comment.differences}
        others = [model for model in ordered(comment.plan) if model.model not in names]
        pending = [model for model in others if not is_unchanged(model)]
        if unchanged := len(others) - len(pending):
            facts.append(f"{count(unchanged, 'model')} in sync")
        if pending:
            shown = ((Code(model.model), " (", elide(headline(model), 60, _STYLE), ")") for model in pending[:NAMED])
            more = f" and {len(pending) - NAMED:,} more" if len(pending) > NAMED else ""
            facts.append(("pending anyway: ", joined(shown, ", "), more))
        if comment.plan.refresh is not None:
            facts.append(f"data refresh: {comment.plan.refresh.reason}")
    if facts:
        yield Paragraph(("Not changed by this request: ", joined(facts, "; "), "."))


def _sections(comment: PlanComment) -> Iterator[Fold]:
    if comment.plan is None:
        for difference in comment.differences:
            body = list(_fields(difference))
            if body:
                yield Fold(Strong(difference.model), tuple(body))
        return
    gates_of = {difference.model: difference.gates for difference in comment.differences if difference.gates}
    judged_of = {each.model: each.evaluation for each in comment.differences if each.evaluation}
    for group in grouped(_changed(comment)):
        model = group.first
        body = list(_group_body(group))
        if model.model in gates_of:
            body.append(changes_list("gates", gates_of[model.model]))
        if model.model in judged_of:
            body.append(changes_list("evaluation", judged_of[model.model]))
        if body:
            more = f" and {len(group.parts) - 1:,} with the same change" if len(group.parts) > 1 else ""
            yield Fold(Strong((model.model, more)), tuple(body), unfolded=model.blocked is not None)


def _fields(difference: ModelDifference) -> Iterator[Block]:
    if difference.changes:
        yield changes_list("recipe", difference.changes)
    if difference.gates:
        yield changes_list("gates", difference.gates, tight=bool(difference.changes))
    if difference.evaluation:
        yield changes_list("evaluation", difference.evaluation, tight=bool(difference.changes or difference.gates))


def _group_body(group: ModelGroup) -> Iterator[Block]:
    """Give the details of one model; of a group what its models share, and a row for each, worst first."""
    if len(group.parts) == 1:
        yield from details(group.first, Detail.PAGE)
        return
    yield from recipe_changes(group.first.detail, Detail.PAGE)
    if group.first.detail.verifications:
        yield Paragraph(("The numbers are those of ", Code(group.first.model), ":"))
        yield from gate_results(group.first.detail, Detail.PAGE)
    refused = any(map(_refusal, group.parts))
    columns = [Column(name=name) for name in ("model", "candidate", "incumbent", "figure")]
    columns += [Column(name=name, right=True) for name in ("value", "change")]
    columns += [Column(name="refused by")] * refused
    shown = sorted(group.parts, key=_moved)[:MOST_ROWS]
    yield DataTable(tuple(columns), tuple(_group_row(model, refused=refused) for model in shown))
    if (left := len(group.parts) - MOST_ROWS) > 0:
        yield Paragraph(f"and {count(left, 'more model')}")


def _refusal(model: ModelPlan) -> str:
    """Return why the first gate that refuses a model does: its figure, and what is asked for."""
    failures = (reason for verification in model.detail.verifications for reason in verification.refusals)
    return next(failures, "")


def _group_row(model: ModelPlan, *, refused: bool) -> Row:
    artifacts = (model.detail.candidate, model.detail.incumbent)
    row = _headline_metric(model)
    value = metric(row.candidate) if row else ""
    judged = model.detail.judged
    if judged is not None and row is not None and judged.headline.name == row.metric and not judged.unit:
        value = within(judged.headline)
    difference = change(row.metric, row.candidate, row.incumbent)[0] if row else ""
    cells = (Code(short(digest)) if digest else "" for digest in artifacts)
    figure: Words = Code(row.metric) if row else ""
    why = (elide(_refusal(model), LONGEST, _STYLE),) if refused else ()
    return Row((Code(model.model), *cells, figure, Literal(value), Literal(difference), *why))


def _foot(comment: PlanComment, kept: bool) -> Iterator[Block]:
    if comment.differences:
        applied = "this plan" if comment.plan is not None else "the changes in git"
        yield Paragraph(
            f"Merging applies {applied} and nothing else: a model that changes in the meantime is skipped and reported."
        )
        if not kept:
            yield Paragraph(
                "This request changes too many models to record each: if one changes in the meantime, all are skipped.",
                tight=True,
            )
    base: Words = (", against ", Code(commit(comment.base))) if comment.base else ""
    planned = ("Planned for ", Code(commit(comment.reviewed.commit)), base)
    yield Paragraph(
        (*planned, ", plan ", Code(codec.digest_of(comment.reviewed))), small=True, tight=bool(comment.differences)
    )
