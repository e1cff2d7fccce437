"""Two configurations compared: for each model how its recipe, its gates and the quality of its artifacts differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.core.digest import short
from reconciler.core.plan.config_diff import ConfigDiff, DiffSide, ModelDifference
from reconciler.report.layout.blocks import (
    GAP,
    Block,
    Code,
    Column,
    DataTable,
    Detail,
    Either,
    Heading,
    Item,
    Items,
    Literal,
    Paragraph,
    Row,
    Strong,
    Words,
)
from reconciler.report.layout.formatting import NONE, at, change, count, metric
from reconciler.report.layout.text_layout import Tone
from reconciler.report.plan.field_changes import changes_list, changes_title

OUTCOME = "OUTCOME CHANGED: the two models predict different things, so their metrics cannot be compared"
_SIGNS = {"old": "-", "new": "+"}
_STATES = {"old": "is removed", "new": "is new"}
_COLUMNS = (
    Column(name="each on its own holdout"),
    Column(name="old", right=True),
    Column(name="new", right=True),
    Column(name="change", right=True),
)

DOCUMENTS = {"diff": (ConfigDiff, ())}  # what commands print as JSON, and the facts added to it


def blocks(diff: ConfigDiff, detail: Detail) -> Iterator[Block]:
    """List the models that differ."""
    places = {side[0].environment for side in (diff.old, diff.new) if len(side) == 1}
    if len(places) == 2:  # two environments: nothing was removed, and nothing is new
        what = "model"
        states = {only: f"is only in {side[0].environment}" for only, side in (("old", diff.old), ("new", diff.new))}
    else:
        what, states = "model manifest", _STATES
    differ = count(len(diff.models), what) + (" differs" if len(diff.models) == 1 else " differ")
    yield Heading(f"From {_side(diff.old)} to {_side(diff.new)}: {differ}, {diff.alike:,} the same")
    for model in diff.models:
        yield GAP
        yield from _model(model, states, detail)


def _side(sides: tuple[DiffSide, ...]) -> str:
    return f"{', '.join(side.environment for side in sides)} {at(sides[0].revision)}" if sides else "nothing"


def _model(model: ModelDifference, states: Mapping[str, str], detail: Detail) -> Iterator[Block]:
    sign, state = _SIGNS.get(model.only or "", "~"), states.get(model.only or "")
    shown: Words = (Literal(" "), Either(Literal(" "), ""), state) if state else ""
    name = Code(f"{model.environment}/{model.model}" if states is _STATES else model.model)
    yield Heading((Either(Literal(f"{sign} "), ""), name, shown), level=4, hang=4)
    if model.outcome:
        yield Paragraph(Strong(OUTCOME), tone=Tone.BAD, indent=4)
        if model.apart is not None:
            yield Paragraph(f"{model.apart[:1].upper()}{model.apart[1:]}.", indent=4)
    tight = False
    for kind, changes in (("recipe", model.changes), ("gates", model.gates), ("evaluation", model.evaluation or ())):
        if changes:
            if detail is Detail.SCREEN:
                yield changes_title(kind, changes)
            yield changes_list(kind, changes, tight=tight)
            tight = True
    if model.old != model.new:
        artifacts = " -> ".join(short(side) if side is not None else "none" for side in (model.old, model.new))
        yield Items((Item(Code(artifacts), label="artifact", joint=" "),), indent=4, tight=tight)
    rows = tuple(_rows(model))
    if rows:
        yield DataTable(_COLUMNS, rows, indent=4)
        if model.unit is not None:
            yield Paragraph(f"These figures are in {model.unit}, which the model predicts.", indent=4)
        yield from _judged(model)


def _judged(model: ModelDifference) -> Iterator[Block]:
    """Say how sure each side's figures are, where that is recorded, and what makes it where it is not."""
    sides = (("old", model.old, model.old_judged), ("new", model.new, model.new_judged))
    items = [Item(judged.line, label=side, hang=2) for side, _, judged in sides if judged is not None]
    missing = [side for side, artifact, judged in sides if artifact is not None and judged is None]
    if missing:
        told = f"no intervals of the {' and the '.join(missing)} one are recorded; `show` makes them"
        command = f"reconciler show {model.model} --in {model.environment}"
        items.append(Item(told, command=command, hang=2, tone=Tone.DIM))
    yield Items(tuple(items), indent=4, tight=True)


def _rows(model: ModelDifference) -> Iterator[Row]:
    """Yield a row for each metric of the whole; those of single classes are in the JSON."""
    for row in model.metrics:
        if ":" not in row.metric:
            difference = change(row.metric, row.candidate, row.incumbent)[0] if not model.outcome else NONE
            values = (metric(row.incumbent), metric(row.candidate), difference)
            yield Row((row.metric, *map(Literal, values)))
