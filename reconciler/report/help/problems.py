"""Errors, and manifests that are valid: every problem with its place, its rule and its remedy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from reconciler import codec
from reconciler.errors import FilePosition, InvalidManifestsError, Problem, ReconcilerError, RefusedTablesError
from reconciler.report.layout.blocks import (
    GAP,
    Block,
    Code,
    Column,
    Detail,
    Either,
    EntryList,
    Item,
    Items,
    ListEntry,
    Literal,
    Paragraph,
    Strong,
    joined,
)
from reconciler.report.layout.formatting import at_revision, count
from reconciler.report.layout.text_layout import Tone

_COLUMNS = tuple(Column(name=name) for name in ("where", "rule", "problem", "what to do"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationResult:
    """The result of `validate` for valid manifests."""

    project: str
    revision: str | None
    environments: tuple[str, ...]
    models: int
    notes: tuple[str, ...] = ()
    """What could not be checked, and what will not work on this machine."""
    format: int = 1


DOCUMENTS = {"validate": (ValidationResult, ())}  # what commands print as JSON, and the facts added to it


def blocks(valid: ValidationResult, detail: Detail) -> Iterator[Block]:
    """Count what is valid."""
    names = joined(map(Code, valid.environments), ", ") or "none"
    counts = f"{count(valid.models, 'model manifest')}, {count(len(valid.environments), 'environment')} ("
    revision = (" ", at_revision(valid.revision)) if detail is Detail.SCREEN else ""
    yield Paragraph((Either("", Literal("✅ ")), "Valid: ", counts, names, ")", revision), tone=Tone.GOOD)
    yield from _notes(valid.notes)


def _notes(notes: tuple[str, ...]) -> Iterator[Block]:
    yield from (Paragraph(("! ", note), tone=Tone.WARN, hang=2) for note in notes)


def error_blocks(error: ReconcilerError, detail: Detail) -> Iterator[Block]:
    """Report the error and its hint; for invalid manifests all problems: on a screen before them, on a page after."""
    if isinstance(error, RefusedTablesError):
        yield from _refused_tables(error)
        return
    problems = error.problems if isinstance(error, InvalidManifestsError) else ()
    table = EntryList(_COLUMNS, tuple(map(_problem, problems)))
    if problems and detail is Detail.SCREEN:
        yield table
    if isinstance(error, InvalidManifestsError):
        yield GAP
        yield from _notes(error.notes)
    yield Paragraph((Either("error: ", Literal("❌ ")), Strong(str(error))), tone=Tone.BAD, hang=2)
    if error.hint:
        yield Paragraph((Either("hint: ", ""), error.hint), hang=2)
    if problems and detail is Detail.PAGE:
        yield table


def _refused_tables(error: RefusedTablesError) -> Iterator[Block]:
    """Report what of tables breaks their contracts, one problem a line, and the lines that would let it pass."""
    yield Paragraph((Either("error: ", Literal("❌ ")), Strong(f"{error.code} {error.heading}")), tone=Tone.BAD, hang=2)
    yield Items(tuple(Item(str(problem), hang=2) for problem in error.problems))
    yield from _notes(error.notes)
    yield Paragraph((Either("hint: ", ""), error.advice), hang=2)
    if error.changes:
        yield Items(tuple(Item(line, hang=2) for line in error.changes))


def _problem(problem: Problem) -> ListEntry:
    place = Code(str(problem.where))
    message = f"{problem.field}: {problem.message}" if problem.field else problem.message
    return ListEntry(
        mark="",
        words=(place, ": ", Literal(problem.code), " ", message),
        cells=(place, Literal(problem.code), message, problem.hint or ""),
        body=(Items((Item(problem.hint, label="hint:", hang=2),), gap=" "),) if problem.hint else (),
        tone=Tone.BAD,
        hang=2,
    )


def error_document(error: ReconcilerError, code: int) -> dict[str, Any]:
    """Return the error as JSON data: stable keys, absent where there is nothing to say."""
    document: dict[str, Any] = {"kind": type(error).__name__, "message": error.message, "exit": code}
    document |= {name: getattr(error, name) for name in ("code", "hint") if getattr(error, name)}
    if error.where is not None:
        document["where"] = _where(error.where)
    if isinstance(error, InvalidManifestsError):
        document["problems"] = [
            {
                "code": problem.code,
                "message": problem.message,
                "where": _where(problem.where),
                **({"field": problem.field} if problem.field else {}),
                **({"hint": problem.hint} if problem.hint else {}),
            }
            for problem in error.problems
        ]
        document |= {"notes": list(error.notes)} if error.notes else {}
    if isinstance(error, RefusedTablesError):
        document["tables"] = codec.to_json(error.problems)
        document |= {"notes": list(error.notes)} if error.notes else {}
    return {"error": document, "format": 1}


def _where(where: FilePosition | str) -> dict[str, Any] | str:
    if isinstance(where, str):
        return where
    position = {"file": where.file, "line": where.line, "column": where.column}
    return {name: value for name, value in position.items() if value is not None}
