"""Turn pydantic's errors into problems: code, place in the file, expected and found, remedy."""

from __future__ import annotations

import difflib
import json
import re
import typing
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel, ValidationError

from reconciler.errors import FilePosition, Problem
from reconciler.manifest.loading import field_docs
from reconciler.manifest.yaml.core_schema import kind_of, resolved
from reconciler.manifest.yaml.parse import Node

Path = tuple[str | int, ...]

_LONGEST = 80  # characters of an example in a hint
_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./%+-]*")  # text that needs no quotes, wherever it stands
_NAMING_COLUMNS = ("key", "by", "at", "known", "column")
_ONE_SIGN = ("delimiter", "decimal", "grouping")  # fields of one character
_FORMS = {  # what a field expects that is held to a pattern
    "changeAtMost": "a whole percentage from 1% to 100%, such as 30%",
    "unknownAtMost": "a percentage from 0% to 100%, such as 5% or 0.5%",
    "python": 'a version of Python in quotes, such as "3.11"',
    "branch": "the name of a branch, such as main",
}
_NOT_SUPPORTED = {
    "blend": "a blend is an estimator, `estimator: {uses: blend, …}`; `reconciler explain blend` shows one",
    "contract": "a table's contract stands under data.contracts of the environment that has the table",
}


def problems_of(
    error: ValidationError, *, path: str, node: Node, model: type[BaseModel], data: Any = None
) -> Iterator[tuple[Path, Problem]]:
    """Yield (location, problem) for every problem of one document. `data`: what was validated, if not `node`'s data."""
    given = node.data() if data is None else data
    errors: list[tuple[Any, Path]] = []
    for entry in _of_right_branches(error.errors(include_url=False, include_context=True, include_input=False), given):
        field = "uses" if entry["type"] == "union_tag_invalid" else entry.get("ctx", {}).get("at")
        loc = (*entry["loc"], field) if field else entry["loc"]
        errors.append((entry, _walkable(loc, given, missing=entry["type"] == "missing")))
    parents = {location[:length] for _, location in errors for length in range(len(location))}
    told: dict[Path, list[Problem]] = {}
    for entry, location in errors:
        # In a union of a list and a mapping, the branch with problems inside has the right type: skip the other one.
        if entry["type"] in ("list_type", "dict_type") and location in parents:
            continue
        document = _InvalidDocument(path=path, node=node, model=model, data=given)
        told.setdefault(location, []).append(document.problem(entry, location))
    for location, problems in told.items():
        yield from ((location, problem) for problem in _joined(problems))


def _of_right_branches(entries: list[Any], data: Any) -> list[Any]:
    """Return pydantic's errors without those of a union's branches that the value was not written for: a mapping by its
    fields, a text by the texts that may stand there."""
    unions: dict[Path, dict[str, list[Any]]] = {}
    for entry in entries:
        if (branch := _branch_of(entry["loc"], data, missing=entry["type"] == "missing")) is not None:
            unions.setdefault(branch[0], {}).setdefault(branch[1], []).append(entry)
    left_out: set[int] = set()
    for location, branches in unions.items():
        if len(branches) > 1:
            whole = {  # of each branch: what is said of the value as a whole
                name: {entry["type"] for entry in told if len(entry["loc"]) == len(location) + 1}
                for name, told in branches.items()
            }
            of_mapping = [
                name for name in whole if not any(kind == "literal_error" or _is_type(kind) for kind in whole[name])
            ]
            fitting = [
                name for name in of_mapping if all(entry["type"] != "extra_forbidden" for entry in branches[name])
            ]
            of_text = [name for name in whole if "literal_error" in whole[name]]
            kept = fitting or of_mapping[:1] or of_text or list(branches)
            left_out |= {id(entry) for name in branches if name not in kept for entry in branches[name]}
    return [entry for entry in entries if id(entry) not in left_out]


def _is_type(kind: str) -> bool:
    return kind.endswith("_type")


