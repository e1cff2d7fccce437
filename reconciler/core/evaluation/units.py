"""The unit in which a number is judged: a known monotone transform of an outcome is turned back into what it is of.

Known are ln, log, log10, log2, sqrt, exp, sums and products with a constant, and compositions of these. An expression
that is anything else is its own unit.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from reconciler.core.artifact.evaluation import Evaluation
from reconciler.core.evaluation.figures import OutcomeUnit
from reconciler.core.spec.model import Model
from reconciler.core.spec.recipe import Recipe, Task

_PART = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+)|(?P<name>[A-Za-z_][A-Za-z0-9_]*|\"(?:[^\"]|\"\")*\")"
    r"|(?P<text>'(?:[^']|'')*')|(?P<sign>[-+*/(),])|(?P<other>\S))"
)
_FUNCTIONS = ("ln", "log", "log10", "log2", "sqrt", "exp")
_WORDS = frozenset(("case", "when", "and", "or", "not", "is", "in", "between", "like", "cast", "interval", "date"))
_DEEPEST = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class InverseStep:
    """One step from what is predicted back to its unit: the inverse of `function`, or (value - shift) / factor."""

    function: str = ""
    factor: float = 1.0
    shift: float = 0.0

    @property
    def bends(self) -> bool:
        """Tell whether the step changes more than the scale."""
        return bool(self.function)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judging:
    """How an outcome is judged: its unit, and the steps that lead there from what is predicted, in order."""

    unit: OutcomeUnit
    steps: tuple[InverseStep, ...] = ()

    @property
    def turns(self) -> bool:
        """Tell whether a larger prediction is a smaller value in the unit, so that a quantile q is one of 1 - q."""
        return sum(step.factor < 0 for step in self.steps) % 2 == 1


def judging_of(recipe: Recipe) -> Judging:
    """Return how the numeric outcome of a recipe is judged."""
    derived = {named.name: named.expression for named in recipe.data.derive}
    column = recipe.outcome.column or ""
    predicted = derived.get(column, column).strip()
    unit, steps = _peeled(predicted, derived, _DEEPEST)
    if not any(step.bends for step in steps):
        return Judging(unit=OutcomeUnit(unit=column if column in derived else predicted, predicted=predicted))
    return Judging(unit=OutcomeUnit(unit=unit, predicted=predicted), steps=tuple(steps))


def unit_in_words(model: Model | None, evaluation: Evaluation) -> str:
    """Return in what an artifact's own figures are, to follow them, where that is a transform: ` in ln(1 + days)`.

    Such figures do not stand beside those of a model that is judged in days.
    """
    unit = unit_of_figures(model.recipe) if model is not None and not evaluation.classes else None
    return f" in {unit}" if unit is not None else ""


def unit_of_figures(recipe: Recipe) -> str | None:
    """Return in what the own figures of a recipe's artifacts are, where that is a transform; None where it is not."""
    unit = transformed_unit(recipe)
    return unit.predicted if unit is not None else None


def transformed_unit(recipe: Recipe) -> OutcomeUnit | None:
    """Return what a recipe's artifacts predict, and the unit that they are judged in, where those are two."""
    judging = judging_of(recipe)
    return judging.unit if recipe.task is Task.REGRESSION and judging.steps else None


def outcome_text(recipe: Recipe) -> str:
    """Return what a recipe predicts in words that two recipes share only where they predict the same."""
    derived = {named.name: named.expression for named in recipe.data.derive}
    column = recipe.outcome.column
    of = derived.get(column, column).strip() if column else ""
    classes = [f"{each.name}: {each.when.strip()}" if each.when else each.name for each in recipe.outcome.classes]
    return " | ".join([*([of] if of else []), *classes])


def _peeled(text: str, derived: dict[str, str], deepest: int) -> tuple[str, list[InverseStep]]:
    """Return what an expression is a transform of, and the steps back to it, outermost first."""
    steps: list[InverseStep] = []
    tokens = _tokens(text)
    while tokens is not None:
        tokens = _bare(tokens)
        peeled = _call(tokens) or _negative(tokens) or _sum_or_product(tokens)
        if peeled is None:
            break
        step, tokens = peeled
        steps.append(step)
    if tokens is None:
        return text, []
    name = _joined(tokens)
    if len(tokens) == 1 and (inner := derived.get(name.strip('"'))) is not None and deepest:
        of, more = _peeled(inner, derived, deepest - 1)
        if any(step.bends for step in more):
            return of, [*steps, *more]
    return name, steps


