"""JSON Schemas of what `--output json` prints: `python -m reconciler.report.write_json_schemas` writes them anew.

They follow the codec's rules: keys are camelCase, what is None is absent, times are RFC 3339 in UTC. A document's
`format` is its version: within one format fields may be added, so a reader ignores keys that it does not know; whatever
else changes gets the next format. Draft 7, as the manifests' schemas.
"""

from __future__ import annotations

import dataclasses
import json
import re
import types
import typing
from datetime import datetime
from enum import Enum
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

from reconciler import codec, report
from reconciler.core.digest import DefaultsLeftOut, Digest
from reconciler.core.status_codes import ResultStatus

FOLDER = Path(__file__).parent / "schemas"
DRAFT = "http://json-schema.org/draft-07/schema#"

# Facts that follow from a result and are added to it.
FACTS = {
    "exit": {"type": "integer", "description": "The exit code that this result means."},
    "equal": {"type": "boolean", "description": "Whether the same bytes came out."},
}
_PLACE = {
    "anyOf": [
        {"type": "string"},
        {
            "type": "object",
            "properties": {"file": {"type": "string"}, "line": {"type": "integer"}, "column": {"type": "integer"}},
            "required": ["file"],
        },
    ]
}
_SAID = {
    "code": {"type": "string", "pattern": "^E[0-9]{3}$", "description": "The rule; the reference lists them."},
    "message": {"type": "string", "description": "What was expected and what was found."},
    "hint": {"type": "string", "description": "What to do about it."},
    "where": _PLACE,
}
ERROR = {
    "$schema": DRAFT,
    "title": "error",
    "description": "What any command prints instead of its result when it fails.",
    "type": "object",
    "properties": {
        "format": {"const": 1},
        "error": {
            "type": "object",
            "properties": {
                **_SAID,
                "kind": {"type": "string"},
                "exit": FACTS["exit"],
                "problems": {
                    "type": "array",
                    "description": "All problems of all manifests.",
                    "items": {
                        "type": "object",
                        "properties": _SAID | {"field": {"type": "string"}},
                        "required": ["code", "message", "where"],
                    },
                },
                "notes": {
                    "type": "array",
                    "items": {"type": "string"},
                    "description": "What else is to be known.",
                },
                "tables": {
                    "type": "array",
                    "description": "All problems of tables that break their contracts.",
                    "items": {
                        "type": "object",
                        "properties": {
                            **{name: _SAID[name] for name in ("code", "message", "hint")},
                            **{name: {"type": "string"} for name in ("table", "column", "rule", "where", "change")},
                            **{name: {"type": "integer"} for name in ("rows", "row")},
                        },
                        "required": ["table", "code", "message"],
                    },
                },
            },
            "required": ["kind", "message", "exit"],
        },
    },
    "required": ["error", "format"],
}


def schema_of(command: str) -> dict[str, Any]:
    """Return the JSON schema of a command's output; `error` for the output of a failure."""
    if command == "error":
        return ERROR
    kind, facts = documents()[command]
    definitions: dict[str, Any] = {}
    schema = _object(kind, definitions)
    schema["properties"] |= {name: FACTS[name] for name in facts}
    schema["required"] = sorted({*schema["required"], *facts})
    return {"$schema": DRAFT, "title": command, **schema, "definitions": definitions}


@cache
def documents() -> dict[str, tuple[type, tuple[str, ...]]]:
    """Return what every command prints, and the facts added to it: what the report modules say in `DOCUMENTS`."""
    modules = (import_module(module.name) for module in walk_packages(report.__path__, f"{report.__name__}."))
    kinds = [item for module in modules for item in getattr(module, "DOCUMENTS", {}).items()]
    return dict(sorted(kinds))


def _object(kind: type, definitions: dict[str, Any]) -> dict[str, Any]:
    properties, required = {}, []
    defaults = {field.name: field.default for field in dataclasses.fields(kind)}
    for name, key, hint in codec.members(kind):
        fixed = name in {"format", "uses"}
        properties[key] = {"const": defaults[name]} if fixed else _form(hint, definitions)
        left_out = issubclass(kind, DefaultsLeftOut) and defaults[name] is not dataclasses.MISSING
        if type(None) not in typing.get_args(hint) and not left_out:
            required.append(key)
    schema: dict[str, Any] = {"type": "object", "properties": properties, "required": sorted(required)}
    if text := _words(kind):
        schema["description"] = text
    return schema


def _words(kind: type) -> str:
    """Return a class's own docstring as one line of prose; a generated one says nothing."""
    text = kind.__doc__ or ""
    return "" if text.startswith(f"{kind.__name__}(") else re.sub(r"\s+", " ", text).strip()


def _form(hint: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        forms = [_form(option, definitions) for option in typing.get_args(hint) if option is not type(None)]
        return forms[0] if len(forms) == 1 else {"anyOf": forms}
    if origin is tuple:
        item, inner = codec.form_of_tuple(hint)
        if inner is not None:
            return {"type": "object", "additionalProperties": _form(inner, definitions)}
        return {"type": "array", "items": _form(item, definitions)}
    if hint is Digest:
        return {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"}
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        if hint.__name__ not in definitions:
            definitions[hint.__name__] = {}  # a place for one that holds itself
            definitions[hint.__name__] = _object(hint, definitions)
        return {"$ref": f"#/definitions/{hint.__name__}"}
    if hint is ResultStatus:
        return {"type": "integer"}
    if isinstance(hint, type) and issubclass(hint, Enum):
        return {"enum": [member.value for member in hint]}
    if hint is datetime:
        return {"type": "string", "format": "date-time"}
    simple = {str: "string", Path: "string", bool: "boolean", int: "integer", float: "number"}
    return {"type": simple[hint]}


def text_of(command: str) -> str:
    return json.dumps(schema_of(command), indent=2, sort_keys=True) + "\n"


def commands() -> tuple[str, ...]:
    return (*documents(), "error")


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name in commands():
        (FOLDER / f"{name}.json").write_text(text_of(name))
