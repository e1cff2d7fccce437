"""What each column of an unknown table may be for: its key, its outcome, a feature, or nothing, and why.

By names and types, as a person would guess at first sight; where they say nothing, the plainest choice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reconciler.core.names import visible
from reconciler.core.onboarding.table_profile import ColumnProfile, TableProfile
from reconciler.core.spec.recipe import Features
from reconciler.errors import UsageError

MOST_CLASSES = 20
MOST_NUMBERS = 10  # whole numbers with at most so many values are taken for classes
ROW_NUMBER = "row_number"

_OUTCOMES = re.compile(
    r"(target|label|outcome|class|y|response|species|diagnosis|churn(ed)?|default(ed)?|surviv(ed|al)|fraud|is_fraud"
    r"|converted|returned|attrition|approved|quality|income|price|.*_(target|label|class|outcome))",
    re.IGNORECASE,
)
_IDENTITY = re.compile(r"(?i:(.*_)?(id|key|number|num|no|nr|uuid|guid))|.*[a-z0-9](ID|Id|Key|Number|Num|No|Nr)")
_COUNTER = re.compile(r"index|unnamed.*|column_1|_?0|row|rownames|__index_level_0__", re.IGNORECASE)
_CODE = re.compile(r"(?i:(.*_)?(code|zip|postal|plz|postcode|branch|region|store|sic|naics))|.*[a-z](Code|Zip)")


# --- the key and the outcome ---------------------------------------------------------------------------------------


def key_of(look: TableProfile) -> tuple[str, str]:
    """The column that names a row, or a name for the number of the row; and why."""
    unique = [one for one in look.columns if one.filled == one.distinct == look.rows and _keyable(one)]
    for one in sorted(unique, key=lambda one: not _IDENTITY.fullmatch(one.name)):
        if _IDENTITY.fullmatch(one.name) or _COUNTER.fullmatch(one.name) or one == look.columns[0]:
            return one.name, f"{one.name} differs in every row"
    return free_name(
        look, ROW_NUMBER
    ), "no column names a row, so rows are numbered in the file's order: append to the file, never re-sort it"


def _keyable(one: ColumnProfile) -> bool:
    return one.type in ("BIGINT", "INTEGER", "VARCHAR")


def outcome_of(look: TableProfile, key: str, wanted: str | None) -> tuple[ColumnProfile, str]:
    """The column to predict, and why. UsageError when there is none, or not the one that is wanted."""
    if wanted is not None:
        names = {written: name for name, written in look.table.columns} | {one.name: one.name for one in look.columns}
        if wanted not in names:
            there = ", ".join(one.name for one in look.columns[:30])
            raise UsageError(f"there is no column {wanted[:60]!r} to predict", hint=f"there are {there}", code="E416")
        column = look.column(names[wanted])
        if not _suits(column) or column.name == key:
            raise UsageError(
                f"{wanted} cannot be predicted: it is {column.type} with {column.distinct:,} distinct values",
                hint=f"an outcome is a number, or has 2 to {MOST_CLASSES} values, and is not the key",
                code="E410",
            )
        return column, "you said so"
    possible = [one for one in look.columns if _suits(one) and one.name != key and not _IDENTITY.fullmatch(one.name)]
    if not possible:
        raise UsageError(
            "no column of the table can be predicted",
            hint=f"an outcome is a number, or has 2 to {MOST_CLASSES} values, and is not the key",
            code="E410",
        )
    for one in reversed(possible):
        if _OUTCOMES.fullmatch(one.name):
            return one, "by its name"
    return possible[-1], "the last column that can be one; --outcome COLUMN says another"


def _suits(one: ColumnProfile) -> bool:
    if one.distinct < 2 or one.dated:
        return False
    return one.numeric or (bool(one.values) and one.distinct <= MOST_CLASSES and all(map(_sayable, one.values)))


def _sayable(value: str) -> bool:
    """Whether a manifest can hold it."""
    return visible(value) == value and len(value) <= 200


def are_classes(one: ColumnProfile) -> bool:
    if not one.numeric:
        return True
    return 2 <= one.distinct <= MOST_NUMBERS and all(float(value).is_integer() for value in one.values)


# --- features ------------------------------------------------------------------------------------------------------


def features_of(
    look: TableProfile, key: str, known: set[str], at: ColumnProfile | None
) -> tuple[Features, dict[str, str]]:
    """Features by type; and (column, why) of the others."""
    numeric: list[str] = []
    categorical: list[str] = []
    boolean: list[str] = []
    left: dict[str, str] = {}
    for one in look.columns:
        if one.name == key or one.name in known:
            continue
        if (why := _unfit(one, at)) is not None:
            left[one.name] = why
        elif one.type == "BOOLEAN":
            boolean.append(one.name)
        elif one.numeric and not _CODE.fullmatch(one.name):
            numeric.append(one.name)
        else:
            categorical.append(one.name)
    return Features(numeric=tuple(numeric), categorical=tuple(categorical), boolean=tuple(boolean)), left


def _unfit(one: ColumnProfile, at: ColumnProfile | None) -> str | None:
    if one.filled == 0:
        return "is empty"
    if one.distinct < 2:
        return "has the same value everywhere"
    if one.dated:
        return (
            "its month is a feature"
            if at is not None and one.name == at.name
            else "is a date: derive what matters in it"
        )
    if one.distinct == one.filled and (_IDENTITY.fullmatch(one.name) or _COUNTER.fullmatch(one.name)):
        return "differs in every row"
    if one.type == "VARCHAR" and not one.values and one.distinct > 0.5 * one.filled:
        return "is text that hardly ever repeats"
    if one.type not in ("BOOLEAN", "VARCHAR") and not one.numeric:
        return f"is {one.type}: derive what matters in it"
    if _IDENTITY.fullmatch(one.name) and not one.values:
        return "looks like an identity: it says who, not what"
    return None


def free_name(look: TableProfile, name: str) -> str:
    taken = {one.name.lower() for one in look.columns}
    return next(one for one in _numbered(name) if one.lower() not in taken)


def _numbered(name: str) -> Iterator[str]:
    yield name
    for number in range(2, 999):
        yield f"{name}_{number}"