def _branch_of(loc: Path, data: Any, *, missing: bool) -> tuple[Path, str] | None:
    """Return where the first union on the way stands, and the branch of it that an error is of."""
    position: Any = data
    for index, part in enumerate(loc):
        if (isinstance(position, dict) and part in position) or (
            isinstance(position, list) and isinstance(part, int) and part < len(position)
        ):
            inner: Any = part
            position = position[inner]
        elif missing and index == len(loc) - 1:
            return None
        else:
            return loc[:index], str(part)
    return None


def _joined(problems: list[Problem]) -> list[Problem]:
    """Return one problem in place of those of a union's branches, where each expected another type of value."""
    parts = [re.fullmatch(r"(.*expected )(.+)(, found .+)", problem.message) for problem in problems]
    ends = {(part[1], part[3]) for part in parts if part is not None}
    if len(problems) < 2 or None in parts or len(ends) > 1 or {problem.code for problem in problems} != {"E201"}:
        return problems
    ((start, end),) = ends
    *others, last = dict.fromkeys(part[2] for part in parts if part is not None)
    expected = f"{', '.join(others)} or {last}" if others else last
    return [replace(problems[0], message=f"{start}{expected}{end}")]


def _walkable(loc: Path, data: Any, *, missing: bool) -> Path:
    """Return pydantic's location without the parts that name a branch of a union or a dictionary's key.

    `missing`: the last part is the name of an absent field.
    """
    walked: list[str | int] = []
    position: Any = data
    for index, part in enumerate(loc):
        if (isinstance(position, dict) and part in position) or (
            isinstance(position, list) and isinstance(part, int) and part < len(position)
        ):
            inner: Any = part
            position = position[inner]
        elif not (missing and index == len(loc) - 1):
            continue
        walked.append(part)
    return tuple(walked)


@dataclass(frozen=True, slots=True, kw_only=True)
class _InvalidDocument:
    """A document with problems: its file, its text's tree, its schema and what was validated."""

    path: str
    node: Node
    model: type[BaseModel]
    data: Any

    def problem(self, error: Any, location: Path) -> Problem:
        """Return pydantic's error as a problem."""
        kind, field = error["type"], ".".join(str(part) for part in location)
        place = self.node.at(location)
        line, column = place.line, place.column
        code, message, hint = "E201", "", None
        match kind:
            case "extra_forbidden":
                name = str(location[-1])
                key = self.node.key_at(location)
                line, column = key or (line, column)
                code, message, hint = "E203", "unknown field", _nearest(name, self._forms_around(location))
                if name in _NOT_SUPPORTED:
                    message, hint = _NOT_SUPPORTED[name], "remove the field"
            case "missing":
                code, message, hint = "E204", "is missing", f"add {self._example(location)}" if location else None
            case "finite_number":
                code, message = "E202", "must be finite"
            case "literal_error":
                expected = error["ctx"]["expected"]
                code, message = "E205", f"expected {expected}, found {_found(place)}"
                hint = _meant(place.value, re.findall("'([^']*)'", expected))
                if location[-1:] == ("apiVersion",):
                    code, hint = "E220", "this version reads reconciler/v1; upgrade reconciler for a newer document"
            case "union_tag_invalid" | "union_tag_not_found":
                expected = error["ctx"].get("expected_tags", "the gates of the reference")
                code, message = "E205", f"expected `uses` to be one of {expected}"
                hint = _meant(place.value, re.findall("'([^']*)'", expected))
            case _ if kind.startswith("E"):
                code, message = kind, error["msg"]
                hint = self._additions(location, message) if code == "E204" else None
            case "string_too_short" if not location or location[-1] not in _ONE_SIGN:
                code, message = "E205", "is empty: write a text"
            case "string_too_long" | "string_too_short" if error["ctx"].get("max_length", 1) == 1:
                code, message = "E205", "expected one character"
                hint = 'a tab is written "\\t", in double quotes' if location[-1:] == ("delimiter",) else None
            case "string_pattern_mismatch":
                fits = f"text that fits {error['ctx']['pattern']}"
                code, message = "E205", f"expected {_FORMS.get(str(location[-1]), fits) if location else fits}"
            case "string_type" if location and str(location[-1]) in _FORMS and place.plain:
                message, hint = f"expected {_FORMS[str(location[-1])]}, found {_found(place)}", None
            case "string_type":
                message, hint = _text_due(place)
            case _ if kind.endswith(("_type", "_parsing")) or kind == "int_from_float":
                message = f"expected {_expected(kind)}, found {_found(place)}"
                if place.raw is not None and not place.plain:
                    hint = "remove the quotes"
            case _:
                code, message = "E205", error["msg"][:1].lower() + error["msg"][1:]
        where = FilePosition(file=self.path, line=line, column=column)
        return Problem(code=code, message=message, where=where, field=field or None, hint=hint)

    def _forms_around(self, location: Path) -> list[type[BaseModel]]:
        """Return the types that may stand around a field; where some have the `uses` that is written, those."""
        around = self.data
        for part in location[:-1]:
            around = around[part]
        models = _models_at(self.model, location[:-1])
        uses = around.get("uses") if isinstance(around, dict) else None
        meant = [each for each in models if "uses" in each.model_fields and uses in _choices(each)]
        return meant or models

    def _example(self, location: Path) -> str:
        """Return an absent field with a value as an example has it."""
        name = str(location[-1])
        if location == ("metadata", "name"):
            return f"`name: {self.path.rpartition('/')[2].partition('.')[0]}`"
        value = _with_columns(name, field_docs.example_value(self.model.__name__, location, self.data))
        shown = f"{name}: {in_flow(value)}" if value is not None else f"{name}:"
        if value is None or len(shown) > _LONGEST:
            parts = [str(part) for part in location if part != "spec"]
            return f"`{name}:`; `reconciler explain {'.'.join(parts[-2:])}` shows an example"
        return f"`{shown}`"

    def _additions(self, location: Path, message: str) -> str | None:
        """Return the fields that a message asks for and that are absent, each with an example of its value."""
        around = self.data
        for part in location:
            around = around[part]
        if not isinstance(around, dict):
            return f"write {self._example(location)}"
        asked = [name for name in re.findall("`([A-Za-z]+)`", message) if name not in around]
        known = [name for name in asked if field_docs.example_value(self.model.__name__, (*location, name), self.data)]
        return f"add {' or '.join(self._example((*location, name)) for name in known)}" if known else None


