"""Keep the values of masked columns out of errors: of a partitioned table they stand in the names of its folders."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from reconciler.core.spec.table_error import without_folder_values
from reconciler.errors import DataError, FilePosition, RefusedTablesError
from reconciler.ports import Masking


@contextmanager
def masked_folders(masking: Masking | None) -> Iterator[None]:
    """Raise the errors of a copy without the values of the columns that it masks."""
    hidden = partial(without_folder_values, columns=[mask.column for mask in masking.masks] if masking else ())
    try:
        yield
    except RefusedTablesError as error:
        problems = (
            replace(each, message=hidden(each.message), where=hidden(each.where) if each.where is not None else None)
            for each in error.problems
        )
        raise RefusedTablesError(tuple(problems)) from None
    except DataError as error:
        error.message = hidden(error.message)
        error.args = (error.message,)
        if isinstance(error.where, FilePosition):
            error.where = replace(error.where, file=hidden(error.where.file))
        elif error.where is not None:
            error.where = hidden(error.where)
        raise
