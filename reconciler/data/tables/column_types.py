"""Column types: which there are, how text becomes one, and which one a column of text has.

Takes: a relation of text columns and how a table is written (dates, decimal, time zone). Gives: one type per column,
and SQL that turns a cell into it, NULL where it does not fit. Keeps true: a cell's text is never changed by guessing.
`00123` and `NO` stay text, a number of more than 18 digits is no number, a date is one real day in one format. A
column that is nearly a number or a date, but not quite, is an error and not text: the mistake would only show later.
What is done with cells that do not fit is decided in `tables`.
"""

# SQL is text here; what is put into it is quoted (`name_of`, `text_of`) or was written anew from a checked tree.
# ruff: noqa: S608

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from reconciler.core.spec.environment import Table
from reconciler.data.duckdb_session import Session, name_of, text_of
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

_SAMPLE = 20_000  # rows that are looked at in every way; what they suggest is then held against all rows
_NEARLY = 0.9  # a column of which this share fits a type is taken for one with mistakes in it

_ISO_DATE = r"[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}"
_ISO_TIME = r"[ T][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?"
_OFFSET = r"(Z|[+-][0-9]{2}(:?[0-9]{2})?)"
_DATE_LIKE = r"[0-9]{1,2}[/-][0-9]{1,2}[/-][0-9]{4}|[0-9]{1,2}/[0-9]{1,2}/[0-9]{2}|[0-9]{4}[/.][0-9]{1,2}[/.][0-9]{1,2}"
_DATE_LIKE += r"|[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{4}|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"
_NOT_FINITE = r"[+-]?(inf|infinity|nan)"


def normal_type(text: str) -> str | None:
    """A declared type in the form that is stored, or None when it is not one of ours."""
    word = text.strip().upper()
    if (match := _DECIMAL.fullmatch(word)) is not None:
        width, scale = int(match[1]), int(match[2] or 0)
        return f"DECIMAL({width},{scale})" if 1 <= width <= 38 and scale <= width else None
    word = _SYNONYMS.get(word, word)
    return word if word in _PLAIN else None


@dataclass(frozen=True, slots=True, kw_only=True)
class TextFormat:
    """How a table's text is to be understood. `dates`: the strptime format of the type `formatted` (DATE, or TIMESTAMP
    where the format has a time of day); the other one, or both, are ISO 8601. `grouping` and `decimal`: the two signs
    inside a number; no grouping unless the decimal sign is declared. `zone`: wall clock of times."""

    dates: str
    formatted: str | None
    decimal: str
    grouping: str | None
    zone: str


def writing_of(name: str, table: Table) -> TextFormat:
    """DataError E405 where the table's declaration cannot be used."""
    dates = table.dates
    letters = re.findall(r"%-?([A-Za-z])", dates or "")
    if dates is not None and not (
        set("Yy") & set(letters) and ("j" in letters or ("d" in letters and _month(letters)))
    ):
        hint = "it must name a year, a month and a day, such as %d.%m.%Y"
        raise DataError(f"table {name}: `dates` is not a format of a whole date", code="E405", hint=hint)
    if table.decimal not in (None, ".", ","):
        raise DataError(f'table {name}: `decimal` must be "." or ","', code="E405")
    return TextFormat(
        dates=dates or "",
        formatted=None if dates is None else "TIMESTAMP" if set("HIMSfpzZ") & set(letters) else "DATE",
        decimal=table.decimal or ".",
        grouping={".": ",", ",": "."}[table.decimal] if table.decimal else None,
        zone=table.time_zone or "UTC",
    )


def _month(letters: list[str]) -> bool:
    return bool(set("mbB") & set(letters))


# --- text -> value ------------------------------------------------------------------------------------------------


def from_text(cell: str, kind: str, writing: TextFormat) -> str:
    """SQL: the text `cell` (SQL) as a value of `kind`, NULL where it is none. For a type that somebody has declared or
    an earlier copy has found."""
    match kind:
        case "VARCHAR":
            return cell
        case "BIGINT" | "INTEGER":
            plain = _plain_number(cell, writing)
            return f"(CASE WHEN regexp_full_match({plain}, '[+-]?[0-9]{{1,38}}') THEN TRY_CAST({plain} AS {kind}) END)"
        case "DOUBLE":
            plain = _plain_number(cell, writing)
            number = f"TRY_CAST({plain} AS DOUBLE)"
            pattern = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"
            return f"(CASE WHEN regexp_full_match({plain}, '{pattern}') AND isfinite({number}) THEN {number} END)"
        case "BOOLEAN":
            word = f"lower(trim({cell}))"
            return (
                f"(CASE WHEN {word} IN ('true', 't', 'yes', 'y', '1') THEN true"
                f" WHEN {word} IN ('false', 'f', 'no', 'n', '0') THEN false END)"
            )
        case "DATE":
            return _iso_date(cell) if writing.formatted != "DATE" else _formatted(cell, writing, "DATE")
        case "TIMESTAMP":
            return _iso_timestamp(cell, writing) if writing.formatted != kind else _formatted(cell, writing, kind)
        case _:
            return _decimal(cell, kind, writing)


