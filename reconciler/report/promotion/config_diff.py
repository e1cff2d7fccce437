"""Two configurations compared: per model what differs in the recipe, in the gates and in how good the artifacts are."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.digest import short
from reconciler.core.field_diff import FieldChange
from reconciler.core.plan.config_diff import ConfigDiff, DiffSide, ModelDifference
from reconciler.core.plan.plan import MetricChange
from reconciler.report.layout.escaping import code, paper, plain, prose
from reconciler.report.layout.formatting import at, change, count, metric
from reconciler.report.layout.table import TextColumn, table
from reconciler.report.layout.text_layout import Line, TextStyle, Tone, page, wrap

OUTCOME = "OUTCOME CHANGED: what is predicted has another meaning, and metrics of the two do not compare"


def text(found: ConfigDiff, look: TextStyle) -> str:
    return page(_lines(found, look), look)


def _side(sides: tuple[DiffSide, ...]) -> str:
    names = ", ".join(plain(one.environment) for one in sides)
    return f"{names} {at(sides[0].revision)}" if sides else "nothing"


def _title(found: ConfigDiff) -> str:
    differ = count(len(found.models), "model") + (" differs" if len(found.models) == 1 else " differ")
    return f"From {_side(found.old)} to {_side(found.new)}: {differ}, {found.alike:,} alike"


def _lines(found: ConfigDiff, look: TextStyle) -> Iterator[Line]:
    for line in wrap(_title(found), look.width, rest="  "):
        yield Line(line, Tone.STRONG)
    for one in found.models:
        yield Line()
        yield from _model(one, look)


def _artifacts(one: ModelDifference) -> str:
    return " -> ".join(short(side) if side is not None else "none" for side in (one.old, one.new))


def _model(one: ModelDifference, look: TextStyle) -> Iterator[Line]:
    sign = {"old": "-", "new": "+"}.get(one.only or "", "~")
    state = {"old": "is not there any more", "new": "is new"}.get(one.only or "", "")
    head = f"{sign} {plain(one.environment)}/{plain(one.model)}  {state}".rstrip()
    for line in wrap(head, look.width, rest="    "):
        yield Line(line, Tone.STRONG)
    if one.outcome:
        for line in wrap(OUTCOME, look.width, first="    "):
            yield Line(line, Tone.BAD)
    for name, changes in (("recipe", one.changes), ("gates", one.gates)):
        if changes:
            yield Line(f"    {name}  {count(len(changes), 'field')} differ{'s' * (len(changes) == 1)}")
            for each in changes:
                yield from _change(each, look)
    if one.old != one.new:
        yield Line(f"    artifact  {_artifacts(one)}")
    rows = _rows(one)
    if rows:
        columns = [
            TextColumn(name="each on its own holdout"),
            TextColumn(name="old", right=True),
            TextColumn(name="new", right=True),
            TextColumn(name="change", right=True),
            TextColumn(name="", spare=1),
        ]
        yield from (Line(line) for line in table(columns, rows, look, indent="    "))


def _change(one: FieldChange, look: TextStyle) -> Iterator[Line]:
    what = f"{plain(one.old or 'nothing')} {look.glyphs.arrow} {plain(one.new or 'nothing')}"
    for line in wrap(what, look.width, first=f"      {plain(one.path)}: ", rest="        "):
        yield Line(line)


def _rows(one: ModelDifference) -> list[list[str]]:
    """Metrics of the whole; those of single classes are in the JSON."""
    return [
        [
            plain(each.metric),
            metric(each.incumbent),
            metric(each.candidate),
            *_moved(one, each),
        ]
        for each in one.metrics
        if ":" not in each.metric
    ]


def _moved(one: ModelDifference, each: MetricChange) -> tuple[str, str]:
    difference, word = change(each.metric, each.candidate, each.incumbent)
    return difference, "" if one.outcome else word


def markdown(found: ConfigDiff) -> str:
    lines = [f"### {prose(_title(found))}", ""]
    for one in found.models:
        word = {"old": " is not there any more", "new": " is new"}.get(one.only or "", "")
        lines += [f"#### {code(one.environment + '/' + one.model)}{word}", ""]
        if one.outcome:
            lines += [f"**{prose(OUTCOME)}**", ""]
        for kind, changes in (("recipe", one.changes), ("gates", one.gates)):
            lines += [
                f"- {kind} {code(each.path)}: {prose(each.old or 'nothing')} → {prose(each.new or 'nothing')}"
                for each in changes
            ]
        if one.old != one.new:
            lines += [f"- artifact `{_artifacts(one)}`"]
        rows = _rows(one)
        if rows:
            lines += ["", "| each on its own holdout | old | new | change | |", "|---|---:|---:|---:|---|"]
            lines += ["| " + " | ".join(prose(cell) for cell in row) + " |" for row in rows]
        lines += [""]
    return paper(lines)
