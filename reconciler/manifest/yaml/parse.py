"""Parse YAML bytes as a tree of nodes with positions. Nothing is constructed before the whole document is checked.

Checked in this order: size, UTF-8, ends of lines that nobody sees; on the event stream: one document, no tags, anchors,
aliases or merge keys, depth, number of nodes, text keys given once, invisible characters. Scalars follow the YAML 1.2
core schema, as editors read it (https://yaml.org/spec/1.2.2/#103-core-schema): only `true` and `false` are booleans,
dates are text. The fields are checked in `schema`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from reconciler.core.size_limits import MANIFEST_BYTES
from reconciler.errors import FilePosition, Problem
from reconciler.manifest.yaml.core_schema import kind_of, resolved

MAX_NODES = 10_000
MAX_DEPTH = 32

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_HIDDEN_BREAK = re.compile("[\x85\u2028\u2029]|\r(?!\n)")


class BadDocumentError(Exception):
    """A document that cannot be read, with its problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A scalar, list or mapping. `line`, `column` from 1. `raw`: a scalar's text; `plain`: written without quotes."""

    value: Any
    line: int
    column: int
    raw: str | None = None
    plain: bool = False
    keys: tuple[tuple[str, int, int], ...] = ()
    """(key, line, column) of a mapping's entries."""

    def data(self) -> Any:
        """Return the plain data: dict, list, str, int, float, bool or None."""
        if isinstance(self.value, dict):
            return {key: node.data() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.data() for node in self.value]
        return self.value

    def at(self, path: tuple[str | int, ...]) -> Node:
        """Return the node at `path`, or the deepest one on the way there."""
        node = self
        for part in path:
            inner = node.value
            match inner, part:
                case dict(), str() if part in inner:
                    node = inner[part]
                case list(), int() if part < len(inner):
                    node = inner[part]
                case _:
                    break
        return node

    def key_at(self, path: tuple[str | int, ...]) -> tuple[int, int] | None:
        """Return line and column of the key that `path` ends in, or None."""
        parent = self.at(path[:-1])
        return next(((line, column) for key, line, column in parent.keys if key == path[-1]), None)


def read(path: str, body: bytes) -> Node:
    """Parse a document and return its tree. Raises BadDocumentError E101 to E114 with the place."""
    text = _decode(path, body)
    return _YamlReader(path, text).read()


def _decode(path: str, body: bytes) -> str:
    if len(body) > MANIFEST_BYTES:
        raise _bad(
            path,
            "E109",
            f"the file has {len(body):,} bytes; the limit is 1 MiB",
            hint="split it, or remove unused parts",
        )
    try:
        text = body.removeprefix(b"\xef\xbb\xbf").decode("utf-8")
    except UnicodeDecodeError as error:
        raise _bad(
            path, "E104", f"the file is not valid UTF-8 at byte {error.start}", hint="save the file as UTF-8"
        ) from error
    if (control := _CONTROL.search(text)) is not None:
        line = text.count("\n", 0, control.start()) + 1
        raise _bad(path, "E104", f"control character U+{ord(control[0]):04X}", line=line, hint="remove it")
    if (at := hidden_break(text)) is not None:
        message = f"U+{ord(text[at]):04X} begins a line for YAML, and not for those who review it"
        hint = "end the line as others do (LF, or CR LF)"
        raise _bad(path, "E113", message, line=text.count("\n", 0, at) + 1, hint=hint)
    return text


def hidden_break(text: str) -> int | None:
    """Return where a line ends for YAML but not for git and most editors: what follows may seem to be a comment."""
    if "\r" not in text and text.isascii():
        return None
    found = _HIDDEN_BREAK.search(text)
    return found.start() if found is not None else None


