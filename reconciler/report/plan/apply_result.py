"""The result of an apply: for each model what was done, or why it was not finished and what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from reconciler.core.artifact.journal import Action
from reconciler.core.plan.apply_result import ApplyResult, ModelResult
from reconciler.core.status_codes import ResultStatus
from reconciler.report.layout.blocks import (
    GAP,
    Block,
    Code,
    Column,
    Detail,
    Either,
    EntryList,
    Heading,
    Item,
    Items,
    ListEntry,
    Literal,
    Paragraph,
    Strong,
)
from reconciler.report.layout.formatting import at_revision, count
from reconciler.report.layout.text_layout import Tone
from reconciler.report.plan import checks
from reconciler.report.plan.headlines import OUTCOMES, SYMBOLS, WORST_FIRST
from reconciler.report.plan.in_sync import SHOWN

STATES = ("changed", "not finished", "interrupted", "waiting", "unchanged")  # as they are counted
_COLUMNS = tuple(Column(name=name) for name in ("", "model", "what", "what to do"))

DOCUMENTS = {"apply": (ApplyResult, ("exit",))}  # what commands print as JSON, and the facts added to it


def blocks(applied: ApplyResult, detail: Detail) -> Iterator[Block]:
    """Report on an apply, worst results first; models that stay as they are, are counted when they are many."""
    revision = at_revision(applied.revision)
    yield Heading(("Applied ", Code(applied.environment), " ", revision, ": ", summary(applied)))
    if applied.refreshed is not None:
        taken = (Either(Literal("+ data  took"), "Took"), f" data snapshot {applied.refreshed}", Either("", "."))
        yield Paragraph(taken, tone=Tone.GOOD)
        if applied.masked:
            masked = ", ".join(f"{column} ({treatment})" for column, treatment in applied.masked)
            yield Paragraph((Either(Literal("+ data  masked: "), "Masked: "), masked, Either("", ".")))
    yield GAP
    unchanged = sum(map(_is_unchanged, applied.results))
    counted = unchanged > SHOWN or detail is Detail.PAGE
    cut = [result for result in applied.results if _is_interrupted(result)]
    left = {result.model for result in applied.results if counted and _is_unchanged(result)}
    left |= {result.model for result in cut} if len(cut) > SHOWN else set()
    shown = tuple(_entry(result) for result in ordered(applied) if result.model not in left)
    if shown:
        yield EntryList(_COLUMNS, shown)
    if len(cut) > SHOWN:
        yield Paragraph(Literal(f"! {count(len(cut), 'more model')} interrupted"), tone=Tone.WARN)
    if counted and unchanged:
        listed = Literal(f"= {count(unchanged, 'more model')} unchanged")
        yield Paragraph(Either(listed, f"{count(unchanged, 'model')} unchanged."), tone=Tone.DIM)
    yield from _judged_by(applied)
    if not applied.results and not applied.interrupted:
        yield Paragraph("No model is declared or deployed here.", tone=Tone.DIM)
    if applied.interrupted:
        yield GAP
        yield Paragraph((Strong("Interrupted"), ": nothing new was started. It is safe to run again."), tone=Tone.WARN)


def _judged_by(applied: ApplyResult) -> Iterator[Block]:
    """Name the command that judges a model that was trained and deployed just now."""
    trained = [result.model for result in ordered(applied) if _is_trained(result)]
    if not trained:
        return
    yield GAP
    each = f", and {count(len(trained) - 1, 'more model')} likewise" if len(trained) > 1 else ""
    yield Paragraph(
        ("How good, and why: ", Code(f"reconciler show {trained[0]} --in {applied.environment}"), each), tone=Tone.DIM
    )


def ordered(applied: ApplyResult) -> list[ModelResult]:
    """Return the results, worst first; then changed models, then unchanged ones."""

    def rank(result: ModelResult) -> tuple[int, bool, str]:
        severity = WORST_FIRST.index(result.status) if result.status in WORST_FIRST else 1
        return (severity, not result.done, result.model)

    return sorted(applied.results, key=rank)


def summary(applied: ApplyResult) -> str:
    """Sum up the results of an apply in one line: `3 models: 2 changed, 1 not finished; 1 trained`.

    Each model counts once. What was not finished may have been trained.
    """
    numbers = Counter(map(_state, applied.results))
    parts = ", ".join(f"{numbers[state]:,} {state}" for state in STATES if numbers[state])
    trained = f"{applied.trained:,}" if applied.trained else "nothing"
    return f"{count(len(applied.results), 'model')}{f': {parts}' if parts else ''}; {trained} trained"


def _state(result: ModelResult) -> str:
    if result.status is ResultStatus.CLEAN:
        return "changed" if result.done else "unchanged"
    return {ResultStatus.PENDING: "waiting", ResultStatus.INTERRUPTED: "interrupted"}.get(result.status, "not finished")


def _is_unchanged(result: ModelResult) -> bool:
    return result.status is ResultStatus.CLEAN and not result.done


def _is_trained(result: ModelResult) -> bool:
    return result.status is ResultStatus.CLEAN and result.action is Action.TRAIN and bool(result.done)


def _is_interrupted(result: ModelResult) -> bool:
    return result.status is ResultStatus.INTERRUPTED


def _entry(result: ModelResult) -> ListEntry:
    outcome = "done" if result.status is ResultStatus.CLEAN else OUTCOMES.get(result.status, "failed")
    problem = f"{outcome}: {result.problem}" if result.problem else ""
    done = "; ".join(result.done)
    mark, badge, tone = _mark(result)
    below = [Item(done, label="before that", hang=2)] if problem and done else []
    below += [Item(result.remedy, label="what to do", hang=2)] if result.remedy else []
    below += checks.items(result.checks, result.model)
    return ListEntry(
        mark=mark,
        name=result.model,
        words=problem or done or "unchanged",
        cells=(
            Literal(badge),
            Code(result.model),
            "; ".join(filter(None, (done, problem, checks.line(result.checks)))),
            result.remedy or "",
        ),
        body=(Items(tuple(below), indent=4),) if below else (),
        tone=tone,
    )


def _mark(result: ModelResult) -> tuple[str, str, Tone]:
    """Return the mark of the result on a terminal, the one in a document, and the tone."""
    if result.status in (ResultStatus.PENDING, ResultStatus.INTERRUPTED):
        return ".", "⏳", Tone.WARN
    if result.status is not ResultStatus.CLEAN:
        return "!", "❌", Tone.BAD
    sign = SYMBOLS[result.action if result.action is not None else Action.TRAIN]
    return (sign, "✅", Tone.GOOD) if result.done else (SYMBOLS[Action.NONE], "✅", Tone.DIM)
