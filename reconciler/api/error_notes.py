"""Errors as a notebook or a service sees them: with what the command line prints beside their message."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from reconciler.errors import InvalidManifestsError, ReconcilerError


@contextmanager
def remedies() -> Iterator[None]:
    """Add to an error of ours what the command line prints beside its message: problems, and what to do."""
    try:
        yield
    except InvalidManifestsError as error:
        for problem in error.problems:
            error.add_note(str(problem))
        raise
    except ReconcilerError as error:
        if error.hint is not None:
            error.add_note(f"hint: {error.hint}")
        raise
