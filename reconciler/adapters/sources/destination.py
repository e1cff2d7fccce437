"""What writing into a table needs, whichever database it is in: its columns, and the errors of what cannot be written.

None of the errors holds what a library said: it names hosts, users and rows.
"""

from __future__ import annotations

from collections.abc import Collection

from reconciler.core.spec.data import Table
from reconciler.core.spec.table_error import table_error
from reconciler.errors import DataError

ROWS = 20_000  # that are read at once


def check_columns(name: str, table: Table, written: Collection[str], existing: Collection[str]) -> None:
    """Check that a table that exists has each column that is written. Raises DataError E435."""
    missing = [column for column in written if column not in existing]
    if missing:
        them = ", ".join(missing[:10]) + (f" and {len(missing) - 10} more" if len(missing) > 10 else "")
        raise table_error(
            name,
            table,
            code="E435",
            message=f"it has no column {them}",
            hint="add them, or drop the table: it is made anew with all columns",
        )


def not_taken(name: str, table: Table, reason: str) -> DataError:
    """Return the error for rows that a table does not take."""
    hint = "nothing was written; compare its columns, their types and its constraints with what --out FILE writes"
    return table_error(name, table, code="E435", message=f"it does not take the predictions: {reason}", hint=hint)


def lost(name: str, table: Table) -> DataError:
    """Return the error for a database that went away."""
    hint = "run the command again: it replaces rows of the same day, whether or not these arrived"
    return table_error(
        name, table, code="E431", message="the database went away, or is locked, while rows were written", hint=hint
    )
