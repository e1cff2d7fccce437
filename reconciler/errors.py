"""Every error that this package raises on purpose, with the result status of what it ends.

    ReconcilerError             FAILED    something failed; nothing stored is lost
    ├─ UsageError               INVALID   the command line, or the folder it runs in
    ├─ InvalidManifestsError    INVALID   holds *all* problems of all manifests
    ├─ SourceError              INVALID   git: not a repository, unknown revision, history too short
    ├─ DataError                FAILED    a table, a snapshot, a selection
    │  └─ RefusedTablesError    FAILED    holds *all* reasons why tables are not copied
    ├─ TrainingError            FAILED    the training worker failed, ran out of time or memory
    ├─ ScoringError             FAILED    an artifact could not be loaded or scored
    ├─ StoreError               FAILED    the store could not be read or written (full, forbidden)
    │  └─ AmbiguousWriteError   FAILED    a write may or may not have happened: read before going on
    ├─ TargetError              FAILED    the target could not be read or written
    ├─ ForgeError               FAILED    GitHub or GitLab could not be reached, or rejected a request
    ├─ GateRefusedError         DENIED    a gate failed, or a control denies the command
    ├─ ConflictError            CONFLICT  another process wrote first: run again
    ├─ NotInPlaceError          PENDING   what is served is not what was applied: apply puts it in place
    └─ IntegrityError           DAMAGED   bytes do not match their digest or chain

A class exists only where a caller handles it differently or its status differs. A failed gate inside a plan is a
value (`core.spec.gates.GateResult`), not an exception. Messages say what was expected and what was found, lower case,
no full stop; `hint` says what to do. No message holds a cell's value, a secret or a whole document.
"""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass

_MOST_SHOWN = 50  # problems of tables in one message


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePosition:
    """A position in a file: path relative to the repository, line and column from 1."""

    file: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        parts = [self.file]
        if self.line is not None:
            parts.append(str(self.line))
            if self.column is not None:
                parts.append(str(self.column))
        return ":".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One problem of a manifest: `code` is the number of the rule (E1xx syntax, E2xx content, E3xx path)."""

    code: str
    message: str
    where: FilePosition
    field: str | None = None
    hint: str | None = None

    def __str__(self) -> str:
        field = f"{self.field}: " if self.field else ""
        hint = f"\n  hint: {self.hint}" if self.hint else ""
        return f"{self.where}: {self.code} {field}{self.message}{hint}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TableProblem:
    """One reason why a table is not copied.

    `rule`: of its contract, `required` for one; None where the table cannot be read. `rows`: how many rows are
    concerned; `row`: the first of them, from 1, and `where`: its file and line, as far as they can be told. `change`:
    the line of the contract that would let it pass.
    """

    table: str
    code: str
    message: str
    rule: str | None = None
    column: str | None = None
    rows: int | None = None
    row: int | None = None
    where: str | None = None
    hint: str | None = None
    change: str | None = None

    def __str__(self) -> str:
        subject = f"{self.table}.{self.column}" if self.column is not None else self.table
        rule = f"{self.rule}: " if self.rule is not None else ""
        place = f"; the first is {self.place}" if self.row is not None else f" ({self.where})" if self.where else ""
        return f"{self.code} {subject}: {rule}{self.message}{place}"

    @property
    def place(self) -> str:
        """Return the position of the first row in words."""
        return f"row {self.row:,}, {self.where}" if self.where is not None else f"row {self.row:,}"


class ReconcilerError(Exception):
    """Any error raised on purpose. `message` is for a person, `hint` says what to do, `where` is a position or address,
    `code` one of `error_codes`."""

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        where: FilePosition | str | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.where = where
        self.code = code

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        code = f"{self.code} " if self.code else ""
        return f"{place}{code}{self.message}"


class UsageError(ReconcilerError):
    """A command cannot be carried out as written, or where it was run."""


class InvalidManifestsError(ReconcilerError):
    """The manifests at a revision are not valid; `problems` is never empty and is sorted by position. `notes`: what
    could not be checked."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        count = len(problems)
        super().__init__(f"{count} problem{'' if count == 1 else 's'} in the manifests")
        self.problems = problems
        self.notes: tuple[str, ...] = ()


class SourceError(ReconcilerError):
    """Git cannot answer: no repository, no such revision, or a history that is too short."""


class DataError(ReconcilerError):
    """A table, a snapshot or a selection of rows is not usable."""


class RefusedTablesError(DataError):
    """Tables break their contracts, so none is copied.

    `problems` is never empty, and holds what else is wrong; `notes`: what that means where they would have been copied.
    `heading`, `advice` and `changes`, the lines of contracts that would let it pass, are parts of message and hint.
    """

    def __init__(self, problems: tuple[TableProblem, ...], notes: tuple[str, ...] = ()) -> None:
        tables, count = sorted({problem.table for problem in problems}), len(problems)
        self.problems, self.notes = problems, notes
        self.heading = f"nothing is copied: {count} problem{'s' * (count != 1)} of {' and '.join(tables)}"
        changes = dict.fromkeys(f"{problem.table}: {problem.change}" for problem in problems if problem.change)
        others = dict.fromkeys(problem.hint for problem in problems if not problem.change and problem.hint)
        self.changes = tuple(changes)[:_MOST_SHOWN]
        steps = ("correct the source and run the same command again", *others)
        meant = ("where it is meant to be so, change data.contracts by a pull request:",) if changes else ()
        self.advice = "; ".join((*steps, *meant))
        shown = [str(problem) for problem in problems[:_MOST_SHOWN]]
        more = [f"and {count - _MOST_SHOWN:,} more"] if count > _MOST_SHOWN else []
        message = "\n  ".join([self.heading, *shown, *more, *notes])
        super().__init__(message, code="E421", hint="\n  ".join([self.advice, *self.changes]))


class TrainingError(ReconcilerError):
    """A training failed, or ran out of time or memory."""


class ScoringError(ReconcilerError):
    """An artifact could not be loaded or could not predict."""


class StoreError(ReconcilerError):
    """A store could not be read or written."""


class AmbiguousWriteError(StoreError):
    """The store did not answer whether a write happened; the caller must read back before it decides."""


class TargetError(ReconcilerError):
    """A target could not be read or written."""


class ForgeError(ReconcilerError):
    """A forge could not be reached, or rejected a request."""


class GateRefusedError(ReconcilerError):
    """A gate failed, or a control denies the command."""


class ConflictError(ReconcilerError):
    """Another process wrote first; the same command can be run again."""


class NotInPlaceError(ReconcilerError):
    """What is served is not what was applied; an apply puts it in place."""


class IntegrityError(ReconcilerError):
    """Stored bytes do not match their digest, their name or their chain."""


_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def no_room(error: BaseException) -> StoreError | None:
    """Return the error for a disk that is full: temporary files, whose place it often does not name, fill it first.
    None for any other error."""
    if not isinstance(error, OSError) or error.errno not in _FULL:
        return None
    return StoreError(
        f"cannot write {error.filename or 'a temporary file'}: {os.strerror(error.errno)}",
        hint="make room, or set TMPDIR to a folder with free space, and run the same command again",
        code="E608",
    )
