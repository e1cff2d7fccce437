"""Explain a manifest field, from the JSON Schemas that editors use and an example of a valid project.

Reads committed files only (`schemas/`, `example/`); pydantic is not needed. A path is written with or without its kind
and `spec`, or by its last parts: `model.spec.recipe.holdout`, `recipe.holdout`, `holdout`.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from reconciler.core.inspect.field_docs import FieldDocs, FieldSummary
from reconciler.errors import UsageError
from reconciler.manifest.yaml.lines import lines_at
from reconciler.manifest.yaml.parse import read

_HERE = Path(__file__).parents[1]
_ENVIRONMENTS = ("production", "sandbox", "staging", "test", "registry", "mlflow", "edge")
_FILES = {
    "project": ("reconciler.yaml",),
    "environment": tuple(f"environments/{name}.yaml" for name in _ENVIRONMENTS),
    "model": tuple(
        f"manifests/{model}.yaml"
        for model in (
            "sandbox/lateness",
            "sandbox/amount",
            "sandbox/delay",
            "sandbox/priority",
            "sandbox/days",
            "production/lateness",
        )
    ),
    "experiment": ("experiments/lateness-search.yaml", "experiments/lateness-grid.yaml"),
}
_OF_ANY_NAME = (
    ("spec", "data", "tables"),
    ("spec", "recipe", "data", "past", "features"),
    ("spec", "recipe", "estimator", "members"),
)
_SKIPPED = "spec"  # users do not think of it as a level
_LONGEST = 30  # lines of an example
_DRAFT = "http://json-schema.org/draft-07/schema#"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Field:
    path: tuple[str, ...]
    schema: dict[str, Any]
    definitions: dict[str, Any]
    needed: bool

    @property
    def parts(self) -> tuple[str, ...]:
        return tuple(part for part in self.path[:-1] if part != _SKIPPED) + self.path[-1:]

    @property
    def name(self) -> str:
        return ".".join(self.parts)


def explain(text: str | None) -> FieldDocs:
    """Explain a field by its path, or all kinds (None). Raises UsageError E801 with similar names for another text."""
    if docs := known(text):
        return docs
    raise unknown(str(text))


def known(text: str | None) -> FieldDocs | None:
    """Explain a field by its path, or the kinds of documents (None); return None for an unknown field."""
    if text is None:
        kinds = tuple(_brief(field) for field in _fields() if len(field.path) == 1)
        summary = "The documents of a project, by kind. Name a field by its path: reconciler explain recipe.holdout"
        return FieldDocs(path="", what=summary, form="three kinds of YAML documents", needed=True, children=kinds)
    fields = _named(text)
    return _explained(fields[0], fields[1:]) if fields else None


def schema_of(text: str | None) -> dict[str, Any]:
    """Return the JSON Schema of a kind of manifest, or of a field of one, as editors take it.

    Raises UsageError E801 where no kind or field of this name exists.
    """
    if text is None:
        hint = "name it: reconciler explain --schema model (or project, environment, recipe.holdout, ...)"
        raise UsageError("a schema is of a kind of manifest or of a field", hint=hint, code="E801")
    if not (fields := _named(text)):
        raise unknown(text)
    return {"$schema": _DRAFT, **fields[0].schema, "definitions": fields[0].definitions}


def _named(text: str) -> list[_Field]:
    """Return the fields of this name, the one that is meant first."""
    *above, last = text.split(".")
    wanted = (*(part for part in above if part != _SKIPPED), last)
    fields = [field for field in _fields() if field.parts[-len(wanted) :] == wanted]
    first = min(fields, key=lambda field: len(field.path), default=None)
    return sorted(fields, key=lambda field: field is not first)


def names() -> tuple[str, ...]:
    """Return the path of every field, kind by kind, each before its children."""
    return tuple(field.name for field in _fields())


def example_value(kind: str, path: tuple[str | int, ...], like: Any = None) -> Any:
    """Return what an example of this kind of document has at `path`; None where none has it.

    `like`: a document whose role or task the example should have.
    """
    examples = sorted(_documents(kind.lower()), key=lambda example: _sort(example) != _sort(like))
    return next((value for example in examples if (value := _value_at(example, path)) is not None), None)


@cache
def _documents(kind: str) -> tuple[Any, ...]:
    return tuple(read(file, (_HERE / "example" / file).read_bytes()).data() for file in _FILES[kind])


def _sort(document: Any) -> Any:
    return _value_at(document, ("spec", "role")) or _value_at(document, ("spec", "recipe", "task"))


def _value_at(document: Any, path: tuple[str | int, ...]) -> Any:
    """Return the value at a path; a table of an example stands for one of any name, an item for any."""
    value = document
    for depth, part in enumerate(path):
        if isinstance(value, list):
            found = (_value_at(item, path[depth + 1 :]) for item in value)
            return next((inner for inner in found if inner is not None), None)
        if not isinstance(value, dict):
            return None
        if path[:depth] in _OF_ANY_NAME:
            return _value_at([*([value[part]] if part in value else []), *value.values()], path[depth:])
        value = value.get(part)
    return value


def tails() -> tuple[str, ...]:
    """Return every path by which a field can be named: whole ones, and their last parts."""
    paths = (name.split(".") for name in names())
    return tuple(dict.fromkeys(".".join(path[start:]) for path in paths for start in range(len(path))))


def unknown(text: str, others: Iterable[str] = ()) -> UsageError:
    """Return the error for a text that names no field, with what is spelled like it; `others` may be meant, too."""
    known = {name.casefold(): name for name in (*others, *tails())}
    close = [known[name] for name in difflib.get_close_matches(text.casefold()[:80], known, n=3, cutoff=0.5)]
    hint = f"did you mean {' or '.join(close)}?" if close else "`reconciler explain` lists the kinds of documents"
    return UsageError(f"unknown field or word {text[:80]!r}", hint=hint, code="E801")


# --- the tree of fields ---------------------------------------------------------------------------------------------


@cache
def _fields() -> tuple[_Field, ...]:
    fields: list[_Field] = []
    for kind in _FILES:
        document = json.loads((_HERE / "schemas" / f"{kind}.json").read_text(encoding="utf-8"))
        root = _Field(path=(kind,), schema=document, definitions=document["definitions"], needed=True)
        fields += (root, *_below(root))
    return tuple(fields)


def _below(field: _Field) -> Iterator[_Field]:
    for child in _children(field):
        yield child
        yield from _below(child)


def _children(field: _Field) -> Iterator[_Field]:
    forms = _forms(field.schema, field.definitions)
    named = [form for form in forms if _named_by(form) is not None]
    if len(named) < sum("properties" in form for form in forms):  # of the others one is what is mostly written
        yield from (_child(field, str(_named_by(form)), form, needed=False) for form in named)
        forms = [form for form in forms if form not in named]
    for form in forms:
        needed = form.get("required", ())
        for name, schema in form.get("properties", {}).items():
            yield _child(field, name, schema, needed=name in needed)
        if isinstance(inner := form.get("items"), dict):
            yield from _variants(field, inner)
            yield from _items(field, inner)
        if isinstance(inner := form.get("additionalProperties"), dict) and _has_fields(inner, field.definitions):
            yield _child(field, "<name>", inner, needed=False)


def _child(field: _Field, name: str, schema: dict[str, Any], *, needed: bool) -> _Field:
    return _Field(path=(*field.path, name), schema=schema, definitions=field.definitions, needed=needed)


def _variants(field: _Field, items: dict[str, Any]) -> Iterator[_Field]:
    """Yield each type of an item, such as a gate, named by its `uses`."""
    for form in _forms(items, field.definitions):
        if (uses := _named_by(form)) is not None:
            yield _child(field, uses, form, needed=False)


def _named_by(form: dict[str, Any]) -> str | None:
    """Return the one value that `uses` has in a form of a mapping; None where it may have several, or there is none."""
    uses = form.get("properties", {}).get("uses", {}).get("const")
    return uses if isinstance(uses, str) else None


def _items(field: _Field, items: dict[str, Any]) -> Iterator[_Field]:
    """Yield the fields of a list's items, where all items are of one type."""
    forms = [form for form in _forms(items, field.definitions) if "properties" in form]
    if len(forms) == 1 and "uses" not in forms[0]["properties"]:
        for name, schema in forms[0]["properties"].items():
            yield _child(field, name, schema, needed=name in forms[0].get("required", ()))


