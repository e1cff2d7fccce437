"""Judge a gate on a figure: of all rows, or of each slice. Pure; a figure that is not known, or NaN, never passes.

`point` holds the figure itself to the bound, `evidence` refuses only what its interval shows to miss the bound, and
`strict` lets pass only what its interval shows to keep it. Of k slices, each interval has the confidence 1 - 0.05/k, so
that all together refuse, by `evidence`, a model that keeps the bound everywhere in at most 1 of 20 cases.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

from reconciler.core.evaluation.figures import CONFIDENCE, Figure
from reconciler.core.judging.judged_figures import FiguresOfRows, JudgedFigures, SlicedFigures
from reconciler.core.names import seen
from reconciler.core.number_text import beside, declared, rounded
from reconciler.core.spec.gates import (
    BoundedFigure,
    BoundedGate,
    Coverage,
    GateResult,
    GateStatus,
    JudgedFigure,
    Rule,
    SliceCounts,
)
from reconciler.core.spec.gates.known_figures import known_figure

MOST_KEPT = 20
"""Slices whose figures are recorded, the worst first."""
_NAMED = 5  # refusing slices that a reason names


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """A figure held to its gate. `passed`: None where these rows cannot tell. `short`: by how much it misses a bound;
    negative: by how much it keeps the nearest one."""

    figure: JudgedFigure
    passed: bool | None
    short: float


def judge_bounded(gate: BoundedGate, judged: JudgedFigures | str) -> GateResult:
    """Return the result of a gate on a figure. `judged`: what is judged, or why it is not known."""
    if isinstance(judged, str):
        return _refused(gate, f"{gate.figure} is not known: {judged}")
    if gate.per is None:
        held = _hold(gate, _judged(gate, judged.all_rows), judged.quantile)
        reason = _in_words(gate, held, judged)
        return GateResult(
            gate=gate,
            verdict=GateStatus.PASSED if held.passed else GateStatus.REFUSED,
            reason=reason,
            figures=(held.figure,),
            quantile=judged.quantile,
        )
    sliced = judged.sliced(gate.per)
    if gate.sliced_by is None or sliced is None:
        return _refused(gate, f"{gate.figure} per {gate.per} is not known: the model declares no such slice")
    if sliced.problem is not None:
        return _refused(gate, f"{gate.figure} per {gate.per} is not known: {sliced.problem}")
    return _judge_slices(gate, sliced, judged)


def verdict_again(result: GateResult) -> GateStatus:
    """Return the verdict that follows from the figures that a gate's result records; none of them: refused."""
    gate = result.gate
    if not isinstance(gate, BoundedFigure) or not result.figures:
        return GateStatus.REFUSED
    held = [_hold(gate, figure, result.quantile) for figure in result.figures]
    return GateStatus.PASSED if _all_pass(gate, held) else GateStatus.REFUSED


def _judge_slices(gate: BoundedGate, sliced: SlicedFigures, judged: JudgedFigures) -> GateResult:
    large = [part for part in sliced.parts if part.figures.rows >= gate.support]
    small = [*sliced.small, *(part.figures.rows for part in sliced.parts if part.figures.rows < gate.support)]
    confidence = 1 - (1 - CONFIDENCE) / max(1, len(large))
    figures = [_judged(gate, part.figures, f"{gate.per} = {seen(part.value)}", confidence) for part in large]
    held = sorted((_hold(gate, figure, judged.quantile) for figure in figures), key=_gravest_first)
    counts = SliceCounts(judged=sum(each.passed is not None for each in held), small=len(small), small_rows=sum(small))
    told = [f"{counts.judged} of {len(held) + len(small)} slices judged"]
    if small:
        told.append(f"{len(small)} with fewer than {gate.support:,} rows ({sum(small):,} in all) not judged")
    untold = [each for each in held if each.passed is None]
    if untold:
        few = f"{len(untold)} cannot be told ({untold[0].figure.slice}: {untold[0].figure.why or 'no interval'})"
        told.append(few)
    failing = [each for each in held if each.passed is False]
    if failing:
        others = [each.figure.slice or "" for each in failing[1:]]
        named = ", ".join(others[:_NAMED]) + (f" and {len(others) - _NAMED} more" if len(others) > _NAMED else "")
        first = _in_words(gate, failing[0], judged)
        reason = "; ".join([first, *([f"so it is in {named}"] if others else []), *told])
    elif counts.judged:
        worst = next(each for each in held if each.passed)
        reason = "; ".join([f"worst: {_in_words(gate, worst, judged)}", *told])
    else:
        reason = "; ".join([f"{gate.figure} per {gate.per}: no slice could be judged", *told])
    return GateResult(
        gate=gate,
        verdict=GateStatus.PASSED if _all_pass(gate, held) else GateStatus.REFUSED,
        reason=reason,
        figures=tuple(each.figure for each in held[:MOST_KEPT]),
        slices=counts,
        quantile=judged.quantile,
    )


def _gravest_first(held: _Held) -> tuple[int, float]:
    return ((False, True, None).index(held.passed), -held.short)


def _all_pass(gate: BoundedGate, held: list[_Held]) -> bool:
    """Tell whether some figure passes, and none fails; `strict` asks that each is shown to pass."""
    if any(each.passed is False for each in held) or not any(each.passed for each in held):
        return False
    return gate.read_by is not Rule.STRICT or all(each.passed for each in held)