def _with_columns(name: str, value: Any) -> Any:
    """Return an example without its own columns' names: COLUMN stands for one of the author's."""
    if isinstance(value, dict):
        return {key: _with_columns(key, inner) for key, inner in value.items()}
    return "COLUMN" if name in _NAMING_COLUMNS and isinstance(value, str) else value


def in_flow(value: Any) -> str:
    """Return a value in YAML's flow style, on one line."""
    match value:
        case dict():
            return "{" + ", ".join(f"{key}: {in_flow(inner)}" for key, inner in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(in_flow, value)) + "]"
        case str() if _PLAIN.fullmatch(value) and isinstance(resolved(value), str):
            return value
        case _:
            return json.dumps(value, ensure_ascii=False)


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


def _meant(value: Any, allowed: list[str]) -> str | None:
    close = difflib.get_close_matches(value, allowed, n=1, cutoff=0.5) if isinstance(value, str) else []
    return f"did you mean {close[0]}?" if close else None


def _nearest(name: str, models: list[type[BaseModel]]) -> str | None:
    known = sorted({field.alias or each for model in models for each, field in model.model_fields.items()})
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    if close:
        return f"did you mean `{close[0]}`?"
    return f"known fields: {', '.join(known)}" if known else None


def _choices(model: type[BaseModel]) -> tuple[Any, ...]:
    return typing.get_args(model.model_fields["uses"].annotation)


def _models_at(model: type[BaseModel], location: Path) -> list[type[BaseModel]]:
    """Return the types that may stand at `location`."""
    models: list[type[BaseModel]] = [model]
    for part in location:
        inner: list[type[BaseModel]] = []
        for parent in models:
            for name, field in parent.model_fields.items():
                if part in (field.alias, name):
                    inner += _models_in(field.annotation)
        models = inner or models
    return models


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if typing.get_args(annotation):
        return [model for argument in typing.get_args(annotation) for model in _models_in(argument)]
    return [annotation] if isinstance(annotation, type) and issubclass(annotation, BaseModel) else []
