"""Turn pydantic's errors into problems: code, place in the file, expected and found, remedy."""

from __future__ import annotations

import difflib
import re
import typing
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from pydantic import BaseModel, ValidationError

from reconciler.errors import FilePosition, Problem
from reconciler.manifest.yaml.parse import Node, kind_of

Path = tuple[str | int, ...]

_NOT_SUPPORTED = {
    "mask": "masking is not supported yet: the copy would hold the unmasked data",
    "keep": "a limit on kept snapshots is not supported yet: all are kept",
    "contract": "data contracts are not supported yet",
}


def problems_of(error: ValidationError, *, path: str, node: Node, model: type[BaseModel]) -> Iterator[Problem]:
    """Yield every problem of one document, at its place."""
    errors: list[tuple[Any, Path]] = []
    for entry in error.errors(include_url=False, include_context=True, include_input=False):
        field = "uses" if entry["type"] == "union_tag_invalid" else entry.get("ctx", {}).get("at")
        loc = (*entry["loc"], field) if field else entry["loc"]
        errors.append((entry, _walkable(loc, node, missing=entry["type"] == "missing")))
    parents = {location[:length] for _, location in errors for length in range(len(location))}
    told: dict[Path, list[Problem]] = {}
    for entry, location in errors:
        # In a union of a list and a mapping, the branch with problems inside has the right type: skip the other one.
        if entry["type"] in ("list_type", "dict_type") and location in parents:
            continue
        told.setdefault(location, []).append(_problem(entry, path=path, node=node, location=location, model=model))
    for problems in told.values():
        yield from _joined(problems)


def _joined(problems: list[Problem]) -> list[Problem]:
    """Return one problem in place of those of a union's branches, where each expected another type of value."""
    parts = [re.fullmatch(r"(.*expected )(.+)(, found .+)", problem.message) for problem in problems]
    ends = {(part[1], part[3]) for part in parts if part is not None}
    if len(problems) < 2 or None in parts or len(ends) > 1 or {problem.code for problem in problems} != {"E201"}:
        return problems
    ((start, end),) = ends
    expected = " or ".join(dict.fromkeys(part[2] for part in parts if part is not None))
    return [replace(problems[0], message=f"{start}{expected}{end}")]


def _walkable(loc: Path, node: Node, *, missing: bool) -> Path:
    """Return pydantic's location without the parts that name a branch of a union or a dictionary's key.

    `missing`: the last part is the name of an absent field.
    """
    walked: list[str | int] = []
    position: Node | None = node
    for index, part in enumerate(loc):
        if position is not None and isinstance(position.value, dict) and part in position.value:
            position = position.value[str(part)]
        elif (
            position is not None
            and isinstance(position.value, list)
            and isinstance(part, int)
            and part < len(position.value)
        ):
            position = position.value[part]
        elif missing and index == len(loc) - 1:
            pass
        else:
            continue
        walked.append(part)
    return tuple(walked)


def _problem(error: Any, *, path: str, node: Node, location: Path, model: type[BaseModel]) -> Problem:
    kind, field = error["type"], ".".join(str(part) for part in location)
    place = node.at(location)
    line, column = place.line, place.column
    code, message, hint = "E201", "", None
    match kind:
        case "extra_forbidden":
            name = str(location[-1])
            key = node.key_at(location)
            line, column = key or (line, column)
            code, message, hint = "E203", "unknown field", _nearest(name, model, location[:-1])
            if name in _NOT_SUPPORTED:
                message, hint = _NOT_SUPPORTED[name], "remove the field"
        case "missing":
            code, message = "E204", "is missing"
            hint = f"add `{location[-1]}:`" if location else None
        case "finite_number":
            code, message = "E202", "must be finite"
        case "literal_error":
            code, message = "E205", f"expected {error['ctx']['expected']}, found {_found(place)}"
            if location[-1:] == ("apiVersion",):
                code, hint = "E220", "this version reads reconciler/v1; upgrade reconciler for a newer document"
        case "union_tag_invalid" | "union_tag_not_found":
            code, message = (
                "E205",
                f"expected `uses` to be one of {error['ctx'].get('expected_tags', 'the gates of the reference')}",
            )
        case _ if kind.startswith("E"):
            code, message = kind, error["msg"]
        case "string_type":
            message, hint = _text_due(place)
        case _ if kind.endswith(("_type", "_parsing")) or kind == "int_from_float":
            message = f"expected {_expected(kind)}, found {_found(place)}"
            if place.raw is not None and not place.plain:
                hint = "remove the quotes"
        case _:
            code, message = "E205", error["msg"][:1].lower() + error["msg"][1:]
    return Problem(
        code=code,
        message=message,
        where=FilePosition(file=path, line=line, column=column),
        field=field or None,
        hint=hint,
    )


def _text_due(place: Node) -> tuple[str, str | None]:
    if place.raw is not None and place.plain:
        return f"expected text, found {_found(place)}", "put quotes around it"
    return f"expected text, found {_found(place)}", None


def _found(place: Node) -> str:
    return kind_of(place.value)


def _expected(kind: str) -> str:
    names = {
        "int": "a whole number",
        "float": "a number",
        "bool": "true or false",
        "dict": "a mapping",
        "model": "a mapping",
        "list": "a list",
        "model_attributes": "a mapping",
    }
    return names.get(kind.removesuffix("_type").removesuffix("_parsing").removesuffix("_from_float"), "another type")


def _nearest(name: str, model: type[BaseModel], location: Path) -> str | None:
    known = sorted(_fields_at(model, location))
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    if close:
        return f"did you mean `{close[0]}`?"
    return f"known fields: {', '.join(known)}" if known else None


def _fields_at(model: type[BaseModel], location: Path) -> set[str]:
    """Return the names of the fields allowed at `location`."""
    models: list[type[BaseModel]] = [model]
    for part in location:
        inner: list[type[BaseModel]] = []
        for parent in models:
            for name, field in parent.model_fields.items():
                if part in (field.alias, name):
                    inner += _models_in(field.annotation)
        models = inner or models
    return {field.alias or name for document in models for name, field in document.model_fields.items()}


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if typing.get_args(annotation):
        return [model for argument in typing.get_args(annotation) for model in _models_in(argument)]
    return [annotation] if isinstance(annotation, type) and issubclass(annotation, BaseModel) else []
