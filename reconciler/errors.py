"""Every error that this package raises on purpose, with the result status of what it ends.

    ReconcilerError             FAILED    something failed; nothing stored is lost
    ├─ UsageError               INVALID   the command line, or the folder it runs in
    ├─ InvalidManifestsError    INVALID   holds *all* problems of all manifests
    ├─ SourceError              INVALID   git: not a repository, unknown revision, history too short
    ├─ DataError                FAILED    a table, a snapshot, a selection
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

from dataclasses import dataclass


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
