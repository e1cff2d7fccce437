"""Outcomes as numbers: the process exit codes, which plan files and JSON output hold under the key `exit`."""

from __future__ import annotations

from reconciler.core.status_codes import ResultStatus

KEY = "exit"
EXIT_CODES = {
    ResultStatus.CLEAN: 0,
    ResultStatus.FAILED: 1,
    ResultStatus.INVALID: 2,
    ResultStatus.PENDING: 3,
    ResultStatus.DENIED: 4,
    ResultStatus.CONFLICT: 5,
    ResultStatus.DAMAGED: 6,
    ResultStatus.INTERRUPTED: 130,
}
STATUSES = {code: status for status, code in EXIT_CODES.items()}
