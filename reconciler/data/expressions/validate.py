"""Check that a recipe's expressions are row-local before they run.

Takes: the text of an expression. Gives: the columns that it names, and SQL that is rewritten from its checked tree,
so that what runs is what was checked and nothing of the author's text reaches a statement.

An expression is parsed by DuckDB's own parser (`json_serialize_sql`) as the only item of one SELECT without FROM. Its
tree may hold columns, constants, comparisons, AND/OR/NOT, IS NULL, IN lists, BETWEEN, CASE, casts to types of our list,
operators and functions of our list (`grammar`). An aggregate of `past` is exactly one call of a listed aggregate over
such a scalar, or over all rows, with an optional FILTER. Everything else is rejected with the reason and the
position in characters. No data is read here, and whether a column exists is checked in `dataset.columns`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from reconciler.core.names import is_column
from reconciler.data.duckdb_session import name_of, text_of
from reconciler.data.expressions import grammar
from reconciler.data.expressions.parse import Node, RefusedError, check_text, only_item, position_of, serialize
from reconciler.ports import ParsedExpression

_INTEGER = re.compile(r"-?[0-9]{1,38}")
_NUMBER = re.compile(r"-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scalar:
    """A row-local expression: `sql` with every column quoted, `columns` as named, in order of first use."""

    sql: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregate:
    """One call of a listed aggregate. `argument` is None for count(*); `filter` the FILTER's condition."""

    function: str
    argument: str | None
    filter: str | None
    columns: tuple[str, ...]


def read_all(texts: Iterable[str]) -> dict[str, Scalar | Aggregate | RefusedError]:
    """Parse and check each distinct text in one batch; a rejected text maps to its RefusedError."""
    distinct = list(dict.fromkeys(texts))
    results: dict[str, Scalar | Aggregate | RefusedError] = {}
    parseable = []
    for text in distinct:
        try:
            check_text(text)
            parseable.append(text)
        except RefusedError as refused:
            results[text] = refused
    for text, tree in zip(parseable, serialize(parseable), strict=True):
        try:
            results[text] = _read(text, tree)
        except RefusedError as refused:
            results[text] = refused
    return {text: results[text] for text in distinct}


def parse(texts: Iterable[str]) -> Mapping[str, ParsedExpression]:
    """Parse each distinct text, in the form of the port (ports.Expressions)."""
    return {text: _parsed(expression) for text, expression in read_all(texts).items()}


def _parsed(expression: Scalar | Aggregate | RefusedError) -> ParsedExpression:
    match expression:
        case RefusedError():
            return ParsedExpression(refused=expression.reason, position=expression.position)
        case Scalar():
            return ParsedExpression(columns=expression.columns)
        case Aggregate():
            return ParsedExpression(columns=expression.columns, aggregate=True)


# --- the tree -------------------------------------------------------------------------------------------------------


def _read(text: str, tree: Node) -> Scalar | Aggregate:
    node = only_item(text, tree)
    reader = _ExpressionReader(text)
    if node.get("class") == "FUNCTION" and _name(node) in grammar.AGGREGATES:
        return reader.aggregate(node)
    return Scalar(sql=reader.scalar(node, 0), columns=tuple(reader.columns))


def _name(node: Node) -> str:
    return str(node.get("function_name", "")).lower()


