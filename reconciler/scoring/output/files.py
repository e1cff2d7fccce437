"""Write a table of predictions: CSV for people, Parquet and JSON exactly.

CSV: probabilities have four digits, other numbers four significant ones and two decimals at least; text that a
spreadsheet would take for a formula is quoted with a leading apostrophe, as OWASP advises against CSV injection; a
missing value is an empty cell. JSON: factors are a list of {feature, value, effect}; a number that JSON has no form for
(infinite, not a number) is null.
"""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

from reconciler.core.prediction.prediction_columns import TableForm

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_FACTOR, _VALUE = re.compile(r"factor_(\d+)"), re.compile(r"value_(\d+)")
_ROWS = 10_000  # that are turned into Python values at once


def write_file(
    path: Path,
    form: TableForm,
    table: Any,
    *,
    shares: Collection[str],
    numeric: Collection[str] = (),
    top: int = 0,
    data: int = 0,
) -> None:
    """Write a pyarrow table. `shares`: its columns of probabilities; `numeric`: features whose values are numbers, of
    the `top` factors; `data`: how many of its first columns are data, which no form changes."""
    if form is TableForm.PARQUET:
        import pyarrow.parquet as pq

        pq.write_table(table, path)
        return
    records = _records(table)
    with path.open("w", newline="", encoding="utf-8") as stream:
        if form is TableForm.CSV:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow([safe(name) for name in table.column_names])
            names = table.column_names
            of = {
                name: names.index(f"factor_{match[1]}")
                for name in _last(names, top)
                if (match := _VALUE.fullmatch(name))
            }
            writer.writerows(_cells(row, names, shares, numeric, of, data) for row in records)
            return
        texts = (_record(dict(zip(table.column_names, row, strict=True)), top, numeric) for row in records)
        if form is TableForm.JSON_LINES:
            stream.writelines(f"{text}\n" for text in texts)
            return
        stream.write("[")
        for place, text in enumerate(texts):
            stream.write(("\n" if not place else ",\n") + text)
        stream.write("\n]\n")


def safe(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return "'" + text if text.startswith(_FORMULA) else text


def rounded(number: float) -> str:
    """Return a number as a person reads it: four significant digits, and two decimals at least."""
    if not math.isfinite(number):
        return "" if math.isnan(number) else str(number)
    if not number:
        return "0"
    decimals = max(2, 3 - math.floor(math.log10(abs(number))))
    text = f"{number:.{decimals}f}" if decimals <= 12 else f"{number:.3e}"
    return text.rstrip("0").rstrip(".") if "." in text and "e" not in text else text


def _last(names: list[str], top: int) -> list[str]:
    """Return the columns of factors: they follow all that has names of the data."""
    return [name for name in names[-(3 * top + 1) :] if top]


def _records(table: Any) -> Iterator[tuple[Any, ...]]:
    for begin in range(0, table.num_rows, _ROWS):
        part = table.slice(begin, _ROWS)
        yield from zip(*(column.to_pylist() for column in part.columns), strict=True)


def _cells(
    row: tuple[Any, ...],
    names: list[str],
    shares: Collection[str],
    numeric: Collection[str],
    of: Mapping[str, int],
    data: int,
) -> Iterator[str]:
    for place, (name, value) in enumerate(zip(names, row, strict=True)):
        if name in of and value is not None:
            yield rounded(float(value)) if row[of[name]] in numeric else _text(value)
        elif name in shares and value is not None:
            yield f"{value:.4f}"
        elif name == "uncertain" and isinstance(value, bool):
            yield "yes" if value else "no"
        elif isinstance(value, float) and place < data:
            yield "" if math.isnan(value) else repr(value).removesuffix(".0")
        else:
            yield _cell(value)


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case float():
            return rounded(value)
        case int() | Decimal():
            return str(value)
        case date() | time():
            return _moment(value)
    return _text(str(value))


def _text(text: str) -> str:
    return text if _NUMBER.fullmatch(text) else safe(text)


def _moment(value: date | datetime | time) -> str:
    return value.isoformat(sep=" ") if isinstance(value, datetime) else value.isoformat()


def _record(fields: dict[str, Any], top: int, numeric: Collection[str]) -> str:
    factors = []
    for place in range(1, top + 1):
        feature, value, effect = (fields.pop(f"{name}_{place}") for name in ("factor", "value", "effect"))
        if feature is not None:
            given = float(value) if feature in numeric and value is not None else value
            factors.append({"feature": feature, "value": given, "effect": effect})
    if top:
        fields["factors"] = factors
    return json.dumps(_plain(fields), ensure_ascii=False, allow_nan=False)


def _plain(value: Any) -> Any:
    match value:
        case dict():
            return {name: _plain(each) for name, each in value.items()}
        case list():
            return [_plain(each) for each in value]
        case float() if not math.isfinite(value):
            return None
        case Decimal():
            return float(value) if value.is_finite() else None
        case date() | time():
            return value.isoformat()
        case None | bool() | int() | float() | str():
            return value
    return str(value)


def write_rows(path: Path, header: list[str], rows: Iterable[list[Any]]) -> None:
    """Write rows of texts as CSV."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
