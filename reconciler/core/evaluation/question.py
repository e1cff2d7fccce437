"""Tell whether two recipes ask the same question, so that the figures of their models may stand beside each other.

The same: what each row's outcome is, down to the columns of the tables, and what is asked of it (classes, a mean, which
quantile). A number counts in the unit that it is judged in, so that days and `ln(1 + days)` are one question. Names of
derived columns, spaces and the case of names decide nothing; which rows train, maturity and possibility do not either.
What is written in another way counts as another outcome: that both always agree cannot be shown.
"""

from __future__ import annotations

import hashlib
import re

from reconciler.core.evaluation.quantiles import quantile_of
from reconciler.core.evaluation.units import judging_of
from reconciler.core.names import seen
from reconciler.core.spec.recipe import Recipe, Task

_TOKEN = re.compile(r"\"(?:[^\"]|\"\")*\"|'(?:[^']|'')*'|[A-Za-z_]\w*|\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\S")
_LONGEST = 60
_DEEPEST = 64


def judged_quantile(recipe: Recipe) -> float | None:
    """Return the quantile that a recipe's model predicts, in the unit that it is judged in; None for a mean."""
    quantile = quantile_of(recipe.estimator)
    return round(1 - quantile, 12) if quantile is not None and judging_of(recipe).turns else quantile


def asked_otherwise(new: Recipe, old: Recipe) -> str | None:
    """Return in words how the question of a recipe differs from an earlier one's; None where it is the same."""
    if new.task is not old.task:
        return f"it predicts {_kind(new)}, and the other {_kind(old)}"
    for what in ("table", "key"):
        ours, theirs = getattr(new.data, what), getattr(old.data, what)
        if ours != theirs:
            return f"rows are of {what} {_short(ours)}, and of {_short(theirs)} of the other"
    return _of_classes(new, old) if new.task is Task.CLASSIFICATION else _of_numbers(new, old)


def figures_apart(new: Recipe, old: Recipe) -> str | None:
    """Return in words why the own figures of two recipes' artifacts do not stand beside each other: another question,
    or numbers in what each predicts, which is not the same; None where they do."""
    if (said := asked_otherwise(new, old)) is not None or new.task is Task.CLASSIFICATION:
        return said
    ours, theirs = (judging_of(each).unit.predicted for each in (new, old))
    if _Definitions(new).of(ours) == _Definitions(old).of(theirs):
        return None
    told = _told(_Definitions(new), _Definitions(old), ours, theirs)
    return f'its own figures are in "{told[0]}", and in "{told[1]}" of the other'


def _of_classes(new: Recipe, old: Recipe) -> str | None:
    if new.class_names != old.class_names:
        ours, theirs = (_short(", ".join(each.class_names)) for each in (new, old))
        order = " in this order" if set(new.class_names) == set(old.class_names) else ""
        return f"its classes are {ours}{order}, and {theirs} of the other"
    mine, their = _Definitions(new), _Definitions(old)
    for new_class, old_class in zip(new.outcome.classes, old.outcome.classes, strict=True):
        if mine.of(new_class.when or "") != their.of(old_class.when or ""):
            said = _told(mine, their, new_class.when, old_class.when)
            return f'{_short(new_class.name)} is "{said[0]}", and "{said[1]}" of the other'
    return _column(new, old, new.outcome.column, old.outcome.column)


def _of_numbers(new: Recipe, old: Recipe) -> str | None:
    ours, theirs = (judging_of(each).unit.unit for each in (new, old))
    if (said := _column(new, old, ours, theirs)) is not None:
        return said
    quantiles = judged_quantile(new), judged_quantile(old)
    if quantiles[0] != quantiles[1]:
        return f"it predicts {_middle(quantiles[0])}, and the other {_middle(quantiles[1])}"
    return None


def _column(new: Recipe, old: Recipe, ours: str | None, theirs: str | None) -> str | None:
    """Compare what is predicted, by the name or the expression that says so."""
    mine, their = _Definitions(new), _Definitions(old)
    if mine.of(ours or "") == their.of(theirs or ""):
        return None
    said = _told(mine, their, ours, theirs)
    return f'its outcome is "{said[0]}", and "{said[1]}" of the other'


def _told(mine: _Definitions, their: _Definitions, ours: str | None, theirs: str | None) -> tuple[str, str]:
    """Return two expressions as people are told of them; those that read alike by the first column that they name and
    that is derived otherwise."""
    of = ""
    for _ in range(_DEEPEST):
        told = mine.in_words(ours), their.in_words(theirs)
        name = mine.derived_otherwise(ours, their) if told[0] == told[1] else None
        if name is None:
            break
        of, ours, theirs = f"{_short(name)}: ", name, name
    return f"{of}{told[0]}", f"{of}{told[1]}"


class _Definitions:
    """The derived columns of a recipe, by what they are of the columns of its tables."""

    def __init__(self, recipe: Recipe) -> None:
        self._known: dict[str, str] = {}
        self._texts = {named.name.lower(): named.expression for named in recipe.data.derive}
        for named in recipe.data.derive:  # each reads only those before it
            self._known[named.name.lower()] = self.of(named.expression)

    def of(self, expression: str) -> str:
        """Return what an expression is, equal for expressions that are written alike of the same columns."""
        tokens = _bare([_name(each) for each in _TOKEN.findall(expression)])
        found = [self._known.get(each, each) for each in tokens]
        if len(found) <= 1:
            return "".join(found)
        return hashlib.sha256("\0".join(found).encode()).hexdigest()

    def in_words(self, expression: str | None) -> str:
        """Return an expression, or what a derived column of this name is, as its author wrote it."""
        return _short(" ".join(self._text(expression).split()))

    def derived_otherwise(self, expression: str | None, other: _Definitions) -> str | None:
        """Return the first column that an expression names and that the other derives from something else."""
        names = map(_name, _TOKEN.findall(self._text(expression)))
        return next((each for each in names if each in self._texts and self.of(each) != other.of(each)), None)

    def _text(self, expression: str | None) -> str:
        text = expression or ""
        for _ in range(_DEEPEST):
            text = self._texts.get(_name(text.strip()), text)
        return text


def _name(token: str) -> str:
    """Return a token as another spelling of it is returned: names know no case, and may be quoted."""
    if token.startswith("'"):
        return token
    return (token[1:-1].replace('""', '"') if token.startswith('"') else token).lower()


def _bare(tokens: list[str]) -> list[str]:
    """Return the tokens without parentheses around all of them."""
    while len(tokens) > 2 and tokens[0] == "(" and tokens[-1] == ")":
        depth = 0
        for place, each in enumerate(tokens):
            depth += (each == "(") - (each == ")")
            if depth == 0 and place < len(tokens) - 1:
                return tokens
        tokens = tokens[1:-1]
    return tokens


def _kind(recipe: Recipe) -> str:
    return "classes" if recipe.task is Task.CLASSIFICATION else "a number"


def _middle(quantile: float | None) -> str:
    return f"the {100 * quantile:g} % quantile" if quantile is not None else "a mean"


def _short(text: str) -> str:
    shown = seen(text)
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1]}…"
