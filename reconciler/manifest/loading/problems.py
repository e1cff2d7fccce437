"""Collect every problem of one load, each at its place in the text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.errors import FilePosition, Problem
from reconciler.manifest.yaml.parse import Node, read


@dataclass(slots=True)
class ProblemCollector:
    """The problems found so far. `nodes`: readable documents, parsed with positions (else None) when first needed."""

    files: Mapping[str, bytes]
    problems: list[Problem] = field(default_factory=list)
    nodes: dict[str, Node | None] = field(default_factory=dict)

    def node(self, file: str) -> Node | None:
        """Return a document with positions, or None where it is not a readable document."""
        if file in self.nodes and self.nodes[file] is None:
            self.nodes[file] = read(file, self.files[file])
        return self.nodes.get(file)

    def add(self, file: str, path: tuple[str | int, ...], code: str, message: str, hint: str | None) -> None:
        """Add a problem at a path in a document."""
        node = self.node(file)
        place = node.at(path) if node is not None else None
        absent = place is not None and place.value is None and not place.raw
        key = node.key_at(path) if node is not None and path and absent else None
        line, column = key or ((place.line, place.column) if place else (1, 1))
        self.problems.append(
            Problem(
                code=code,
                message=message,
                where=FilePosition(file=file, line=line, column=column),
                field=".".join(str(part) for part in path) or None,
                hint=hint,
            )
        )