def _tokens(text: str) -> list[str] | None:
    """Return the tokens of an expression; None where it has any that no transform has at its top."""
    found, at = [], 0
    text = text.strip()
    while at < len(text):
        match = _PART.match(text, at)
        if match is None:
            return None
        found.append(match[0].strip())
        at = match.end()
    depth = 0
    for each in found:
        depth += (each == "(") - (each == ")")
        if depth < 0:
            return None
    return found if found and depth == 0 else None


def _bare(tokens: list[str]) -> list[str]:
    """Return the tokens without parentheses around all of them."""
    while len(tokens) > 2 and tokens[0] == "(" and _closing(tokens, 0) == len(tokens) - 1:
        tokens = tokens[1:-1]
    return tokens


def _closing(tokens: list[str], start: int) -> int:
    depth = 0
    for at in range(start, len(tokens)):
        depth += (tokens[at] == "(") - (tokens[at] == ")")
        if depth == 0:
            return at
    return -1


def _call(tokens: list[str]) -> tuple[InverseStep, list[str]] | None:
    if len(tokens) < 4 or tokens[0].lower() not in _FUNCTIONS or tokens[1] != "(":
        return None
    inside = tokens[2:-1]
    if _closing(tokens, 1) != len(tokens) - 1 or any(each == "," for each, depth in _depths(inside) if depth == 0):
        return None
    return InverseStep(function={"log": "log10"}.get(tokens[0].lower(), tokens[0].lower())), inside


def _negative(tokens: list[str]) -> tuple[InverseStep, list[str]] | None:
    alone = not any(each in ("+", "-") for each, depth in _depths(tokens[1:]) if depth == 0)
    if len(tokens) < 2 or tokens[0] not in ("-", "+") or not alone or _constant(tokens) is not None:
        return None
    return InverseStep(factor=-1.0 if tokens[0] == "-" else 1.0), tokens[1:]


def _sum_or_product(tokens: list[str]) -> tuple[InverseStep, list[str]] | None:
    """Take a constant off a sum or a product of two; None where there is anything else at the top."""
    if any(not _arithmetic(each) for each, depth in _depths(tokens) if depth == 0):
        return None
    for signs in (("+", "-"), ("*", "/")):
        places = [n for n, (each, depth) in enumerate(_depths(tokens)) if depth == 0 and each in signs and n]
        places = [n for n in places if tokens[n - 1] not in ("+", "-", "*", "/")]
        if not places:
            continue
        left, sign, right = tokens[: places[-1]], tokens[places[-1]], tokens[places[-1] + 1 :]
        before, after = _constant(left), _constant(right)
        if after is not None:
            return _by_constant(sign, after, left)
        if before is not None and len(places) == 1:
            return _from_constant(sign, before, right)
        return None
    return None


def _by_constant(sign: str, number: float, rest: list[str]) -> tuple[InverseStep, list[str]] | None:
    if sign in ("+", "-"):
        return InverseStep(shift=number if sign == "+" else -number), rest
    if number == 0:
        return None
    return InverseStep(factor=number if sign == "*" else 1 / number), rest


def _from_constant(sign: str, number: float, rest: list[str]) -> tuple[InverseStep, list[str]] | None:
    if sign in ("+", "-"):
        return InverseStep(factor=1.0 if sign == "+" else -1.0, shift=number), rest
    return (InverseStep(factor=number), rest) if sign == "*" and number else None


def _constant(tokens: list[str]) -> float | None:
    tokens = _bare(tokens)
    sign = -1.0 if tokens[:1] == ["-"] else 1.0
    rest = tokens[1:] if tokens[:1] in (["-"], ["+"]) else tokens
    if len(rest) != 1 or not (rest[0][0].isdigit() or rest[0][0] == "."):
        return None
    return sign * float(rest[0])


def _arithmetic(each: str) -> bool:
    """Tell whether a each may stand at the top of a sum or product."""
    if each.lower() in _WORDS or each.startswith("'"):
        return False
    return each in "+-*/()," or each[0] in '._"' or each[0].isalnum()


def _depths(tokens: list[str]) -> list[tuple[str, int]]:
    depth, found = 0, []
    for each in tokens:
        depth -= each == ")"
        found.append((each, depth))
        depth += each == "("
    return found


def _joined(tokens: list[str]) -> str:
    """Return tokens as a person writes them."""
    text = ""
    for each in tokens:
        after = each in ("(", ")", ",", ".") and text[-1:] not in ("+", "-", "*", "/")
        tight = not text or after or text[-1] in "(."
        text += each if tight else f" {each}"
    return text
