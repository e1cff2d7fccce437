"""Edit YAML text locally: only the affected lines change; comments, quotes, order and line ends stay.

Text is spliced at the marks of PyYAML's nodes. After every edit the text is read again and compared with the wanted
data; an edit that cannot be spliced is an error, never a guess.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

import yaml

from reconciler.core.digest import Digest
from reconciler.errors import ReconcilerError
from reconciler.manifest.yaml.parse import BadDocumentError, Node, read

Edit = tuple[int, int, str]
_PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_ ./:()<>=+*%-]*")
_INDICATORS = re.compile(r":(\s|$)|\s#|[,\[\]{}]")


class UneditableError(ReconcilerError):
    """A text that local edits cannot change as wanted."""


def document(text: str) -> dict[str, Any]:
    """Return the plain data of a manifest's text. Raises UneditableError where it cannot be read."""
    data: dict[str, Any] = _read(text).data()
    return data


def promoted(text: str, *, artifact: Digest, base: str | None, again: bool = False) -> str:
    """Return the manifest that deploys `artifact`: the sandbox's `text` with the pin and without `retrain`.

    `again`: where `base` pins it already, it is proposed once more, which `proposed` counts. With `base`, the existing
    manifest is edited instead: its comments, layout and metadata stay, but for the labels, which the gates were chosen
    by that the artifact passed.
    """
    wanted = document(text)
    count = _proposed(base, artifact) + again
    spec = {
        "artifact": artifact,
        **({"proposed": count} if count else {}),
        **{key: value for key, value in wanted["spec"].items() if key not in ("retrain", "artifact", "proposed")},
    }
    if base is not None:
        try:
            metadata = {name: value for name, value in document(base)["metadata"].items() if name != "labels"}
            metadata |= {name: value for name, value in wanted["metadata"].items() if name == "labels"}
            return splice(base, {**wanted, "metadata": metadata, "spec": spec})
        except UneditableError:
            pass  # its layout is too different: start from the sandbox's text
    return splice(text, {**wanted, "spec": spec})


def _proposed(base: str | None, artifact: Digest) -> int:
    """Return how often the manifest proposes this very pin again."""
    spec = document(base).get("spec", {}) if base is not None else {}
    count = spec.get("proposed", 0) if spec.get("artifact") == artifact else 0
    return count if isinstance(count, int) else 0


def overridden(text: str, *, model: str, artifact: Digest, control: str, reason: str) -> str:
    """Return the environment's manifest with this override in its policy; unchanged where it has it already.

    An override of the same control for another artifact of the model is replaced.
    """
    wanted = document(text)
    spec = wanted["spec"]
    policy = {**spec.get("policy", {})}
    new = {"model": model, "artifact": artifact, "control": control, "reason": reason}
    overrides = list(policy.get("overrides", []))
    same = [index for index, entry in enumerate(overrides) if (entry["model"], entry["control"]) == (model, control)]
    if same:
        if overrides[same[0]]["artifact"] == artifact:
            return text
        overrides[same[0]] = new
    else:
        overrides.append(new)
    return splice(text, {**wanted, "spec": {**spec, "policy": {**policy, "overrides": overrides}}})


def retrain_requested(text: str, day: str) -> str:
    """Return a sandbox's manifest that asks for a retrain on data of `day` (ISO) or later; unchanged where it does."""
    wanted = document(text)
    spec = wanted["spec"]
    retrain = {**spec.get("retrain", {})}
    if str(retrain.get("requested", "")) >= day:
        return text
    return splice(text, {**wanted, "spec": {**spec, "retrain": {**retrain, "requested": day}}})


def renamed_copy(text: str, name: str) -> str:
    """Return a model's manifest for another model, called `name`: with nothing that belongs to the first alone."""
    wanted = document(text)
    metadata = {key: value for key, value in wanted["metadata"].items() if key != "renamedFrom"}
    spec = {key: value for key, value in wanted["spec"].items() if key not in ("artifact", "proposed")}
    return splice(text, {**wanted, "metadata": {**metadata, "name": name}, "spec": spec})


