"""What a manifest field means: from the JSON Schemas that editors use, and an example from a valid project.

Reads committed files only (`schemas/`, `example/`); pydantic is not needed. A path is written with or without its kind
and `spec`, or as a tail that says enough: `model.spec.recipe.holdout`, `recipe.holdout`, `holdout`.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from reconciler.core.inspect.field_docs import FieldDocs, FieldSummary
from reconciler.errors import UsageError

_HERE = Path(__file__).parents[1]
_KINDS = ("project", "environment", "model")
_FILES = {
    "project": ("reconciler.yaml",),
    "environment": tuple(f"environments/{name}.yaml" for name in ("production", "sandbox", "staging", "test", "edge")),
    "model": (
        "manifests/sandbox/lateness.yaml",
        "manifests/sandbox/amount.yaml",
        "manifests/production/lateness.yaml",
    ),
}
_SKIPPED = "spec"  # nobody thinks of it as a level
_LONGEST = 30  # lines of an example


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
    """The field of that name; the kinds of documents for None. UsageError with the nearest names when there is none."""
    if text is None:
        kinds = tuple(_brief(one) for one in _fields() if len(one.path) == 1)
        what = "The documents of a project, by kind. Ask for a field by its path: reconciler explain recipe.holdout"
        return FieldDocs(path="", what=what, form="three kinds of YAML documents", needed=True, children=kinds)
    *above, last = text.split(".")
    wanted = (*(part for part in above if part != _SKIPPED), last)
    found = [one for one in _fields() if one.parts[-len(wanted) :] == wanted]
    if not found:
        raise UsageError(f"no field is called {text[:80]!r}", hint=_near(text), code="E801")
    shortest = min(len(one.path) for one in found)
    first = next(one for one in found if len(one.path) == shortest)
    return _explained(first, [one for one in found if one is not first])


def names() -> tuple[str, ...]:
    """Every field's path, kind by kind, each before what is in it."""
    return tuple(one.name for one in _fields())


def _near(text: str) -> str:
    names = {one.name for one in _fields()}
    tails = {".".join(name.split(".")[at:]): None for name in sorted(names) for at in range(name.count(".") + 1)}
    close = difflib.get_close_matches(text, tails, n=3, cutoff=0.5)
    return f"did you mean {' or '.join(close)}?" if close else "see `reconciler explain` for where to begin"


# --- the tree of fields ---------------------------------------------------------------------------------------------


@cache
def _fields() -> tuple[_Field, ...]:
    found: list[_Field] = []
    for kind in _KINDS:
        document = json.loads((_HERE / "schemas" / f"{kind}.json").read_text(encoding="utf-8"))
        root = _Field(path=(kind,), schema=document, definitions=document["definitions"], needed=True)
        found += (root, *_below(root))
    return tuple(found)


def _below(field: _Field) -> Iterator[_Field]:
    for child in _children(field):
        yield child
        yield from _below(child)


def _children(field: _Field) -> Iterator[_Field]:
    for form in _forms(field.schema, field.definitions):
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
    """Each kind of gate, by what its `uses` says."""
    for form in _forms(items, field.definitions):
        if isinstance(uses := form.get("properties", {}).get("uses", {}).get("const"), str):
            yield _child(field, uses, form, needed=False)


def _items(field: _Field, items: dict[str, Any]) -> Iterator[_Field]:
    """The fields of a list's items, where all items are of one kind."""
    forms = [form for form in _forms(items, field.definitions) if "properties" in form]
    if len(forms) == 1 and "uses" not in forms[0]["properties"]:
        for name, schema in forms[0]["properties"].items():
            yield _child(field, name, schema, needed=name in forms[0].get("required", ()))


def _forms(schema: dict[str, Any], definitions: dict[str, Any]) -> list[dict[str, Any]]:
    """What may stand there, without references and without null."""
    if "$ref" in schema:
        return _forms(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    for union in ("anyOf", "oneOf", "allOf"):
        if union in schema:
            return [form for one in schema[union] for form in _forms(one, definitions)]
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
        what=_what(field),
        form=" or ".join(dict.fromkeys(_form(one, field.definitions) for one in forms)),
        needed=field.needed,
        default=json.dumps(default) if isinstance(default, (bool, int, float, str)) else None,
        children=tuple(_brief(one) for one in _children(field)),
        example=example,
        example_file=file,
        others=tuple(_brief(one) for one in others),
    )


def _brief(field: _Field) -> FieldSummary:
    return FieldSummary(path=field.name, what=_what(field).partition(". ")[0].rstrip("."))


def _what(field: _Field) -> str:
    said = field.schema.get("description")
    if not said and "$ref" in field.schema:
        said = field.definitions[field.schema["$ref"].rpartition("/")[2]].get("description")
    return " ".join(str(said or "").split())


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
            inner = [_form(one, definitions) for one in _forms(schema.get("items", {}), definitions)]
            return "a list" + (f" of {inner[0]}" if len(inner) == 1 and not inner[0].startswith("a ") else "")
        case "string":
            return "a text"
        case "integer":
            return "a whole number"
        case "number":
            return "a number"
        case "boolean":
            return "true or false"
    return "a value"


# --- examples -------------------------------------------------------------------------------------------------------


def _example(field: _Field) -> tuple[str | None, str | None]:
    """(file, lines) of the example project where the field is used first, or the same field of another document."""
    alike = [one for one in _fields() if one.path[-2:] == field.path[-2:] and one is not field]
    for one in (field, *alike):
        for file in _FILES[one.path[0]]:
            text = (_HERE / "example" / file).read_text(encoding="utf-8")
            root = yaml.compose(text, Loader=yaml.SafeLoader)
            if root is not None and (lines := _lines(text, root, one.path[1:])) is not None:
                return file, lines
    return None, None


def _lines(text: str, root: yaml.Node, path: tuple[str, ...]) -> str | None:
    """The lines of the field at `path`, with no more indent than they need."""
    found = _find(root, root, path)
    if found is None:
        return None
    key, node = found
    lines = text.splitlines()[key.start_mark.line : _last(node) + 1]
    indent = len(lines[0]) - len(lines[0].lstrip())
    shown = [line[indent:] for line in lines]
    return "\n".join(shown[:_LONGEST] + (["..."] if len(shown) > _LONGEST else []))


def _find(key: yaml.Node, node: yaml.Node, path: tuple[str, ...]) -> tuple[yaml.Node, yaml.Node] | None:
    """(key, value) at `path`. An item of a list is called by what it uses; `<name>` is any name."""
    if not path:
        return key, node
    part, rest = path[0], path[1:]
    if isinstance(node, yaml.SequenceNode):
        items = [one for one in node.value if isinstance(one, yaml.MappingNode)]
        inner = [(one, one) for one in items if _uses(one) == part]
        inner += [pair for one in items if _uses(one) is None for pair in one.value if pair[0].value == part]
    elif isinstance(node, yaml.MappingNode):
        inner = [(name, value) for name, value in node.value if part in (name.value, "<name>")]
    else:
        inner = []
    return next((found for name, value in inner if (found := _find(name, value, rest)) is not None), None)


def _uses(node: yaml.MappingNode) -> str | None:
    return next((value.value for key, value in node.value if key.value == "uses"), None)


def _last(node: yaml.Node) -> int:
    """The line that the node ends on."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        inner = node.value[-1]
        return _last(inner[1] if isinstance(inner, tuple) else inner)
    return int(node.end_mark.line)
