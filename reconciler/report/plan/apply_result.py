"""What an apply did: a line per step carried out, and for each model that was not finished why, and what to do."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.plan.apply_result import ApplyResult, ModelResult
from reconciler.core.status_codes import Exit
from reconciler.report.layout.escaping import cell, code, paper, plain, prose
from reconciler.report.layout.formatting import at, at_code, count
from reconciler.report.layout.table import TextColumn, markdown_table
from reconciler.report.layout.text_layout import Line, TextStyle, Tone, elide, page, wrap
from reconciler.report.plan.in_sync import SHOWN

_WORDS = {
    Exit.CLEAN: "done",
    Exit.FAILED: "failed",
    Exit.USAGE: "invalid",
    Exit.REFUSED: "refused",
    Exit.CONFLICT: "left alone",
    Exit.INTEGRITY: "integrity",
    Exit.PENDING: "waits",
}
_ORDER = [Exit.INTEGRITY, Exit.FAILED, Exit.USAGE, Exit.CONFLICT, Exit.REFUSED, Exit.PENDING, Exit.CLEAN]


def text(applied: ApplyResult, look: TextStyle) -> str:
    return page(_lines(applied, look), look)


def ordered(applied: ApplyResult) -> list[ModelResult]:
    """Worst first; then what was done; then what was left as it is."""

    def rank(one: ModelResult) -> tuple[int, bool, str]:
        return (_ORDER.index(Exit(one.exit)) if one.exit in _ORDER else 1, not one.done, one.model)

    return sorted(applied.results, key=rank)


def summary(applied: ApplyResult) -> str:
    changed = sum(bool(one.done) for one in applied.results)
    waiting = sum(one.exit == Exit.PENDING for one in applied.results)
    unfinished = sum(one.exit != 0 for one in applied.results) - waiting
    parts = [f"{count(changed, 'model')} changed", f"{unfinished} not finished"]
    if waiting:
        parts.append(f"{waiting} waiting")
    parts.append(f"{sum(one.exit == 0 and not one.done for one in applied.results)} unchanged")
    return ", ".join(parts) + f"; {f'{applied.trained:,}' if applied.trained else 'nothing'} trained"


def _quiet(one: ModelResult) -> bool:
    return one.exit == 0 and not one.done


def _word(one: ModelResult) -> str:
    return _WORDS.get(Exit(one.exit), "failed") if one.exit or one.done else "unchanged"


def _lines(applied: ApplyResult, look: TextStyle) -> Iterator[Line]:
    title = f"Applied {plain(applied.environment)} {at(applied.revision)}: {summary(applied)}"
    for line in wrap(title, look.width, rest="  "):
        yield Line(line, Tone.STRONG)
    if applied.refreshed is not None:
        yield Line(f"+ data  took data snapshot {applied.refreshed}", Tone.GOOD)
    yield Line()
    unchanged = sum(map(_quiet, applied.results))
    for one in ordered(applied):
        if unchanged <= SHOWN or not _quiet(one):
            yield from _result(one, look)
    if unchanged > SHOWN:
        yield Line(f"= {count(unchanged, 'more model')} unchanged", Tone.DIM)
    if not applied.results and not applied.interrupted:
        yield Line("No model is declared or deployed here.", Tone.DIM)
    if applied.interrupted:
        yield Line()
        for line in wrap("Interrupted: nothing new was started. It is safe to run again.", look.width):
            yield Line(line, Tone.WARN)


def _result(one: ModelResult, look: TextStyle) -> Iterator[Line]:
    mark = "." if one.exit == Exit.PENDING else "!" if one.exit else "+" if one.done else "="
    name = elide(plain(one.model), max(16, look.width // 2 - 4), look)
    done = "; ".join(plain(line) for line in one.done)
    what = f"{_word(one)}: {plain(one.problem)}" if one.problem else done or "unchanged"
    tone = Tone.WARN if one.exit == Exit.PENDING else Tone.BAD if one.exit else Tone.GOOD if one.done else Tone.DIM
    for line in wrap(what, look.width, first=f"{mark} {name}  ", rest="      "):
        yield Line(line, tone)
    if one.problem and done:
        for line in wrap(done, look.width, first="    before that  ", rest="      "):
            yield Line(line)
    if one.remedy:
        for line in wrap(plain(one.remedy), look.width, first="    what to do  ", rest="      "):
            yield Line(line)


def markdown(applied: ApplyResult) -> str:
    lines = [f"### Applied {code(applied.environment)} {at_code(applied.revision)}: {summary(applied)}", ""]
    if applied.refreshed is not None:
        lines += [f"Took data snapshot {applied.refreshed}.", ""]
    shown = [one for one in ordered(applied) if one.exit or one.done]
    if shown:
        columns = [
            TextColumn(name=""),
            TextColumn(name="model"),
            TextColumn(name="what"),
            TextColumn(name="what to do"),
        ]
        rows = [
            [
                "⏳" if one.exit == Exit.PENDING else "❌" if one.exit else "✅",
                cell(one.model),
                prose("; ".join((*one.done, *([f"{_word(one)}: {one.problem}"] if one.problem else [])))),
                prose(one.remedy or ""),
            ]
            for one in shown
        ]
        lines += markdown_table(columns, rows)
    if quiet := len(applied.results) - len(shown):
        lines += ["", f"{count(quiet, 'model')} unchanged."]
    if applied.interrupted:
        lines += ["", "**Interrupted**: nothing new was started. It is safe to run again."]
    return paper(lines)
