"""pydantic's errors -> problems with a rule's code, the place in the file, what was found and the remedy."""

from __future__ import annotations

import difflib
import typing
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ValidationError

from reconciler.errors import FilePosition, Problem
from reconciler.manifest.yaml.parse import Node, kind_of

Path = tuple[str | int, ...]

_LATER = {
    "mask": "masking is not built yet: a copy would hold the data as it is, so this is refused rather than ignored",
    "keep": "how many snapshots are kept cannot be said yet: all are",
    "contract": "data contracts are not built yet",
}


def problems_of(error: ValidationError, *, path: str, node: Node, model: type[BaseModel]) -> Iterator[Problem]:
    """Every problem of one document, at its place."""
    found: list[tuple[Any, Path]] = []
    for one in error.errors(include_url=False, include_context=True, include_input=False):
        about = "uses" if one["type"] == "union_tag_invalid" else one.get("ctx", {}).get("at")
        location = _walkable((*one["loc"], about) if about else one["loc"], node, missing=one["type"] == "missing")
        found.append((one, location))
    within = {location[:length] for _, location in found for length in range(len(location))}
    for one, location in found:
        # What has a problem inside is of a kind that fits; another kind that would have fit, too, did not.
        if one["type"] in ("list_type", "dict_type") and location in within:
            continue
        yield _problem(one, path=path, node=node, location=location, model=model)


def _walkable(loc: Path, node: Node, *, missing: bool) -> Path:
    """pydantic's location without the parts that name a branch of a union or a dictionary's key. `missing`: the last
    part is the name of what is not there."""
    found: list[str | int] = []
    here: Node | None = node
    for index, part in enumerate(loc):
        if here is not None and isinstance(here.value, dict) and part in here.value:
            here = here.value[str(part)]
        elif here is not None and isinstance(here.value, list) and isinstance(part, int) and part < len(here.value):
            here = here.value[part]
        elif missing and index == len(loc) - 1:
            pass
        else:
            continue
        found.append(part)
    return tuple(found)


def _problem(one: Any, *, path: str, node: Node, location: Path, model: type[BaseModel]) -> Problem:
    kind, field = one["type"], ".".join(str(part) for part in location)
    place = node.at(location)
    line, column = place.line, place.column
    code, message, hint = "E201", "", None
    match kind:
        case "extra_forbidden":
            name = str(location[-1])
            key = node.key_at(location)
            line, column = key or (line, column)
            code, message, hint = "E203", "unknown field", _nearest(name, model, location[:-1])
            if name in _LATER:
                message, hint = _LATER[name], "remove the field"
        case "missing":
            code, message = "E204", "is missing"
            hint = f"add `{location[-1]}:`" if location else None
        case "finite_number":
            code, message = "E202", "must be finite"
        case "literal_error":
            code, message = "E205", f"expected {one['ctx']['expected']}, found {_found(place)}"
            if location[-1:] == ("apiVersion",):
                code, hint = "E220", "this tool reads reconciler/v1; a newer document needs a newer tool"
        case "union_tag_invalid" | "union_tag_not_found":
            code, message = "E205", f"`uses` is one of {one['ctx'].get('expected_tags', 'the gates of the reference')}"
        case _ if kind.startswith("E"):
            code, message = kind, one["msg"]
        case "string_type":
            message, hint = _text_due(place)
        case _ if kind.endswith(("_type", "_parsing")) or kind == "int_from_float":
            message = f"expected {_expected(kind)}, found {_found(place)}"
            if place.raw is not None and not place.plain:
                hint = "take the quotes away"
        case _:
            code, message = "E205", one["msg"][:1].lower() + one["msg"][1:]
    return Problem(
        code=code,
        message=message,
        where=FilePosition(file=path, line=line, column=column),
        field=field or None,
        hint=hint,
    )


def _text_due(place: Node) -> tuple[str, str | None]:
    if place.raw is not None and place.plain:
        return f"expected text, but it reads as {_found(place)}", "quote it"
    return f"expected text, found {_found(place)}", None


def _found(place: Node) -> str:
    return kind_of(place.value)


def _expected(kind: str) -> str:
    words = {
        "int": "a whole number",
        "float": "a number",
        "bool": "true or false",
        "dict": "a mapping",
        "model": "a mapping",
        "list": "a list",
        "model_attributes": "a mapping",
    }
    return words.get(kind.removesuffix("_type").removesuffix("_parsing").removesuffix("_from_float"), "another kind")


def _nearest(name: str, model: type[BaseModel], location: Path) -> str | None:
    known = sorted(_fields_at(model, location))
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    if close:
        return f"did you mean `{close[0]}`?"
    return f"there are {', '.join(known)}" if known else None


def _fields_at(model: type[BaseModel], location: Path) -> set[str]:
    """Names of the fields that may stand at `location`."""
    models: list[type[BaseModel]] = [model]
    for part in location:
        found: list[type[BaseModel]] = []
        for one in models:
            for name, field in one.model_fields.items():
                if part in (field.alias, name):
                    found += _models_in(field.annotation)
        models = found or models
    return {field.alias or name for one in models for name, field in one.model_fields.items()}


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if typing.get_args(annotation):
        return [model for argument in typing.get_args(annotation) for model in _models_in(argument)]
    return [annotation] if isinstance(annotation, type) and issubclass(annotation, BaseModel) else []
