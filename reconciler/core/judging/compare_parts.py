"""Judge by the comparisons on each part of a slice. Pure.

All parts must pass; one that lacks the figure decides nothing, unless all do, which refuses, as does `strict` where any
does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from reconciler.core.number_text import declared, rounded
from reconciler.core.spec.comparison import ComparedPart, ComparedParts, Comparison
from reconciler.core.spec.gates import NoWorseThanIncumbent, Rule, SliceCounts
from reconciler.core.spec.gates.known_figures import as_it_moved

MOST_KEPT = 20
"""Parts of a slice that are recorded, the worst first."""
_NAMED = 5  # refusing parts that a reason names


@dataclass(frozen=True, slots=True, kw_only=True)
class PartsJudged:
    """What the parts of a slice say together."""

    passed: bool
    reason: str
    counts: SliceCounts | None = None


def passes(gate: NoWorseThanIncumbent, difference: float, lower: float, upper: float) -> bool:
    """Tell whether a difference passes by the gate's rule."""
    bound = {Rule.EVIDENCE: upper, Rule.POINT: difference, Rule.STRICT: lower}[gate.rule]
    return bound > -gate.tolerance if gate.rule is Rule.STRICT else bound >= -gate.tolerance


def part_passes(gate: NoWorseThanIncumbent, part: ComparedPart) -> bool | None:
    """Tell whether a part passes; None where its rows cannot tell."""
    difference, lower, upper = part.difference, part.lower, part.upper
    if difference is None or lower is None or upper is None or not all(map(math.isfinite, (difference, lower, upper))):
        return None
    return passes(gate, difference, lower, upper)


def compare_parts(gate: NoWorseThanIncumbent, comparison: Comparison, name: str, place: str) -> PartsJudged:
    """Judge by each part; `name`, `place`: of the other artifact, in words."""
    what, found = f"{gate.metric} per {gate.per}", comparison.per
    if found is None or found.problem is not None:
        why = found.problem if found is not None else "nothing was compared per slice"
        return PartsJudged(passed=False, reason=f"not comparable: {what}: {why}")
    if comparison.rows < gate.min_rows:
        needed = f"{comparison.rows:,} shared rows, at least {gate.min_rows:,} needed"
        return PartsJudged(passed=False, reason=f"not comparable: {needed}")
    judged = _worst_first(gate, found)
    failing, passing, untold = ([part for part, told in judged if told is kind] for kind in (False, True, None))
    counts = SliceCounts(judged=len(failing) + len(passing), small=found.small, small_rows=found.small_rows)
    rule = f"{gate.rule} rule, tolerance {declared(gate.tolerance)}"
    if failing:
        worse = failing[0].upper is not None and failing[0].upper < 0
        relation = f"{'worse than' if worse else 'not shown to be as good as'} {place}"
        words = [f"{relation}: {_in_words(gate, failing[0], name)}, {rule}"]
        others = [part.name for part in failing[1:]]
        more = f" and {len(others) - _NAMED} more" if len(others) > _NAMED else ""
        words += [f"so it is in {', '.join(others[:_NAMED])}{more}"] if others else []
    elif passing:
        words = [f"worst: {_in_words(gate, passing[0], name)}, {rule}"]
    else:
        words = [f"{what}: no slice could be compared"]
    words.append(f"{counts.judged} of {len(judged) + found.small} slices compared")
    if found.small:
        rows = f"({found.small_rows:,} in all)"
        words.append(f"{found.small} with fewer than {gate.support:,} shared rows {rows} not compared")
    if untold:
        words.append(f"{len(untold)} cannot be told ({untold[0].name}: {untold[0].why or 'no interval'})")
    if comparison.reason is not None:
        words.append(comparison.reason)
    passed = bool(passing) and not failing and not (untold and gate.rule is Rule.STRICT)
    return PartsJudged(passed=passed, reason="; ".join(words), counts=counts)


def kept_parts(gate: NoWorseThanIncumbent, found: ComparedParts) -> ComparedParts:
    """Return the parts that are recorded, the worst first."""
    return replace(found, parts=tuple(part for part, _ in _worst_first(gate, found)[:MOST_KEPT]))


def _worst_first(gate: NoWorseThanIncumbent, found: ComparedParts) -> list[tuple[ComparedPart, bool | None]]:
    judged = [(part, part_passes(gate, part)) for part in found.parts]
    return sorted(judged, key=lambda each: ((False, True, None).index(each[1]), each[0].difference or 0.0))


def _in_words(gate: NoWorseThanIncumbent, part: ComparedPart, name: str) -> str:
    confidence = rounded(100 * (part.confidence or 0.95), 4)
    metric, moved, least, most = as_it_moved(gate.metric, part)
    interval = f"({confidence}% interval {least:+.4f} to {most:+.4f})"
    difference = f"{metric} {moved:+.4f} against {name}"
    return f"{difference} {interval} in {part.name} ({part.rows:,} rows)"
