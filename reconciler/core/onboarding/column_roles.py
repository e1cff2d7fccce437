"""Assign each column of an unknown table a role: key, outcome, feature, or none, with the reason.

Names and types decide, as a person would guess at first sight; where they say nothing, the simplest choice is made.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reconciler.core.names import visible
from reconciler.core.onboarding.table_profile import ColumnProfile, TableProfile
from reconciler.core.spec.recipe import Features
from reconciler.errors import UsageError

MOST_CLASSES = 20
MOST_NUMBERS = 10  # a column of whole numbers with at most this many values is taken for classes
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


def key_of(profile: TableProfile) -> tuple[str, str]:
    """Return the column that identifies a row, or a new name for the row number; and the reason."""
    rows = profile.rows
    unique = [column for column in profile.columns if column.filled == column.distinct == rows and _keyable(column)]
    for column in sorted(unique, key=lambda column: not _IDENTITY.fullmatch(column.name)):
        if _IDENTITY.fullmatch(column.name) or _COUNTER.fullmatch(column.name) or column == profile.columns[0]:
            return column.name, f"{column.name} differs in every row"
    return free_name(
        profile, ROW_NUMBER
    ), "no column identifies a row, so rows are numbered in the file's order: append to the file, never re-sort it"


def _keyable(column: ColumnProfile) -> bool:
    return column.type in ("BIGINT", "INTEGER", "VARCHAR")


def outcome_of(profile: TableProfile, key: str, wanted: str | None) -> tuple[ColumnProfile, str]:
    """Return the column to predict, and the reason. `wanted` is the author's choice, None to guess.

    Raises UsageError E410 when no column can be predicted, or not the wanted one, E416 when there is no such column.
    """
    if wanted is not None:
        names = {written: name for name, written in profile.table.columns} | {
            column.name: column.name for column in profile.columns
        }
        if wanted not in names:
            columns = ", ".join(column.name for column in profile.columns[:30])
            raise UsageError(f"the table has no column {wanted[:60]!r}", hint=f"choose one of {columns}", code="E416")
        column = profile.column(names[wanted])
        if not _can_be_outcome(column) or column.name == key:
            raise UsageError(
                f"{wanted} cannot be predicted: it is {column.type} with {column.distinct:,} distinct values",
                hint=f"an outcome is a number, or has 2 to {MOST_CLASSES} values, and is not the key",
                code="E410",
            )
        return column, "chosen with --outcome"
    possible = [
        column
        for column in profile.columns
        if _can_be_outcome(column) and column.name != key and not _IDENTITY.fullmatch(column.name)
    ]
    if not possible:
        raise UsageError(
            "no column of the table can be predicted",
            hint=f"an outcome is a number, or has 2 to {MOST_CLASSES} values, and is not the key",
            code="E410",
        )
    for column in reversed(possible):
        if _OUTCOMES.fullmatch(column.name):
            return column, "chosen by its name"
    return possible[-1], "the last column that can be one; choose another with --outcome COLUMN"


def _can_be_outcome(column: ColumnProfile) -> bool:
    if column.distinct < 2 or column.dated:
        return False
    return column.numeric or (
        bool(column.values) and column.distinct <= MOST_CLASSES and all(map(_fits_manifest, column.values))
    )


def _fits_manifest(value: str) -> bool:
    """Tell whether a manifest can hold the value."""
    return visible(value) == value and len(value) <= 200


def are_classes(column: ColumnProfile) -> bool:
    """Tell whether the column's values are taken for classes, not for numbers."""
    if not column.numeric:
        return True
    return 2 <= column.distinct <= MOST_NUMBERS and all(float(value).is_integer() for value in column.values)


# --- features ------------------------------------------------------------------------------------------------------


def features_of(
    profile: TableProfile, key: str, known: set[str], at: ColumnProfile | None
) -> tuple[Features, dict[str, str]]:
    """Return the features by type, and the reason for each column that is left out.

    `known`: columns that are left out already; `at`: the date column that orders the rows, None where there is none.
    """
    numeric: list[str] = []
    categorical: list[str] = []
    boolean: list[str] = []
    left_out: dict[str, str] = {note.column: note.note for note in profile.notes if note.unread}
    for column in profile.columns:
        if column.name == key or column.name in known or column.name in left_out:
            continue
        if (reason := _exclusion_reason(column, at)) is not None:
            left_out[column.name] = reason
        elif column.type == "BOOLEAN":
            boolean.append(column.name)
        elif column.numeric and not _CODE.fullmatch(column.name):
            numeric.append(column.name)
        else:
            categorical.append(column.name)
    return Features(numeric=tuple(numeric), categorical=tuple(categorical), boolean=tuple(boolean)), left_out


def _exclusion_reason(column: ColumnProfile, at: ColumnProfile | None) -> str | None:
    if column.filled == 0:
        return "is empty"
    if column.distinct < 2:
        return "has the same value everywhere"
    if column.dated:
        if at is None or column.name != at.name:
            return "is a date: derive what matters in it"
        return "its month, hour and weekday are features" if at.type == "TIMESTAMP" else "its month is a feature"
    if column.distinct == column.filled and (_IDENTITY.fullmatch(column.name) or _COUNTER.fullmatch(column.name)):
        return "differs in every row"
    if column.type == "VARCHAR" and not column.values and column.distinct > 0.5 * column.filled:
        return "is text that hardly ever repeats"
    if column.type not in ("BOOLEAN", "VARCHAR") and not column.numeric:
        return f"is {column.type}: derive what matters in it"
    if _IDENTITY.fullmatch(column.name) and not column.values:
        return "looks like an identifier, which does not generalise to new rows"
    return None


def free_name(profile: TableProfile, name: str) -> str:
    """Return `name`, with a number appended where the table has such a column."""
    taken = {column.name.lower() for column in profile.columns}
    return next(candidate for candidate in _numbered(name) if candidate.lower() not in taken)


def _numbered(name: str) -> Iterator[str]:
    yield name
    for number in range(2, 999):
        yield f"{name}_{number}"