class _ExpressionReader:
    """Reader of one tree: collects its columns and writes its SQL. Rejects every node that is not listed."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._near: int | None = None
        self.columns: dict[str, None] = {}

    def scalar(self, node: Node, depth: int) -> str:
        """Return the SQL of a scalar node. Raises RefusedError for a node that is not allowed."""
        self._check_keys(node)
        position = self._position(node)
        if depth > grammar.MAX_DEPTH:
            raise RefusedError(f"nested deeper than {grammar.MAX_DEPTH} levels", position)
        match node["class"]:
            case "COLUMN_REF":
                return self._column(node)
            case "CONSTANT":
                return self._constant(node)
            case "COMPARISON":
                return self._comparison(node, depth)
            case "CONJUNCTION":
                joint = {"CONJUNCTION_AND": " AND ", "CONJUNCTION_OR": " OR "}[node["type"]]
                return "(" + joint.join(self.scalar(child, depth + 1) for child in node["children"]) + ")"
            case "OPERATOR":
                return self._operator(node, depth)
            case "CASE":
                return self._case(node, depth)
            case "CAST":
                function = "TRY_CAST" if node.get("try_cast") else "CAST"
                return f"{function}({self.scalar(node['child'], depth + 1)} AS {self._type(node['type_expr'], node)})"
            case "BETWEEN":
                parts = [self.scalar(node[key], depth + 1) for key in ("input", "lower", "upper")]
                return "({} BETWEEN {} AND {})".format(*parts)
            case _:
                return self._function(node, depth)

    def aggregate(self, node: Node) -> Aggregate:
        """Return one call of a listed aggregate. Raises RefusedError for any other form."""
        self._check_keys(node)
        name = _name(node)
        self._check_call(node)
        if node.get("distinct"):
            raise RefusedError(f"{name}(distinct …) is not allowed in past", self._position(node))
        arguments = [self.scalar(argument["expression"], 1) for argument in node.get("arguments", ())]
        wanted = 0 if name == "count_star" else 1
        if len(arguments) != wanted:
            raise RefusedError(f"{name} takes one argument", self._position(node))
        condition = self.scalar(node["filter"], 1) if node.get("filter") else None
        return Aggregate(
            function="count" if name == "count_star" else name,
            argument=arguments[0] if arguments else None,
            filter=condition,
            columns=tuple(self.columns),
        )

    def _check_keys(self, node: Node) -> None:
        kind = node.get("class", "")
        if kind in grammar.REFUSED_NODES:
            raise RefusedError(grammar.REFUSED_NODES[kind], self._position(node))
        known = grammar.NODE_KEYS.get(kind)
        if known is None or any(value for key, value in node.items() if key not in known | grammar.EVERY_NODE):
            named = node.get("schema") or node.get("catalog")
            reason = (
                "write the function's name without a schema"
                if named
                else "this kind of SQL is not allowed in an expression"
            )
            raise RefusedError(reason, self._position(node))

    def _position(self, node: Node) -> int | None:
        """Return the node's position; where it has none, that of the nearest node around it."""
        position = position_of(self._text, node)
        if position is not None:
            self._near = position
        return self._near

    def _column(self, node: Node) -> str:
        names = node["column_names"]
        if len(names) != 1:
            raise RefusedError("write the column's name without its table", self._position(node))
        name = str(names[0])
        if name.lower() in grammar.NOT_COLUMNS:
            hint = ": use as_of, the day of the data" if name.lower() in grammar.CLOCKS else ""
            raise RefusedError(f"{name} is not a column{hint}", self._position(node))
        if not is_column(name):
            raise RefusedError("this is not a valid column name", self._position(node))
        self.columns[name] = None
        return name_of(name)

    def _constant(self, node: Node) -> str:
        literal = node["literal"]
        text = str(literal.get("text", ""))
        match literal["kind"]:
            case "NULL_LITERAL":
                return "NULL"
            case "BOOLEAN" if text.lower() in ("true", "false"):
                return text.upper()
            case "STRING":
                return text_of(text)
            case "INTEGER" | "NUMERIC":
                digits = text.replace("_", "")
                pattern = _INTEGER if literal["kind"] == "INTEGER" else _NUMBER
                if pattern.fullmatch(digits):
                    return f"({digits})" if digits.startswith("-") else digits
        raise RefusedError("this kind of constant is not allowed", self._position(node))

    def _comparison(self, node: Node, depth: int) -> str:
        sign = grammar.COMPARISONS.get(node["type"])
        if sign is None:
            raise RefusedError("this comparison is not allowed", self._position(node))
        return f"({self.scalar(node['left'], depth + 1)} {sign} {self.scalar(node['right'], depth + 1)})"

    def _operator(self, node: Node, depth: int) -> str:
        kind = node["type"]
        if kind == "OPERATOR_TRY":
            raise RefusedError("try(…) hides errors: use CASE or TRY_CAST", self._position(node))
        forms = {
            "OPERATOR_NOT": ("(NOT ", ")"),
            "OPERATOR_IS_NULL": ("(", " IS NULL)"),
            "OPERATOR_IS_NOT_NULL": ("(", " IS NOT NULL)"),
            "OPERATOR_COALESCE": ("coalesce(", ")"),
            "COMPARE_IN": ("", ""),
            "COMPARE_NOT_IN": ("", ""),
        }
        if kind not in forms:
            raise RefusedError("this operator is not allowed", self._position(node))
        parts = [self.scalar(child, depth + 1) for child in node["children"]]
        if kind in ("COMPARE_IN", "COMPARE_NOT_IN"):
            word = "IN" if kind == "COMPARE_IN" else "NOT IN"
            return f"({parts[0]} {word} ({', '.join(parts[1:])}))"
        before, after = forms[kind]
        return before + ", ".join(parts) + after

    def _case(self, node: Node, depth: int) -> str:
        checks = "".join(
            f" WHEN {self.scalar(check['when_expr'], depth + 1)} THEN {self.scalar(check['then_expr'], depth + 1)}"
            for check in node["case_checks"]
        )
        return f"(CASE{checks} ELSE {self.scalar(node['else_expr'], depth + 1)} END)"

    def _type(self, node: Node, cast: Node) -> str:
        self._check_keys(node)
        name = grammar.TYPES.get(str(node["type_name"]).upper())
        sizes = [str(size.get("literal", {}).get("text", "")) for size in node.get("children", ())]
        digits = all(size.isascii() and size.isdigit() for size in sizes)
        if name is None or not digits or (sizes and name != "DECIMAL") or len(sizes) > 2:
            raise RefusedError(f"a cast to {str(node['type_name'])[:40]} is not allowed", self._position(cast))
        return f"{name}({', '.join(sizes)})" if sizes else name

    def _check_call(self, node: Node) -> None:
        name = _name(node)
        if (node.get("order_bys") or {}).get("orders"):
            raise RefusedError(f"{name} takes no ORDER BY", self._position(node))
        if any(argument.get("name") for argument in node.get("arguments", ())):
            raise RefusedError(f"{name} takes its arguments by position", self._position(node))
        if len((node.get("qualified_name") or {}).get("path", ())) != 1:
            raise RefusedError("write the function's name without a schema", self._position(node))

    def _function(self, node: Node, depth: int) -> str:
        name = _name(node)
        if name in grammar.AGGREGATES | grammar.OTHER_AGGREGATES:
            raise RefusedError(_aggregate_reason(name), self._position(node))
        is_operator = node.get("is_operator") and name in grammar.BINARY
        if not is_operator and name not in grammar.FUNCTIONS:
            raise RefusedError(_function_reason(name), self._position(node))
        self._check_call(node)
        if node.get("distinct") or node.get("filter"):
            raise RefusedError(f"{name} is not an aggregate", self._position(node))
        parts = [self.scalar(argument["expression"], depth + 1) for argument in node.get("arguments", ())]
        if is_operator:
            if len(parts) == 1 and name in grammar.UNARY:
                return f"({name} {parts[0]})"
            if len(parts) != 2:
                raise RefusedError(f"{name} needs a value on each side", self._position(node))
            return f"({parts[0]} {name} {parts[1]})"
        return self._call(name, parts, node)

    def _call(self, name: str, parts: list[str], node: Node) -> str:
        position = self._position(node)
        if name in grammar.ONCE and any(f"{name_of(name)}(" in part for part in parts):
            # DuckDB expands these macros by repeating their arguments: nested, the size doubles with every level.
            raise RefusedError(f"{name} inside {name} is not allowed: derive a column first", position)
        if name == "if" and len(parts) == 3:
            return "(CASE WHEN {} THEN {} ELSE {} END)".format(*parts)
        if name == "if":
            raise RefusedError("if takes a condition and two values", position)
        return f"{name_of(name)}({', '.join(parts)})"


def _aggregate_reason(name: str) -> str:
    if name in grammar.AGGREGATES:
        return f"{name.replace('count_star', 'count')} is an aggregate: only a feature of past may use it, alone"
    return (
        f"{name[:60]} is an unsupported aggregate; use count, sum, avg, min, max, median, stddev, bool_and or bool_or"
    )


def _function_reason(name: str) -> str:
    if name in grammar.CLOCKS or name == "age":
        return f"{name} depends on the clock: use as_of, the day of the data"
    if name in ("row", "list_value", "struct_pack", "map"):
        return "an expression is one value, not a list or a record"
    return f"{name[:60]} is not a function that an expression may use"