def with_entry(text: str, path: tuple[str, ...], name: str, lines: Sequence[str]) -> str:
    """Return `text` with one more entry in the mapping at `path`: `lines` are its YAML, with their comments.

    Mappings on the way that are not there are made. In a mapping that is written in braces, the comments are lost.
    """
    block = [f"{_scalar(name)}:", *(f"  {line}" for line in lines)]
    entry = document("\n".join([*block, ""]))
    wanted = document(text)
    node: Any = yaml.compose(text, Loader=yaml.SafeLoader)
    inside: dict[str, Any] = wanted
    missing = list(path)
    while missing and isinstance(inside.get(missing[0]), dict) and inside[missing[0]]:
        (node,) = (value for key, value in node.value if key.value == missing[0])
        inside = inside[missing.pop(0)]
    in_braces = node.flow_style or bool(missing and missing[0] in inside)
    for key in missing:
        inside[key] = {}
        inside = inside[key]
    inside |= entry
    if in_braces:
        return splice(text, wanted)
    for key in reversed(missing):
        block = [f"{_scalar(key)}:", *(f"  {line}" for line in block)]
    position, indent = _line_end(text, _last(node)), " " * node.start_mark.column
    gap = "\n" if position and text[position - 1] != "\n" else ""
    rendered = gap + "".join(f"{indent}{line}".rstrip() + "\n" for line in block)
    ending = "\r\n" if "\r\n" in text else "\n"
    edited = text[:position] + rendered.replace("\n", ending) + text[position:]
    if _read(edited).data() != wanted:
        raise UneditableError("the text cannot be edited automatically", hint="make the change by hand")
    return edited


def splice(text: str, wanted: dict[str, Any]) -> str:
    """Return `text`, edited so that its data are `wanted`. Raises UneditableError when local edits cannot do that."""
    ending = "\r\n" if "\r\n" in text else "\n"
    tree = _read(text)
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    edits = sorted(_edits(text, root, tree, wanted), key=lambda edit: (edit[0], edit[1]))
    out, position = [], 0
    for start, end, replacement in edits:
        if start < position:
            raise UneditableError("two edits overlap")
        out += [text[position:start], replacement.replace("\n", ending)]
        position = end
    edited = "".join([*out, text[position:]])
    if _read(edited).data() != wanted:
        raise UneditableError("the text cannot be edited automatically", hint="make the change by hand")
    return edited


def _read(text: str) -> Node:
    try:
        return read("manifest", text.encode())
    except BadDocumentError as error:
        raise UneditableError(error.problem.message) from error


def _edits(text: str, node: Any, tree: Node, wanted: Any) -> Iterator[Edit]:
    if _same(tree.data(), wanted):
        return
    if isinstance(node, yaml.MappingNode) and isinstance(wanted, dict) and isinstance(tree.value, dict):
        shared = [key for key in tree.value if key in wanted]
        additions = [key for key in wanted if key not in tree.value]
        removals = [key for key in tree.value if key not in wanted]
        in_order = [key for key in wanted if key in tree.value] == shared
        if not node.flow_style and shared and in_order:
            yield from _block(text, node, tree, wanted, removals, additions)
            return
        if node.flow_style and not additions and not removals and in_order:
            for key_node, value_node in node.value:
                yield from _edits(text, value_node, tree.value[key_node.value], wanted[key_node.value])
            return
    if isinstance(node, yaml.SequenceNode) and isinstance(wanted, list) and len(node.value) == len(wanted):
        for inner, item, new in zip(node.value, tree.value, wanted, strict=True):
            yield from _edits(text, inner, item, new)
        return
    if isinstance(node, yaml.SequenceNode) and not node.flow_style and isinstance(wanted, list) and node.value:
        present = tree.data()
        if _same(present, wanted[: len(present)]):
            yield _appended(text, node, wanted[len(present) :])
            return
    yield _replacement(text, node, wanted)


