"""A plan: for each model one line that says what will happen and why; below it what a reviewer wants to see.

What needs a person comes first: integrity and failures, conflicts, refusals, then changes; what stays as it is, is
listed while it is little and counted when it is much.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.artifact.journal import Action
from reconciler.core.digest import short
from reconciler.core.duration import in_words
from reconciler.core.plan.plan import MetricChange, ModelPlan, Plan, PlanDetail
from reconciler.core.plan.plan_summary import PlanExcerpt
from reconciler.core.status_codes import Exit
from reconciler.report.layout.escaping import plain
from reconciler.report.layout.formatting import change, count, digest, metric, moment
from reconciler.report.layout.table import TextColumn, table
from reconciler.report.layout.text_layout import Line, TextStyle, Tone, command, elide, page, wrap
from reconciler.report.plan import gates
from reconciler.report.plan import in_sync as unchanged

MOST_CHANGES = 30

SYMBOLS = {
    Action.TRAIN: "+",
    Action.VERIFY: "?",
    Action.DEPLOY: ">",
    Action.RESTORE: "~",
    Action.RETIRE: "-",
    Action.REFRESH: "+",
    Action.NONE: "=",
}
_WORDS = {
    Exit.FAILED: "failed",
    Exit.USAGE: "invalid",
    Exit.REFUSED: "refused",
    Exit.CONFLICT: "left alone",
    Exit.INTEGRITY: "integrity",
    Exit.PENDING: "waits",
}
_ORDER = [Exit.INTEGRITY, Exit.FAILED, Exit.USAGE, Exit.CONFLICT, Exit.REFUSED, Exit.PENDING, Exit.CLEAN]


def text(plan: Plan | PlanExcerpt, look: TextStyle) -> str:
    if isinstance(plan, PlanExcerpt):
        return page(_lines(plan.plan, look, plan.calm), look)
    return page(_lines(plan, look, 0), look)


def ordered(plan: Plan) -> list[ModelPlan]:
    """Worst first, then by name."""
    return sorted(plan.models, key=lambda one: (_ORDER.index(one.exit), not one.detail.notes, one.model))


def quiet(part: ModelPlan) -> bool:
    """Nothing will happen to it, and there is nothing to say about it."""
    return part.exit is Exit.CLEAN and not part.detail.notes


def summary(plan: Plan, others: int = 0) -> str:
    """`2 to change, 1 blocked, 7 unchanged`; and how many wait, if any do. `others` are unchanged, too."""
    waiting = sum(one.waits for one in plan.models)
    blocked = sum(one.blocked is not None for one in plan.models) - waiting
    changing = sum(one.blocked is None and bool(one.steps) for one in plan.models)
    unchanged = len(plan.models) + others - changing - blocked - waiting
    waits = f", {waiting} waiting" if waiting else ""
    return f"{changing} to change, {blocked} blocked{waits}, {unchanged} unchanged"


def headline(part: ModelPlan) -> str:
    """What will happen and why, without the name."""
    actions = ", ".join(dict.fromkeys(_verb(part, position) for position in range(len(part.steps))))
    if part.blocked is not None:
        word = _WORDS.get(Exit(part.blocked.exit), "left alone")
        reasons = "; ".join(plain(reason) for reason in part.blocked.reasons)
        what = f"{word}: {reasons}"
        return f"{what}; meanwhile {actions}: {plain(part.steps[0].reason)}" if part.steps else what
    if part.steps:
        return f"{actions}: {plain(part.reason)}"
    return f"none: {plain(part.reason)}"


def _verb(part: ModelPlan, position: int) -> str:
    step = part.steps[position]
    if step.action is Action.TRAIN and step.adopts:
        return "take up an earlier build"
    if step.action is Action.VERIFY and step.target:
        return f"verify for {plain(step.target)}"
    return step.action.value


def symbol(part: ModelPlan) -> str:
    if part.blocked is not None:
        return "." if part.waits else "!"
    return SYMBOLS[part.steps[0].action] if part.steps else SYMBOLS[Action.NONE]


def _lines(plan: Plan, look: TextStyle, others: int) -> Iterator[Line]:
    yield from unchanged.title(plan.environment, plan.role, plan.revision, summary(plan, others), look)
    if plan.refresh is not None:
        for line in wrap(f"refresh: {plain(plan.refresh.reason)}", look.width, first="+ data  "):
            yield Line(line, Tone.WARN)
    yield Line()
    calm = sum(map(quiet, plan.models)) + others
    for part in ordered(plan):
        if calm <= unchanged.SHOWN or not quiet(part):
            yield from part_lines(part, look)
    if calm > unchanged.SHOWN:
        yield unchanged.in_sync(calm, among_others=calm < len(plan.models) + others)
    if not plan.models and not others:
        yield Line("No model is declared or deployed here.", Tone.DIM)
    yield Line()
    yield from _next(plan, look)


def _tone(part: ModelPlan) -> Tone:
    match part.exit:
        case Exit.CLEAN:
            return Tone.WARN if part.detail.notes else Tone.DIM
        case Exit.PENDING:
            return Tone.GOOD
        case Exit.REFUSED | Exit.CONFLICT:
            return Tone.WARN
        case _:
            return Tone.BAD


def part_lines(part: ModelPlan, look: TextStyle) -> Iterator[Line]:
    name = elide(plain(part.model), max(16, look.width // 2 - 4), look)
    for line in wrap(headline(part), look.width, first=f"{symbol(part)} {name}  ", rest="      "):
        yield Line(line, _tone(part))
    if part.blocked is not None:
        for line in wrap(plain(part.blocked.remedy), look.width, first="    what to do  ", rest="      "):
            yield Line(line)
    for note in part.detail.notes:
        for line in wrap(plain(note), look.width, first="    note  "):
            yield Line(line, Tone.WARN)
    if judged(part):
        yield from _detail(part, look)


def _detail(part: ModelPlan, look: TextStyle) -> Iterator[Line]:
    detail = part.detail
    if len(part.steps) > 1:
        for position, step in enumerate(part.steps):
            for line in wrap(plain(step.reason), look.width, first=f"    {_verb(part, position)}  ", rest="      "):
                yield Line(line)
    if detail.candidate is not None:
        for line in wrap(f"{short(detail.candidate)}{facts(detail)}", look.width, first="    candidate  "):
            yield Line(line)
    if detail.incumbent is not None and detail.incumbent != detail.candidate:
        yield Line(f"    incumbent  {digest(detail.incumbent)}")
    yield from _changes(detail, look)
    yield from _metrics(detail, look)
    for verification in detail.verifications:
        yield from gates.lines(verification, look)
    if detail != PlanDetail():
        yield Line()


def facts(detail: PlanDetail, *, lasting: bool = False) -> str:
    """`, grade B, data as of 2026-11-20 (taken 3d ago)`; `lasting`: when it was taken, for what is read later."""
    found = f", grade {plain(detail.grade)}" if detail.grade else ""
    if detail.data_as_of:
        found += f", data as of {plain(detail.data_as_of)}"
    if lasting and detail.data_taken is not None:
        found += f" (taken {moment(detail.data_taken)})"
    elif detail.data_age is not None:
        found += f" (taken {in_words(detail.data_age)} ago)"
    return found


def _changes(detail: PlanDetail, look: TextStyle) -> Iterator[Line]:
    if not detail.changes:
        return
    yield Line(f"    recipe  {count(len(detail.changes), 'field')} differ{'s' * (len(detail.changes) == 1)}")
    for one in detail.changes[:MOST_CHANGES]:
        old, new = plain(one.old or "nothing"), plain(one.new or "nothing")
        what = f"{old} {look.glyphs.arrow} {new}"
        for line in wrap(what, look.width, first=f"      {plain(one.path)}: ", rest="        "):
            yield Line(line)
    if (left := len(detail.changes) - MOST_CHANGES) > 0:
        yield Line(f"      and {left} more: see --output json", Tone.DIM)


def metric_rows(detail: PlanDetail) -> list[list[str]]:
    """name, candidate, incumbent, change, in a word; of the metrics of single classes only an F1 that moved."""
    rows = []
    for one in detail.metrics:
        if ":" in one.metric and not (one.metric.startswith("f1:") and _moved(one)):
            continue
        moved = change(one.metric.partition(":")[0], one.candidate, one.incumbent)
        rows.append([one.metric, metric(one.candidate), metric(one.incumbent), *moved])
    return rows


def _moved(one: MetricChange) -> bool:
    return None not in (one.candidate, one.incumbent) and one.candidate != one.incumbent


def judged(part: ModelPlan) -> bool:
    """Whether what is planned rests on how good the model is; putting back what was there does not."""
    return part.blocked is not None or any(
        step.action in (Action.TRAIN, Action.VERIFY, Action.DEPLOY) for step in part.steps
    )


def _metrics(detail: PlanDetail, look: TextStyle) -> Iterator[Line]:
    rows = [[plain(row[0]), *row[1:]] for row in metric_rows(detail)]
    if not rows:
        return
    columns = [
        TextColumn(name="metric"),
        TextColumn(name="candidate", right=True),
        TextColumn(name="incumbent", right=True),
        TextColumn(name="change", right=True),
        TextColumn(name="", spare=1),
    ]
    if all(one.incumbent is None for one in detail.metrics):
        columns, rows = columns[:2], [row[:2] for row in rows]
    for line in table(columns, rows, look, indent="    "):
        yield Line(line)


def _next(plan: Plan, look: TextStyle) -> Iterator[Line]:
    if plan.empty:
        blocked = any(one.blocked for one in plan.models)  # none waits: others come first, and those are something
        yield Line("Nothing can be done as it is." if blocked else unchanged.NOTHING, Tone.STRONG)
        return
    yield Line("To carry it out:", Tone.STRONG)
    for line in command(f"reconciler apply {plain(plan.environment)}", look.width, indent="  "):
        yield Line(line)
