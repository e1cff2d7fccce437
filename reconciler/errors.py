"""Every error that this package raises on purpose.

    ReconcilerError                 1   something failed; nothing that was there before is lost
    ├─ UsageError                   2   the command line or the place it was called from
    ├─ InvalidManifestsError        2   holds *all* problems of all manifests
    ├─ SourceError                  2   git: not a repository, unknown revision, history too short
    ├─ DataError                    1   a table, a snapshot, a selection
    ├─ TrainingError                1   the training worker failed, ran out of time or memory
    ├─ ScoringError                 1   an artifact could not be loaded or scored
    ├─ StoreError                   1   the store could not be read or written (full, forbidden)
    │  └─ AmbiguousWriteError       1   a write may or may not have happened: read before going on
    ├─ TargetError                  1   the target could not be read or written
    ├─ ForgeError                   1   GitHub or GitLab could not be reached, or refused
    ├─ GateRefusedError             4   a command was asked to go on with what a gate or a control refused
    ├─ ConflictError                5   somebody else moved first: run again
    └─ IntegrityError               6   bytes are not what their digest or chain says

A class exists only where a caller handles it differently or the exit code differs. A gate's "no" inside a plan is
a value (`core.gate.GateResult`), not an exception. Messages say what was expected and what was found, lower case,
no full stop; the remedy is `hint`. No message holds a cell's value, a secret or a whole document.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePosition:
    """A place in a file that a person can open: path relative to the repository, line and column from 1."""

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
    """One thing wrong with a manifest: `code` is the rule's number (E1xx parse, E2xx schema, E3xx path)."""

    code: str
    message: str
    where: FilePosition
    field: str | None = None
    hint: str | None = None

    def __str__(self) -> str:
        field = f"{self.field}: " if self.field else ""
        hint = f"\n  hint: {self.hint}" if self.hint else ""
        return f"{self.where}: {self.code} {field}{self.message}{hint}"


class ReconcilerError(Exception):
    """Something failed; the message is for a person, `hint` is what to do about it."""

    exit_code: ClassVar[int] = 1

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
    exit_code = 2


class InvalidManifestsError(ReconcilerError):
    """The manifests at a revision are not valid; `problems` is never empty and is sorted by place."""

    exit_code = 2

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        count = len(problems)
        super().__init__(f"{count} problem{'' if count == 1 else 's'} in the manifests")
        self.problems = problems


class SourceError(ReconcilerError):
    exit_code = 2


class DataError(ReconcilerError):
    pass


class TrainingError(ReconcilerError):
    pass


class ScoringError(ReconcilerError):
    pass


class StoreError(ReconcilerError):
    pass


class AmbiguousWriteError(StoreError):
    """The store did not say whether a write happened; the caller must read back before it decides."""


class TargetError(ReconcilerError):
    pass


class ForgeError(ReconcilerError):
    pass


class GateRefusedError(ReconcilerError):
    exit_code = 4


class ConflictError(ReconcilerError):
    exit_code = 5


class IntegrityError(ReconcilerError):
    exit_code = 6