def held_to(cell: str, kind: str, writing: TextFormat) -> str:
    """Like `from_text`, for a type that nobody has declared: as narrow as the inference that found it, so that `00123`
    does not become a number because earlier rows were numbers."""
    return f"({_tests(cell, writing).get(kind) or from_text(cell, kind, writing)})"


def _plain_number(cell: str, writing: TextFormat) -> str:
    """The number without grouping signs and with a decimal point. Groups are of three digits, or it is no number."""
    plain = f"trim({cell})"
    if writing.grouping is None:
        return plain
    group, point = re.escape(writing.grouping), re.escape(writing.decimal)
    grouped = rf"[+-]?[1-9][0-9]{{0,2}}({group}[0-9]{{3}})+({point}[0-9]*)?"
    ungrouped = rf"[+-]?[0-9]*({point}[0-9]*)?([eE][+-]?[0-9]+)?"
    bare = f"replace({plain}, {text_of(writing.grouping)}, '')"
    return (
        f"(CASE WHEN regexp_full_match({plain}, {text_of(f'{grouped}|{ungrouped}')})"
        f" THEN replace({bare}, {text_of(writing.decimal)}, '.') END)"
    )


def _decimal(cell: str, kind: str, writing: TextFormat) -> str:
    scale = int(kind.partition(",")[2].rstrip(")"))
    plain = _plain_number(cell, writing)
    pattern = rf"[+-]?[0-9]+(\.[0-9]{{0,{scale}}}0*)?" if scale else r"[+-]?[0-9]+(\.0*)?"
    return f"(CASE WHEN regexp_full_match({plain}, '{pattern}') THEN TRY_CAST({plain} AS {kind}) END)"


def _iso_date(cell: str) -> str:
    return f"(CASE WHEN regexp_full_match(trim({cell}), '{_ISO_DATE}') THEN TRY_CAST(trim({cell}) AS DATE) END)"


def _iso_timestamp(cell: str, writing: TextFormat) -> str:
    """A time without an offset is the wall clock of the table's zone already; one with an offset is turned into it."""
    word = f"trim({cell})"
    return (
        f"(CASE WHEN regexp_full_match({word}, '{_ISO_DATE}({_ISO_TIME})?') THEN TRY_CAST({word} AS TIMESTAMP)"
        f" WHEN regexp_full_match({word}, '{_ISO_DATE}{_ISO_TIME}{_OFFSET}')"
        f" THEN TRY_CAST({word} AS TIMESTAMP WITH TIME ZONE) AT TIME ZONE {text_of(writing.zone)} END)"
    )


def _formatted(cell: str, writing: TextFormat, kind: str) -> str:
    """By the declared format. A year of two digits read by %Y would be in the first century: no date of any book."""
    moment = f"try_strptime(trim({cell}), {text_of(writing.dates)})"
    if re.search(r"%[zZ]", writing.dates):
        moment = f"({moment} AT TIME ZONE {text_of(writing.zone)})"
    return f"CAST((CASE WHEN year({moment}) BETWEEN 1000 AND 9999 THEN {moment} END) AS {kind})"


# --- which type a column of text has ------------------------------------------------------------------------------


def _tests(cell: str, writing: TextFormat) -> dict[str, str]:
    """Type -> SQL of the value where the text is unmistakably of that type. In order of preference."""
    group = rf"([1-9][0-9]{{0,2}}({re.escape(writing.grouping)}[0-9]{{3}})+)|" if writing.grouping else ""
    point = re.escape(writing.decimal)
    number = rf"-?({group}0|[1-9][0-9]{{0,14}})({point}[0-9]+)?([eE][+-]?[0-9]{{1,2}})?"
    whole = "0|-?[1-9][0-9]{0,18}"
    # What matches is finite: 15 digits and an exponent of two.
    double = f"TRY_CAST({cell} AS DOUBLE)" if writing.grouping is None else from_text(cell, "DOUBLE", writing)
    tests = {
        "BOOLEAN": f"CASE lower({cell}) WHEN 'true' THEN true WHEN 'false' THEN false END",
        "BIGINT": f"CASE WHEN regexp_full_match({cell}, '{whole}') THEN TRY_CAST({cell} AS BIGINT) END",
        "DOUBLE": f"CASE WHEN regexp_full_match({cell}, {text_of(number)}) THEN {double} END",
        "DATE": from_text(cell, "DATE", writing),
        "TIMESTAMP": from_text(cell, "TIMESTAMP", writing),
    }
    if writing.formatted is not None and not re.sub(r"%-?[A-Za-z]|[0-9]", "", writing.dates):
        # 20240131 is a number too: it is a date only where `types` says so.
        tests[writing.formatted] = f"CAST(NULL AS {writing.formatted})"
    return tests


