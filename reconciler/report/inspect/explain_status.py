"""Why: one screen on one model: what it is waiting for, the numbers behind it, and the next command."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.digest import short
from reconciler.core.inspect.explanation import Explanation
from reconciler.report.layout.escaping import code, paper, plain, prose
from reconciler.report.layout.formatting import at, titled
from reconciler.report.layout.text_layout import Line, TextStyle, Tone, command, page, wrap
from reconciler.report.plan.text import part_lines


def text(found: Explanation, look: TextStyle) -> str:
    return page(_lines(found, look), look)


def _lines(found: Explanation, look: TextStyle) -> Iterator[Line]:
    where = plain(titled(found.environment, found.role))
    conditions = f": {found.part.sync.value}, {found.part.health.value}" if found.part is not None else ""
    title = f"{plain(found.model)} in {where} {at(found.revision)}{conditions}"
    for line in wrap(title, look.width, rest="  "):
        yield Line(line, Tone.STRONG)
    deployed = short(found.deployed) if found.deployed is not None else "nothing yet"
    yield Line(f"  {'has' if found.role == 'sandbox' else 'serves'}  {deployed}")
    yield Line()
    if found.refresh is not None:
        for line in wrap(f"refresh: {plain(found.refresh.reason)}", look.width, first="+ data  "):
            yield Line(line, Tone.WARN)
    if found.part is not None:
        yield from part_lines(found.part, look)
    else:
        for line in wrap(plain(found.state), look.width):
            yield Line(line, Tone.WARN)
    yield Line()
    if not found.advice:
        yield Line("Nothing to do.", Tone.STRONG)
        return
    yield Line("Next", Tone.STRONG)
    for one in found.advice:
        for line in wrap(f"{plain(one.reason)}{':' if one.command else ''}", look.width, first="  ", rest="    "):
            yield Line(line)
        if one.command is not None:
            for line in command(plain(one.command), look.width, indent="    "):
                yield Line(line)


def markdown(found: Explanation) -> str:
    lines = [f"### {code(found.model)} in {code(found.environment)}", ""]
    if found.part is not None:
        lines += [f"{found.part.sync.value}, {found.part.health.value}: {prose(found.state)}", ""]
        lines += [f"- {prose(one)}" for one in (found.part.blocked.reasons if found.part.blocked else ())]
        lines += [f"- {prose(one)}" for one in found.part.detail.notes]
    else:
        lines += [f"{prose(found.state)}.", ""]
    lines += ["", "Next:", ""]
    lines += [f"- {prose(one.reason)}" + (f": {code(one.command)}" if one.command else "") for one in found.advice]
    return paper(lines if found.advice else [*lines, "- nothing to do"])
