"""The labelled rows of a training, as the checks see them: a table of the session, and what its columns are made of."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.core.spec.recipe import Recipe

_NUMBERS = ("BIGINT", "INTEGER", "HUGEINT", "DOUBLE", "FLOAT")


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledRows:
    """The rows that pass the recipe's filter: features, `outcome`, `key`, and the part of each.

    `table`, `part`: the table and the column of the part, as SQL. `types`: of every column of the recipe. `made_of`:
    the columns that a derived one names; `past`: the features of `past`; `labels`: the columns that the conditions of
    the classes name.
    """

    recipe: Recipe
    table: str
    part: str
    types: dict[str, str]
    made_of: dict[str, tuple[str, ...]]
    past: frozenset[str]
    labels: tuple[str, ...]

    @property
    def outcome_columns(self) -> tuple[str, ...]:
        """Return the numeric columns that the outcome is made of: the table has them as `outcome_column(0)`, ..."""
        kinds = ((name, self.types.get(name, "")) for name in self.labels)
        return tuple(name for name, kind in kinds if kind in _NUMBERS or kind.startswith("DECIMAL"))


def outcome_column(index: int) -> str:
    """Return the name of a column of the outcome, as SQL; no feature can have a space in its name."""
    return f'"outcome column {index}"'
