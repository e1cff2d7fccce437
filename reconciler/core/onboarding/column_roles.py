"""Assign each column of an unknown table a role: key, feature, or none, with the reason.

Names and types decide, as a person would guess at first sight; where they say nothing, the simplest choice is made.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reconciler.core.onboarding.table_profile import ColumnProfile, TableProfile
from reconciler.core.spec.recipe import Features

ROW_NUMBER = "row_number"
_RARE = 20  # rows of which at least one has, and one has not, what is a mark

IDENTITY = re.compile(r"(?i:(.*_)?(id|key|number|num|no|nr|uuid|guid))|.*[a-z0-9](ID|Id|Key|Number|Num|No|Nr)")
_COUNTER = re.compile(r"index|unnamed.*|column_1|_?0|row|rownames|__index_level_0__", re.IGNORECASE)
_CODE = re.compile(r"(?i:(.*_)?(code|zip|postal|plz|postcode|branch|region|store|sic|naics))|.*[a-z](Code|Zip)")


# --- the key ---------------------------------------------------------------------------------------


def key_of(profile: TableProfile) -> tuple[str, str]:
    """Return the column that identifies a row, or a new name for the row number; and the reason."""
    rows = profile.rows
    unique = [column for column in profile.columns if column.filled == column.distinct == rows and _keyable(column)]
    for column in sorted(unique, key=lambda column: not IDENTITY.fullmatch(column.name)):
        if IDENTITY.fullmatch(column.name) or _COUNTER.fullmatch(column.name) or column == profile.columns[0]:
            return column.name, f"{column.name} differs in every row"
    numbered = "so rows are numbered in the file's order: append to the file, never re-sort it"
    return free_name(profile, ROW_NUMBER), f"no column identifies a row{_nearly_a_key(profile)}, {numbered}"


def _nearly_a_key(profile: TableProfile) -> str:
    """Say of the column that would identify a row, by its name, in how many rows it does not."""
    for column in profile.columns:
        empty, repeated = profile.rows - column.filled, column.filled - column.distinct
        if not IDENTITY.fullmatch(column.name) or not _keyable(column) or 10 * (empty + repeated) > profile.rows:
            continue
        found = [f"is empty in {_rows(empty)}"] if empty else []
        found += [f"repeats in {_rows(repeated)}"] if repeated else []
        return f" ({column.name} {' and '.join(found)}: it would be the key once that is corrected)"
    return ""


def _rows(count: int) -> str:
    return f"{count:,} row{'s' * (count != 1)}"


def _keyable(column: ColumnProfile) -> bool:
    return column.type in ("BIGINT", "INTEGER", "VARCHAR")


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
        if (reason := _exclusion_reason(column, profile.rows, at)) is not None:
            left_out[column.name] = reason
        elif column.type == "BOOLEAN":
            boolean.append(column.name)
        elif column.numeric and not _CODE.fullmatch(column.name):
            numeric.append(column.name)
        else:
            categorical.append(column.name)
    return Features(numeric=tuple(numeric), categorical=tuple(categorical), boolean=tuple(boolean)), left_out


def _exclusion_reason(column: ColumnProfile, rows: int, at: ColumnProfile | None) -> str | None:
    if column.filled == 0:
        return "is empty"
    if column.distinct < 2 and not _is_mark(column, rows):
        return "has the same value everywhere" if column.filled == rows else "has the same value wherever it has one"
    if column.dated:
        if at is None or column.name != at.name:
            return "is a date: derive what matters in it"
        return "its month, hour and weekday are features" if at.type == "TIMESTAMP" else "its month is a feature"
    if column.distinct == column.filled and (IDENTITY.fullmatch(column.name) or _COUNTER.fullmatch(column.name)):
        return "differs in every row"
    if column.type == "VARCHAR" and not column.values and column.distinct > 0.5 * column.filled:
        return "is text that hardly ever repeats"
    if column.type not in ("BOOLEAN", "VARCHAR") and not column.numeric:
        return f"is {column.type}: derive what matters in it"
    if IDENTITY.fullmatch(column.name) and not column.values:
        return "looks like an identifier, which does not generalise to new rows"
    return None


def _is_mark(column: ColumnProfile, rows: int) -> bool:
    """Tell whether a text is there or not, as an x in a form: then that is what it says."""
    return column.type in ("BOOLEAN", "VARCHAR") and min(column.filled, rows - column.filled) * _RARE >= rows


def free_name(profile: TableProfile, name: str) -> str:
    """Return `name`, with a number appended where the table has such a column."""
    taken = {column.name.lower() for column in profile.columns}
    return next(candidate for candidate in _numbered(name) if candidate.lower() not in taken)


def _numbered(name: str) -> Iterator[str]:
    yield name
    for number in range(2, 999):
        yield f"{name}_{number}"
