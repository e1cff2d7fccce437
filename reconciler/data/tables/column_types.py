"""Define column types, and convert text to them.

Takes: a type, and the format in which a table declares its text (dates, decimal, time zone). Gives: SQL that turns a
cell into a value of the type, NULL where it does not fit. Keeps true: a date is one real day in one format. Cells that
do not fit are handled in `snapshot`; the type of a column without a declaration is found in `type_inference`.
"""

# SQL is text here; every part is quoted (`name_of`, `text_of`) or rewritten from a checked tree.
# ruff: noqa: S608

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from reconciler.core.spec.data import CellText, Table
from reconciler.data.csv_files import month_names
from reconciler.data.duckdb_session import Session, text_of
from reconciler.errors import DataError

TYPE_RULE = "VARCHAR, BIGINT, INTEGER, DOUBLE, DECIMAL(p,s), DATE, TIMESTAMP or BOOLEAN"
_SYNONYMS = {
    "TEXT": "VARCHAR",
    "STRING": "VARCHAR",
    "INT": "INTEGER",
    "FLOAT": "DOUBLE",
    "REAL": "DOUBLE",
    "BOOL": "BOOLEAN",
    "DATETIME": "TIMESTAMP",
}
_PLAIN = frozenset(["VARCHAR", "BIGINT", "INTEGER", "DOUBLE", "DATE", "TIMESTAMP", "BOOLEAN"])
_DECIMAL = re.compile(r"(?:DECIMAL|NUMERIC)\s*\(\s*([0-9]{1,2})\s*(?:,\s*([0-9]{1,2})\s*)?\)")

_ISO_DATE = r"[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}"
_ISO_TIME = r"[ T][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?"
# No-break, narrow and thin spaces, the minus sign and the curly apostrophe -> how people type them.
_SPACES = "\u00a0\u202f\u2009\u2212\u2019"
_PLAIN_SPACES = "   -'"
_MIDNIGHT = r"[ T](00?:00(:00(\.0{1,9})?)?( ?(Z|UTC|[+-]00(:?00)?))?|12:00(:00)? ?(AM|am))$"
_OFFSET = r"(Z| ?UTC| ?[+-][0-9]{2}(:?[0-9]{2})?)"
# As Excel writes them in German, French, Spanish, Portuguese, Italian and Dutch, too.
_TRUE = "'true', 't', 'yes', 'y', '1', 'wahr', 'vrai', 'verdadero', 'verdadeiro', 'vero', 'waar'"
_FALSE = "'false', 'f', 'no', 'n', '0', 'falsch', 'faux', 'falso', 'onwaar'"


def normal_type(text: str) -> str | None:
    """Return a declared type in its stored form, or None when it is not supported."""
    name = text.strip().upper()
    if (match := _DECIMAL.fullmatch(name)) is not None:
        width, scale = int(match[1]), int(match[2] or 0)
        return f"DECIMAL({width},{scale})" if 1 <= width <= 38 and scale <= width else None
    name = _SYNONYMS.get(name, name)
    return name if name in _PLAIN else None


@dataclass(frozen=True, slots=True, kw_only=True)
class TextFormat:
    """The text format of a table's cells.

    `dates`: the strptime format of the type `formatted` (DATE, or TIMESTAMP where the format has a time of day); the
    other one, or both, are ISO 8601. `grouping` and `decimal`: the two signs inside a number; no grouping unless the
    decimal sign is declared. `zone`: the time zone of times without an offset. `unit` and `negative`: as `CellText` has
    them. `own`: whether the column declares how its numbers are written. `month_names`: whether its cells may have
    names of months in other languages than English, which costs time for each column.
    """

    dates: str
    formatted: str | None
    decimal: str
    grouping: str | None
    zone: str
    unit: str | None = None
    negative: str | None = None
    own: bool = False
    month_names: bool = True


def text_format_of(name: str, table: Table, column: str | None = None) -> TextFormat:
    """Return the text format that a table declares for all its columns, or for one.

    Raises DataError E405 where the declaration is not usable.
    """
    return _text_format(name, table, table.cell_text(column) if column is not None else CellText(column=""))


def text_formats_of(name: str, table: Table, columns: Iterable[str]) -> dict[str, TextFormat]:
    """Return the text format of each column. Raises DataError E405 as `text_format_of` does."""
    common = text_format_of(name, table)
    own = {cells.column: _text_format(name, table, cells) for cells in table.cells}
    return {column: own.get(column, common) for column in columns}


