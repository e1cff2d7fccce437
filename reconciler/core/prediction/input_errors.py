"""Errors of rows to predict, in the same words whether they come in a table or in a request."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from reconciler.errors import DataError


def no_such_column(label: str, column: str, known: Iterable[str], *, more: str = "") -> DataError:
    """Return the error of a column that is named and is not there. `more`: what else is to be known of columns."""
    names = sorted(known)
    similar = difflib.get_close_matches(column, names, n=3, cutoff=0.5)
    hint = f"did you mean {', '.join(similar)}?" if similar else f"existing columns: {', '.join(names)[:300]}{more}"
    return DataError(f"{label}: column {column} does not exist", code="E416", hint=hint)


def not_finite(name: str, count: int, *, hint: str | None = None) -> DataError:
    """Return the error of a number that is infinite or none. `hint`: where the number was given, not computed."""
    return DataError(
        f"features.numeric: {name} is infinite or not a number in {count:,} row{'s' * (count != 1)}",
        code="E410",
        hint=hint or "for a division by zero, write nullif(divisor, 0): the value is then missing",
    )


def no_condition(name: str, count: int) -> DataError:
    """Return the error of a whole number that should be a condition."""
    return DataError(
        f"features.boolean: {name} is neither 0 nor 1 in {count:,} row{'s' * (count != 1)}",
        code="E410",
        hint=f"derive a condition from it, such as {name} > 0",
    )


def other_type(table: str, name: str, held: str, trained: str, *, hint: str) -> DataError:
    """Return the error of a column whose values are of another type than in training."""
    message = f"{table}: column {name} holds {held}, and the model was trained on {trained}"
    return DataError(message, code="E405", hint=hint)
