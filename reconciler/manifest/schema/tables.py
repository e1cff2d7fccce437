"""Define the declaration of a table: its file, and how its text is read."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from reconciler.manifest.schema.field_types import ColumnName, Document, ProjectPath, refuse
from reconciler.schedule import freeze_windows

TYPES = ("BIGINT", "BOOLEAN", "DATE", "DOUBLE", "TIMESTAMP", "VARCHAR")
_DECIMAL = re.compile(r"DECIMAL\([1-9][0-9]?, ?[0-9]{1,2}\)")


TYPE_NAMES = f"one of {', '.join(TYPES)} or DECIMAL(p, s)"


def is_type(text: str) -> bool:
    """Tell whether a text is the DuckDB type of a copied column."""
    return text in TYPES or _DECIMAL.fullmatch(text) is not None


class Cells(Document):
    """How the text of one column is read, where that differs from its table."""

    nulls: list[str] = Field(
        default_factory=list,
        description="Further texts that mean a missing value in this column, such as NA, whatever spaces stand around.",
    )
    dates: str | None = Field(
        default=None,
        max_length=40,
        description="Format of this column's text dates (strptime), such as %d-%b-%Y. %b and %B take the names of"
        " months in English, German, French, Italian, Spanish, Portuguese, Dutch, Polish and Scandinavian languages.",
    )
    decimal: Literal[".", ","] | None = Field(
        default=None, description="Decimal separator of this column; default: that of the table."
    )
    grouping: Literal[",", ".", "'", " "] | None = Field(
        default=None, description="Sign between the thousands of this column, such as 62,290.17."
    )
    unit: str | None = Field(
        default=None,
        min_length=1,
        max_length=10,
        description="Text before or behind each number, such as EUR or %: the number is read without it.",
    )
    negative: Literal["brackets", "trailing"] | None = Field(
        default=None, description="How negative numbers are also written: brackets for (12.50), trailing for 12.50-."
    )

    @model_validator(mode="after")
    def _two_signs(self) -> Cells:
        if self.grouping is not None and self.grouping == (self.decimal or "."):
            raise refuse("E205", "`grouping` and `decimal` are the same sign: declare `decimal`", at="grouping")
        return self


Encoding = Literal[
    "utf-8",
    "latin-1",
    "cp1252",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "utf-32",
    "iso-8859-2",
    "iso-8859-15",
    "cp1250",
    "cp1251",
    "cp1253",
    "cp1254",
    "cp1255",
    "cp1256",
    "cp1257",
    "cp437",
    "cp850",
    "cp852",
    "cp866",
    "cp874",
    "cp932",
    "cp949",
    "koi8-r",
    "mac-roman",
    "big5",
    "gb18030",
    "shift-jis",
]


class Table(Document):
    """A table's file and the format of its text."""

    uses: Literal["csv", "parquet"] = Field(description="File format.")
    path: ProjectPath = Field(description="Path below the data root (by default the project's folder).")
    types: dict[ColumnName, str] = Field(default_factory=dict, description="Column: DuckDB type.")
    dates: str | None = Field(
        default=None, max_length=40, description="Format of text dates (strptime), such as %m/%d/%Y."
    )
    time_zone: str | None = Field(
        default=None,
        max_length=60,
        description="Time zone of times without an offset, such as Europe/Vienna.",
    )
    delimiter: str | None = Field(
        default=None, min_length=1, max_length=1, description="Character between the cells of a CSV; default: a comma."
    )
    decimal: Literal[".", ","] | None = Field(
        default=None, description="Decimal separator of numbers; default: a point."
    )
    encoding: Encoding | None = Field(default=None, description="Character encoding of a CSV; default: UTF-8.")
    skip: int = Field(default=0, ge=0, le=1000, description="Lines above the header of a CSV, which are left out.")
    header: bool = Field(
        default=True,
        description="Whether the first line of a CSV names its columns; without one they are column_1, column_2, ...",
    )
    escape: Literal['"', "\\"] | None = Field(
        default=None, description='Sign before a quote inside a quoted cell of a CSV; default: another quote ("").'
    )
    blank_lines: Literal["skip"] | None = Field(
        default=None, description="`skip` leaves out blank lines between the rows of a CSV; default: they are an error."
    )
    nulls: list[str] = Field(default_factory=lambda: [""], description="Texts that mean a missing value.")
    columns: dict[ColumnName, Annotated[str, Field(max_length=200)]] = Field(
        default_factory=dict, description="Name to use: name in the file, for columns whose own name is not valid."
    )
    row_number: ColumnName | None = Field(
        default=None,
        description="Name of a column to add with the row numbers 1, 2, ... of the file, for tables without a key.",
    )
    cells: dict[ColumnName, Cells] = Field(
        default_factory=dict, description="Column: how its text is read, where that differs from the table."
    )

    @field_validator("types")
    @classmethod
    def _listed(cls, types: dict[str, str]) -> dict[str, str]:
        for column, kind in types.items():
            if not is_type(kind):
                raise refuse("E205", f"{column}: unknown type; expected {TYPE_NAMES}")
        return types

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, zone: str | None) -> str | None:
        if zone is not None and not freeze_windows.is_zone(zone):
            raise refuse("E205", "unknown time zone; write an IANA name, such as Europe/Vienna")
        return zone

    @field_validator("columns")
    @classmethod
    def _once(cls, columns: dict[str, str]) -> dict[str, str]:
        for name, written in columns.items():
            if list(columns.values()).count(written) > 1:
                raise refuse("E205", f"{name}: the same column of the file is listed under two names")
        return columns

    @model_validator(mode="after")
    def _parquet_has_types(self) -> Table:
        text_only = (
            self.dates,
            self.delimiter,
            self.decimal,
            self.encoding,
            self.time_zone,
            self.escape,
            self.blank_lines,
        )
        written = any(value is not None for value in text_only) or self.skip > 0 or not self.header
        if self.uses == "parquet" and written:
            raise refuse(
                "E205",
                "dates, delimiter, decimal, encoding, skip, header, escape, blankLines and timeZone are for csv only:"
                " parquet files have types"
                " (`cells` says how a column of text is read)",
            )
        return self
