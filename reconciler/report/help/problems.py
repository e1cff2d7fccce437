"""Errors, and manifests that are valid: every problem with its place, its rule and its remedy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from reconciler.errors import FilePosition, InvalidManifestsError, Problem, ReconcilerError
from reconciler.report.layout.escaping import cell, paper, plain, prose
from reconciler.report.layout.formatting import at, count
from reconciler.report.layout.table import TextColumn, markdown_table
from reconciler.report.layout.text_layout import Line, TextStyle, Tone, page, wrap


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationResult:
    """What `validate` says of valid manifests."""

    project: str
    revision: str | None
    environments: tuple[str, ...]
    models: int
    format: int = 1


def text(valid: ValidationResult, look: TextStyle) -> str:
    names = ", ".join(plain(name) for name in valid.environments) or "none"
    what = f"Valid: {count(valid.models, 'model')} in {count(len(valid.environments), 'environment')} ({names})"
    return page([Line(line, Tone.GOOD) for line in wrap(f"{what} {at(valid.revision)}", look.width)], look)


def markdown(valid: ValidationResult) -> str:
    names = ", ".join(f"`{plain(name)}`" for name in valid.environments) or "none"
    return f"✅ Valid: {count(valid.models, 'model')} in {count(len(valid.environments), 'environment')} ({names})\n"


def error_text(error: ReconcilerError, look: TextStyle) -> str:
    """`error:` and `hint:` lines; for invalid manifests all problems, each as `file:line:column: code message`."""
    return page(_error(error, look), look)


def _error(error: ReconcilerError, look: TextStyle) -> Iterator[Line]:
    if isinstance(error, InvalidManifestsError):
        for problem in error.problems:
            yield from _problem(problem, look)
        yield Line()
    for line in wrap(plain(str(error)), look.width, first="error: ", rest="  "):
        yield Line(line, Tone.BAD)
    if error.hint:
        for line in wrap(plain(error.hint), look.width, first="hint: ", rest="  "):
            yield Line(line)


def _problem(problem: Problem, look: TextStyle) -> Iterator[Line]:
    field = f"{plain(problem.field)}: " if problem.field else ""
    what = f"{plain(str(problem.where))}: {problem.code} {field}{plain(problem.message)}"
    for line in wrap(what, look.width, rest="  "):
        yield Line(line, Tone.BAD)
    if problem.hint:
        for line in wrap(plain(problem.hint), look.width, first="  hint: ", rest="    "):
            yield Line(line)


def error_markdown(error: ReconcilerError) -> str:
    lines = [f"❌ **{prose(str(error))}**"]
    if error.hint:
        lines += ["", prose(error.hint)]
    if isinstance(error, InvalidManifestsError):
        names = ("where", "rule", "problem", "what to do")
        rows = [
            [
                cell(str(one.where)),
                one.code,
                prose(f"{one.field}: {one.message}" if one.field else one.message),
                prose(one.hint or ""),
            ]
            for one in error.problems
        ]
        lines += ["", *markdown_table([TextColumn(name=name) for name in names], rows)]
    return paper(lines)


def error_document(error: ReconcilerError, code: int) -> dict[str, Any]:
    """The error as JSON data: stable keys, absent where there is nothing to say."""
    found: dict[str, Any] = {"kind": type(error).__name__, "message": error.message, "exit": code}
    found |= {name: getattr(error, name) for name in ("code", "hint") if getattr(error, name)}
    if error.where is not None:
        found["where"] = _where(error.where)
    if isinstance(error, InvalidManifestsError):
        found["problems"] = [
            {
                "code": one.code,
                "message": one.message,
                "where": _where(one.where),
                **({"field": one.field} if one.field else {}),
                **({"hint": one.hint} if one.hint else {}),
            }
            for one in error.problems
        ]
    return {"error": found, "format": 1}


def _where(where: FilePosition | str) -> dict[str, Any] | str:
    if isinstance(where, str):
        return where
    found = {"file": where.file, "line": where.line, "column": where.column}
    return {name: value for name, value in found.items() if value is not None}