def _forms(schema: dict[str, Any], definitions: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the allowed forms of a value, with references resolved and without null."""
    if "$ref" in schema:
        return _forms(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    for union in ("anyOf", "oneOf", "allOf"):
        if union in schema:
            return [form for option in schema[union] for form in _forms(option, definitions)]
    return [] if schema.get("type") == "null" else [schema]


def _has_fields(schema: dict[str, Any], definitions: dict[str, Any]) -> bool:
    return any("properties" in form for form in _forms(schema, definitions))


# --- one field ------------------------------------------------------------------------------------------------------


def _explained(field: _Field, others: list[_Field]) -> FieldDocs:
    file, example = _example(field)
    forms = _forms(field.schema, field.definitions)
    default = field.schema.get("default")
    return FieldDocs(
        path=field.name,
        what=_description(field),
        form=" or ".join(dict.fromkeys(_form(form, field.definitions) for form in forms)),
        needed=field.needed,
        default=json.dumps(default) if isinstance(default, (bool, int, float, str)) else None,
        children=tuple(_brief(child) for child in _children(field)),
        example=example,
        example_file=file,
        others=tuple(_brief(other) for other in others),
    )


def _brief(field: _Field) -> FieldSummary:
    return FieldSummary(path=field.name, what=_description(field).partition(". ")[0].rstrip("."))


def _description(field: _Field) -> str:
    description = field.schema.get("description")
    named = (option.get("$ref", "").rpartition("/")[2] for option in (field.schema, *field.schema.get("anyOf", ())))
    description = description or next((field.definitions[name].get("description") for name in named if name), None)
    return " ".join(str(description or "").split())


def _form(schema: dict[str, Any], definitions: dict[str, Any]) -> str:
    if "const" in schema:
        return str(schema["const"])
    if "enum" in schema:
        return "one of " + ", ".join(map(str, schema["enum"]))
    match schema.get("type"):
        case "object" if "properties" in schema:
            return "a mapping of the fields below"
        case "object":
            return "a mapping of names"
        case "array":
            inner = [_form(form, definitions) for form in _forms(schema.get("items", {}), definitions)]
            return "a list" + (f" of {inner[0]}" if len(inner) == 1 and not inner[0].startswith("a ") else "")
        case "string":
            return "text"
        case "integer":
            return "a whole number"
        case "number":
            return "a number"
        case "boolean":
            return "true or false"
    return "a value"


# --- examples -------------------------------------------------------------------------------------------------------


def _example(field: _Field) -> tuple[str | None, str | None]:
    """Return (file, lines) of the example project's first use of the field, or of the same field elsewhere."""
    same_name = [other for other in _fields() if other.path[-2:] == field.path[-2:] and other is not field]
    for candidate in (field, *same_name):
        for file in _FILES[candidate.path[0]]:
            text = (_HERE / "example" / file).read_text(encoding="utf-8")
            if (lines := lines_at(text, candidate.path[1:], most=_LONGEST)) is not None:
                return file, lines
    return None, None