class _YamlReader:
    """Reader of one document."""

    def __init__(self, path: str, text: str) -> None:
        self._path = path
        self._text = text
        self._nodes = 0

    def read(self) -> Node:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        try:
            events = iter(yaml.parse(self._text, Loader=loader))
            node = self._document(events)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
            if "Unicode character escape" in (error.problem or ""):
                raise self._bad("E112", "not valid Unicode: a lone surrogate", line, column) from None
            text = self._text.split("\n")[line - 1 : line]
            if "cannot start any token" in (error.problem or "") and text and text[0][column - 1 : column] == "\t":
                raise self._bad("E105", "not YAML: a tab; indent with spaces", line, column) from None
            raise self._bad("E105", f"not YAML: {error.problem or 'cannot be read'}", line, column) from None
        except yaml.YAMLError as error:
            raise self._bad("E104", "a character that YAML does not allow", 1, 1) from error
        if node is None:
            raise self._bad("E101", "the manifest is empty", 1, 1)
        if not isinstance(node.value, dict):
            raise self._bad("E102", f"expected a mapping, found {kind_of(node.value)}", node.line, node.column)
        return node

    def _document(self, events: Iterator[Any]) -> Node | None:
        """Build the tree with a stack of open collections, so that depth costs no recursion."""
        root: Node | None = None
        documents = 0
        stack: list[_Open] = []
        for event in events:
            line, column = event.start_mark.line + 1, event.start_mark.column + 1
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise self._bad(
                        "E103", f"expected one document per file; a second starts at line {line}", line, column
                    )
                continue
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                raise self._bad("E107", "anchors and aliases are not allowed in manifests", line, column)
            if not isinstance(event, (yaml.ScalarEvent, yaml.CollectionStartEvent, yaml.CollectionEndEvent)):
                continue
            node: Node | None = None
            if isinstance(event, yaml.CollectionEndEvent):
                node = stack.pop().close()
            else:
                self._count(event, line, column, len(stack))
                if isinstance(event, yaml.ScalarEvent):
                    node = self._scalar(event, line, column)
                else:
                    stack.append(_Open(mapping=isinstance(event, yaml.MappingStartEvent), line=line, column=column))
            if node is None:
                continue
            if not stack:
                root = None if node.value is None and not node.raw else node
                continue
            stack[-1].add(node, self)
        return root

    def _count(self, event: Any, line: int, column: int, depth: int) -> None:
        if event.tag is not None:
            raise self._bad("E110", "tags are not allowed", line, column)
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise self._bad("E109", f"the document has more than {MAX_NODES:,} nodes", line, column)
        if isinstance(event, yaml.CollectionStartEvent) and depth >= MAX_DEPTH:
            raise self._bad("E108", f"nested deeper than {MAX_DEPTH} levels", line, column)

    def _scalar(self, event: Any, line: int, column: int) -> Node:
        text, unquoted = event.value, bool(event.implicit[0])
        value = self._resolve(text, line, column) if unquoted else text
        self._check_characters(text, line, column)
        return Node(value=value, line=line, column=column, raw=text, plain=unquoted)

    def _resolve(self, text: str, line: int, column: int) -> Any:
        try:
            return resolved(text)
        except OverflowError as error:
            raise self._bad("E111", str(error), line, column, hint="put quotes around it if it is text") from None

    def _check_characters(self, text: str, line: int, column: int) -> None:
        if text.isascii() and text.isprintable():
            return
        for character in text:
            if character in "\n\t" or " " <= character <= "~":
                continue
            if "\ud800" <= character <= "\udfff":
                raise self._bad("E112", "not valid Unicode: a lone surrogate", line, column)
            if unicodedata.category(character) in ("Cc", "Cf", "Co", "Cn", "Zl", "Zp"):
                raise self._bad("E113", f"invisible character U+{ord(character):04X}", line, column, hint="remove it")
        if not text.isascii() and unicodedata.normalize("NFC", text) != text:
            raise self._bad(
                "E113", "the text is not in Unicode normal form NFC", line, column, hint="type the text again"
            )

    def _bad(self, code: str, message: str, line: int, column: int, *, hint: str | None = None) -> BadDocumentError:
        return _bad(self._path, code, message, line=line, column=column, hint=hint)

    def key(self, node: Node, known: dict[str, Node], places: list[tuple[str, int, int]]) -> str:
        """Return a key's text. Raises BadDocumentError for a key that is not text or is given twice."""
        if not isinstance(node.value, str):
            description = (
                kind_of(node.value) if node.raw is None else f"{node.raw[:40]!r}, which reads as {kind_of(node.value)}"
            )
            raise self._bad(
                "E114",
                f"expected text as a key, found {description}",
                node.line,
                node.column,
                hint="put quotes around it",
            )
        if node.value == "<<" and node.plain:
            raise self._bad("E107", "merge keys are not allowed in manifests", node.line, node.column)
        if node.value in known:
            first = next(line for key, line, _ in places if key == node.value)
            message = f"`{node.value[:60]}` is given twice: lines {first} and {node.line}"
            raise self._bad("E106", message, node.line, node.column, hint="remove one of them")
        return node.value


class _Open:
    """A list or mapping whose end is not read yet."""

    def __init__(self, *, mapping: bool, line: int, column: int) -> None:
        self.mapping = mapping
        self.line = line
        self.column = column
        self.items: list[Node] = []
        self.entries: dict[str, Node] = {}
        self.places: list[tuple[str, int, int]] = []
        self.pending: str | None = None

    def add(self, node: Node, reader: _YamlReader) -> None:
        """Add an item, or a key and then its value."""
        if not self.mapping:
            self.items.append(node)
        elif self.pending is None:
            self.pending = reader.key(node, self.entries, self.places)
            self.places.append((self.pending, node.line, node.column))
        else:
            self.entries[self.pending] = node
            self.pending = None

    def close(self) -> Node:
        """Return the finished node."""
        value = self.entries if self.mapping else self.items
        return Node(value=value, line=self.line, column=self.column, keys=tuple(self.places))


def _bad(
    path: str, code: str, message: str, *, line: int = 1, column: int = 1, hint: str | None = None
) -> BadDocumentError:
    return BadDocumentError(
        Problem(code=code, message=message, where=FilePosition(file=path, line=line, column=column), hint=hint)
    )
