"""Find the lines of a field in the text of an example."""

from __future__ import annotations

from functools import cache

import yaml

_composed = cache(lambda text: yaml.compose(text, Loader=yaml.SafeLoader))  # each file of the example, for its fields


def lines_at(text: str, path: tuple[str, ...], *, most: int) -> str | None:
    """Return the lines of the field at `path`, at most so many, without common indent; None where it is not used."""
    root = _composed(text)
    entry = _find(root, root, path) if root is not None else None
    if entry is None:
        return None
    key, node = entry
    lines = text.splitlines()[key.start_mark.line : _last(node) + 1]
    indent = len(lines[0]) - len(lines[0].lstrip())
    shown = [line[indent:] for line in lines]
    return "\n".join(shown[:most] + (["..."] if len(shown) > most else []))


def _find(key: yaml.Node, node: yaml.Node, path: tuple[str, ...]) -> tuple[yaml.Node, yaml.Node] | None:
    """Return (key, value) at `path`. An item of a list is named by its `uses`; `<name>` is any name."""
    if not path:
        return key, node
    part, below = path[0], path[1:]
    inner: list[tuple[yaml.Node, yaml.Node]]
    if isinstance(node, yaml.SequenceNode):
        items = [item for item in node.value if isinstance(item, yaml.MappingNode)]
        inner = [(item, item) for item in items if _uses(item) == part]
        inner += [pair for item in items if _uses(item) is None for pair in item.value if pair[0].value == part]
    elif isinstance(node, yaml.MappingNode) and _uses(node) == part:
        inner = [(key, node)]
    elif isinstance(node, yaml.MappingNode):
        inner = [(name, value) for name, value in node.value if part in (name.value, "<name>")]
    else:
        inner = []
    return next((entry for name, value in inner if (entry := _find(name, value, below)) is not None), None)


def _uses(node: yaml.MappingNode) -> str | None:
    return next((value.value for key, value in node.value if key.value == "uses"), None)


def _last(node: yaml.Node) -> int:
    """Return the line on which a node ends."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        inner = node.value[-1]
        return _last(inner[1] if isinstance(inner, tuple) else inner)
    return int(node.end_mark.line)