def _text_format(name: str, table: Table, cells: CellText) -> TextFormat:
    dates = cells.dates or table.dates
    letters = re.findall(r"%-?([A-Za-z])", dates or "")
    if dates is not None and not (
        set("Yy") & set(letters) and ("j" in letters or ("d" in letters and _month(letters)))
    ):
        hint = "name a year, a month and a day, such as %d.%m.%Y"
        raise DataError(f"table {name}: `dates` is not a format of a whole date", code="E405", hint=hint)
    if table.decimal not in (None, ".", ","):
        raise DataError(f'table {name}: `decimal` must be "." or ","', code="E405", hint="leave it out for a point")
    decimal = cells.decimal or table.decimal
    grouping = cells.grouping or ({".": ",", ",": "."}[decimal] if decimal else None)
    if grouping == (decimal or "."):
        message = f"table {name}: column {cells.column} has one sign for thousands and for decimals"
        raise DataError(message, code="E405", hint=f"declare its `decimal` under `cells.{cells.column}`")
    return TextFormat(
        dates=dates or "",
        formatted=None if dates is None else "TIMESTAMP" if set("HIMSfpzZ") & set(letters) else "DATE",
        decimal=decimal or ".",
        grouping=grouping,
        zone=table.time_zone or "UTC",
        unit=cells.unit,
        negative=cells.negative,
        own=any((cells.decimal, cells.grouping, cells.unit, cells.negative)),
    )


def check_zone(session: Session, name: str, zone: str | None) -> None:
    """Check that there is a time zone of this name. Raises DataError E405."""
    if zone is not None and not session.value(
        f"SELECT count(*) FROM pg_timezone_names() WHERE name = {text_of(zone)}", doing="reading the time zones"
    ):
        hint = "write an IANA name, such as Europe/Berlin"
        raise DataError(f"table {name}: unknown time zone {zone[:60]}", code="E405", hint=hint)


def _month(letters: list[str]) -> bool:
    return bool(set("mbB") & set(letters))


# --- text -> value ------------------------------------------------------------------------------------------------


def from_text(cell: str, kind: str, text_format: TextFormat) -> str:
    """Return SQL of the text `cell` (SQL) as a value of `kind`, NULL where it does not fit.

    For a declared type: lenient about spaces, signs and words for true and false.
    """
    match kind:
        case "VARCHAR":
            return cell
        case "BIGINT" | "INTEGER":
            return _whole_number(_plain_number(cell, text_format), kind, "[0-9]{1,38}")
        case "DOUBLE":
            number_text = _plain_number(cell, text_format)
            number = f"TRY_CAST({number_text} AS DOUBLE)"
            pattern = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"
            return f"(CASE WHEN regexp_full_match({number_text}, '{pattern}') AND isfinite({number}) THEN {number} END)"
        case "BOOLEAN":
            text = f"lower(trim({cell}))"
            return f"(CASE WHEN {text} IN ({_TRUE}) THEN true WHEN {text} IN ({_FALSE}) THEN false END)"
        case "DATE":
            day = date_from_text(f"regexp_replace(trim({cell}), '{_MIDNIGHT}', '')", text_format)
            return f"coalesce({date_from_text(cell, text_format)}, {day})"
        case "TIMESTAMP":
            return (
                _iso_timestamp(cell, text_format)
                if text_format.formatted != kind
                else _formatted(cell, text_format, kind)
            )
        case _:
            return _decimal(cell, kind, text_format)


def from_text_as_before(cell: str, kind: str, text_format: TextFormat) -> str:
    """Return SQL like `from_text`, for a type that no one declared: that of an earlier copy, or an inferred one.

    Another spelling of the same value is that value (`48.0` or `4.8e1` for 48, midnight for a date), but a number with
    a leading zero is an identifier that no earlier row was.
    """
    match kind:
        case "BIGINT" | "INTEGER":
            return _whole_number(_plain_number(cell, text_format), kind, "(0|[1-9][0-9]{0,18})")
        case "DOUBLE":
            text = _plain_number(cell, text_format)
            pattern = r"[+-]?((0|[1-9][0-9]{0,14})(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,2})?"
            return f"(CASE WHEN regexp_full_match({text}, '{pattern}') THEN TRY_CAST({text} AS DOUBLE) END)"
        case _:
            return from_text(cell, kind, text_format)


def date_from_text(cell: str, text_format: TextFormat) -> str:
    """Return SQL of a day, without a time of day, in the declared format or in ISO 8601."""
    return _iso_date(cell) if text_format.formatted != "DATE" else _formatted(cell, text_format, "DATE")


