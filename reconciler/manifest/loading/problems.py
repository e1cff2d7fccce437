"""Collect every problem of one load, each at its place in the text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.errors import FilePosition, Problem
from reconciler.manifest.yaml.parse import Node, read


@dataclass(slots=True)
class ProblemCollector:
    """The problems found so far. `nodes`: readable documents, parsed with positions (else None) when first needed.
    `replaced`: of an invalid document that is looked at further, the places whose values are not its own: no further
    problem is told there."""

    files: Mapping[str, bytes]
    problems: list[Problem] = field(default_factory=list)
    nodes: dict[str, Node | None] = field(default_factory=dict)
    replaced: dict[str, frozenset[tuple[str | int, ...]]] = field(default_factory=dict)

    def is_replaced(self, file: str, path: tuple[str | int, ...]) -> bool:
        """Tell whether a place of a document, or one around it, has another value than was written."""
        return any(path[: len(place)] == place for place in self.replaced.get(file, ()))

    def touches(self, file: str, path: tuple[str | int, ...]) -> bool:
        """Tell whether a place of a document, or one around or in it, has another value than was written."""
        below = any(place[: len(path)] == path for place in self.replaced.get(file, ()))
        return below or self.is_replaced(file, path)

    def node(self, file: str) -> Node | None:
        """Return a document with positions, or None where it is not a readable document."""
        if file in self.nodes and self.nodes[file] is None:
            self.nodes[file] = read(file, self.files[file])
        return self.nodes.get(file)

    def add(self, file: str, path: tuple[str | int, ...], code: str, message: str, hint: str | None) -> None:
        """Add a problem at a path in a document."""
        if self.is_replaced(file, path):
            return
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

    def add_in_text(
        self, file: str, path: tuple[str | int, ...], code: str, message: str, hint: str | None, *, position: int | None
    ) -> None:
        """Add a problem of a text, at its character `position` (None: at its start) where the text is on one line."""
        if self.is_replaced(file, path):
            return
        node = self.node(file)
        place = node.at(path) if node is not None else None
        line, column = (place.line, place.column) if place is not None else (1, 1)
        raw = (place.raw or "") if place is not None else ""
        if place is not None and position is not None and raw and "\n" not in raw:
            column += position + (len(raw) - len(raw.lstrip())) + (0 if place.plain else 1)
        where = FilePosition(file=file, line=line, column=column)
        field = ".".join(str(part) for part in path)
        self.problems.append(Problem(code=code, message=message, where=where, field=field, hint=hint))
