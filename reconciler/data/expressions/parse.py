"""Parse the text of an expression into DuckDB's syntax tree, or give the reason why it cannot be parsed.

Takes: the author's text. Gives: the tree of the only item of one plain SELECT, as plain JSON. Keeps true: the text
closes every bracket that it opens and holds no comment, second statement or parameter, so that the tree is that of the
text and of nothing around it. Only DuckDB's parser runs: no name is looked up. Allowed nodes: `validate`, `grammar`.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from reconciler.data import duckdb_session
from reconciler.data.expressions import grammar

if TYPE_CHECKING:
    import duckdb

_PREFIX = "SELECT (\n"
_SUFFIX = "\n) AS x"
_NOWHERE = 2**63  # DuckDB writes 2^64 - 1 where a node has no place in the text

Node = dict[str, Any]


class RefusedError(Exception):
    """A text that is not an allowed expression; `position` in characters from its start, where known."""

    def __init__(self, reason: str, position: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.position = position


# --- the text -----------------------------------------------------------------------------------------------------


def check_text(text: str) -> None:
    """Reject texts that readers and parsers may understand differently, and texts that are too long.

    Raises RefusedError with the reason and the position.
    """
    if not text.strip():
        raise RefusedError("the expression is empty", 0)
    if len(text) > grammar.MAX_LENGTH:
        raise RefusedError(f"the expression is longer than {grammar.MAX_LENGTH:,} characters", grammar.MAX_LENGTH)
    for position, character in enumerate(text):
        if character not in "\n\r\t" and unicodedata.category(character) in ("Cc", "Cf", "Cs"):
            raise RefusedError(f"invisible character U+{ord(character):04X}", position)
    _check_brackets(text)


def _check_brackets(text: str) -> None:
    """Check that brackets outside quotes are balanced, and that there is no comment, semicolon or dollar quote."""
    depth = 0
    for position, sign in _tokens(text):
        depth += {"(": 1, ")": -1}.get(sign, 0)
        if sign in _REFUSED_SIGNS:
            raise RefusedError(_REFUSED_SIGNS[sign], position)
        if depth < 0:
            raise RefusedError("`)` closes a bracket that was not opened", position)
        if depth > grammar.MAX_BRACKETS:
            raise RefusedError(f"brackets are nested deeper than {grammar.MAX_BRACKETS}", position)
    if depth:
        raise RefusedError("a bracket is not closed", len(text))


_REFUSED_SIGNS = {
    "--": "a comment is not allowed inside an expression",
    "/*": "a comment is not allowed inside an expression",
    ";": "`;` is not allowed: one expression only",
    "$": "a parameter is not allowed",
    "?": "a parameter is not allowed",
}
_TOKEN = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--|/\*|[();$?]|[^'\"();$?/-]+|.", re.DOTALL)


def _tokens(text: str) -> Iterator[tuple[int, str]]:
    for match in _TOKEN.finditer(text):
        yield match.start(), match[0]


# --- DuckDB's tree ------------------------------------------------------------------------------------------------


def serialize(texts: list[str]) -> list[Node]:
    """Return DuckDB's syntax tree of each text, or its error, as JSON. No name is looked up, and nothing runs."""
    if not texts:
        return []
    wrapped = [_PREFIX + text + _SUFFIX for text in texts]
    rows = _parser().execute("SELECT json_serialize_sql(t) FROM (SELECT unnest(?) AS t)", [wrapped]).fetchall()
    return [_load(row[0]) for row in rows]


@cache
def _parser() -> duckdb.DuckDBPyConnection:
    """Open DuckDB once: opening takes twenty times as long as parsing, and parsing leaves no state."""
    return duckdb_session.parser()


def _load(document: str) -> Node:
    try:
        tree: Node = json.loads(document)
    except RecursionError:
        return {"error": True, "error_message": "nested too deeply"}
    except ValueError:  # DuckDB cuts its message inside a character, as for x'é': the JSON is broken
        return {"error": True}
    return tree


def only_item(text: str, tree: Node) -> Node:
    """Return the one item of one plain SELECT without FROM. Raises RefusedError for any other statement."""
    if tree.get("error"):
        raise RefusedError(*_syntax_error(text, tree))
    statements = tree["statements"]
    select = statements[0]["node"] if len(statements) == 1 else {}
    is_one_select = select.get("type") == "SELECT_NODE" and len(select.get("select_list", ())) == 1
    known = {"type", "select_list", "from_table", "cte_map", "aggregate_handling", "modifiers"}
    empty = all(not value for name, value in select.items() if name not in known)
    if not (
        is_one_select
        and empty
        and not select["modifiers"]
        and not select["cte_map"]["map"]
        and select["from_table"]["type"] == "EMPTY"
        and select["aggregate_handling"] == "STANDARD_HANDLING"
        and not statements[0].get("named_param_map")
    ):
        raise RefusedError("expected one expression, found more", 0)
    node: Node = select["select_list"][0]
    return node


def _syntax_error(text: str, tree: Node) -> tuple[str, int | None]:
    """Return the parser's message and position: it has read the author's text only, no data, so it may be shown."""
    first = str(tree.get("error_message", "")).splitlines()[0][:100] if tree.get("error_message") else ""
    offset = tree.get("position")
    position = characters(text, int(offset)) if offset is not None else None
    if position is not None and position >= len(text):
        return "the expression ends too early", len(text)
    if not first.startswith(("syntax error", "unterminated", "nested")):
        return "not an expression", position
    return first.replace("or near ", ""), position


def characters(text: str, offset: int) -> int:
    """Convert a byte offset in the wrapped text to a character offset in the text itself."""
    return len(text.encode()[: max(0, offset - len(_PREFIX))].decode("utf-8", "ignore"))


def position_of(text: str, node: Node) -> int | None:
    """Return the position of a node in the text, or None where DuckDB records none."""
    offset = node.get("query_location", _NOWHERE)
    return characters(text, offset) if offset < _NOWHERE else None