def _whole_number(text: str, kind: str, digits: str) -> str:
    """Return SQL of a whole number: `digits`, also with zeros behind the point, or with an exponent as R writes it."""
    number = f"TRY_CAST({text} AS DOUBLE)"
    exponent = r"[+-]?[1-9](\.[0-9]+)?[eE]\+?[0-9]{1,2}"
    return (
        f"(CASE WHEN regexp_full_match({text}, '[+-]?{digits}') THEN TRY_CAST({text} AS {kind})"
        rf" WHEN regexp_full_match({text}, '[+-]?{digits}\.0*')"
        rf" THEN TRY_CAST(regexp_replace({text}, '\..*', '') AS {kind})"
        f" WHEN regexp_full_match({text}, '{exponent}') AND abs({number}) < 9e15 AND {number} = floor({number})"
        f" THEN TRY_CAST({number} AS {kind}) END)"
    )


def _plain_number(cell: str, text_format: TextFormat) -> str:
    """Return SQL of a number's text without grouping signs, with a decimal point; NULL unless groups have 3 digits."""
    text = f"trim({cell})" if not text_format.own else _bare_number(cell, text_format)
    if text_format.grouping is None:
        return text
    group, point = re.escape(text_format.grouping), re.escape(text_format.decimal)
    grouped = rf"[+-]?[1-9][0-9]{{0,2}}({group}[0-9]{{3}})+({point}[0-9]*)?"
    ungrouped = rf"[+-]?[0-9]*({point}[0-9]*)?([eE][+-]?[0-9]+)?"
    bare = f"replace({text}, {text_of(text_format.grouping)}, '')"
    return (
        f"(CASE WHEN regexp_full_match({text}, {text_of(f'{grouped}|{ungrouped}')})"
        f" THEN replace({bare}, {text_of(text_format.decimal)}, '.') END)"
    )


def _bare_number(cell: str, text_format: TextFormat) -> str:
    """Return SQL of a number's text without its unit, with its minus in front and plain spaces and apostrophes."""
    text = f"trim(translate({cell}, {text_of(_SPACES)}, {text_of(_PLAIN_SPACES)}))"
    if text_format.unit is not None:
        unit = re.escape(text_format.unit)
        text = rf"regexp_replace({text}, {text_of(rf'^([-+(]?) *{unit} *')}, '\1')"
        text = rf"regexp_replace({text}, {text_of(rf' *{unit}([-)]?)$')}, '\1')"
    if text_format.negative == "brackets":
        text = rf"regexp_replace({text}, '^\( *([^-+ ]([^()]*[^ ()])?) *\)$', '-\1')"
    if text_format.negative == "trailing":
        text = rf"regexp_replace({text}, '^([^-+].*[^ ]|[^-+]) *-$', '-\1')"
    return text


def _decimal(cell: str, kind: str, text_format: TextFormat) -> str:
    scale = int(kind.partition(",")[2].rstrip(")"))
    number_text = _plain_number(cell, text_format)
    pattern = rf"[+-]?[0-9]+(\.[0-9]{{0,{scale}}}0*)?" if scale else r"[+-]?[0-9]+(\.0*)?"
    return f"(CASE WHEN regexp_full_match({number_text}, '{pattern}') THEN TRY_CAST({number_text} AS {kind}) END)"


def _iso_date(cell: str) -> str:
    return f"(CASE WHEN regexp_full_match(trim({cell}), '{_ISO_DATE}') THEN TRY_CAST(trim({cell}) AS DATE) END)"


def _iso_timestamp(cell: str, text_format: TextFormat) -> str:
    """Return SQL of an ISO 8601 time: one with an offset is converted to the table's time zone."""
    text = f"trim({cell})"
    bare = rf"regexp_replace(regexp_replace({text}, ' ?UTC$', 'Z'), ' ([+-])', '\1')"
    return (
        f"(CASE WHEN regexp_full_match({text}, '{_ISO_DATE}({_ISO_TIME})?') THEN TRY_CAST({text} AS TIMESTAMP)"
        f" WHEN regexp_full_match({text}, '{_ISO_DATE}{_ISO_TIME}{_OFFSET}')"
        f" THEN TRY_CAST({bare} AS TIMESTAMP WITH TIME ZONE) AT TIME ZONE {text_of(text_format.zone)} END)"
    )


def _formatted(cell: str, text_format: TextFormat, kind: str) -> str:
    """Return SQL of a date or time in the declared format.

    Years outside 1000-9999 do not fit: a year of two digits read by %Y would be in the first century.
    """
    text = f"trim({cell})"
    moment = f"try_strptime({text}, {text_of(text_format.dates)})"
    if text_format.month_names and (numbered := month_names.with_number(text, text_format.dates)) is not None:
        moment = f"coalesce({moment}, try_strptime({numbered[0]}, {text_of(numbered[1])}))"
    if re.search(r"%[zZ]", text_format.dates):
        moment = f"({moment} AT TIME ZONE {text_of(text_format.zone)})"
    return f"CAST((CASE WHEN year({moment}) BETWEEN 1000 AND 9999 THEN {moment} END) AS {kind})"
