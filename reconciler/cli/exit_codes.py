"""Exit codes of the process: those of statuses, and that of a bug."""

from __future__ import annotations

from reconciler.codec.exit_codes import EXIT_CODES
from reconciler.core.status_codes import ResultStatus, status_of
from reconciler.errors import ReconcilerError

BUG = 70


def exit_code(status: ResultStatus) -> int:
    return EXIT_CODES[status]


def exit_code_of(error: ReconcilerError) -> int:
    return EXIT_CODES[status_of(error)]
