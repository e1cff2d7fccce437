"""Exit codes of the process: those of statuses, and that of a bug."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.core.status_codes import ResultStatus
    from reconciler.errors import ReconcilerError

BUG = 70


# The table lies beside the codec, which a plan with nothing to do does not need.


def exit_code(status: ResultStatus) -> int:
    """Return the exit code of a result."""
    from reconciler.codec.exit_codes import EXIT_CODES

    return EXIT_CODES[status]


def exit_code_of(error: ReconcilerError) -> int:
    """Return the exit code of an error."""
    from reconciler.core.status_codes import status_of

    return exit_code(status_of(error))