def _judged(gate: BoundedGate, rows: FiguresOfRows, name: str | None = None, confidence: float = 0.95) -> JudgedFigure:
    kind, colon, label = gate.figure.partition(":")
    found = rows.figure(gate.figure)
    count = next((each.rows for each in rows.classes if each.name == label), 0) if colon else rows.rows
    if found is None or (colon and not count and kind != "precision"):
        why = f"there are no rows of class {label}" if colon else None
        return JudgedFigure(figure=gate.figure, rows=rows.rows, why=why, slice=name)
    low, high = widened(found, confidence, gate.figure) or (None, None)
    return JudgedFigure(
        figure=gate.figure,
        rows=rows.rows,
        value=found.value if found.value is not None and math.isfinite(found.value) else None,
        low=low,
        high=high,
        why=found.why,
        slice=name,
        confidence=confidence if name is not None else None,
    )


def widened(figure: Figure, confidence: float, name: str) -> tuple[float, float] | None:
    """Return the interval of a figure at a higher confidence: as much wider as a normal one, on the scale on which the
    figure is nearly normal. None where it has none."""
    around, value, known = figure.interval, figure.value, known_figure(name)
    if around is None or value is None or not all(map(math.isfinite, (value, *around))):
        return None
    if confidence <= CONFIDENCE:
        return around
    normal = NormalDist()
    times = normal.inv_cdf((1 + confidence) / 2) / normal.inv_cdf((1 + CONFIDENCE) / 2)
    low, high = known.low if known is not None else -math.inf, known.high if known is not None else math.inf
    if low == 0.0 and high == 1.0 and 0 < around[0] < value < around[1] < 1:
        odds, ends = _log_odds(value), [_log_odds(end) for end in around]
        return _share(odds - times * (odds - ends[0])), _share(odds + times * (ends[1] - odds))
    below, above = value - times * (value - around[0]), value + times * (around[1] - value)
    return max(low, below), min(high, above)


def _log_odds(share: float) -> float:
    return math.log(share / (1 - share))


def _share(odds: float) -> float:
    return 1 / (1 + math.exp(-odds))


def _hold(gate: BoundedGate, figure: JudgedFigure, quantile: float | None) -> _Held:
    """Hold a figure to the gate's limits, by its rule."""
    least, most = gate.limits(quantile)
    if figure.value is None or not math.isfinite(figure.value) or (least is None and most is None):
        return _Held(figure=figure, passed=None, short=0.0)
    low, high = figure.low, figure.high
    if gate.read_by is Rule.POINT:
        low = high = figure.value
    if low is None or high is None:
        return _Held(figure=figure, passed=None, short=_misses(figure.value, figure.value, least, most))
    if gate.read_by is Rule.EVIDENCE:
        low, high = high, low
    short = _misses(low, high, least, most)
    return _Held(figure=figure, passed=short <= 0, short=short)


def _misses(low: float, high: float, least: float | None, most: float | None) -> float:
    """Return by how much `low` is below the lowest value, or `high` above the highest; negative where neither is."""
    return max(least - low if least is not None else -math.inf, high - most if most is not None else -math.inf)


def _in_words(gate: BoundedGate, held: _Held, judged: JudgedFigures) -> str:
    """Return a figure, its interval, the slice, and how it stands to the bounds."""
    figure, where = held.figure, ""
    if figure.slice is not None:
        where = f" in {figure.slice} ({figure.rows:,} rows)"
    if figure.value is None:
        return f"{gate.figure} is not known{where or ' for this model'}{f': {figure.why}' if figure.why else ''}"
    least, most = gate.limits(judged.quantile)
    if least is None and most is None:
        return f"{gate.figure} {rounded(figure.value)} is held to no quantile: the model predicts none"
    bound = least if least is not None and (most is None or figure.value < most) else most
    unit = f" in {judged.unit}" if judged.unit and gate.figure in ("mae", "rmse", "pinball", "r2") else ""
    words = f"{gate.figure} {beside(figure.value, bound or 0.0)}{unit}{_interval(figure)}{where}"
    if held.passed is None:
        return f"{words}: whether that is chance cannot be told, {figure.why or 'it has no interval'}"
    asked = ""
    if isinstance(gate, Coverage) and judged.quantile is not None:
        asked = f" (the quantile {declared(judged.quantile)}, give or take {declared(gate.tolerance)})"
    return f"{words} {_relation(gate, held, least, most)}{asked}"


def _interval(figure: JudgedFigure) -> str:
    if figure.low is None or figure.high is None:
        return ""
    confidence = rounded(100 * (figure.confidence or CONFIDENCE), 4)
    return f" ({confidence}% interval {rounded(figure.low)} to {rounded(figure.high)})"


def _relation(gate: BoundedGate, held: _Held, least: float | None, most: float | None) -> str:
    value, rule = held.figure.value or 0.0, gate.read_by
    bounds = [f"at least {_bound(least)}"] if least is not None else []
    bounds += [f"at most {_bound(most)}"] if most is not None else []
    missed = f"below {_bound(least)}" if least is not None and value < least else ""
    missed = missed or (f"above {_bound(most)}" if most is not None and value > most else "")
    if held.passed:
        if rule is Rule.STRICT:
            return f"is shown to be {' and '.join(bounds)}"
        return f"is not shown to be {missed}" if missed else f"is {' and '.join(bounds)}"
    if rule is Rule.EVIDENCE:
        return f"is shown to be {missed}"
    return f"is {missed}" if missed else f"is not shown to be {' and '.join(bounds)}"


def _bound(value: float | None) -> str:
    return declared(round(value, 9)) if value is not None else ""


def _refused(gate: BoundedGate, reason: str) -> GateResult:
    return GateResult(gate=gate, verdict=GateStatus.REFUSED, reason=reason)