@dataclass(frozen=True, slots=True, kw_only=True)
class _Count:
    """Of one column: cells, and how many of them are of each type; or look like a number or a date without being one.
    `digits`: only digits, yet not BIGINT (an identifier)."""

    cells: int
    fitting: Mapping[str, int]
    digits: int
    not_finite: int
    date_like: int


def infer(
    session: Session, *, relation: str, columns: Iterable[str], table: str, writing: TextFormat
) -> tuple[dict[str, str], tuple[str, str] | None]:
    """The type of each text column of `relation`, over all its rows; and the first column that is nearly of a type,
    with that type (or "" when it cannot be said which), if there is one: the caller finds the row and refuses."""
    found: dict[str, str] = {}
    open_columns = list(columns)
    for rows in (f"(SELECT * FROM {relation} LIMIT {_SAMPLE})", relation):
        counts = _count(session, relation=rows, columns=open_columns, table=table, writing=writing)
        chosen = {name: _choose(count) for name, count in counts.items()}
        if rows != relation:
            short = session.value(f"SELECT count(*) FROM {rows}", doing=f"reading table {table}") < _SAMPLE
            chosen = chosen if short else _confirmed(session, relation, chosen, table, writing)
        for name, choice in chosen.items():
            if choice is not None and choice.mistaken is not None:
                return found, (name, choice.mistaken)
            if choice is not None:
                found[name] = choice.kind
        open_columns = [name for name in open_columns if name not in found]
        if not open_columns:
            break
    return found, None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choice:
    kind: str
    mistaken: str | None = None


def _choose(count: _Count) -> _Choice | None:
    """None: no cell to go by."""
    if count.cells == 0:
        return None
    for kind, fitting in count.fitting.items():
        if fitting == count.cells:
            return _Choice(kind=kind)
    numbers = count.fitting["DOUBLE"]
    if count.not_finite and numbers and numbers + count.not_finite == count.cells:
        return _Choice(kind="VARCHAR", mistaken="DOUBLE")
    dates = count.fitting["TIMESTAMP"]
    if count.date_like and max(count.date_like, dates, count.fitting["DATE"]) == count.cells:
        return _Choice(kind="VARCHAR", mistaken="DATE" if count.fitting["DATE"] else "")
    best = max(count.fitting, key=lambda kind: count.fitting[kind])
    misfits = count.cells - count.fitting[best]
    if count.fitting[best] >= _NEARLY * count.cells and misfits > count.digits:
        return _Choice(kind="VARCHAR", mistaken=best)
    return _Choice(kind="VARCHAR")


def _count(
    session: Session, *, relation: str, columns: list[str], table: str, writing: TextFormat
) -> dict[str, _Count]:
    items: list[str] = []
    for name in columns:
        cell = name_of(name)
        items.append(f"count({cell})")
        items += [f"count({test})" for test in _tests(cell, writing).values()]
        whole = _tests(cell, writing)["BIGINT"]
        items.append(f"count(*) FILTER (regexp_full_match({cell}, '[0-9]+') AND ({whole}) IS NULL)")
        items.append(f"count(*) FILTER (regexp_full_match(lower({cell}), '{_NOT_FINITE}'))")
        items.append(f"count(*) FILTER (regexp_full_match({cell}, '{_DATE_LIKE}'))")
    row = session.rows(f"SELECT {', '.join(items)} FROM {relation}", doing=f"finding the types of table {table}")[0]
    kinds = list(_tests("x", writing))
    width = len(kinds) + 4
    counts = {}
    for index, name in enumerate(columns):
        cells, *rest = row[index * width : (index + 1) * width]
        fitting = dict(zip(kinds, rest, strict=False))
        counts[name] = _Count(cells=cells, fitting=fitting, digits=rest[-3], not_finite=rest[-2], date_like=rest[-1])
    return counts


def _confirmed(
    session: Session, relation: str, chosen: dict[str, _Choice | None], table: str, writing: TextFormat
) -> dict[str, _Choice | None]:
    """What the sample suggests, where all rows agree; None where they do not. Text in the sample is text."""
    asked = {name: one.kind for name, one in chosen.items() if one and not one.mistaken and one.kind != "VARCHAR"}
    confirmed = {name: None if one is None or one.mistaken else one for name, one in chosen.items()}
    if not asked:
        return confirmed
    items = [f"count({name_of(name)}) - count({_tests(name_of(name), writing)[kind]})" for name, kind in asked.items()]
    row = session.rows(f"SELECT {', '.join(items)} FROM {relation}", doing=f"finding the types of table {table}")[0]
    for (name, _), misfits in zip(asked.items(), row, strict=True):
        if misfits:
            confirmed[name] = None
    return confirmed
