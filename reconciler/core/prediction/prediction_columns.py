"""The columns of the table that `predict` writes, and the forms that it is written in. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePath

from reconciler.core.prediction.prediction_explanation import MOST_FACTORS
from reconciler.core.prediction.predictions import PREDICTED, PREDICTED_CLASS, UNKNOWN
from reconciler.errors import DataError, UsageError

KEY = PREDICTED[0]
AS_OF = "as_of"
WHOSE = ("environment", "model", AS_OF, "artifact", "log")
"""The first columns of predictions in a table of a database."""


class TableForm(StrEnum):
    """The form of a file with predictions."""

    CSV = "csv"  # numbers rounded for people
    PARQUET = "parquet"  # exact
    JSON = "json"  # exact; an array of records
    JSON_LINES = "jsonl"  # exact; a record per line


ENDINGS = {f".{form.value}": form for form in TableForm}


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionColumns:
    """What the table has besides what is predicted. `key`: the name of its first column; `beside`: columns of the data
    that follow it; `top`: factors of each record; `unknown`: a last column of what is unknown to the model."""

    key: str
    beside: tuple[str, ...] = ()
    top: int = 0
    unknown: bool = False

    def names(self, classes: Sequence[str]) -> tuple[str, ...]:
        """Return the names of all columns, in their order."""
        return (self.key, *self.beside, *own_names(classes, self.top, unknown=self.unknown))


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionOptions:
    """What is told besides the predictions. `by`: a column whose groups are summed up; `amount`: one whose expected
    amounts are summed up by group; `beside`: columns of the data that are copied; `top`: factors of each record;
    `unknown`: what is unknown to the model."""

    by: str | None = None
    amount: str | None = None
    unknown: bool = False
    top: int = 0
    beside: tuple[str, ...] = ()

    def check(self) -> None:
        """Check that the options go together. Raises UsageError E801."""
        if self.amount is not None and self.by is None:
            raise UsageError("--amount goes with --by", hint="name the column to sum up by: --by COLUMN", code="E801")
        if not 0 <= self.top <= MOST_FACTORS:
            raise UsageError(f"--top is from 0 to {MOST_FACTORS}, not {self.top}", hint="write --top 3", code="E801")

    @property
    def read(self) -> tuple[str, ...]:
        """Return the columns that are read besides those of the recipe."""
        return tuple(dict.fromkeys(name for name in (self.by, self.amount, *self.beside) if name is not None))


def form_of(file: str) -> TableForm:
    """Return the form that a file's ending asks for; `-` is CSV. Raises UsageError E801."""
    if file == "-":
        return TableForm.CSV
    form = ENDINGS.get(PurePath(file).suffix.lower())
    if form is None:
        *first, last = ENDINGS
        raise UsageError(
            f"--out {file!r}: its ending says no form that is written",
            hint=f"end its name in {', '.join(first)} or {last}, or write --out - for CSV to standard output",
            code="E801",
        )
    return form


def own_names(classes: Sequence[str], top: int, *, unknown: bool) -> tuple[str, ...]:
    """Return the names of the columns that hold what is predicted."""
    predicted = PREDICTED_CLASS if classes else PREDICTED
    factors = (f"{name}_{place}" for place in range(1, top + 1) for name in ("factor", "value", "effect"))
    return (*predicted[1:], *(f"p_{name}" for name in classes), *factors, *((UNKNOWN,) if unknown else ()))


def columns_of(
    key: str,
    beside: Sequence[str],
    classes: Sequence[str],
    *,
    top: int = 0,
    unknown: bool = False,
    before: Sequence[str] = (),
) -> PredictionColumns:
    """Return the columns of a table of predictions.

    The key has its own name, unless that is the name of a predicted column: then it is `key`. Raises DataError E416 for
    a column `beside` it whose name is taken. `before`: the names of columns that stand before all of them.
    """
    taken = {name.casefold() for name in (*before, *own_names(classes, top, unknown=unknown))}
    named = KEY if key.casefold() in taken else key
    others = tuple(dict.fromkeys(name for name in beside if name != key))
    wrong = [name for name in others if name.casefold() in {*taken, named.casefold()}]
    if wrong:
        raise DataError(
            f"--with {wrong[0]}: a column of what is predicted has this name",
            code="E416",
            hint="derive a column with another name in the recipe, or leave it out",
        )
    return PredictionColumns(key=named, beside=others, top=top, unknown=unknown)