def _block(
    text: str, node: Any, tree: Node, wanted: dict[str, Any], removals: list[str], additions: list[str]
) -> Iterator[Edit]:
    entries = {key.value: (key, value) for key, value in node.value}
    for name, (_, value) in entries.items():
        if name in wanted:
            yield from _edits(text, value, tree.value[name], wanted[name])
    for name in removals:
        key, value = entries[name]
        start = _line_start(text, key.start_mark.index)
        yield start, _line_end(text, _last(value)), ""
    indent = " " * node.start_mark.column
    order = list(wanted)
    for name in additions:
        rendered = "".join(f"{indent}{line}\n" for line in _block_lines(name, wanted[name]))
        before = [key for key in order[: order.index(name)] if key in entries]
        if before:
            position = _line_end(text, _last(entries[before[-1]][1]))
            if position and text[position - 1] != "\n":
                rendered = "\n" + rendered
        else:
            position = _above_comments(text, _line_start(text, node.start_mark.index))
        yield position, position, rendered


def _appended(text: str, node: Any, items: list[Any]) -> Edit:
    """Return the edit that appends items to a block sequence."""
    position = _line_end(text, _last(node))
    indent = " " * node.start_mark.column
    rendered = "".join(f"{indent}{line}\n" for line in _value_lines(items))
    return position, position, rendered if not position or text[position - 1] == "\n" else "\n" + rendered


def _replacement(text: str, node: Any, wanted: Any) -> Edit:
    start, end = node.start_mark.index, _last(node)
    if isinstance(node, yaml.ScalarNode) or node.flow_style:
        if isinstance(wanted, (dict, list)) and isinstance(node, yaml.ScalarNode) and node.style in ("|", ">"):
            raise UneditableError("a block of text would become a list or mapping")
        if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">"):
            return start, end, _scalar(wanted) + "\n"
        gap = " " if start == end and text[start - 1 : start] == ":" else ""  # nothing stands there
        return start, end, gap + _flow(wanted)
    if isinstance(wanted, (dict, list)) and wanted:
        column = node.start_mark.column
        lines = _value_lines(wanted)
        return start, end, f"\n{' ' * column}".join(lines)
    # A block collection is replaced by a value on the key's line.
    line = text.rfind("\n", 0, start)
    colon = text.rfind(":", 0, line if line >= 0 else start)
    return colon + 1, end, " " + _flow(wanted)


def _same(a: Any, b: Any) -> bool:
    """Return whether data are equal, including the order of keys; 1 and true differ."""
    return json.dumps(a) == json.dumps(b)


def _last(node: Any) -> int:
    """Return where a node's last visible character ends; the end marks of block collections lie further on."""
    if isinstance(node, yaml.ScalarNode) or node.flow_style or not node.value:
        return int(node.end_mark.index)
    last = node.value[-1]
    return _last(last[1] if isinstance(last, tuple) else last)


def _line_start(text: str, index: int) -> int:
    return text.rfind("\n", 0, index) + 1


def _line_end(text: str, index: int) -> int:
    """Return the start of the next line; a block scalar already ends there."""
    if index and text[index - 1] == "\n":
        return index
    newline = text.find("\n", index)
    return len(text) if newline < 0 else newline + 1


def _above_comments(text: str, start: int) -> int:
    """Return the start of the comment lines right above a line."""
    while start:
        before = _line_start(text, start - 1)
        if not text[before:start].strip().startswith("#"):
            return start
        start = before
    return start


def _block_lines(name: str, value: Any) -> list[str]:
    if isinstance(value, (dict, list)) and value:
        return [f"{_scalar(name)}:", *(f"  {line}" for line in _value_lines(value))]
    return [f"{_scalar(name)}: {_flow(value)}"]


def _value_lines(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [line for name, item in value.items() for line in _block_lines(name, item)]
    return [f"- {_flow(item)}" for item in value]


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_scalar(key)}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(item) for item in value) + "]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    """Return a scalar's YAML text: plain where that reads back as itself, double-quoted otherwise."""
    if not isinstance(value, str):
        return json.dumps(value)
    if _PLAIN.fullmatch(value) and value == value.strip() and not _INDICATORS.search(value):
        try:
            if _read(f"a: {value}\n").data() == {"a": value}:
                return value
        except UneditableError:
            pass
    return json.dumps(value, ensure_ascii=False)
