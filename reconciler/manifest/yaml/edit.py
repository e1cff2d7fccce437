"""Edits of YAML text: only the lines that mean something change; comments, quotes, order and line ends stay.

Text is spliced at the marks of PyYAML's nodes. After every edit the text is read again and held against what was
wanted; what cannot be spliced is refused, never guessed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import yaml

from reconciler.core.digest import Digest
from reconciler.errors import ReconcilerError
from reconciler.manifest.yaml.parse import BadDocumentError, Node, read

Edit = tuple[int, int, str]
_PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_ ./:()<>=+*%-]*")
_INDICATORS = re.compile(r":(\s|$)|\s#|[,\[\]{}]")


class UneditableError(ReconcilerError):
    """The text cannot be brought to say what is wanted by local edits."""


def document(text: str) -> dict[str, Any]:
    """Plain data of a manifest's text."""
    found: dict[str, Any] = _read(text).data()
    return found


def promoted(text: str, *, artifact: Digest, base: str | None) -> str:
    """The manifest that deploys `artifact`: what `text` (a sandbox's) says, with the pin and without `retrain`.

    With `base`, the manifest that is there already is edited: its metadata, comments and layout stay.
    """
    wanted = document(text)
    spec = {"artifact": artifact, **{k: v for k, v in wanted["spec"].items() if k not in ("retrain", "artifact")}}
    if base is not None:
        try:
            return splice(base, {**wanted, "metadata": document(base)["metadata"], "spec": spec})
        except UneditableError:
            pass  # its layout is too different: start from the sandbox's text
    return splice(text, {**wanted, "spec": spec})


def overridden(text: str, *, model: str, artifact: Digest, control: str, reason: str) -> str:
    """The environment's manifest with this override in its policy; the text itself where it says so already. One that
    was for another artifact of the model gives way."""
    wanted = document(text)
    spec = wanted["spec"]
    policy = {**spec.get("policy", {})}
    new = {"model": model, "artifact": artifact, "control": control, "reason": reason}
    overrides = list(policy.get("overrides", []))
    same = [at for at, one in enumerate(overrides) if (one["model"], one["control"]) == (model, control)]
    if same:
        if overrides[same[0]]["artifact"] == artifact:
            return text
        overrides[same[0]] = new
    else:
        overrides.append(new)
    return splice(text, {**wanted, "spec": {**spec, "policy": {**policy, "overrides": overrides}}})


def splice(text: str, wanted: dict[str, Any]) -> str:
    """`text`, edited so that it means `wanted`; UneditableError when that cannot be done locally."""
    ending = "\r\n" if "\r\n" in text else "\n"
    tree = _read(text)
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    edits = sorted(_edits(text, root, tree, wanted), key=lambda edit: (edit[0], edit[1]))
    out, at = [], 0
    for start, end, replacement in edits:
        if start < at:
            raise UneditableError("two edits overlap")
        out += [text[at:start], replacement.replace("\n", ending)]
        at = end
    edited = "".join([*out, text[at:]])
    if _read(edited).data() != wanted:
        raise UneditableError("the text cannot be edited to say what is wanted", hint="write the manifest anew by hand")
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
        kept = [key for key in tree.value if key in wanted]
        additions = [key for key in wanted if key not in tree.value]
        removals = [key for key in tree.value if key not in wanted]
        in_order = [key for key in wanted if key in tree.value] == kept
        if not node.flow_style and kept and in_order:
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
        there = tree.data()
        if _same(there, wanted[: len(there)]):
            yield _appended(text, node, wanted[len(there) :])
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
        before = [one for one in order[: order.index(name)] if one in entries]
        if before:
            at = _line_end(text, _last(entries[before[-1]][1]))
            if at and text[at - 1] != "\n":
                rendered = "\n" + rendered
        else:
            at = _above_comments(text, _line_start(text, node.start_mark.index))
        yield at, at, rendered


def _appended(text: str, node: Any, items: list[Any]) -> Edit:
    """More items at the end of a block sequence."""
    at = _line_end(text, _last(node))
    indent = " " * node.start_mark.column
    rendered = "".join(f"{indent}{line}\n" for line in _value_lines(items))
    return at, at, rendered if not at or text[at - 1] == "\n" else "\n" + rendered


def _replacement(text: str, node: Any, wanted: Any) -> Edit:
    start, end = node.start_mark.index, _last(node)
    if isinstance(node, yaml.ScalarNode) or node.flow_style:
        if isinstance(wanted, (dict, list)) and isinstance(node, yaml.ScalarNode) and node.style in ("|", ">"):
            raise UneditableError("a block of text would become a collection")
        if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">"):
            return start, end, _scalar(wanted) + "\n"
        return start, end, _flow(wanted)
    if isinstance(wanted, (dict, list)) and wanted:
        column = node.start_mark.column
        lines = _value_lines(wanted)
        return start, end, f"\n{' ' * column}".join(lines)
    # A block collection becomes something that fits on the key's line.
    line = text.rfind("\n", 0, start)
    colon = text.rfind(":", 0, line if line >= 0 else start)
    return colon + 1, end, " " + _flow(wanted)


def _same(a: Any, b: Any) -> bool:
    """Equality that also minds the order of keys, and tells 1 from true."""
    return json.dumps(a) == json.dumps(b)


def _last(node: Any) -> int:
    """Where a node's last visible character ends; marks of block collections reach into what follows."""
    if isinstance(node, yaml.ScalarNode) or node.flow_style or not node.value:
        return int(node.end_mark.index)
    last = node.value[-1]
    return _last(last[1] if isinstance(last, tuple) else last)


def _line_start(text: str, index: int) -> int:
    return text.rfind("\n", 0, index) + 1


def _line_end(text: str, index: int) -> int:
    """The start of the next line; a scalar that ends its own line already ends there."""
    if index and text[index - 1] == "\n":
        return index
    found = text.find("\n", index)
    return len(text) if found < 0 else found + 1


def _above_comments(text: str, start: int) -> int:
    """The start of the comment lines that stand right above a line."""
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
        return [line for name, one in value.items() for line in _block_lines(name, one)]
    return [f"- {_flow(one)}" for one in value]


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_scalar(k)}: {_flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(one) for one in value) + "]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    """A scalar that reads back as itself: plain where that is plain, double-quoted otherwise."""
    if not isinstance(value, str):
        return json.dumps(value)
    if _PLAIN.fullmatch(value) and value == value.strip() and not _INDICATORS.search(value):
        try:
            if _read(f"a: {value}\n").data() == {"a": value}:
                return value
        except UneditableError:
            pass
    return json.dumps(value, ensure_ascii=False)
