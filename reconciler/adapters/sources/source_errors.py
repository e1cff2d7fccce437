"""The errors of sources that are somewhere else. None holds what a library said: it names hosts, users and rows."""

from __future__ import annotations

from reconciler.core.spec.data import Table
from reconciler.core.spec.table_error import table_error
from reconciler.errors import DataError


def unreachable(name: str, table: Table, place: str, problem: str = "cannot be reached") -> DataError:
    """Return the error for a place that does not answer."""
    hint = f"check that it runs and can be reached from here, and the address in {_reference(table)}"
    return table_error(name, table, code="E431", message=f"{place} {problem}", hint=hint)


def gone(name: str, table: Table, place: str) -> DataError:
    """Return the error for a place that stopped answering while its rows were read."""
    hint = "run the command again; nothing was changed, and the last data snapshot stays in use"
    return table_error(name, table, code="E431", message=f"{place} went away while it was read", hint=hint)


def refused(name: str, table: Table, message: str) -> DataError:
    """Return the error for a place that does not let us in."""
    hint = f"check the user and the password in {_reference(table)}, and what the user may read"
    return table_error(name, table, code="E432", message=message, hint=hint)


def not_run(name: str, table: Table, reason: str) -> DataError:
    """Return the error for a query that a database does not run."""
    hint = "try it with the database's own client; it must be one SELECT without a semicolon"
    return table_error(name, table, code="E434", message=f"the database does not run it: {reason}", hint=hint)


def without_library(name: str, table: Table, error: ModuleNotFoundError, library: str, extra: str) -> DataError:
    """Return the error for a library that is not installed; raise `error` again where it is another one."""
    if (error.name or "").partition(".")[0] not in (library, library.partition("_")[0], "adbc_driver_manager"):
        raise error
    return table_error(
        name,
        table,
        code="E610",
        message=f"`uses: {table.uses}` needs {library.replace('_', '-')}, which is not installed",
        hint=f"pip install 'model-reconciler[{extra}]'",
    )


def _reference(table: Table) -> str:
    return table.url or "the environment's variables of the bucket"
